// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/pass.h"

// Values that are known although the inputs are not (the shape of something) count as well.
static bool outputs_known(const struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++)
        if (n->outputs[i].constant == NULL)
            return false;
    return n->output_count > 0;
}

static bool evaluate(struct node *n) {
    const struct tensor **results =
        arena_array_of(n->graph->arena, n->output_count, const struct tensor *);
    if (!node_evaluate(n, results))
        return false;
    for (uint32_t i = 0; i < n->output_count; i++)
        if (results[i] == NULL)
            return false;
    for (uint32_t i = 0; i < n->output_count; i++)
        n->outputs[i].constant = results[i];
    return true;
}

static const char *output_name(const struct node *n, uint32_t index) {
    return n->output_count == 1 ? n->name : arena_printf(n->graph->arena, "%s.%u", n->name, index);
}

static void replace_by_constants(struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++) {
        struct value *v = &n->outputs[i];
        if (v->first_use == NULL)
            continue;
        struct value *constant = graph_constant(n->graph, output_name(n, i), v->constant);
        constant->producer->place = n->place;
        value_replace(v, constant);
    }
    node_remove(n);
}

static bool may_fold(const struct node *n) {
    if (node_is(n, &op_Constant) || (n->op->flags & OP_EFFECT) != 0)
        return false;
    for (uint32_t i = 0; i < n->output_count; i++)
        if (n->outputs[i].poison)
            return false;
    return true;
}

bool fold_constants(struct graph *g, const struct pass_options *options) {
    (void)options;
    uint32_t count;
    struct node **order = graph_order(g, &count);
    bool progress = false;
    for (uint32_t i = 0; i < count; i++) {
        struct node *n = order[i];
        if (!may_fold(n) || (!outputs_known(n) && !evaluate(n)))
            continue;
        replace_by_constants(n);
        progress = true;
    }
    return progress;
}
