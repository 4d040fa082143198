// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/build.h"

#include "compiler/ops/data.h"
#include "compiler/ops/movement.h"

const char *build_name(struct builder *b, const char *base, const char *suffix) {
    return arena_printf(b->graph->arena, "%s/%s", base, suffix);
}

struct node *build_node(struct builder *b, const struct op_def *op, const char *name,
                        uint32_t input_count, struct value *const *inputs) {
    struct node *n = node_new(b->graph, op, name, &b->place);
    for (uint32_t i = 0; i < input_count; i++)
        node_add_input(n, inputs[i]);
    return n;
}

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

struct value *build_op1(struct builder *b, const struct op_def *op, const char *name,
                        struct value *x) {
    return finish(build_node(b, op, name, 1, &x));
}

struct value *build_op2(struct builder *b, const struct op_def *op, const char *name,
                        struct value *x, struct value *y) {
    return finish(build_node(b, op, name, 2, (struct value *[]){x, y}));
}

struct value *build_constant(struct builder *b, const char *name, const struct tensor *t) {
    struct value *v = graph_constant(b->graph, name, t);
    v->producer->place = b->place;
    return v;
}

struct value *build_i64(struct builder *b, const char *name, uint32_t count,
                        const int64_t *values) {
    if (count > INT32_MAX)
        return graph_poison(b->graph, name, &b->place);
    return build_constant(b, name, tensor_i64(b->graph->arena, SHAPE(count), values));
}

struct value *build_i64_scalar(struct builder *b, const char *name, int64_t value) {
    return build_constant(b, name, tensor_i64(b->graph->arena, shape_scalar(), &value));
}

struct value *build_f32_scalar(struct builder *b, const char *name, float value) {
    return build_constant(b, name, tensor_f32(b->graph->arena, shape_scalar(), &value));
}

// A node whose second input is a list of numbers.
static struct node *with_list(struct builder *b, const struct op_def *op, const char *name,
                              const char *list, struct value *x, uint32_t count,
                              const int64_t *values) {
    struct value *numbers = build_i64(b, build_name(b, name, list), count, values);
    return build_node(b, op, name, 2, (struct value *[]){x, numbers});
}

struct value *build_reshape(struct builder *b, const char *name, struct value *x, uint32_t rank,
                            const int64_t *dims) {
    struct node *n = with_list(b, &op_Reshape, name, "shape", x, rank, dims);
    ((struct reshape *)n->attrs)->special_zero = true;
    return finish(n);
}

struct value *build_transpose(struct builder *b, const char *name, struct value *x, uint32_t rank,
                              const int64_t *order) {
    return finish(with_list(b, &op_Transpose, name, "order", x, rank, order));
}

struct value *build_concat(struct builder *b, const char *name, int64_t axis, uint32_t count,
                           struct value *const *inputs) {
    struct node *n = build_node(b, &op_Concat, name, count, inputs);
    ((struct concat *)n->attrs)->axis = axis;
    return finish(n);
}
