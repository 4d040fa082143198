// SPDX-License-Identifier: Apache-2.0
// "did you mean": the known name nearest to a mistyped one.
#ifndef ZOOC_SUGGEST_H
#define ZOOC_SUGGEST_H

#include <stddef.h>

// The nearest of `count` names by edit distance (case-blind), or NULL when none is near enough
// (more than a third of the letters would change).
const char *suggest(const char *wrong, const char *const *names, size_t count);

#endif
