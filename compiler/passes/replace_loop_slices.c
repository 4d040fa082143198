// SPDX-License-Identifier: Apache-2.0
// A loop can walk along another axis, or backwards: Transposes that swap the batch and the
// sequence, and Reverses of the sequence, before and behind it go. Swapping is left to loops around
// one LSTM cell, as ever: their bodies are rows that may be reshaped.
#include "compiler/ops/blocks.h"
#include "compiler/ops/build.h"
#include "compiler/ops/loop.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/recurrent.h"
#include "compiler/passes/order.h"
#include "compiler/passes/pass.h"

// Beside the cell there may be what heeds the lengths of sequences.
static const struct op_def *const beside[] = {
    &op_Parameter, &op_Constant, &op_Result, &op_Reshape, &op_Select, &op_GreaterEqual, &op_Add,
};

static bool is_beside(const struct node *n) {
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++)
        if (n->op == beside[i])
            return n->op != &op_Add || !dtype_is_float(n->outputs[0].type); // the counter's
    return false;
}

static bool is_around_cell(const struct graph *body) {
    uint32_t cells = 0;
    GRAPH_EACH(body, n) {
        if (n->op == &op_LSTMCell || n->op == &op_LSTMCellIE)
            cells++;
        else if (!is_beside(n))
            return false;
    }
    return cells == 1;
}

// The part [1,n,k] is read as [n,k] alone: [n,1,k] gives the same.
static bool is_read_as_rows(const struct node *parameter) {
    VALUE_EACH_USE(&parameter->outputs[0], u) {
        if (u->user->op != &op_Reshape || u->user->outputs[0].shape.rank != 2)
            return false;
    }
    return true;
}

static bool swaps_first_two(const struct node *n) {
    struct order order;
    if (n->op != &op_Transpose || !order_read(n, &order) || order.rank != 3)
        return false;
    return order.axis[0] == 1 && order.axis[1] == 0 && order.axis[2] == 2;
}

// The whole axis backwards.
static bool reverses(const struct node *n, int64_t axis) {
    const struct tensor *t = node_constant(n, 1);
    const struct shape *s =
        n->op == &op_ReverseSequence || n->op == &op_Reverse ? &n->inputs[0].value->shape : NULL;
    double number;
    if (s == NULL || t == NULL || axis >= s->rank || !tensor_uniform(t, &number))
        return false;
    if (n->op == &op_ReverseSequence)
        return ((const struct reverse_sequence *)n->attrs)->seq_axis == axis &&
               s->dims[axis] != DIM_UNKNOWN && number == (double)s->dims[axis];
    return ((const struct reverse *)n->attrs)->mode == REVERSE_INDEX && tensor_count(t) == 1 &&
           (number == (double)axis || number == (double)(axis - s->rank));
}

// --- ports ---------------------------------------------------------------------------------------

static bool is_whole(const struct port *p) {
    bool forward = p->stride == 1 && p->start == 0 && p->end == -1;
    bool backward = p->stride == -1 && p->start == -1 && p->end == 0;
    return p->axis >= 0 && p->part == 1 && (forward || backward);
}

static void turn(struct port *p) {
    int64_t start = p->start;
    p->start = p->end;
    p->end = start;
    p->stride = -p->stride;
}

// --- backwards -----------------------------------------------------------------------------------

static bool turn_input(struct node *n, uint32_t index) {
    struct loop *a = n->attrs;
    struct port p = port_at(a->inputs, index);
    struct node *before = n->inputs[index].value->producer;
    if (!is_whole(&p) || !reverses(before, p.axis))
        return false;
    turn(&p);
    port_set(n->graph->arena, &a->inputs, index, &p);
    node_set_input(n, index, before->inputs[0].value);
    return true;
}

// Whoever reads a user of `v` reads `v`.
static void take_users(struct value *v) {
    struct node_list users = {0};
    VALUE_EACH_USE(v, u) {
        node_list_add(u->user->graph->arena, &users, u->user);
    }
    for (uint32_t i = 0; i < users.count; i++) {
        value_replace(&users.items[i]->outputs[0], v);
        node_remove(users.items[i]);
    }
}

static bool turn_output(struct node *n, uint32_t index) {
    struct loop *a = n->attrs;
    struct port p = port_at(a->outputs, index);
    struct value *v = &n->outputs[index];
    if (!is_whole(&p) || v->first_use == NULL)
        return false;
    VALUE_EACH_USE(v, u) {
        if (!reverses(u->user, p.axis))
            return false;
    }
    turn(&p);
    port_set(n->graph->arena, &a->outputs, index, &p);
    take_users(v);
    return true;
}

// --- batch and sequence swapped ------------------------------------------------------------------

// The Reshape that makes the row [1,-1,h] of [-1,h], which a loop joins; or NULL.
static struct node *row_of(const struct loop *a, const struct port *p, const int64_t **dims) {
    struct node *row = a->body->results.items[p->place]->inputs[0].value->producer;
    const struct tensor *t = node_constant(row, 1);
    if (row->op != &op_Reshape || t == NULL || tensor_count(t) != 3 ||
        value_use_count(&row->outputs[0]) != 1)
        return NULL;
    *dims = tensor_as_i64(row->graph->arena, t);
    return *dims == NULL ? NULL : row;
}

static bool input_may_swap(const struct node *n, const struct port *p, uint32_t index) {
    const struct loop *a = n->attrs;
    struct order order;
    return is_whole(p) && p->axis < 2 && order_read(n->inputs[index].value->producer, &order) &&
           order.rank == 3 && is_read_as_rows(a->body->parameters.items[p->place]);
}

static bool output_may_swap(const struct node *n, const struct port *p, uint32_t index) {
    const int64_t *dims;
    const struct value *v = &n->outputs[index];
    VALUE_EACH_USE(v, u) {
        if (!swaps_first_two(u->user))
            return false;
    }
    return is_whole(p) && p->axis < 2 && v->first_use != NULL && row_of(n->attrs, p, &dims) != NULL;
}

// All ports or none: runtimes want one axis for what goes in and what comes out.
static bool may_swap(const struct node *n) {
    const struct loop *a = n->attrs;
    uint32_t sliced = 0;
    for (uint32_t i = 0; i < port_count(a->inputs); i++) {
        struct port p = port_at(a->inputs, i);
        sliced += p.axis >= 0;
        if (p.axis >= 0 && !input_may_swap(n, &p, i))
            return false;
    }
    for (uint32_t i = 0; i < n->output_count; i++) {
        struct port p = port_at(a->outputs, i);
        if (p.axis >= 0 && !output_may_swap(n, &p, i))
            return false;
    }
    return sliced > 0 && is_around_cell(a->body);
}

static void swap_input(struct node *n, uint32_t index) {
    struct loop *a = n->attrs;
    struct port p = port_at(a->inputs, index);
    struct node *before = n->inputs[index].value->producer;
    struct builder b = {.graph = n->graph, .place = before->place};
    struct order order;
    order_read(before, &order);
    int32_t first = order.axis[0];
    order.axis[0] = order.axis[1];
    order.axis[1] = first;
    p.axis = 1 - p.axis;
    port_set(n->graph->arena, &a->inputs, index, &p);
    struct value *x = before->inputs[0].value;
    node_set_input(n, index,
                   order_is_identity(&order) ? x : order_build(&b, before->name, x, &order));
}

static void swap_output(struct node *n, uint32_t index) {
    struct loop *a = n->attrs;
    struct port p = port_at(a->outputs, index);
    const int64_t *dims;
    struct node *row = row_of(a, &p, &dims);
    struct builder b = {.graph = row->graph, .place = row->place};
    const int64_t swapped[] = {dims[1], dims[0], dims[2]};
    node_set_input(row, 1, build_i64(&b, row->inputs[1].value->producer->name, 3, swapped));
    p.axis = 1 - p.axis;
    port_set(n->graph->arena, &a->outputs, index, &p);
    take_users(&n->outputs[index]);
}

static bool swap_ports(struct node *n) {
    const struct loop *a = n->attrs;
    bool outputs = false, inputs = false;
    for (uint32_t i = 0; i < n->output_count; i++)
        outputs |= port_at(a->outputs, i).axis >= 0;
    for (uint32_t i = 0; i < port_count(a->inputs); i++)
        inputs |= port_at(a->inputs, i).axis >= 0 && swaps_first_two(n->inputs[i].value->producer);
    if (!(outputs || inputs) || !may_swap(n))
        return false;
    for (uint32_t i = 0; i < port_count(a->inputs); i++)
        if (port_at(a->inputs, i).axis >= 0)
            swap_input(n, i);
    for (uint32_t i = 0; i < n->output_count; i++)
        if (port_at(a->outputs, i).axis >= 0)
            swap_output(n, i);
    return true;
}

static bool replace(struct node *n) {
    const struct loop *a = n->attrs;
    bool progress = swap_ports(n);
    for (uint32_t i = 0; i < port_count(a->inputs); i++)
        while (turn_input(n, i))
            progress = true;
    for (uint32_t i = 0; i < n->output_count; i++)
        while (turn_output(n, i))
            progress = true;
    if (progress)
        node_infer(n);
    return progress;
}

bool replace_loop_slices(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool progress = false;
    GRAPH_EACH(g, n) {
        if (n->op == &op_TensorIterator && !n->outputs[0].poison &&
            ((const struct loop *)n->attrs)->body != NULL)
            progress |= replace(n);
    }
    return progress;
}
