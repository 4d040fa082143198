// SPDX-License-Identifier: Apache-2.0
// A small file that may be lost: a log, or a record of work that can be done again. It appears by
// rename, whole or not at all, but is not flushed to the disk, which for thousands of them would
// take longer than the work they tell of. What must not be lost is an outfile.h.
#ifndef ZOOC_JOT_H
#define ZOOC_JOT_H

#include <stdbool.h>
#include <stddef.h>

// False with errno set on failure.
bool jot(const char *path, const void *data, size_t size);

#endif
