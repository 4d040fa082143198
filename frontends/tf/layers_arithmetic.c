// SPDX-License-Identifier: Apache-2.0
// Arithmetic that is more than one operator: divisions, functions with a hole, norms.
#include <float.h>
#include <math.h>
#include <string.h>

#include "compiler/ops/activation.h"
#include "compiler/ops/build_layers.h"
#include "compiler/ops/reduction.h"
#include "frontends/tf/spell.h"

// --- divisions -----------------------------------------------------------------------------------

// Of integers: what is left after the remainder divides without rest, however runtimes round.
static void divide_whole(struct tf_layer *l, const struct op_def *remainder) {
    struct value *rest = spell_two(l, remainder, "remainder", l->inputs[0], l->inputs[1]);
    struct value *whole = spell_two(l, &op_Subtract, "whole", l->inputs[0], rest);
    l->outputs[0] = spell_two(l, &op_Divide, NULL, whole, l->inputs[1]);
}

void tf_divide(struct tf_layer *l) { // Div, TruncateDiv
    if (!tf_inputs(l, 2))
        return;
    if (dtype_is_float(l->inputs[0]->type))
        l->outputs[0] = spell_two(l, &op_Divide, NULL, l->inputs[0], l->inputs[1]);
    else
        divide_whole(l, &op_Mod);
}

void tf_floor_div(struct tf_layer *l) {
    if (!tf_inputs(l, 2))
        return;
    if (dtype_is_float(l->inputs[0]->type))
        l->outputs[0] = spell_one(l, &op_Floor, NULL,
                                  spell_two(l, &op_Divide, "quotient", l->inputs[0], l->inputs[1]));
    else
        divide_whole(l, &op_FloorMod);
}

// --- functions with a hole: 0 where one of the inputs is 0, whatever the other is ----------------

static void with_hole(struct tf_layer *l, uint32_t zero_input, struct value *otherwise) {
    struct value *zero = spell_number(l, "zero", l->inputs[0], 0);
    struct value *hole = spell_two(l, &op_Equal, "is_zero", l->inputs[zero_input], zero);
    l->outputs[0] = spell_choice(l, NULL, hole, zero, otherwise);
}

void tf_div_no_nan(struct tf_layer *l) {
    if (tf_inputs(l, 2))
        with_hole(l, 1, spell_two(l, &op_Divide, "quotient", l->inputs[0], l->inputs[1]));
}

void tf_mul_no_nan(struct tf_layer *l) {
    if (tf_inputs(l, 2))
        with_hole(l, 1, spell_two(l, &op_Multiply, "product", l->inputs[0], l->inputs[1]));
}

void tf_xdivy(struct tf_layer *l) {
    if (tf_inputs(l, 2))
        with_hole(l, 0, spell_two(l, &op_Divide, "quotient", l->inputs[0], l->inputs[1]));
}

void tf_xlogy(struct tf_layer *l) { // and Xlog1py
    if (!tf_inputs(l, 2))
        return;
    struct value *y = l->inputs[1];
    if (strcmp(l->node->op, "Xlog1py") == 0)
        y = spell_two(l, &op_Add, "add", y, spell_number(l, "one", y, 1));
    with_hole(l, 0,
              spell_two(l, &op_Multiply, "product", l->inputs[0], spell_one(l, &op_Log, "log", y)));
}

// --- other functions -----------------------------------------------------------------------------

void tf_atan2(struct tf_layer *l) {
    if (!tf_inputs(l, 2))
        return;
    struct value *y = l->inputs[0], *x = l->inputs[1], *zero = spell_number(l, "zero", x, 0);
    struct value *right =
        spell_one(l, &op_Atan, "right", spell_two(l, &op_Divide, "quotient", y, x));
    struct value *turn = spell_choice(
        l, "turn", spell_two(l, &op_GreaterEqual, "is_above", y, zero),
        spell_number(l, "half_turn", x, M_PI), spell_number(l, "half_turn_back", x, -M_PI));
    struct value *left = spell_two(l, &op_Add, "left", right, turn);
    struct value *middle = spell_two(l, &op_Multiply, "middle", spell_one(l, &op_Sign, "sign", y),
                                     spell_number(l, "quarter_turn", x, M_PI / 2));
    struct value *rest =
        spell_choice(l, "not_right", spell_two(l, &op_Less, "is_left", x, zero), left, middle);
    l->outputs[0] =
        spell_choice(l, NULL, spell_two(l, &op_Greater, "is_right", x, zero), right, rest);
}

void tf_erfc(struct tf_layer *l) {
    if (tf_inputs(l, 1))
        l->outputs[0] = spell_two(l, &op_Subtract, NULL, spell_number(l, "one", l->inputs[0], 1),
                                  spell_one(l, &op_Erf, "erf", l->inputs[0]));
}

void tf_expm1(struct tf_layer *l) {
    if (tf_inputs(l, 1))
        l->outputs[0] = spell_two(l, &op_Subtract, NULL, spell_one(l, &op_Exp, "exp", l->inputs[0]),
                                  spell_number(l, "one", l->inputs[0], 1));
}

void tf_softsign(struct tf_layer *l) {
    if (!tf_inputs(l, 1))
        return;
    struct value *x = l->inputs[0];
    struct value *below =
        spell_two(l, &op_Add, "add", spell_one(l, &op_Abs, "abs", x), spell_number(l, "one", x, 1));
    l->outputs[0] = spell_two(l, &op_Divide, NULL, x, below);
}

void tf_selu(struct tf_layer *l) {
    if (!tf_inputs(l, 1))
        return;
    struct value *x = l->inputs[0];
    struct value *inputs[] = {x, spell_number(l, "alpha", x, 1.6732632423543772),
                              spell_number(l, "lambda", x, 1.0507009873554805)};
    struct node *n = build_node(&l->builder, &op_Selu, l->name, 3, inputs);
    node_finish(n);
    l->outputs[0] = &n->outputs[0];
}

void tf_clip(struct tf_layer *l) { // ClipByValue
    if (tf_inputs(l, 3))
        l->outputs[0] =
            spell_two(l, &op_Maximum, NULL,
                      spell_two(l, &op_Minimum, "below", l->inputs[0], l->inputs[2]), l->inputs[1]);
}

void tf_approximate_equal(struct tf_layer *l) {
    if (!tf_inputs(l, 2))
        return;
    struct value *gap = spell_two(l, &op_Subtract, "difference", l->inputs[0], l->inputs[1]);
    double tolerance = tf_attr_float(l->node, "tolerance", 1e-5);
    l->outputs[0] = spell_two(l, &op_Less, NULL, spell_one(l, &op_Abs, "abs", gap),
                              spell_number(l, "tolerance", gap, tolerance));
}

// Comparisons with what is not a number are false, but for "not equal".
void tf_is_finite(struct tf_layer *l) { // IsFinite, IsInf, IsNan
    if (!tf_inputs(l, 1))
        return;
    struct value *x = l->inputs[0];
    if (strcmp(l->node->op, "IsNan") == 0) {
        l->outputs[0] = spell_two(l, &op_NotEqual, NULL, x, x);
        return;
    }
    bool infinite = strcmp(l->node->op, "IsInf") == 0;
    struct value *largest =
        spell_number(l, "largest", x, infinite ? (double)INFINITY : (double)FLT_MAX);
    l->outputs[0] = spell_two(l, infinite ? &op_Equal : &op_LessEqual, NULL,
                              spell_one(l, &op_Abs, "abs", x), largest);
}

// Half the sum of squares.
void tf_l2_loss(struct tf_layer *l) {
    if (!tf_rank(l, 0, 0, SHAPE_MAX_RANK))
        return;
    struct value *x = l->inputs[0];
    int64_t axes[SHAPE_MAX_RANK];
    for (int32_t i = 0; i < x->shape.rank; i++)
        axes[i] = i;
    struct value *all = build_i64(&l->builder, tf_name(l, "axes"), (uint32_t)x->shape.rank, axes);
    struct value *sum =
        spell_two(l, &op_ReduceSum, "sum", spell_two(l, &op_Multiply, "square", x, x), all);
    l->outputs[0] = spell_two(l, &op_Multiply, NULL, sum, spell_number(l, "half", x, 0.5));
}
