// SPDX-License-Identifier: Apache-2.0
// A Multiply with a constant for each channel, alone behind a convolution or fully connected layer,
// goes into the weights. (An Add there is the layer's bias and stays.)
#include "compiler/passes/linear.h"

static bool fuse(struct arena *scratch, struct node *n, const struct fuse_filter *filter) {
    struct linear l;
    if (!fuse_allowed(filter, n) || !linear_of(scratch, n, &l) || !linear_is_scale(&l))
        return false;
    struct node *layer = linear_layer_before(&l, filter);
    if (layer == NULL)
        return false;
    filters_scale(layer, OUTPUT_CHANNELS, l.count, l.scale);
    value_take_over(&n->outputs[0], l.x);
    node_remove(n);
    return true;
}

bool fuse_linear_backward(struct graph *g, const struct pass_options *options) {
    struct arena *scratch = arena_new();
    struct fuse_filter *filter = fuse_filter_new(scratch, g, options);
    uint32_t count;
    struct node **order = graph_order(g, &count);
    bool progress = false;
    for (uint32_t i = 0; i < count; i++)
        if (!order[i]->removed && fuse(scratch, order[i], filter))
            progress = true;
    arena_free(scratch);
    return progress;
}
