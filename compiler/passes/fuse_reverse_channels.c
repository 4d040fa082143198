// SPDX-License-Identifier: Apache-2.0
// Channels of an input that are put in another order by a Gather (--reverse_input_channels): the
// first convolutions read them in the old order when their filters are reordered instead. On the
// way there constants of elementwise operators are reordered as well. All paths must end so, or
// nothing changes.
#include "compiler/ops/activation.h"
#include "compiler/ops/convolution.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/linear.h"

struct order { // channel i of the value holds what was channel from[i]
    int32_t axis;
    uint64_t count;
    const int64_t *from;
};

struct walk {
    struct arena *scratch;
    bool apply; // else only look whether it can be done
};

static bool pass_value(struct walk *w, const struct value *v, struct order order);

static void reorder_input(struct node *n, uint32_t input, int32_t axis, const struct order *order) {
    struct graph *g = n->graph;
    const struct node *old = n->inputs[input].value->producer;
    struct value *v = graph_constant(
        g, old->name,
        tensor_gather(g->arena, node_constant(n, input), axis, order->count, order->from));
    v->producer->place = old->place;
    node_set_input(n, input, v);
}

// The constant operand of an elementwise operator, aligned with the data at the last axis.
static bool pass_operand(struct walk *w, struct node *n, uint32_t input,
                         const struct order *order) {
    const struct tensor *t = node_constant(n, input);
    int32_t rank = n->outputs[0].shape.rank;
    if (t == NULL || t->shape.rank > rank)
        return false;
    int32_t axis = order->axis - (rank - t->shape.rank);
    if (axis < 0 || t->shape.dims[axis] == 1)
        return true;
    if (t->shape.dims[axis] != (int64_t)order->count)
        return false;
    if (w->apply)
        reorder_input(n, input, axis, order);
    return true;
}

// One slope for all, or one for each channel: PRelu counts a list of slopes along axis 1.
static bool pass_prelu(struct walk *w, struct node *n, const struct order *order) {
    const struct tensor *slope = node_constant(n, 1);
    if (slope == NULL || slope->shape.rank > 1)
        return pass_operand(w, n, 1, order);
    if (tensor_count(slope) == 1)
        return true;
    if (order->axis != 1 || slope->shape.dims[0] != (int64_t)order->count)
        return false;
    if (w->apply)
        reorder_input(n, 1, 0, order);
    return true;
}

static bool ends_in_convolution(struct walk *w, struct node *n, const struct order *order) {
    if (!has_filters(n) || order->axis != 1)
        return false;
    if (w->apply)
        filters_gather(n, 1, order->count, order->from);
    return true;
}

// Channel g * size + i comes from groups[g] * size + inside[i]; false when groups are torn apart.
static bool split_order(const struct order *order, uint64_t groups, int64_t *group_from,
                        int64_t *inside) {
    uint64_t size = order->count / groups;
    for (uint64_t c = 0; c < order->count; c++) {
        int64_t group = order->from[c] / (int64_t)size, place = order->from[c] % (int64_t)size;
        if (c % size == 0)
            group_from[c / size] = group;
        if (c < size)
            inside[c] = place;
        if (group_from[c / size] != group || inside[c % size] != place)
            return false;
    }
    return true;
}

// Groups and the channels inside them are reordered; the results come out in the groups' order.
static bool pass_groups(struct walk *w, struct node *n, const struct order *order) {
    if (!has_filters(n) || order->axis != 1)
        return false;
    const struct shape *filters = &node_constant(n, 1)->shape;
    uint64_t groups = (uint64_t)filters->dims[0], made = (uint64_t)filters->dims[1];
    uint64_t size = (uint64_t)filters->dims[2];
    int64_t *group_from = arena_array_of(w->scratch, groups, int64_t);
    int64_t *inside = arena_array_of(w->scratch, size, int64_t);
    if (groups * size != order->count || !split_order(order, groups, group_from, inside))
        return false;
    int64_t *from = arena_array_of(w->scratch, groups * made, int64_t);
    for (uint64_t i = 0; i < groups * made; i++)
        from[i] = group_from[i / made] * (int64_t)made + (int64_t)(i % made);
    if (w->apply) {
        filters_gather(n, 0, groups, group_from);
        filters_gather(n, 2, size, inside);
    }
    return pass_value(w, &n->outputs[0], (struct order){1, groups * made, from});
}

static bool pass_transpose(struct walk *w, struct node *n, struct order order) {
    const struct tensor *t = node_constant(n, 1);
    const int64_t *axes = t != NULL ? tensor_as_i64(w->scratch, t) : NULL;
    if (axes == NULL || tensor_count(t) != (uint64_t)n->outputs[0].shape.rank)
        return false;
    int32_t axis = 0;
    while (axes[axis] != order.axis)
        axis++;
    order.axis = axis;
    return pass_value(w, &n->outputs[0], order);
}

static bool keeps_channels(const struct node *n, const struct order *order) {
    return n->input_count == 1 &&
           ((n->op->flags & OP_ELEMENTWISE) != 0 ||
            ((node_is(n, &op_MaxPool) || node_is(n, &op_AvgPool)) && order->axis == 1));
}

static bool pass_use(struct walk *w, const struct use *u, const struct order *order) {
    struct node *n = u->user;
    if (keeps_channels(n, order))
        return pass_value(w, &n->outputs[0], *order);
    if (node_is(n, &op_PRelu) && u->index == 0)
        return pass_prelu(w, n, order) && pass_value(w, &n->outputs[0], *order);
    if ((n->op->flags & OP_ELEMENTWISE) != 0 && n->input_count == 2)
        return pass_operand(w, n, 1 - u->index, order) && pass_value(w, &n->outputs[0], *order);
    if (node_is(n, &op_Transpose) && u->index == 0)
        return pass_transpose(w, n, *order);
    if (node_is(n, &op_Convolution) && u->index == 0)
        return ends_in_convolution(w, n, order);
    return node_is(n, &op_GroupConvolution) && u->index == 0 && pass_groups(w, n, order);
}

static bool pass_value(struct walk *w, const struct value *v, struct order order) {
    if (v->shape.rank < 0)
        return false;
    VALUE_EACH_USE(v, u) {
        if (!pass_use(w, u, &order))
            return false;
    }
    return v->first_use != NULL;
}

// The input itself, as another type, or with its axes in another order.
static bool is_input(const struct value *v) {
    while (node_is(v->producer, &op_Convert) || node_is(v->producer, &op_Transpose))
        v = node_input(v->producer, 0);
    return node_is(v->producer, &op_Parameter);
}

// A Gather right behind an input that only changes the order along one axis.
static bool order_of(struct arena *scratch, const struct node *n, struct order *out) {
    const struct tensor *indices = node_constant(n, 1), *axis = node_constant(n, 2);
    double number;
    if (!node_is(n, &op_Gather) || !is_input(node_input(n, 0)) || indices == NULL || axis == NULL ||
        indices->shape.rank != 1 || !tensor_uniform(axis, &number) ||
        !shape_axis(&n->outputs[0].shape, (int64_t)number, &out->axis) ||
        !shape_equal(&n->outputs[0].shape, &node_input(n, 0)->shape))
        return false;
    out->count = tensor_count(indices);
    out->from = tensor_as_i64(scratch, indices);
    bool *seen = arena_array_of(scratch, out->count, bool);
    for (uint64_t i = 0; out->from != NULL && i < out->count; i++) {
        if (out->from[i] < 0 || (uint64_t)out->from[i] >= out->count || seen[out->from[i]])
            return false;
        seen[out->from[i]] = true;
    }
    return out->from != NULL;
}

// What reads the reordered channels is to read the input as it is, so reordering is undone there.
static struct order inverse(struct arena *scratch, const struct order *order) {
    int64_t *from = arena_array_of(scratch, order->count, int64_t);
    for (uint64_t i = 0; i < order->count; i++)
        from[order->from[i]] = (int64_t)i;
    return (struct order){order->axis, order->count, from};
}

static bool remove_gather(struct arena *scratch, struct node *n) {
    struct walk w = {.scratch = scratch};
    struct order order;
    if (!order_of(scratch, n, &order))
        return false;
    order = inverse(scratch, &order);
    if (!pass_value(&w, &n->outputs[0], order))
        return false;
    w.apply = true;
    pass_value(&w, &n->outputs[0], order);
    n->outputs[0].names = NULL;
    value_replace(&n->outputs[0], node_input(n, 0));
    node_remove(n);
    return true;
}

bool fuse_reverse_channels(struct graph *g, const struct pass_options *options) {
    (void)options;
    struct arena *scratch = arena_new();
    bool progress = false;
    GRAPH_EACH(g, n) {
        if (remove_gather(scratch, n))
            progress = true;
    }
    arena_free(scratch);
    return progress;
}
