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

static bool is_around_cell(const struct graph *body) {
    uint32_t cells = 0;
    GRAPH_EACH(body, n) {
        cells += n->op == &op_LSTMCell || n->op == &op_LSTMCellIE;
        if (n->op != &op_LSTMCell && n->op != &op_LSTMCellIE && n->op != &op_Reshape &&
            n->op != &op_Parameter && n->op != &op_Constant && n->op != &op_Result)
            return false;
    }
    return cells == 1;
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

static void set_port(struct arena *arena, struct ints *map, uint32_t index, const struct port *p) {
    int64_t *data = arena_array_of(arena, map->count, int64_t);
    for (uint32_t i = 0; i < map->count; i++)
        data[i] = map->data[i];
    const int64_t fields[PORT_FIELDS] = {p->place, p->axis, p->start, p->end, p->stride, p->part};
    for (uint32_t i = 0; i < PORT_FIELDS; i++)
        data[(size_t)index * PORT_FIELDS + i] = fields[i];
    *map = (struct ints){data, map->count};
}

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

// --- before the loop -----------------------------------------------------------------------------

static bool take_input(struct node *n, uint32_t index, bool cell) {
    struct loop *a = n->attrs;
    struct port p = port_at(a->inputs, index);
    struct node *before = n->inputs[loop_first_input(n) + index].value->producer;
    if (!is_whole(&p))
        return false;
    if (cell && p.axis < 2 && swaps_first_two(before))
        p.axis = 1 - p.axis;
    else if (reverses(before, p.axis))
        turn(&p);
    else
        return false;
    set_port(n->graph->arena, &a->inputs, index, &p);
    node_set_input(n, loop_first_input(n) + index, before->inputs[0].value);
    return true;
}

// --- behind the loop -----------------------------------------------------------------------------

// The row that a loop joins: a Reshape that makes [1,-1,h] of [-1,h]. It will make [-1,1,h].
static bool swap_row(const struct loop *a, const struct port *p) {
    struct node *row = a->body->results.items[p->place]->inputs[0].value->producer;
    const struct tensor *t = node_constant(row, 1);
    if (row->op != &op_Reshape || t == NULL || tensor_count(t) != 3 ||
        value_use_count(&row->outputs[0]) != 1)
        return false;
    const int64_t *dims = tensor_as_i64(row->graph->arena, t);
    if (dims == NULL)
        return false;
    const int64_t swapped[] = {dims[1], dims[0], dims[2]};
    struct builder b = {.graph = row->graph, .place = row->place};
    struct value *shape = build_i64(&b, row->inputs[1].value->producer->name, 3, swapped);
    node_set_input(row, 1, shape);
    return true;
}

static bool all_users(const struct value *v, bool swap, int64_t axis) {
    VALUE_EACH_USE(v, u) {
        if (swap ? !swaps_first_two(u->user) : !reverses(u->user, axis))
            return false;
    }
    return v->first_use != NULL;
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

static bool take_output(struct node *n, uint32_t index, bool cell) {
    struct loop *a = n->attrs;
    struct port p = port_at(a->outputs, index);
    struct value *v = &n->outputs[index];
    if (!is_whole(&p))
        return false;
    bool swap = cell && p.axis < 2 && all_users(v, true, p.axis);
    if (!swap && !all_users(v, false, p.axis))
        return false;
    if (swap && !swap_row(a, &p))
        return false;
    if (swap)
        p.axis = 1 - p.axis;
    else
        turn(&p);
    set_port(n->graph->arena, &a->outputs, index, &p);
    take_users(v);
    return true;
}

static bool replace(struct node *n) {
    const struct loop *a = n->attrs;
    bool progress = false, cell = is_around_cell(a->body);
    for (uint32_t i = 0; i < port_count(a->inputs); i++)
        while (take_input(n, i, cell))
            progress = true;
    for (uint32_t i = 0; i < n->output_count; i++)
        while (take_output(n, i, cell))
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
