// SPDX-License-Identifier: Apache-2.0
// StridedSlice read as one range for each axis of the data, for its shape rule, its evaluator and
// whoever lowers or moves it.
#ifndef ZOOC_OPS_SLICING_H
#define ZOOC_OPS_SLICING_H

#include "compiler/ops/movement.h"

struct range {
    int64_t begin, stride, count; // elements begin, begin + stride, ...; count may be DIM_UNKNOWN
    bool known;                   // begin is known too
};

struct slicing {
    int32_t rank;                        // of the data
    struct range ranges[SHAPE_MAX_RANK]; // by axis of the data
    int32_t out_rank;
    int32_t source[SHAPE_MAX_RANK]; // axis of the data behind each output axis, -1 = new axis
};

// False when the ranges cannot be read off constants; *wrong then says why when it is the model's
// fault.
bool slicing_read(const struct node *n, struct slicing *out, const char **wrong);

#endif
