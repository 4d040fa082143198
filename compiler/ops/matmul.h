// SPDX-License-Identifier: Apache-2.0
// Products of matrices. Inputs: a, b; by NumPy's rules for the axes before the last two.
#ifndef ZOOC_OPS_MATMUL_H
#define ZOOC_OPS_MATMUL_H

#include "compiler/ops/ops.h"

// Of MatMul and of Gemm, which classic IR has in its place: there both have as many axes, two at
// least.
#define MATMUL_ATTRS(A)                                                                            \
    A(BOOL, transpose_a, false, NULL, "transpose_a", "transpose_a")                                \
    A(BOOL, transpose_b, false, NULL, "transpose_b", "transpose_b")
ATTR_STRUCT(matmul, MATMUL_ATTRS)

// Whether a MatMul reads the value as a transposed matrix.
bool matmul_turns(const struct use *u);

// Input: matrices as the last two axes.
#define INVERSE_ATTRS(A) A(BOOL, adjoint, false, NULL, "adjoint", NULL)
ATTR_STRUCT(inverse, INVERSE_ATTRS)

#endif
