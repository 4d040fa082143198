// SPDX-License-Identifier: Apache-2.0
// What a Reshape does to axes: it splits some and joins others. Axes are in groups, in rising
// order, the sizes on both sides of a group having one product: [2,8,8,12] to [2,64,3,4] is
// {0 | 0} {1,2 | 1} {3 | 2,3}.
#ifndef ZOOC_REGROUP_H
#define ZOOC_REGROUP_H

#include "compiler/passes/order.h"

struct regroup {
    struct shape from, to;
    int32_t count;
    int32_t from_end[SHAPE_MAX_RANK], to_end[SHAPE_MAX_RANK]; // by group: one past its last axis
};

// Of a Reshape from one shape to the other. A batch may be unknown. False when it cannot be said.
bool regroup_read(const struct shape *from, const struct shape *to, struct regroup *out);

// `from` is what a Transpose of `above` gives: the Reshape can be done above it, to `shape`, when
// the axes of each group stand together there; a Transpose of `below` then gives `to`.
bool regroup_above(const struct regroup *r, const struct order *above, struct shape *shape,
                   struct order *below);

// The same for `to`, which a Transpose of `below` is to give: the data in another order, `first`,
// can be reshaped to what that Transpose reads, `shape`.
bool regroup_below(const struct regroup *r, const struct order *below, struct order *first,
                   struct shape *shape);

#endif
