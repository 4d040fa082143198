// SPDX-License-Identifier: Apache-2.0
// Recurrent cells as the runtime takes them: activations that are not said are none at all there,
// and cells of the same weights that hand on their state are made one sequence, also where a cell
// reads what came of the one before (a decoder that is written out), which makes a cycle.
#include "compiler/ops/recurrent.h"
#include "compiler/passes/lower.h"

static const struct {
    const struct op_def *op;
    const char *activations;
} usual[] = {
    {&op_LSTMCell, "sigmoid,tanh,tanh"},
    {&op_LSTMSequence, "sigmoid,tanh,tanh"},
    {&op_GRUCell, "sigmoid,tanh"},
    {&op_GRUSequence, "sigmoid,tanh"},
    {&op_RNNCell, "tanh"},
    {&op_RNNSequence, "tanh"},
};

static bool say_activations(struct node *n) {
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        struct cell *a = n->attrs; // the others begin alike
        if (n->op != usual[i].op || (a->activations != NULL && *a->activations != '\0'))
            continue;
        a->activations = usual[i].activations;
        return true;
    }
    return false;
}

// --- cells that read what came of the one before
// --------------------------------------------------

static bool is_cell(const struct node *n) {
    return n->op == &op_LSTMCell || n->op == &op_GRUCell || n->op == &op_RNNCell;
}

static void push_once(struct graph *g, struct node_list *list, const struct value *v,
                      uint32_t walk) {
    if (v == NULL || v->producer->mark == walk)
        return;
    v->producer->mark = walk;
    node_list_add(g->arena, list, v->producer);
}

// Whether `v` is computed from what `from` gives. `walk`: a number that no node is marked with.
static bool comes_from(struct graph *g, const struct value *v, const struct node *from,
                       uint32_t walk) {
    struct node_list list = {0};
    push_once(g, &list, v, walk);
    while (list.count > 0) {
        const struct node *n = list.items[--list.count];
        if (n == from)
            return true;
        for (uint32_t i = 0; i < n->input_count; i++)
            push_once(g, &list, n->inputs[i].value, walk);
    }
    return false;
}

// Cells that differ are left alone; what sigmoid and tanh do with an alpha is nothing.
static bool differ_from_before(struct node *n, uint32_t walk) {
    const struct value *state = node_input(n, 1);
    if (!is_cell(n) || state == NULL || state->producer->op != n->op)
        return false;
    const struct cell *before = state->producer->attrs;
    struct cell *a = n->attrs;
    if (before->activations_alpha.count != a->activations_alpha.count ||
        a->activations_alpha.count != 0 ||
        !comes_from(n->graph, node_input(n, 0), state->producer, walk))
        return false;
    a->activations_alpha = floats_copy(n->graph->arena, (const float[]){1}, 1);
    return true;
}

bool lower_opset_recurrent(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    uint32_t walk = 0;
    GRAPH_EACH(g, n) {
        n->mark = 0;
    }
    GRAPH_EACH(g, n) {
        changed |= say_activations(n);
        changed |= differ_from_before(n, ++walk);
    }
    return changed;
}
