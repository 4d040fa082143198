// SPDX-License-Identifier: Apache-2.0
// The runtime takes activations that are not said for none at all: say the usual ones.
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

bool lower_opset_recurrent(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    GRAPH_EACH(g, n) {
        changed |= say_activations(n);
    }
    return changed;
}
