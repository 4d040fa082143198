// SPDX-License-Identifier: Apache-2.0
// Replaces text in a file by a regular expression, as Python's re.sub does it: patterns are Perl's
// with Unicode, \1, \g<1>, \g<name> and \g<0> in the replacement are groups. The file is UTF-8; its
// line ends become newlines.
#ifndef ZOOC_CACHE_REPLACE_H
#define ZOOC_CACHE_REPLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"

// Replaces the first `count` matches, of which there must be so many, or all of at least one when
// `count` is 0. NULL when done; else what went wrong, and the file is as it was.
const char *replace_in_file(struct arena *arena, const char *path, const char *pattern,
                            const char *with, uint64_t count);

#endif
