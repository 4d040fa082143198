// SPDX-License-Identifier: Apache-2.0
// An Add of one number a channel behind a convolution becomes the convolution's biases.
#include "compiler/ops/convolution.h"
#include "compiler/passes/linear.h"
#include "compiler/passes/lower.h"

static const struct {
    const struct op_def *op;
    uint32_t input; // where its biases stand
} biased[] = {
    {&op_Convolution, 2},
    {&op_GroupConvolution, 2},
    {&op_ConvolutionBackpropData, 3},
    {&op_GroupConvolutionBackpropData, 3},
};

static const struct tensor *biases_of(const struct node *add, const struct value *convolved) {
    struct arena *arena = add->graph->arena;
    const struct tensor *constant, *biases;
    struct value *data;
    bool first;
    int64_t channels = convolved->shape.dims[1];
    if (!node_is(add, &op_Add) || !constant_operand(add, &constant, &data, &first) ||
        !per_channel(arena, data, constant, &biases) || channels == DIM_UNKNOWN)
        return NULL;
    return tensor_count(biases) == (uint64_t)channels ? biases
                                                      : tensor_tile(arena, biases, SHAPE(channels));
}

static bool take_biases(struct node *n, uint32_t input, const struct fuse_filter *filter) {
    struct node *add = value_only_user(&n->outputs[0]);
    if (add == NULL || n->input_count > input || node_constant(n, 1) == NULL ||
        !biases_allowed(filter, n, add))
        return false;
    const struct tensor *biases = biases_of(add, &n->outputs[0]);
    if (biases == NULL)
        return false;
    while (n->input_count < input)
        node_add_input(n, NULL);
    node_add_input(n, graph_constant(n->graph, lower_name(n, "biases"), biases));
    lower_replace(add, &n->outputs[0]);
    return true;
}

bool lower_classic_biases(struct graph *g, const struct pass_options *options) {
    struct arena *scratch = arena_new();
    struct fuse_filter *filter = fuse_filter_new(scratch, g, options);
    bool changed = false;
    GRAPH_EACH(g, n) {
        for (size_t i = 0; i < sizeof biased / sizeof *biased; i++)
            if (n->op == biased[i].op)
                changed |= take_biases(n, biased[i].input, filter);
    }
    arena_free(scratch);
    return changed;
}
