// SPDX-License-Identifier: Apache-2.0
// Eltwise, ScaleShift, PowerIE, NormalizeIE and ReLU with a slope in opset operators.
#include "compiler/ops/activation.h"
#include "compiler/ops/classic.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/normalization.h"
#include "compiler/passes/lower.h"

static const struct op_def *const eltwise_ops[] = {
    [ELTWISE_SUM] = &op_Add,
    [ELTWISE_MUL] = &op_Multiply,
    [ELTWISE_MAX] = &op_Maximum,
    [ELTWISE_MIN] = &op_Minimum,
    [ELTWISE_SUB] = &op_Subtract,
    [ELTWISE_DIV] = &op_Divide,
    [ELTWISE_SQUARED_DIFF] = &op_SquaredDifference,
    [ELTWISE_POW] = &op_Power,
    [ELTWISE_FLOOR_MOD] = &op_FloorMod,
    [ELTWISE_LOGICAL_AND] = &op_LogicalAnd,
    [ELTWISE_LOGICAL_OR] = &op_LogicalOr,
    [ELTWISE_LOGICAL_XOR] = &op_LogicalXor,
    [ELTWISE_EQUAL] = &op_Equal,
    [ELTWISE_NOT_EQUAL] = &op_NotEqual,
    [ELTWISE_LESS] = &op_Less,
    [ELTWISE_LESS_EQUAL] = &op_LessEqual,
    [ELTWISE_GREATER] = &op_Greater,
    [ELTWISE_GREATER_EQUAL] = &op_GreaterEqual,
};

// A number in the element type of `like`, so that both operands of a node agree.
static struct value *scalar(struct builder *b, const char *name, const struct value *like,
                            double number) {
    return build_constant(b, name,
                          tensor_splat(b->graph->arena, like->type, shape_scalar(), number));
}

static struct value *eltwise_operand(struct builder *b, struct node *n, uint32_t i) {
    const struct eltwise *a = n->attrs;
    struct value *v = n->inputs[i].value;
    float factor = a->coeff.count == 0 ? 1 : a->coeff.data[i];
    if (factor == 1)
        return v;
    const char *name = arena_printf(b->graph->arena, "%s/coeff_%u", n->name, i);
    return build_op2(b, &op_Multiply, name, v, scalar(b, build_name(b, name, "value"), v, factor));
}

static struct value *lower_eltwise(struct builder *b, struct node *n) {
    const struct eltwise *a = n->attrs;
    struct value *sum = eltwise_operand(b, n, 0);
    for (uint32_t i = 1; i < n->input_count; i++) {
        bool last = i + 1 == n->input_count;
        const char *name = last ? n->name : arena_printf(b->graph->arena, "%s/%u", n->name, i);
        sum = build_op2(b, eltwise_ops[a->operation], name, sum, eltwise_operand(b, n, i));
    }
    return sum;
}

// A scale or bias that stands from `axis` of the data on, with the data's rank.
static struct value *along_data(struct builder *b, const struct node *n, uint32_t input,
                                int64_t axis) {
    struct value *v = n->inputs[input].value;
    int32_t data_rank = n->inputs[0].value->shape.rank, rank = v->shape.rank;
    if (rank == 0 || data_rank == RANK_UNKNOWN || axis + rank == data_rank)
        return v;
    int64_t dims[SHAPE_MAX_RANK];
    for (int32_t i = 0; i < data_rank; i++)
        dims[i] = i < axis || i >= axis + rank ? 1 : v->shape.dims[i - axis];
    const char *name = arena_printf(b->graph->arena, "%s/input_%u", n->name, input);
    return build_reshape(b, name, v, (uint32_t)data_rank, dims);
}

static struct value *lower_scale_shift(struct builder *b, struct node *n) {
    const struct scale_shift *a = n->attrs;
    int32_t axis = 0;
    shape_axis(&n->inputs[0].value->shape, a->axis, &axis);
    bool biased = node_input(n, 2) != NULL;
    struct value *scale = along_data(b, n, 1, axis);
    struct value *v = build_op2(b, &op_Multiply, biased ? lower_name(n, "Mul_") : n->name,
                                n->inputs[0].value, scale);
    return biased ? build_op2(b, &op_Add, n->name, v, along_data(b, n, 2, axis)) : v;
}

static struct value *lower_power(struct builder *b, struct node *n) {
    const struct power *a = n->attrs;
    struct value *v = n->inputs[0].value;
    const struct {
        const struct op_def *op;
        float number, neutral;
        const char *name;
    } steps[] = {{&op_Multiply, a->scale, 1, "scale"},
                 {&op_Add, a->shift, 0, "shift"},
                 {&op_Power, a->power, 1, "power"}};
    for (size_t i = 0; i < 3; i++) {
        if (steps[i].number == steps[i].neutral)
            continue;
        const char *name = lower_name(n, steps[i].name);
        v = build_op2(b, steps[i].op, name, v,
                      scalar(b, build_name(b, name, "value"), v, steps[i].number));
    }
    if (v != n->inputs[0].value)
        v->producer->name = n->name;
    return v;
}

static struct value *lower_normalize(struct builder *b, struct node *n) {
    const struct normalize *a = n->attrs;
    struct value *x = n->inputs[0].value;
    const struct tensor *weights = node_constant(n, 1);
    int32_t rank = x->shape.rank;
    if (weights == NULL || rank == RANK_UNKNOWN)
        return NULL;
    int64_t axes[SHAPE_MAX_RANK];
    uint32_t count = a->across_spatial ? (uint32_t)rank - 1 : 1;
    for (uint32_t i = 0; i < count; i++)
        axes[i] = i + 1;
    struct node *norm =
        build_node(b, &op_NormalizeL2, lower_name(n, "norm"), 2,
                   (struct value *[]){x, build_i64(b, lower_name(n, "axes"), count, axes)});
    ((struct normalize_l2 *)norm->attrs)->eps = a->eps;
    node_finish(norm);
    struct shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank; i++)
        shape.dims[i] = i == 1 ? (int64_t)tensor_count(weights) : 1;
    struct value *scale = build_constant(b, lower_name(n, "weights"),
                                         tensor_reshape(b->graph->arena, weights, shape));
    return build_op2(b, &op_Multiply, n->name, &norm->outputs[0], scale);
}

static struct value *lower_leaky_relu(struct builder *b, struct node *n) {
    float slope = ((const struct relu *)n->attrs)->negative_slope;
    if (slope == (float)ATTR_UNSET || slope == 0)
        return NULL;
    struct value *x = n->inputs[0].value;
    struct tensor *t = tensor_splat(b->graph->arena, x->type, SHAPE(1), slope);
    return build_op2(b, &op_PRelu, n->name, x, build_constant(b, lower_name(n, "slope"), t));
}

bool lower_opset_arithmetic(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_each(g, &op_Eltwise, lower_eltwise);
    changed |= lower_each(g, &op_ScaleShift, lower_scale_shift);
    changed |= lower_each(g, &op_PowerIE, lower_power);
    changed |= lower_each(g, &op_NormalizeIE, lower_normalize);
    changed |= lower_each(g, &op_ReLU, lower_leaky_relu);
    return changed;
}
