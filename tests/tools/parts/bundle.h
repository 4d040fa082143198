// SPDX-License-Identifier: Apache-2.0
// A small archive held in memory: how a test case is kept in this repository.
#ifndef ZOOC_TESTS_BUNDLE_H
#define ZOOC_TESTS_BUNDLE_H

#include "compiler/base/arena.h"
#include "compiler/base/slice.h"

struct bundle_member {
    const char *name;
    struct slice bytes;
};

struct bundle {
    struct bundle_member *members; // in the archive's order
    size_t count, capacity;
};

// NULL on success, else what is wrong.
const char *bundle_read(struct arena *arena, const char *path, struct bundle *out);
const struct bundle_member *bundle_find(const struct bundle *bundle, const char *name);

#endif
