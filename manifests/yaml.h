// SPDX-License-Identifier: Apache-2.0
// A YAML file as a tree whose every node knows its line and column. One document; anchors and
// aliases but no tags. An alias is the same node again, not a copy, and what all aliases together
// stand for is bounded, so a small file cannot unfold into a large one. Recursion is impossible: an
// anchor is known only behind its node.
#ifndef ZOOC_MANIFESTS_YAML_H
#define ZOOC_MANIFESTS_YAML_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/slice.h"

// As in the core schema of YAML 1.2; JSON's types.
enum yaml_type {
    YAML_IS_NULL,
    YAML_IS_FLAG,
    YAML_IS_INTEGER,
    YAML_IS_NUMBER, // with a fraction or an exponent
    YAML_IS_TEXT,
    YAML_IS_LIST,
    YAML_IS_MAP,
};

struct yaml {
    enum yaml_type type;
    uint32_t line, column;
    const char *text;    // of a scalar; no NUL inside
    struct yaml **items; // of a list; the values of a map
    struct yaml **keys;  // of a map: scalars, no two alike
    uint32_t count;
    uint64_t weight; // nodes with aliases unfolded
};

struct yaml_file {
    const char *path;
    const struct yaml *root;
    const char *text;
    uint64_t size;
    const uint32_t *lines; // where each line starts
    uint32_t line_count;
};

// NULL after a report. An empty file is a null node.
struct yaml_file *yaml_read(struct arena *arena, const char *path, struct diag *diag);
struct yaml_file *yaml_read_text(struct arena *arena, const char *name, struct slice text,
                                 struct diag *diag);

struct place yaml_place(const struct yaml_file *file, const struct yaml *node);

// The value of a key; NULL when it is not there or `map` is no map.
const struct yaml *yaml_item(const struct yaml *map, const char *key);

// "a list", "true or false", ...
const char *yaml_type_name(enum yaml_type type);

#endif
