// SPDX-License-Identifier: Apache-2.0
// Two Transposes that are left behind one another are one. One that only moves axes of one element
// moves nothing in memory: it is a Reshape. A Reshape beside it does both. Between two Reshapes,
// axes that stay side by side are one (a channel shuffle then has 4 instead of 5). A source with
// channels first has the Transposes that its author wrote: they stay, as classic IR has always
// written them.
#include "compiler/ops/movement.h"
#include "compiler/passes/order.h"
#include "compiler/passes/pass.h"

static bool is_reshape(const struct node *n) {
    return n->op == &op_Reshape || n->op == &op_Squeeze || n->op == &op_Unsqueeze;
}

// The dimensions of a Reshape to this shape; false when more than one is unknown.
static bool read_dims(const struct shape *shape, int64_t *dims) {
    int32_t unknown = 0;
    for (int32_t i = 0; i < shape->rank; i++) {
        dims[i] = shape->dims[i];
        unknown += dims[i] == DIM_UNKNOWN;
        if (dims[i] == 0)
            return false;
    }
    return shape->rank >= 0 && unknown <= 1;
}

static bool moves_nothing(const struct node *n) {
    struct order order;
    const struct value *x = node_input(n, 0);
    return order_read(n, &order) && x->shape.rank == order.rank &&
           order_moves_nothing(&order, &x->shape);
}

// `n` gives up its place to a Reshape of `x`, or to `x` when nothing is left to do.
static bool become_reshape(struct node *n, const char *name, struct value *x) {
    struct builder b = {.graph = n->graph, .place = n->place};
    const struct shape *shape = &n->outputs[0].shape;
    int64_t dims[SHAPE_MAX_RANK];
    if (!read_dims(shape, dims))
        return false;
    struct value *v = shape_is_static(shape) && shape_equal(shape, &x->shape)
                          ? x
                          : build_reshape(&b, name, x, (uint32_t)shape->rank, dims);
    value_replace(&n->outputs[0], v);
    node_remove(n);
    return true;
}

static bool replace(struct node *n) {
    if (!n->graph->channels_last || !moves_nothing(n))
        return false;
    struct value *x = node_input(n, 0);
    struct node *above = x->producer, *below = value_only_user(&n->outputs[0]);
    if (is_reshape(above) && value_only_user(x) == n)
        return become_reshape(n, above->name, node_input(above, 0));
    if (below != NULL && is_reshape(below) && become_reshape(below, below->name, x))
        return true;
    return become_reshape(n, n->name, x);
}

// --- axes that stay side by side ----------------------------------------------------------------

static bool reshapes(const struct node *n) {
    return n != NULL && n->op == &op_Reshape;
}

// The order of runs of axes, and the shape that has one axis for each.
static struct order join_axes(const struct order *order, const struct shape *from,
                              struct shape *joined) {
    struct order runs = {.rank = 0};
    int32_t run_of[SHAPE_MAX_RANK], run = -1;
    struct order places = order_inverse(order);
    joined->rank = 0;
    for (int32_t i = 0; i < order->rank; i++) { // axes of what is read
        bool follows = i > 0 && places.axis[i] == places.axis[i - 1] + 1;
        run += !follows;
        run_of[i] = run;
        joined->dims[run] = follows ? joined->dims[run] * from->dims[i] : from->dims[i];
    }
    joined->rank = run + 1;
    for (int32_t i = 0; i < order->rank; i++)
        if (i == 0 || run_of[order->axis[i]] != run_of[order->axis[i - 1]])
            runs.axis[runs.rank++] = run_of[order->axis[i]];
    return runs;
}

static bool join_runs(struct node *n) {
    enum { MANY = 5 };
    struct order order;
    struct shape joined;
    struct value *x = node_input(n, 0), *y = &n->outputs[0];
    if (!n->graph->channels_last || !order_read(n, &order) || order.rank < MANY ||
        !shape_is_static(&x->shape) || !reshapes(x->producer) || value_only_user(x) != n ||
        !reshapes(value_only_user(y)))
        return false;
    struct order runs = join_axes(&order, &x->shape, &joined);
    if (runs.rank == order.rank)
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    struct value *v = build_reshape(&b, x->producer->name, node_input(x->producer, 0),
                                    (uint32_t)joined.rank, joined.dims);
    v = order_build(&b, n->name, v, &runs);
    node_set_input(value_only_user(y), 0, v);
    return true;
}

bool replace_transposes(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool progress = false;
    GRAPH_EACH(g, n) {
        if (node_is(n, &op_Transpose) && (order_join(n) || replace(n) || join_runs(n)))
            progress = true;
    }
    return progress;
}
