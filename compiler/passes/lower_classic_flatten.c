// SPDX-License-Identifier: Apache-2.0
// Where the source keeps channels last, classic IR has always had a Permute between a convolution
// and the reshape that takes its one place away, and its users know the layers so. It moves
// nothing: a Permute that moves something is there already.
#include "compiler/ops/activation.h"
#include "compiler/ops/classic.h"
#include "compiler/ops/convolution.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/lower.h"
#include "compiler/passes/order.h"

static bool is_convolution(const struct node *n) {
    return n->op == &op_Convolution || n->op == &op_GroupConvolution;
}

static bool is_convolved(const struct node *n) {
    if (n->op == &op_ReLU)
        n = node_input(n, 0)->producer;
    return is_convolution(n);
}

static bool changes_rank(const struct node *n) {
    return (n->op == &op_Reshape || n->op == &op_Squeeze) &&
           n->outputs[0].shape.rank != n->inputs[0].value->shape.rank;
}

static bool wants_permute(const struct node *n) {
    const struct value *x = node_input(n, 0);
    if (!changes_rank(n) || (x->shape.rank != 4 && x->shape.rank != 5) ||
        !is_convolved(x->producer))
        return false;
    const struct node *user = value_only_user(&n->outputs[0]);
    struct order last = order_to_channels_last(x->shape.rank);
    bool dense = user != NULL && user->op == &op_FullyConnected && n->outputs[0].shape.rank == 2;
    return !dense && order_moves_nothing(&last, &x->shape);
}

// The axes of a Squeeze, where `order` puts them.
static void turn_axes(struct builder *b, struct node *n, const struct order *order) {
    const struct tensor *t = n->op == &op_Squeeze ? node_constant(n, 1) : NULL;
    struct order places = order_inverse(order);
    int64_t turned[SHAPE_MAX_RANK];
    if (t == NULL || tensor_count(t) > SHAPE_MAX_RANK)
        return;
    const int64_t *axes = tensor_as_i64(b->graph->arena, t);
    uint32_t count = (uint32_t)tensor_count(t);
    for (uint32_t i = 0; i < count; i++)
        turned[i] = places.axis[axes[i] < 0 ? axes[i] + order->rank : axes[i]];
    node_set_input(n, 1, build_i64(b, node_input(n, 1)->producer->name, count, turned));
}

bool lower_classic_flatten(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    if (!g->channels_last)
        return false;
    GRAPH_EACH(g, n) {
        if (n->input_count == 0 || n->output_count != 1 || !wants_permute(n))
            continue;
        struct builder b = {.graph = g, .place = n->place};
        struct value *x = node_input(n, 0);
        struct order last = order_to_channels_last(x->shape.rank);
        const char *name = lower_name(x->producer, "Permute_");
        node_set_input(n, 0, order_build(&b, name, x, &last));
        turn_axes(&b, n, &last);
        changed = true;
    }
    return changed;
}
