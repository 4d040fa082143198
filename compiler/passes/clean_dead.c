// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/pass.h"

static bool is_used(const struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++)
        if (n->outputs[i].first_use != NULL)
            return true;
    return false;
}

// A body's parameters are named by the port map of the node that holds it: they stay.
static bool may_go(const struct node *n) {
    if (node_is(n, &op_Parameter))
        return n->graph->outer == NULL;
    return (n->op->flags & OP_EFFECT) == 0;
}

bool clean_dead(struct graph *g, const struct pass_options *options) {
    (void)options;
    uint32_t count;
    struct node **order = graph_order(g, &count);
    bool progress = false;
    while (count-- > 0) { // users before producers
        if (is_used(order[count]) || !may_go(order[count]))
            continue;
        node_remove(order[count]);
        progress = true;
    }
    return progress;
}
