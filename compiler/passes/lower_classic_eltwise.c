// SPDX-License-Identifier: Apache-2.0
// Arithmetic of two tensors becomes Eltwise, whose inputs have equal shapes: what the opset
// broadcasts is reshaped to the same rank and tiled.
#include "compiler/ops/classic.h"
#include "compiler/ops/elementwise.h"
#include "compiler/passes/lower.h"

static const struct {
    const struct op_def *op;
    enum eltwise_operation operation;
} operations[] = {
    {&op_Add, ELTWISE_SUM},
    {&op_Multiply, ELTWISE_MUL},
    {&op_Maximum, ELTWISE_MAX},
};

static struct value *power(struct builder *b, const char *name, struct value *x, float power,
                           float scale) {
    struct node *n = build_node(b, &op_PowerIE, name, 1, &x);
    ((struct power *)n->attrs)->power = power;
    ((struct power *)n->attrs)->scale = scale;
    node_finish(n);
    return &n->outputs[0];
}

// ---- Operations that the engines of the time lack ----

static struct value *lower_subtract(struct builder *b, struct node *n) {
    struct value *minus = power(b, lower_name(n, "negate_"), n->inputs[1].value, 1, -1);
    return build_op2(b, &op_Add, n->name, n->inputs[0].value, minus);
}

static struct value *lower_divide(struct builder *b, struct node *n) {
    struct value *inverse = power(b, lower_name(n, "reciprocal_"), n->inputs[1].value, -1, 1);
    return build_op2(b, &op_Multiply, n->name, n->inputs[0].value, inverse);
}

// A constant of fewer dimensions than the result, perhaps of none, which no layer may have.
static struct value *of_rank(struct builder *b, struct value *v, int32_t rank) {
    struct shape shape = {.rank = rank};
    if (v->constant == NULL || v->shape.rank >= rank)
        return v;
    for (int32_t i = 0; i < rank; i++)
        shape.dims[i] = i < rank - v->shape.rank ? 1 : v->shape.dims[i - (rank - v->shape.rank)];
    return build_constant(b, v->producer->name,
                          tensor_reshape(b->graph->arena, v->constant, shape));
}

static struct value *lower_minimum(struct builder *b, struct node *n) {
    int32_t rank = n->outputs[0].shape.rank;
    struct value *x = of_rank(b, n->inputs[0].value, rank);
    struct value *y = of_rank(b, n->inputs[1].value, rank);
    x = power(b, lower_name(n, "negate1_"), x, 1, -1);
    y = power(b, lower_name(n, "negate2_"), y, 1, -1);
    struct value *most = build_op2(b, &op_Maximum, lower_name(n, "Max_"), x, y);
    return power(b, lower_name(n, "negate_out_"), most, 1, -1);
}

static struct value *lower_squared_difference(struct builder *b, struct node *n) {
    struct value *minus = power(b, lower_name(n, "negate_"), n->inputs[1].value, 1, -1);
    struct value *difference =
        build_op2(b, &op_Add, lower_name(n, "add_"), n->inputs[0].value, minus);
    return power(b, lower_name(n, "squared_"), difference, 2, 1);
}

static struct value *lower_constant_power(struct builder *b, struct node *n) {
    const struct tensor *exponent = node_constant(n, 1);
    double number;
    if (exponent == NULL || !tensor_uniform(exponent, &number))
        return NULL;
    return power(b, n->name, n->inputs[0].value, (float)number, 1);
}

static struct value *lower_negative(struct builder *b, struct node *n) {
    return power(b, n->name, n->inputs[0].value, 1, -1);
}

static struct value *lower_abs(struct builder *b, struct node *n) {
    struct value *x = n->inputs[0].value;
    return build_op2(b, &op_Maximum, n->name, x, power(b, lower_name(n, "negate_"), x, 1, -1));
}

static struct value *lower_sqrt(struct builder *b, struct node *n) {
    return power(b, n->name, n->inputs[0].value, 0.5f, 1);
}

// ---- Broadcasting ----

static struct value *to_rank(struct builder *b, const struct node *n, struct value *v,
                             int32_t rank) {
    if (v->shape.rank == rank)
        return v;
    int64_t dims[SHAPE_MAX_RANK];
    for (int32_t i = 0; i < rank; i++)
        dims[i] = i < rank - v->shape.rank ? 1 : v->shape.dims[i - (rank - v->shape.rank)];
    return build_reshape(b, lower_name(n, "EltwiseReshapeNormalization"), v, (uint32_t)rank, dims);
}

static struct value *broadcast(struct builder *b, const struct node *n, struct value *v,
                               const struct shape *to) {
    v = to_rank(b, n, v, to->rank);
    const char *first = "Broadcast/", *name = first;
    for (int32_t i = 0; i < to->rank; i++) {
        if (v->shape.dims[i] == to->dims[i])
            continue;
        v = lower_tile_axis(b, lower_name(n, name), v, i, to->dims[i]);
        name = arena_printf(b->graph->arena, "%s%d", first, i + 1);
    }
    return v;
}

static struct value *lower_operation(struct builder *b, struct node *n,
                                     enum eltwise_operation operation) {
    const struct shape *shape = &n->outputs[0].shape;
    if (!shape_is_static(shape))
        return NULL;
    struct value *inputs[2];
    for (uint32_t i = 0; i < 2; i++)
        inputs[i] = broadcast(b, n, n->inputs[i].value, shape);
    struct node *made = build_node(b, &op_Eltwise, n->name, 2, inputs);
    ((struct eltwise *)made->attrs)->operation = (int)operation;
    node_finish(made);
    return &made->outputs[0];
}

bool lower_classic_eltwise(struct graph *g, const struct pass_options *options) {
    (void)options;
    static const struct {
        const struct op_def *op;
        lowering *lower;
    } replaced[] = {
        {&op_SquaredDifference, lower_squared_difference},
        {&op_Subtract, lower_subtract},
        {&op_Divide, lower_divide},
        {&op_Minimum, lower_minimum},
        {&op_Power, lower_constant_power},
        {&op_Negative, lower_negative},
        {&op_Sqrt, lower_sqrt},
        {&op_Abs, lower_abs},
    };
    bool changed = false;
    for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++)
        changed |= lower_each(g, replaced[i].op, replaced[i].lower);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        GRAPH_EACH(g, n) {
            struct builder b = {.graph = g, .place = n->place};
            struct value *v =
                n->op == operations[i].op ? lower_operation(&b, n, operations[i].operation) : NULL;
            if (v != NULL)
                lower_replace(n, v);
            changed |= v != NULL;
        }
    }
    return changed;
}
