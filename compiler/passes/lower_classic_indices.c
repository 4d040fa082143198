// SPDX-License-Identifier: Apache-2.0
// Indices, which classic IR has as real numbers: the places of the largest elements as ArgMax, the
// classes of decoders, and whole numbers that are fed (images of bytes). What moves them is real
// too, and what converts them goes.
#include "compiler/ops/data.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/sort.h"
#include "compiler/passes/lower.h"
#include "compiler/passes/order.h"

// Marks of nodes: those that may read real numbers in place of integers, and those that give them.
enum { TAKES_REAL = 1, GIVES_REAL = 2 };

static bool moves(const struct node *n) {
    return n->op == &op_Reshape || n->op == &op_Squeeze || n->op == &op_Unsqueeze ||
           n->op == &op_Transpose;
}

static bool users_take_real(const struct value *v) {
    VALUE_EACH_USE(v, u) {
        // Readers of the classic Gather cut its indices themselves.
        bool indices = u->user->op == &op_Gather && u->index == 1;
        if (!indices && (u->index != 0 || (u->user->mark & TAKES_REAL) == 0))
            return false;
    }
    return true;
}

static bool takes_real(const struct node *n) {
    if (n->op == &op_Result)
        return n->graph->outer == NULL;
    if (n->op == &op_Convert && n->outputs[0].type == DT_F32)
        return true;
    return (n->op == &op_Convert || moves(n)) && users_take_real(&n->outputs[0]);
}

static bool is_arg_max(const struct node *n) {
    const struct topk *a = n->attrs;
    const struct tensor *k = node_constant(n, 1);
    const struct value *x = node_input(n, 0);
    double count;
    return n->op == &op_TopK && a->mode == TOPK_MAX && k != NULL && tensor_uniform(k, &count) &&
           count == 1 && x->type == DT_F32 && shape_is_static(&x->shape) &&
           n->outputs[0].first_use == NULL && users_take_real(&n->outputs[1]);
}

static struct value *arg_max(struct builder *b, const char *name, struct value *x, int32_t axis) {
    struct node *made = build_node(b, &op_ArgMax, name, 1, &x);
    ((struct arg_max *)made->attrs)->axis = axis;
    node_finish(made);
    return &made->outputs[0];
}

// Below a Transpose: another axis of what that reads, where the places need no turning then.
static struct value *arg_max_above(struct builder *b, const struct node *n, const char *name,
                                   int32_t axis) {
    struct node *turn = n->inputs[0].value->producer;
    struct order order;
    if (!order_read(turn, &order))
        return NULL;
    struct value *x = turn->inputs[0].value;
    struct shape left = x->shape;
    const struct shape *out = &n->outputs[1].shape;
    left.dims[order.axis[axis]] = 1;
    if (!order_moves_nothing(&order, &left))
        return NULL;
    struct value *v = arg_max(b, name, x, order.axis[axis]);
    struct value *row =
        build_reshape(b, lower_name(n, "Reshape_"), v, (uint32_t)out->rank, out->dims);
    v->producer->mark = row->producer->mark = GIVES_REAL;
    return row;
}

static bool lower_arg_max(struct node *n) {
    struct builder b = {.graph = n->graph, .place = node_place(n)};
    struct node *user = value_only_user(&n->outputs[1]);
    const char *name = n->name;
    int32_t axis;
    if (!shape_axis(&n->inputs[0].value->shape, ((const struct topk *)n->attrs)->axis, &axis))
        return false;
    if (node_is(user, &op_Squeeze)) { // a source layer that takes its axis away has been both
        name = user->name;
        user->name = lower_name(user, "Squeeze");
    }
    struct value *v = arg_max_above(&b, n, name, axis);
    if (v == NULL)
        v = arg_max(&b, name, n->inputs[0].value, axis);
    v->producer->mark = GIVES_REAL;
    value_replace(&n->outputs[1], v);
    node_remove(n);
    return true;
}

// An input of whole numbers that are only moved and converted.
static bool feeds_whole_numbers(const struct node *n) {
    const struct value *v = n->outputs;
    return node_is(n, &op_Parameter) && n->graph->outer == NULL && dtype_is_integer(v->type) &&
           v->first_use != NULL && users_take_real(v);
}

static bool feed_real(struct node *n) {
    ((struct parameter *)n->attrs)->element_type = DT_F32;
    node_infer(n);
    n->mark = GIVES_REAL;
    return true;
}

// What reads real numbers now has their type; a Convert of them has done its work.
static bool become_real(struct node *n) {
    struct value *v = node_input(n, 0);
    if (v == NULL || (v->producer->mark & GIVES_REAL) == 0 || (n->mark & TAKES_REAL) == 0)
        return false;
    if (n->op == &op_Convert) {
        lower_replace(n, v);
        return true;
    }
    node_infer(n);
    n->mark |= GIVES_REAL;
    return false;
}

bool lower_classic_indices(struct graph *g, const struct pass_options *options) {
    (void)options;
    uint32_t count;
    bool changed = false;
    struct node **order = graph_order(g, &count);
    for (uint32_t i = count; i-- > 0;) {
        order[i]->mark = takes_real(order[i]) ? TAKES_REAL : 0;
        if (order[i]->op == &op_CTCGreedyDecoder)
            order[i]->mark = GIVES_REAL;
    }
    for (uint32_t i = 0; i < count; i++)
        changed |= is_arg_max(order[i])            ? lower_arg_max(order[i])
                   : feeds_whole_numbers(order[i]) ? feed_real(order[i])
                                                   : become_real(order[i]);
    return changed;
}
