// SPDX-License-Identifier: Apache-2.0
// Older APIs know an output by the name of the layer that computes it. A source layer that became
// several operators leaves its name to the last of them.
#include <string.h>

#include "compiler/ops/convolution.h"
#include "compiler/ops/matmul.h"
#include "compiler/passes/lower.h"

static const struct op_def *const with_biases[] = {
    &op_Convolution,
    &op_GroupConvolution,
    &op_ConvolutionBackpropData,
    &op_GroupConvolutionBackpropData,
    &op_MatMul,
};

static bool takes_biases(const struct node *n) {
    for (size_t i = 0; i < sizeof with_biases / sizeof *with_biases; i++)
        if (n->op == with_biases[i])
            return true;
    return false;
}

// "conv1" and its Add "conv1/bias": the Add becomes "conv1".
static bool pass_name_on(struct node *n) {
    struct node *add = takes_biases(n) ? value_only_user(&n->outputs[0]) : NULL;
    size_t length = strlen(n->name);
    if (!node_is(add, &op_Add) || strncmp(add->name, n->name, length) != 0 ||
        add->name[length] != '/')
        return false;
    add->name = n->name;
    n->name = lower_name(n, "WithoutBiases");
    return true;
}

bool lower_opset_names(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    GRAPH_EACH(g, n) {
        changed |= pass_name_on(n);
    }
    return changed;
}
