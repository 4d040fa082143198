// SPDX-License-Identifier: Apache-2.0
// Operators that move elements and compute nothing.
#ifndef ZOOC_OPS_MOVEMENT_H
#define ZOOC_OPS_MOVEMENT_H

#include "compiler/ops/ops.h"

#define CONCAT_ATTRS(A) A(INT, axis, NO_DEFAULT, NULL, "axis", "axis")
ATTR_STRUCT(concat, CONCAT_ATTRS)

// Split: data, axis. VariadicSplit: data, axis, lengths (one may be -1).
// Outputs: node_set_output_count before node_finish.
// Classic IR leaves the number of parts to who counts them unless `counted`, and calls both Split,
// but for a `slice` (Caffe's).
#define SPLIT_ATTRS(A)                                                                             \
    A(INT, num_splits, 1, NULL, "num_splits", NULL)                                                \
    A(BOOL, counted, false, NULL, NULL, NULL)
ATTR_STRUCT(split, SPLIT_ATTRS)
#define VARIADIC_SPLIT_ATTRS(A) A(BOOL, slice, false, NULL, NULL, NULL)
ATTR_STRUCT(variadic_split, VARIADIC_SPLIT_ATTRS)

// Inputs: data, dimensions. 0 copies a dimension when special_zero, -1 takes what is left.
// Caffe also says axis and num_axes, which classic IR repeats; the dimensions hold for the whole
// data.
#define RESHAPE_ATTRS(A)                                                                           \
    A(BOOL, special_zero, false, NULL, "special_zero", NULL)                                       \
    A(INT, axis, ATTR_UNSET, NULL, NULL, "axis")                                                   \
    A(INT, num_axes, ATTR_UNSET, NULL, NULL, "num_axes")
ATTR_STRUCT(reshape, RESHAPE_ATTRS)

// Dimensions axis to end_axis become one. Internal: opset IR writes a Reshape.
#define FLATTEN_ATTRS(A)                                                                           \
    A(INT, axis, 1, NULL, NULL, "axis")                                                            \
    A(INT, end_axis, -1, NULL, NULL, "end_axis")
ATTR_STRUCT(flatten, FLATTEN_ATTRS)

// Inputs: data, pads_begin, pads_end, value (constant mode only; 0 when absent).
enum pad_mode { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_SYMMETRIC };
extern const char *const pad_modes[];
#define PAD_ATTRS(A) A(ENUM, pad_mode, PAD_CONSTANT, pad_modes, "pad_mode", "pad_mode")
ATTR_STRUCT(pad, PAD_ATTRS)

// Inputs: data, target shape, axes (explicit mode only).
enum broadcast_mode { BROADCAST_NUMPY, BROADCAST_EXPLICIT, BROADCAST_BIDIRECTIONAL };
#define BROADCAST_ATTRS(A) A(ENUM, mode, BROADCAST_NUMPY, broadcast_modes, "mode", NULL)
ATTR_STRUCT(broadcast, BROADCAST_ATTRS)

// Inputs: data, begin, end, strides. A mask of 1 at i: begin and end of axis i are ignored; a new
// axis of 1 is made; the axis is taken away; the axis stands for all that are not named.
#define STRIDED_SLICE_ATTRS(A)                                                                     \
    A(INTS, begin_mask, NO_DEFAULT, NULL, "begin_mask", NULL)                                      \
    A(INTS, end_mask, NO_DEFAULT, NULL, "end_mask", NULL)                                          \
    A(INTS, new_axis_mask, NO_DEFAULT, NULL, "new_axis_mask", NULL)                                \
    A(INTS, shrink_axis_mask, NO_DEFAULT, NULL, "shrink_axis_mask", NULL)                          \
    A(INTS, ellipsis_mask, NO_DEFAULT, NULL, "ellipsis_mask", NULL)
ATTR_STRUCT(strided_slice, STRIDED_SLICE_ATTRS)

// axis is split into [group, size / group], which are swapped.
#define SHUFFLE_CHANNELS_ATTRS(A)                                                                  \
    A(INT, axis, 1, NULL, "axis", "axis")                                                          \
    A(INT, group, 1, NULL, "group", "group")
ATTR_STRUCT(shuffle_channels, SHUFFLE_CHANNELS_ATTRS)

#endif
