// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/loop.h"

#include <inttypes.h>

#include "compiler/ops/data.h"
#include "compiler/ops/shape_rules.h"

#define ATTR_OWNER struct loop
static const struct attr_def loop_attrs[] = {LOOP_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct if_else
static const struct attr_def if_attrs[] = {IF_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

uint32_t port_count(struct ints map) {
    return map.count / PORT_FIELDS;
}

struct port port_at(struct ints map, uint32_t index) {
    const int64_t *d = map.data + (size_t)index * PORT_FIELDS;
    return (struct port){
        .place = d[0], .axis = d[1], .start = d[2], .end = d[3], .stride = d[4], .part = d[5]};
}

void port_set(struct arena *arena, struct ints *map, uint32_t index, const struct port *p) {
    int64_t *data = arena_array_of(arena, map->count, int64_t);
    for (uint32_t i = 0; i < map->count; i++)
        data[i] = map->data[i];
    const int64_t fields[PORT_FIELDS] = {p->place, p->axis, p->start, p->end, p->stride, p->part};
    for (uint32_t i = 0; i < PORT_FIELDS; i++)
        data[(size_t)index * PORT_FIELDS + i] = fields[i];
    *map = (struct ints){data, map->count};
}

uint32_t loop_first_input(const struct node *n) {
    return n->op == &op_Loop ? 2 : 0;
}

// --- checks -------------------------------------------------------------------------------------

static bool is_size(int64_t x) {
    return x >= -DIM_MAX && x <= DIM_MAX;
}

static bool check_map(struct node *n, const char *what, struct ints map, uint32_t ports,
                      uint32_t inside) {
    if (map.count % PORT_FIELDS != 0 || port_count(map) != ports)
        return shape_error(n, "%s map %" PRIu32 " ports of %" PRIu32, what, port_count(map), ports);
    for (uint32_t i = 0; i < ports; i++) {
        struct port p = port_at(map, i);
        if (p.place < 0 || p.place >= inside)
            return shape_error(n, "%s name place %" PRId64 " of the body's %" PRIu32, what, p.place,
                               inside);
        if (p.axis >= 0 && (p.stride == 0 || p.part < 1))
            return shape_error(n, "%s have a stride or a part size of 0", what);
        if (!is_size(p.start) || !is_size(p.end) || !is_size(p.stride) || !is_size(p.part))
            return shape_error(n, "%s have a range too large", what);
    }
    return true;
}

static bool in_list(int64_t place, const struct node_list *list) {
    return place >= 0 && place < list->count;
}

static bool check_back_edges(struct node *n, const struct loop *a) {
    if (a->back_edges.count % 2 != 0)
        return shape_error(n, "back edges are no pairs");
    for (uint32_t i = 0; i < a->back_edges.count; i += 2)
        if (!in_list(a->back_edges.data[i], &a->body->results) ||
            !in_list(a->back_edges.data[i + 1], &a->body->parameters))
            return shape_error(n, "a back edge names what the body does not have");
    return true;
}

static bool check_maps(struct node *n) {
    const struct loop *a = n->attrs;
    if (a->body == NULL)
        return shape_error(n, "there is no body");
    uint32_t mapped = n->input_count - loop_first_input(n);
    if (n->input_count < loop_first_input(n))
        return shape_error(n, "trip count and condition are needed");
    if (a->current_iteration >= 0 && !in_list(a->current_iteration, &a->body->parameters))
        return shape_error(n, "the body has no parameter %" PRId64, a->current_iteration);
    if (a->condition >= 0 && !in_list(a->condition, &a->body->results))
        return shape_error(n, "the body has no result %" PRId64, a->condition);
    return check_map(n, "inputs", a->inputs, mapped, a->body->parameters.count) &&
           check_map(n, "outputs", a->outputs, n->output_count, a->body->results.count) &&
           check_back_edges(n, a);
}

// --- iterations ---------------------------------------------------------------------------------

static int64_t from_end(int64_t index, int64_t dim) {
    return index < 0 ? index + dim + 1 : index;
}

// Slices that a port makes of a dimension: from start to end, both counted from 0 or, negative, so
// that -1 is the end.
static int64_t parts_of(const struct port *p, int64_t dim) {
    if (dim == DIM_UNKNOWN)
        return -1;
    int64_t start = from_end(p->start, dim), end = from_end(p->end, dim);
    int64_t span = p->stride > 0 ? end - start : start - end;
    int64_t step = p->stride > 0 ? p->stride : -p->stride;
    return span <= 0 ? 0 : span / step;
}

static int64_t trip_count(const struct node *n) {
    struct numbers count;
    const struct loop *a = n->attrs;
    if (n->op != &op_Loop || !input_complete(n, 0, &count) || count.count != 1)
        return -1;
    struct value *go_on =
        a->condition < 0 ? NULL : node_input(a->body->results.items[a->condition], 0);
    double truth = 0;
    if (go_on == NULL || go_on->constant == NULL || !tensor_uniform(go_on->constant, &truth) ||
        truth == 0)
        return -1;
    return count.data[0];
}

int64_t loop_iterations(const struct node *n) {
    const struct loop *a = n->attrs;
    for (uint32_t i = 0; i < port_count(a->inputs); i++) {
        struct port p = port_at(a->inputs, i);
        struct shape s = input_shape(n, loop_first_input(n) + i);
        if (p.axis >= 0 && p.axis < s.rank)
            return parts_of(&p, s.dims[p.axis]);
    }
    return trip_count(n);
}

// --- shapes through the body --------------------------------------------------------------------

static bool set_parameter(struct node *p, enum dtype type, struct shape shape, bool *changed) {
    struct parameter *a = p->attrs;
    if (a->element_type == type && shape_equal(&a->shape, &shape))
        return true;
    a->element_type = type;
    a->shape = shape;
    *changed = true;
    return true;
}

static bool give_input(struct node *n, uint32_t i, bool *changed) {
    const struct loop *a = n->attrs;
    struct port p = port_at(a->inputs, i);
    uint32_t index = loop_first_input(n) + i;
    struct shape shape = input_shape(n, index);
    if (p.axis >= 0 && shape.rank != RANK_UNKNOWN) {
        if (p.axis >= shape.rank)
            return shape_error(n, "input %" PRIu32 " is sliced along axis %" PRId64, index, p.axis);
        shape.dims[p.axis] = p.part;
    }
    return set_parameter(a->body->parameters.items[p.place], input_type(n, index), shape, changed);
}

static bool infer_body(struct graph *body) {
    uint32_t count;
    struct node **order = graph_order(body, &count);
    for (uint32_t i = 0; i < count; i++)
        if (!node_infer(order[i]))
            return false;
    return true;
}

// What an iteration hands on may be of another shape than what entered: dimensions that differ are
// not known then.
static bool widen(struct node *parameter, const struct shape *handed, bool *changed) {
    struct shape shape = parameter->outputs[0].shape;
    if (shape.rank == RANK_UNKNOWN)
        return true;
    if (shape.rank != handed->rank)
        return handed->rank == RANK_UNKNOWN;
    for (int32_t i = 0; i < shape.rank; i++)
        if (shape.dims[i] != handed->dims[i] && handed->dims[i] != DIM_UNKNOWN)
            shape.dims[i] = DIM_UNKNOWN;
    return set_parameter(parameter, parameter->outputs[0].type, shape, changed);
}

static bool take_handed_on(struct node *n, bool *changed) {
    const struct loop *a = n->attrs;
    for (uint32_t i = 0; i < a->back_edges.count; i += 2) {
        const struct value *from = node_input(a->body->results.items[a->back_edges.data[i]], 0);
        struct node *parameter = a->body->parameters.items[a->back_edges.data[i + 1]];
        const struct value *to = &parameter->outputs[0];
        if (from->type != to->type || !widen(parameter, &from->shape, changed))
            return shape_error(n, "an iteration hands %s to %s",
                               shape_text(n->graph->arena, &from->shape),
                               shape_text(n->graph->arena, &to->shape));
    }
    return true;
}

// Each round some dimension becomes unknown, or it is the last.
static bool settle_shapes(struct node *n) {
    bool changed = true;
    while (changed) {
        changed = false;
        if (!take_handed_on(n, &changed) ||
            (changed && !infer_body(((const struct loop *)n->attrs)->body)))
            return false;
    }
    return true;
}

static bool take_output(struct node *n, uint32_t i, int64_t iterations) {
    const struct loop *a = n->attrs;
    struct port p = port_at(a->outputs, i);
    const struct value *v = node_input(a->body->results.items[p.place], 0);
    struct shape shape = v->shape;
    if (p.axis >= 0 && shape.rank != RANK_UNKNOWN) {
        if (p.axis >= shape.rank)
            return shape_error(n, "output %" PRIu32 " is joined along axis %" PRId64, i, p.axis);
        int64_t *dim = &shape.dims[p.axis];
        if (iterations < 0 || *dim == DIM_UNKNOWN || __builtin_mul_overflow(*dim, iterations, dim))
            *dim = DIM_UNKNOWN;
    }
    set_output(n, i, v->type, shape);
    return true;
}

static bool infer_loop(struct node *n) {
    const struct loop *a = n->attrs;
    bool changed = false;
    if (!check_maps(n))
        return false;
    for (uint32_t i = 0; i < port_count(a->inputs); i++)
        if (!give_input(n, i, &changed))
            return false;
    if (changed && !infer_body(a->body))
        return false;
    if (!settle_shapes(n))
        return false;
    int64_t iterations = loop_iterations(n);
    for (uint32_t i = 0; i < n->output_count; i++)
        if (!take_output(n, i, iterations))
            return false;
    return true;
}

static const struct classic_form iterator_form = {.type = "TensorIterator"};

const struct op_def op_TensorIterator = {
    .name = "TensorIterator",
    .doc = "a body run over slices of the inputs",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = PORTS_VARIADIC,
    .outputs = PORTS_VARIADIC,
    OP_ATTRS(loop_attrs, loop),
    .infer = infer_loop,
    .classic = &iterator_form,
};

const struct op_def op_Loop = {
    .name = "Loop",
    .doc = "a body run while a condition holds",
    .opset = "opset5",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = PORTS_VARIADIC,
    .outputs = PORTS_VARIADIC,
    OP_ATTRS(loop_attrs, loop),
    .infer = infer_loop,
};

// --- If -----------------------------------------------------------------------------------------

static bool give_branch(struct node *n, struct graph *body, struct ints inputs) {
    bool changed = false;
    if (body == NULL || inputs.count != body->parameters.count ||
        body->results.count != n->output_count)
        return shape_error(n, "a branch has not the inputs and outputs of the node");
    for (uint32_t i = 0; i < inputs.count; i++) {
        if (inputs.data[i] < 1 || inputs.data[i] >= n->input_count)
            return shape_error(n, "a branch reads input %" PRId64, inputs.data[i]);
        uint32_t index = (uint32_t)inputs.data[i];
        set_parameter(body->parameters.items[i], input_type(n, index), input_shape(n, index),
                      &changed);
    }
    return !changed || infer_body(body);
}

// What both branches say of an output; unknown where they differ.
static struct shape either(const struct shape *a, const struct shape *b) {
    if (a->rank != b->rank)
        return SHAPE_UNKNOWN;
    struct shape out = *a;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            out.dims[i] = DIM_UNKNOWN;
    return out;
}

static bool infer_if(struct node *n) {
    const struct if_else *a = n->attrs;
    if (!give_branch(n, a->then_body, a->then_inputs) ||
        !give_branch(n, a->else_body, a->else_inputs))
        return false;
    for (uint32_t i = 0; i < n->output_count; i++) {
        const struct value *yes = node_input(a->then_body->results.items[i], 0);
        const struct value *no = node_input(a->else_body->results.items[i], 0);
        if (yes->type != no->type)
            return shape_error(n, "the branches give different element types");
        set_output(n, i, yes->type, either(&yes->shape, &no->shape));
    }
    return true;
}

const struct op_def op_If = {
    .name = "If",
    .doc = "one of two bodies, by a condition",
    .opset = "opset8",
    .flags = OP_OPSET,
    .min_inputs = 1,
    .max_inputs = PORTS_VARIADIC,
    .outputs = PORTS_VARIADIC,
    OP_ATTRS(if_attrs, if_else),
    .infer = infer_if,
};
