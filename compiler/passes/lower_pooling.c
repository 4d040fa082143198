// SPDX-License-Identifier: Apache-2.0
// No dialect has Caffe's rounding of pooling windows: it becomes ceil, or floor with explicit pads.
#include "compiler/ops/pooling.h"
#include "compiler/passes/lower.h"

static bool lower_rounding(struct graph *g) {
    bool changed = false;
    GRAPH_EACH(g, n) {
        if (n->op != &op_MaxPool && n->op != &op_AvgPool)
            continue;
        const struct pooling *a = n->attrs;
        if (a->rounding_type != ROUND_CEIL_CLIPPED)
            continue;
        pooling_resolve_rounding(n);
        changed = true;
    }
    return changed;
}

bool lower_opset_pooling(struct graph *g, const struct pass_options *options) {
    (void)options;
    return lower_rounding(g);
}

bool lower_classic_pooling(struct graph *g, const struct pass_options *options) {
    (void)options;
    return lower_rounding(g);
}
