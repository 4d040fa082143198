// SPDX-License-Identifier: Apache-2.0
// Reductions over the axes of input 1.
#ifndef ZOOC_OPS_REDUCTION_H
#define ZOOC_OPS_REDUCTION_H

#include "compiler/ops/ops.h"

#define REDUCTION_ATTRS(A) A(BOOL, keep_dims, false, NULL, "keep_dims", NULL)
ATTR_STRUCT(reduction, REDUCTION_ATTRS)

// The axes that are reduced, as a bit set; false when they are not known.
bool reduction_axes(const struct node *n, uint32_t *mask);

#endif
