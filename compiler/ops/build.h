// SPDX-License-Identifier: Apache-2.0
// Short forms for making nodes, for front ends and passes. Each returns the first output of a
// finished node; on an error (already reported) or a poison input, a poison value. Names are the
// node names.
#ifndef ZOOC_BUILD_H
#define ZOOC_BUILD_H

#include "compiler/ops/ops.h"

// Where new nodes come from: set once per source layer.
struct builder {
    struct graph *graph;
    struct place place;
};

// A node of `op` with default attributes and these inputs, not yet finished.
struct node *build_node(struct builder *b, const struct op_def *op, const char *name,
                        uint32_t input_count, struct value *const *inputs);
struct value *build_op1(struct builder *b, const struct op_def *op, const char *name,
                        struct value *x);
struct value *build_op2(struct builder *b, const struct op_def *op, const char *name,
                        struct value *x, struct value *y);
// A count that is an unknown rank gives a poison value.
struct value *build_i64(struct builder *b, const char *name, uint32_t count, const int64_t *values);
struct value *build_i64_scalar(struct builder *b, const char *name, int64_t value);
struct value *build_f32_scalar(struct builder *b, const char *name, float value);
struct value *build_constant(struct builder *b, const char *name, const struct tensor *t);
struct value *build_reshape(struct builder *b, const char *name, struct value *x, uint32_t rank,
                            const int64_t *dims); // 0 copies, -1 infers
struct value *build_transpose(struct builder *b, const char *name, struct value *x, uint32_t rank,
                              const int64_t *order);
struct value *build_concat(struct builder *b, const char *name, int64_t axis, uint32_t count,
                           struct value *const *inputs);
// Names for helpers: "<base>/<suffix>" in the graph's arena.
const char *build_name(struct builder *b, const char *base, const char *suffix);

#endif
