// SPDX-License-Identifier: Apache-2.0
// What is divided by its size or its deviation. Attributes are those of the entries' operator sets.
#ifndef ZOOC_OPS_NORMALIZATION_H
#define ZOOC_OPS_NORMALIZATION_H

#include "compiler/ops/ops.h"

// Inputs: data, axes ([1]: across channels; the spatial axes: within a channel).
#define LRN_ATTRS(A)                                                                               \
    A(FLOAT, alpha, 1e-4, NULL, "alpha", "alpha")                                                  \
    A(FLOAT, beta, 0.75, NULL, "beta", "beta")                                                     \
    A(FLOAT, bias, 1, NULL, "bias", NULL)                                                          \
    A(INT, size, 5, NULL, "size", "local-size")
ATTR_STRUCT(lrn, LRN_ATTRS)

// Inputs: data, axes. EPS_ADD: x / sqrt(sum + eps); EPS_MAX: x / sqrt(max(sum, eps)).
enum eps_mode { EPS_ADD, EPS_MAX };
#define NORMALIZE_L2_ATTRS(A)                                                                      \
    A(FLOAT, eps, 1e-10, NULL, "eps", "eps")                                                       \
    A(ENUM, eps_mode, EPS_ADD, eps_modes, "eps_mode", NULL)
ATTR_STRUCT(normalize_l2, NORMALIZE_L2_ATTRS)

// Inputs: data, axes. Mean 0, and variance 1 when normalize_variance.
enum mvn_eps { MVN_INSIDE_SQRT, MVN_OUTSIDE_SQRT };
#define MVN_ATTRS(A)                                                                               \
    A(FLOAT, eps, 1e-9, NULL, "eps", "eps")                                                        \
    A(BOOL, normalize_variance, true, NULL, "normalize_variance", "normalize_variance")            \
    A(ENUM, eps_mode, MVN_INSIDE_SQRT, mvn_eps_modes, "eps_mode", NULL)
ATTR_STRUCT(mvn, MVN_ATTRS)

#define GRN_ATTRS(A) A(FLOAT, bias, 1e-6, NULL, "bias", "bias")
ATTR_STRUCT(grn, GRN_ATTRS)

// Inputs: data, gamma, beta, mean, variance (each one number a channel).
#define BATCH_NORM_ATTRS(A) A(FLOAT, epsilon, 1e-5, NULL, "epsilon", "epsilon")
ATTR_STRUCT(batch_norm, BATCH_NORM_ATTRS)

#endif
