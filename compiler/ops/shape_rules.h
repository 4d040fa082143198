// SPDX-License-Identifier: Apache-2.0
// The library of shape rules that operator entries name, and what rules are made of.
#ifndef ZOOC_SHAPE_RULES_H
#define ZOOC_SHAPE_RULES_H

#include "compiler/ops/ops.h"

infer_function infer_same;      // every output = type and shape of input 0
infer_function infer_broadcast; // NumPy broadcasting of all inputs; type of input 0
infer_function infer_compare;   // as infer_broadcast, type boolean
infer_function infer_pooling, infer_convolution, infer_group_convolution, infer_deconvolution,
    infer_group_deconvolution;
infer_function infer_concat, infer_reshape, infer_transpose, infer_reduce, infer_split,
    infer_variadic_split, infer_pad, infer_squeeze, infer_unsqueeze, infer_gather, infer_tile,
    infer_matmul, infer_strided_slice, infer_flatten, infer_broadcast_to, infer_shuffle_channels;

// Reports "layer 'x' (Type): TEXT; its inputs are f32[1,3,8,8], ..." and returns false.
bool shape_error(struct node *n, const char *format, ...) __attribute__((format(printf, 2, 3)));
void set_output(struct node *n, uint32_t index, enum dtype type, struct shape shape);

static inline struct shape input_shape(const struct node *n, uint32_t index) {
    const struct value *v = node_input(n, index);
    return v != NULL ? v->shape : SHAPE_UNKNOWN;
}
static inline enum dtype input_type(const struct node *n, uint32_t index) {
    const struct value *v = node_input(n, index);
    return v != NULL ? v->type : DT_UNKNOWN;
}
// Dimension `axis` of an input; unknown when the input or the dimension is.
static inline int64_t input_dim(const struct node *n, uint32_t index, int32_t axis) {
    struct shape s = input_shape(n, index);
    return axis >= 0 && axis < s.rank ? s.dims[axis] : DIM_UNKNOWN;
}

// The integers of a small input of rank 0 or 1 as far as they are known: shapes, axes, orders.
struct numbers {
    uint32_t count;
    const int64_t *data; // NUMBER_UNKNOWN where unknown
    bool complete;       // all are known
};
#define NUMBER_UNKNOWN INT64_MIN
// False when not even their count is known (or they are too many for any shape).
bool input_numbers(const struct node *n, uint32_t index, struct numbers *out);
// As input_numbers, and all are known.
bool input_complete(const struct node *n, uint32_t index, struct numbers *out);

// Fails with a report unless inputs [from, from + count) that are present have one element type.
bool same_types(struct node *n, uint32_t from, uint32_t count);
// Fails with a report when the rank of an input is known and is none of [least, most].
bool input_rank(struct node *n, uint32_t index, int32_t least, int32_t most);
// `axis` of input `index`, negative counts from the end; fails with a report.
bool input_axis(struct node *n, uint32_t index, int64_t axis, int32_t *out);
// Two dimensions that must be equal where both are known: the known one. False when they differ.
bool merge_dim(int64_t a, int64_t b, int64_t *out);
bool merge_shape(const struct shape *a, const struct shape *b, struct shape *out);
// Axes as a bit set; fails with a report when one is out of range or stands twice.
bool axes_mask(struct node *n, int32_t rank, const struct numbers *axes, uint32_t *mask);
static inline struct shape shape_of_rank(int32_t rank) {
    struct shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank; i++)
        shape.dims[i] = DIM_UNKNOWN;
    return shape;
}

#endif
