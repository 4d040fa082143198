// SPDX-License-Identifier: Apache-2.0
// The library of shape rules that operator entries name.
#ifndef ZOOC_SHAPE_RULES_H
#define ZOOC_SHAPE_RULES_H

#include "compiler/ops/ops.h"

infer_function infer_same;      // output = type and shape of input 0
infer_function infer_broadcast; // NumPy broadcasting of all inputs; type of input 0
infer_function infer_compare;   // as infer_broadcast, type boolean
infer_function infer_window;    // Convolution family and pooling
infer_function infer_concat, infer_reshape, infer_transpose, infer_reduce, infer_split, infer_pad,
    infer_squeeze, infer_unsqueeze, infer_gather, infer_tile, infer_matmul, infer_strided_slice;

// Reports "layer 'x' (Type): TEXT; its inputs are f32[1,3,8,8], ..." and returns false.
bool shape_error(struct node *n, const char *format, ...) __attribute__((format(printf, 2, 3)));
void set_output(struct node *n, uint32_t index, enum dtype type, struct shape shape);

#endif
