// SPDX-License-Identifier: Apache-2.0
// Activation functions, and softmax along an axis.
#ifndef ZOOC_OPS_ACTIVATION_H
#define ZOOC_OPS_ACTIVATION_H

#include "compiler/ops/ops.h"

// A slope that is said and not zero has no opset form: lower_opset makes it PRelu.
#define RELU_ATTRS(A) A(FLOAT, negative_slope, ATTR_UNSET, NULL, NULL, "negative_slope")
ATTR_STRUCT(relu, RELU_ATTRS)

#define ELU_ATTRS(A) A(FLOAT, alpha, 1, NULL, "alpha", "alpha")
ATTR_STRUCT(elu, ELU_ATTRS)

#define CLAMP_ATTRS(A)                                                                             \
    A(FLOAT, min, 0, NULL, "min", "min")                                                           \
    A(FLOAT, max, 0, NULL, "max", "max")
ATTR_STRUCT(clamp, CLAMP_ATTRS)

enum gelu_mode { GELU_ERF, GELU_TANH };
#define GELU_ATTRS(A) A(ENUM, approximation_mode, GELU_ERF, gelu_modes, "approximation_mode", NULL)
ATTR_STRUCT(gelu, GELU_ATTRS)

// SoftMax (opset1) wants an axis that is not negative; the shape rule makes it so.
#define SOFTMAX_ATTRS(A) A(INT, axis, 1, NULL, "axis", "axis")
ATTR_STRUCT(softmax, SOFTMAX_ATTRS)
#define LOG_SOFTMAX_ATTRS(A) A(INT, axis, -1, NULL, "axis", NULL)

#endif
