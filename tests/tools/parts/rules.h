// SPDX-License-Identifier: Apache-2.0
// Tables of exceptions, kept as text with tabs between the columns: the first columns are patterns
// (of fnmatch), the last is the reason. Empty lines and lines that begin with '#' are left out.
#ifndef ZOOC_TESTS_RULES_H
#define ZOOC_TESTS_RULES_H

#include <stdbool.h>

#include "compiler/base/arena.h"

struct rule {
    unsigned line;
    const char **columns;
    unsigned uses;
};

struct rules {
    struct rule *items;
    size_t count;
};

// Every line must have `columns` columns. NULL on success, else what is wrong.
const char *rules_read(struct arena *arena, const char *path, unsigned columns, struct rules *out);

// The first rule whose first `count` columns match `keys`, or NULL; counts its use.
struct rule *rules_find(struct rules *rules, const char *const *keys, unsigned count);

#endif
