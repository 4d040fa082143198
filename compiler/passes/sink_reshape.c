// SPDX-License-Identifier: Apache-2.0
// How Transposes pass a Reshape: where it flattens for fully connected layers, where in memory
// nothing moves, and where the axes that it splits and joins stand together above, too.
#include "compiler/base/fatal.h"
#include "compiler/ops/build.h"
#include "compiler/ops/data.h"
#include "compiler/ops/matmul.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/regroup.h"
#include "compiler/passes/sink.h"

enum { LOOK_AHEAD = 12, LOOK_AT = 64 };

static void read_above(struct move *m) {
    node_set_input(m->n, 0, order_above(node_input(m->n, 0), &m->order));
}

// --- fully connected layers ----------------------------------------------------------------------

static bool is_dense(const struct use *u) {
    const struct tensor *weights = node_constant(u->user, 1);
    return node_is(u->user, &op_MatMul) && u->index == 0 && weights != NULL &&
           weights->shape.rank == 2 && !((const struct matmul *)u->user->attrs)->transpose_a;
}

// [N, ...] to [N, all the rest], read by fully connected layers only.
static bool flattens_for_dense(const struct move *m) {
    const struct shape *from = &m->n->inputs[0].value->shape, *to = &m->n->outputs[0].shape;
    uint64_t rest;
    if (m->order.axis[0] != 0 || to->rank != 2 || !shape_count_range(from, 1, from->rank, &rest) ||
        to->dims[1] != (int64_t)rest)
        return false;
    VALUE_EACH_USE(&m->n->outputs[0], u) {
        if (!is_dense(u))
            return false;
    }
    return m->n->outputs[0].first_use != NULL;
}

// Rows of the weights, which count the flattened elements, follow the order above.
static void reorder_weights(struct move *m, struct node *dense, const struct shape *from) {
    struct arena *arena = m->b.graph->arena;
    const struct tensor *t = node_constant(dense, 1);
    bool last = ((const struct matmul *)dense->attrs)->transpose_b; // [O, I], else [I, O]
    struct order back = order_inverse(&m->order);
    struct shape apart = {.rank = m->order.rank};
    int32_t axes[SHAPE_MAX_RANK];
    for (int32_t i = 1; i < apart.rank; i++) { // axis i of the data
        int32_t place = last ? i : i - 1;
        apart.dims[place] = from->dims[i];
        axes[place] = last ? back.axis[i] : back.axis[i] - 1;
    }
    int32_t outputs = last ? 0 : apart.rank - 1;
    apart.dims[outputs] = t->shape.dims[last ? 0 : 1];
    axes[outputs] = outputs;
    struct tensor *moved = tensor_permute(arena, tensor_reshape(arena, t, apart), axes);
    const struct node *old = node_input(dense, 1)->producer;
    node_set_input(dense, 1,
                   build_constant(&m->b, old->name, tensor_reshape(arena, moved, t->shape)));
}

// --- what comes below ---------------------------------------------------------------------------

struct look {
    bool exact; // only the opposite Transpose counts, not any
    int depth, left;
};

static bool finds_transpose(struct look *look, const struct value *v, const struct order *order);

// The order in which `user` hands on data of this one; false when it takes no such data.
static bool passes_on(const struct use *u, const struct order *order, struct order *below) {
    const struct node *user = u->user;
    const struct value *out = user->output_count > 0 ? &user->outputs[0] : NULL;
    struct regroup r;
    struct shape turned;
    *below = *order;
    if (out == NULL || !order_may_pass(user))
        return false;
    if (node_is(user, &op_Reshape))
        return u->index == 0 && regroup_read(&u->value->shape, &out->shape, &r) &&
               regroup_above(&r, order, &turned, below);
    return out->shape.rank == order->rank;
}

static bool use_finds_transpose(struct look *look, const struct use *u, const struct order *order) {
    struct order own, back = order_inverse(order);
    if (order_read(u->user, &own))
        return !look->exact || order_same(&own, &back);
    if (look->depth == 0 || !passes_on(u, order, &own))
        return false;
    bool found = false;
    look->depth--;
    for (uint32_t i = 0; i < u->user->output_count && !found; i++)
        found = finds_transpose(look, &u->user->outputs[i], &own);
    look->depth++;
    return found;
}

// Does a Transpose below take in one of `order` that would stand behind `v`?
static bool finds_transpose(struct look *look, const struct value *v, const struct order *order) {
    VALUE_EACH_USE(v, u) {
        if (look->left-- <= 0)
            return false;
        if (use_finds_transpose(look, u, order))
            return true;
    }
    return false;
}

static bool meets(const struct value *v, const struct order *order, bool exact) {
    struct look look = {.exact = exact, .depth = LOOK_AHEAD, .left = LOOK_AT};
    return finds_transpose(&look, v, order);
}

// --- reshapes -----------------------------------------------------------------------------------

// Says the result's dimensions, at most one left open; false when more are unknown.
static bool say_dimensions(struct move *m) {
    const struct shape *out = &m->n->outputs[0].shape;
    int32_t unknown = 0;
    for (int32_t i = 0; i < out->rank; i++)
        unknown += out->dims[i] <= 0;
    if (out->rank < 0 || unknown > 1)
        return false;
    const struct value *old = node_input(m->n, 1);
    node_set_input(m->n, 1, build_i64(&m->b, old->producer->name, (uint32_t)out->rank, out->dims));
    return true;
}

// To the shape that the data has: the dimensions follow the order above.
static bool move_same_shape(struct move *m, const struct shape *shape) {
    struct shape turned = {.rank = shape->rank};
    for (int32_t i = 0; i < shape->rank; i++)
        turned.dims[m->order.axis[i]] = shape->dims[i];
    const struct value *old = node_input(m->n, 1);
    node_set_input(m->n, 1,
                   build_i64(&m->b, old->producer->name, (uint32_t)turned.rank, turned.dims));
    read_above(m);
    return true;
}

static void set_dimensions(struct builder *b, struct node *n, const struct shape *shape) {
    const char *name = node_input(n, 1)->producer->name;
    node_set_input(n, 1, build_i64(b, name, (uint32_t)shape->rank, shape->dims));
}

// Done above, the Transpose coming below, where it meets another.
static bool move_groups(struct move *m) {
    struct regroup r;
    struct shape shape;
    struct order below;
    const struct value *out = &m->n->outputs[0];
    if (!regroup_read(&m->n->inputs[0].value->shape, &out->shape, &r) ||
        !regroup_above(&r, &m->order, &shape, &below) || !meets(out, &below, false))
        return false;
    set_dimensions(&m->b, m->n, &shape);
    read_above(m);
    m->below = below;
    return true;
}

bool sink_reshape(struct move *m) {
    struct value *x = order_above(node_input(m->n, 0), &m->order);
    const struct shape from = node_input(m->n, 0)->shape;
    if (order_sink_channels(m->n, &m->order)) {
        m->below.rank = 0;
        return true;
    }
    if (shape_is_static(&from) && shape_equal(&from, &m->n->outputs[0].shape))
        return move_same_shape(m, &from);
    bool dense = flattens_for_dense(m);
    if (!dense && !order_moves_nothing(&m->order, &x->shape))
        return move_groups(m);
    if (!say_dimensions(m))
        return false;
    VALUE_EACH_USE(&m->n->outputs[0], u) {
        if (dense && !order_moves_nothing(&m->order, &x->shape))
            reorder_weights(m, u->user, &from);
    }
    read_above(m);
    m->below.rank = 0;
    return true;
}

bool lift_above_reshape(struct node *n) {
    struct regroup r;
    struct shape shape;
    struct order first, upper;
    struct value *x = node_input(n, 0), *out = &n->outputs[0];
    if (!node_is(n, &op_Reshape) || !order_read(x->producer, &upper) || out->shape.rank < 3)
        return false;
    struct order last = order_to_channels_last(out->shape.rank);
    if (!regroup_read(&x->shape, &out->shape, &r) || !regroup_below(&r, &last, &first, &shape) ||
        !meets(out, &last, true))
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    set_dimensions(&b, n, &shape);
    const char *name = value_only_user(x) == n ? x->producer->name // will be one with it
                                               : build_name(&b, n->name, "Transpose_");
    node_set_input(n, 0, order_build(&b, name, x, &first));
    if (!node_infer(n))
        fatal_bug("'%s' cannot read what is turned", n->name);
    order_append(&b, build_name(&b, n->name, "to_channels_last"), out, &last);
    return true;
}
