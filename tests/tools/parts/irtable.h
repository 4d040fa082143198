// SPDX-License-Identifier: Apache-2.0
// A classic IR (versions 2 to 7) as a table, so that two of them can be compared without running
// them: what zooc writes, and what the Model Optimizer 2018 R5 wrote (tests/topologies).
//
// As text, a layer a line with tabs between: name, type, output shapes (',' in one, ';' between),
// attributes, blobs, sources as LAYER.output_index. A blob is
// KIND:BYTES:SUM:ABSOLUTE_SUM:PLACED_SUM, the sums over its values x_i: of x_i, of |x_i|, and of
// x_i * (i % 251 - 125) / 125, which moves when values change places. The body of a TensorIterator
// follows its layer, names behind "LAYER/".
#ifndef ZOOC_TESTS_IRTABLE_H
#define ZOOC_TESTS_IRTABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "compiler/base/arena.h"
#include "compiler/base/slice.h"

struct ir_attr {
    const char *key, *value; // numbers in one spelling
};

struct ir_blob {
    const char *kind;
    uint64_t bytes;
    size_t element; // bytes of one; 0: unknown, as in a table
    bool has_sums;
    double sum, absolute, placed;
};

struct ir_layer {
    const char *name, *type, *shapes;
    struct ir_attr *attrs; // sorted by key
    size_t attr_count;
    struct ir_blob *blobs;
    size_t blob_count;
    const char **sources;
    size_t source_count;
};

struct ir_table {
    struct arena *arena;
    struct ir_layer *layers;
    size_t count;
    uint32_t capacity;
};

// NULL on success, else what is wrong.
const char *irtable_from_ir(struct arena *arena, const char *path, struct ir_table *out);
const char *irtable_from_text(struct arena *arena, struct slice text, struct ir_table *out);

struct ir_layer *irtable_add(struct ir_table *table);
void irtable_print(const struct ir_table *table, FILE *to);

#endif
