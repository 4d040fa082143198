// SPDX-License-Identifier: Apache-2.0
// Comparisons, choices, and tensors shaped like another. MXNet's truth is the number 1.
#include <string.h>

#include "compiler/ops/build_layers.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/movement.h"
#include "frontends/mxnet/layers.h"

static struct value *as_number(struct mxnet_layer *l, struct value *truth) {
    return build_convert(l->builder.graph, l->name, truth, DT_F32);
}

// A number as truth: what a comparison gave, as it was before, else whether it is not 0.
static struct value *as_truth(struct mxnet_layer *l, struct value *v) {
    const struct node *from = v->producer;
    if (v->type == DT_BOOL)
        return v;
    if (from->op == &op_Convert && node_input(from, 0)->type == DT_BOOL)
        return node_input(from, 0);
    struct value *zero = build_constant(&l->builder, mxnet_name(l, "zero"),
                                        tensor_splat(l->arena, v->type, (struct shape){0}, 0));
    return build_op2(&l->builder, &op_NotEqual, mxnet_name(l, "condition"), v, zero);
}

// _greater, _Greater_Equal, broadcast_lesser, _not_equal_scalar, ...: longer names first.
static const struct op_def *comparison(const char *op) {
    static const struct {
        const char *name, *old_name;
        const struct op_def *op;
    } rows[] = {{"greater_equal", "Greater_Equal", &op_GreaterEqual},
                {"lesser_equal", "Lesser_Equal", &op_LessEqual},
                {"not_equal", "Not_Equal", &op_NotEqual},
                {"greater", "Greater", &op_Greater},
                {"lesser", "Lesser", &op_Less},
                {"equal", "Equal", &op_Equal}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strstr(op, rows[i].name) != NULL || strstr(op, rows[i].old_name) != NULL)
            return rows[i].op;
    return &op_Equal;
}

void mxnet_compare(struct mxnet_layer *l) {
    bool with_number = strstr(l->node->op, "_scalar") != NULL;
    double number = mxnet_float(l, "scalar", 0);
    if (l->failed)
        return;
    struct value *other =
        with_number ? build_f32_scalar(&l->builder, mxnet_name(l, "scalar"), (float)number)
                    : l->inputs[1];
    l->outputs[0] = as_number(l, build_op2(&l->builder, comparison(l->node->op),
                                           mxnet_name(l, "truth"), l->inputs[0], other));
}

// A condition of one dimension chooses rows.
void mxnet_where(struct mxnet_layer *l) {
    struct value *condition = as_truth(l, l->inputs[0]);
    int32_t rank = l->inputs[1]->shape.rank;
    if (condition->shape.rank == 1 && rank > 1) {
        int64_t dims[SHAPE_MAX_RANK] = {-1, 1, 1, 1, 1, 1, 1, 1};
        condition =
            build_reshape(&l->builder, mxnet_name(l, "rows"), condition, (uint32_t)rank, dims);
    }
    struct node *n = build_node(&l->builder, &op_Select, l->name, 3,
                                (struct value *[]){condition, l->inputs[1], l->inputs[2]});
    node_finish(n);
    l->outputs[0] = &n->outputs[0];
}

static void like(struct mxnet_layer *l, double number) {
    if (mxnet_static(l, 0))
        l->outputs[0] =
            build_constant(&l->builder, l->name,
                           tensor_splat(l->arena, l->inputs[0]->type, l->inputs[0]->shape, number));
}

void mxnet_zeros_like(struct mxnet_layer *l) {
    like(l, 0);
}

void mxnet_ones_like(struct mxnet_layer *l) {
    like(l, 1);
}
