// SPDX-License-Identifier: Apache-2.0
// Where tests and their tools put files: below TMPDIR, or /tmp when that is not set. What was made
// is removed with tree_remove of cache/tree.h.
#ifndef ZOOC_TESTS_SCRATCH_H
#define ZOOC_TESTS_SCRATCH_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCRATCH_SIZE = 512 };

// Makes a fresh folder and writes its path; false with errno.
static inline bool scratch_make(char path[SCRATCH_SIZE]) {
    const char *above = getenv("TMPDIR");
    int length = snprintf(path, SCRATCH_SIZE, "%s/zooc-test-XXXXXX",
                          above == NULL || *above == '\0' ? "/tmp" : above);
    if (length >= SCRATCH_SIZE) {
        errno = ENAMETOOLONG;
        return false;
    }
    return mkdtemp(path) != NULL;
}

#endif
