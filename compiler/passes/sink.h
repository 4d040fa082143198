// SPDX-License-Identifier: Apache-2.0
// What the files of sink_transposes share: a node below a Transpose, and what becomes of it.
#ifndef ZOOC_SINK_H
#define ZOOC_SINK_H

#include "compiler/passes/order.h"
#include "compiler/passes/pass.h"

struct move { // `n` is to read what the Transpose above it reads
    struct builder b;
    struct node *n;
    struct order order; // of the Transpose above
    struct order below; // of the one that comes below; rank 0: none
};

typedef bool move_function(struct move *m);

move_function sink_reshape;

// A Transpose to channels first below the Reshape `n`, and one of any order above it: the former
// goes above, too, where the two are one.
bool lift_above_reshape(struct node *n);

#endif
