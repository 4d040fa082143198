// SPDX-License-Identifier: Apache-2.0
// Operators that classic IR knows and the opset does not. Front ends may make those that their
// source has a layer for (Eltwise, ScaleShift with a computed scale, PowerIE, NormalizeIE, CropIE);
// lower_opset then writes them in opset operators. FullyConnected is made by lower_classic alone.
#ifndef ZOOC_OPS_CLASSIC_H
#define ZOOC_OPS_CLASSIC_H

#include "compiler/ops/ops.h"

// Two or more inputs. coeff (sum only): a factor for each input, or empty. says_coeff: the source
// has the attribute, and classic IR then has it even when it is empty.
enum eltwise_operation {
    ELTWISE_SUM,
    ELTWISE_MUL,
    ELTWISE_MAX,
    ELTWISE_MIN,
    ELTWISE_SUB,
    ELTWISE_DIV,
    ELTWISE_SQUARED_DIFF,
    ELTWISE_POW,
    ELTWISE_FLOOR_MOD,
    ELTWISE_LOGICAL_AND,
    ELTWISE_LOGICAL_OR,
    ELTWISE_LOGICAL_XOR,
    ELTWISE_EQUAL,
    ELTWISE_NOT_EQUAL,
    ELTWISE_LESS,
    ELTWISE_LESS_EQUAL,
    ELTWISE_GREATER,
    ELTWISE_GREATER_EQUAL,
};
extern const char *const eltwise_names[];
#define ELTWISE_ATTRS(A)                                                                           \
    A(ENUM, operation, ELTWISE_SUM, eltwise_names, NULL, "operation")                              \
    A(FLOATS, coeff, NO_DEFAULT, NULL, NULL, NULL)                                                 \
    A(BOOL, says_coeff, false, NULL, NULL, NULL)
ATTR_STRUCT(eltwise, ELTWISE_ATTRS)

// data, scale, optional bias. The shape of scale and bias stands from `axis` of the data on;
// classic IR takes constants along axis 1 only.
#define SCALE_SHIFT_ATTRS(A) A(INT, axis, 1, NULL, NULL, NULL)
ATTR_STRUCT(scale_shift, SCALE_SHIFT_ATTRS)

// (scale * x + shift) ^ power
#define POWER_ATTRS(A)                                                                             \
    A(FLOAT, power, 1, NULL, NULL, "power")                                                        \
    A(FLOAT, scale, 1, NULL, NULL, "scale")                                                        \
    A(FLOAT, shift, 0, NULL, NULL, "shift")
ATTR_STRUCT(power, POWER_ATTRS)

// FullyConnected has no attributes: data [N,...], weights [O,I], optional biases [O]; output [N,O].

// x / sqrt(sum(x^2) + eps), over channels or (across_spatial) channels and places, times the
// constant second input of 1 (channel_shared) or C elements.
#define NORMALIZE_ATTRS(A)                                                                         \
    A(BOOL, across_spatial, false, NULL, NULL, "across_spatial")                                   \
    A(BOOL, channel_shared, false, NULL, NULL, "channel_shared")                                   \
    A(FLOAT, eps, 1e-10, NULL, NULL, "eps")
ATTR_STRUCT(normalize, NORMALIZE_ATTRS)

// The part of the first input that begins at `offset` on each of `axis` and has the size `dim`, or,
// with a second input, that input's size there.
#define CROP_ATTRS(A)                                                                              \
    A(INTS, axis, NO_DEFAULT, NULL, NULL, "axis")                                                  \
    A(INTS, offset, NO_DEFAULT, NULL, NULL, "offset")                                              \
    A(INTS, dim, NO_DEFAULT, NULL, NULL, NULL)
ATTR_STRUCT(crop, CROP_ATTRS)

#endif
