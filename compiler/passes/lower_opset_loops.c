// SPDX-License-Identifier: Apache-2.0
// Loops as the CPU runtime of today takes them.
//
// - No TensorIterator lies in another one: the outer becomes a Loop, which does the same.
// - The runtime walks over rows of axis 0 as over a Transpose of them, which it then changes in
//   place, together with whatever else reads such a Transpose of the same value. So where something
//   else may, an LSTM walks along axis 1 of a Transpose that we write.
#include "compiler/ops/data.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/loop.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/recurrent.h"
#include "compiler/passes/lower.h"
#include "compiler/passes/order.h"

static const struct order swapped = {.rank = 3, .axis = {1, 0, 2}};

// --- a loop in a loop ----------------------------------------------------------------------------

static bool holds(const struct graph *body, const struct op_def *op) {
    GRAPH_EACH(body, n) {
        if (n->op == op)
            return true;
    }
    return false;
}

static struct value *say_true(struct graph *g, const struct node *n) {
    struct builder b = {.graph = g, .place = n->place};
    return build_constant(&b, lower_name(n, "condition"),
                          tensor_splat(g->arena, DT_BOOL, shape_scalar(), 1));
}

// How many slices the inputs have; NULL when that cannot be said.
static struct value *trip_count(struct builder *b, const struct node *n) {
    const struct loop *a = n->attrs;
    int64_t known = loop_iterations(n);
    const char *name = lower_name(n, "trip_count");
    if (known >= 0)
        return build_i64_scalar(b, name, known);
    for (uint32_t i = 0; i < port_count(a->inputs); i++) {
        struct port p = port_at(a->inputs, i);
        if (p.axis < 0 || p.part != 1 || (p.stride != 1 && p.stride != -1))
            continue;
        struct value *shape = build_op1(b, &op_ShapeOf, lower_name(n, "shape"), n->inputs[i].value);
        struct value *inputs[] = {shape, build_i64_scalar(b, lower_name(n, "walked"), p.axis),
                                  build_i64_scalar(b, lower_name(n, "axis"), 0)};
        struct node *made = build_node(b, &op_Gather, name, 3, inputs);
        node_finish(made);
        return &made->outputs[0];
    }
    return NULL;
}

static bool become_loop(struct node *n) {
    struct loop *from = n->attrs;
    if (!holds(from->body, &op_TensorIterator))
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    struct value *trips = trip_count(&b, n);
    if (trips == NULL)
        return false;
    struct node *made =
        build_node(&b, &op_Loop, n->name, 2, (struct value *[]){trips, say_true(n->graph, n)});
    for (uint32_t i = 0; i < n->input_count; i++)
        node_add_input(made, n->inputs[i].value);
    struct loop *to = made->attrs;
    *to = *from;
    build_result(to->body, lower_name(n, "goes_on"), say_true(to->body, n));
    to->condition = to->body->results.count - 1;
    node_set_output_count(made, n->output_count);
    node_finish(made);
    for (uint32_t i = 0; i < n->output_count; i++)
        value_replace(&n->outputs[i], &made->outputs[i]);
    node_remove(n);
    return true;
}

// --- walks over one value ------------------------------------------------------------------------

// The one node that reads a row of axis 0, [1,n,k], as [n,k], or makes one of it; NULL: another one
// or several.
static bool is_row(const struct node *n, const struct op_def *axes) {
    double axis;
    const struct tensor *t = node_constant(n, 1);
    if (t == NULL)
        return false;
    return n->op == &op_Reshape ||
           (n->op == axes && tensor_count(t) == 1 && tensor_uniform(t, &axis) && axis == 0);
}

static struct node *row_read(const struct node *parameter) {
    struct node *n = value_only_user(&parameter->outputs[0]);
    return n != NULL && is_row(n, &op_Squeeze) && n->outputs[0].shape.rank == 2 ? n : NULL;
}

static struct node *row_made(const struct node *result) {
    struct node *n = result->inputs[0].value->producer;
    const struct shape *whole = &n->outputs[0].shape;
    if (!is_row(n, &op_Unsqueeze) || value_use_count(&n->outputs[0]) != 1 || whole->rank != 3)
        return NULL;
    const struct shape *part = &n->inputs[0].value->shape;
    return part->rank == 2 && whole->dims[0] == 1 && whole->dims[2] > 0 &&
                   part->dims[1] == whole->dims[2]
               ? n
               : NULL;
}

static bool walks_rows(const struct port *p) {
    return p->axis == 0 && p->part == 1 && (p->stride == 1 || p->stride == -1);
}

// Every slice is a row of axis 0.
static bool may_swap(const struct node *n) {
    const struct loop *a = n->attrs;
    for (uint32_t i = 0; i < port_count(a->inputs); i++) {
        struct port p = port_at(a->inputs, i);
        if (p.axis >= 0 && (!walks_rows(&p) || n->inputs[i].value->shape.rank != 3 ||
                            row_read(a->body->parameters.items[p.place]) == NULL))
            return false;
    }
    for (uint32_t i = 0; i < n->output_count; i++) {
        struct port p = port_at(a->outputs, i);
        if (p.axis >= 0 && (!walks_rows(&p) || row_made(a->body->results.items[p.place]) == NULL))
            return false;
    }
    return true;
}

// The row lies in the other of the first two axes.
static void turn_row(struct node *row, bool read) {
    struct builder b = {.graph = row->graph, .place = row->place};
    const char *name = row->inputs[1].value->producer->name;
    const int64_t second = 1, length = -1;
    const struct shape *whole = &row->outputs[0].shape;
    if (row->op != &op_Reshape)
        node_set_input(row, 1, build_i64(&b, name, 1, &second));
    else if (!read)
        node_set_input(row, 1,
                       build_i64(&b, name, 3, (const int64_t[]){length, 1, whole->dims[2]}));
}

// `v` with its first two axes swapped.
static struct value *turned(struct builder *b, const char *name, struct value *v) {
    struct order order;
    if (order_read(v->producer, &order) && order_same(&order, &swapped))
        return v->producer->inputs[0].value;
    return order_build(b, name, v, &swapped);
}

static void swap(struct node *n) {
    struct loop *a = n->attrs;
    struct builder b = {.graph = n->graph, .place = n->place};
    for (uint32_t i = 0; i < port_count(a->inputs); i++) {
        struct port p = port_at(a->inputs, i);
        if (p.axis < 0)
            continue;
        turn_row(row_read(a->body->parameters.items[p.place]), true);
        p.axis = 1;
        port_set(b.graph->arena, &a->inputs, i, &p);
        node_set_input(n, i, turned(&b, lower_name(n, "turned"), n->inputs[i].value));
    }
    for (uint32_t i = 0; i < n->output_count; i++) {
        struct port p = port_at(a->outputs, i);
        if (p.axis < 0)
            continue;
        turn_row(row_made(a->body->results.items[p.place]), false);
        p.axis = 1;
        port_set(b.graph->arena, &a->outputs, i, &p);
    }
    node_infer(n);
    for (uint32_t i = 0; i < n->output_count; i++)
        if (port_at(a->outputs, i).axis >= 0)
            value_move_names(&n->outputs[i], order_append(&b, lower_name(n, "turned_back"),
                                                          &n->outputs[i], &swapped));
}

// A Transpose, now or in the runtime.
static bool turns(const struct use *u) {
    const struct node *n = u->user;
    if (n->op != &op_TensorIterator)
        return n->op == &op_Transpose;
    return port_at(((const struct loop *)n->attrs)->inputs, u->index).axis == 0;
}

// Something else turns what the loop walks over.
static bool shares_walk(const struct node *n) {
    const struct loop *a = n->attrs;
    for (uint32_t i = 0; i < port_count(a->inputs); i++) {
        uint32_t others = 0;
        VALUE_EACH_USE(n->inputs[i].value, u) {
            others += u->user != n && turns(u);
        }
        if (port_at(a->inputs, i).axis == 0 && others > 0)
            return true;
    }
    return false;
}

bool lower_opset_loops(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    GRAPH_EACH(g, n) {
        if (n->op != &op_TensorIterator || n->outputs[0].poison)
            continue;
        const struct loop *a = n->attrs;
        if (holds(a->body, &op_LSTMCell) && shares_walk(n) && may_swap(n)) {
            swap(n);
            changed = true;
        }
        changed |= become_loop(n);
    }
    return changed;
}
