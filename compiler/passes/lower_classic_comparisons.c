// SPDX-License-Identifier: Apache-2.0
// A comparison whose truth becomes a number, which classic IR cannot say: the difference, made so
// large that its sign alone counts, between 0 and 1.
#include "compiler/ops/activation.h"
#include "compiler/ops/elementwise.h"
#include "compiler/passes/lower.h"

// Differences of normal numbers become 1 or more; what overflows is cut again.
static const float LARGE = 1e30F;

static const struct comparison {
    const struct op_def *op;
    bool swapped; // b - a counts
    bool negated; // 1 minus the result
} comparisons[] = {
    {&op_Greater, false, false},
    {&op_Less, true, false},
    {&op_GreaterEqual, true, true},
    {&op_LessEqual, false, true},
};

// 1 where x > y, else 0.
static struct value *step(struct builder *b, const struct node *n, const char *name,
                          struct value *x, struct value *y) {
    struct value *difference = build_op2(b, &op_Subtract, lower_name(n, "difference"), x, y);
    struct value *large = build_op2(b, &op_Multiply, lower_name(n, "large"), difference,
                                    build_f32_scalar(b, lower_name(n, "factor"), LARGE));
    struct node *made = build_node(b, &op_Clamp, name, 1, &large);
    ((struct clamp *)made->attrs)->min = 0;
    ((struct clamp *)made->attrs)->max = 1;
    node_finish(made);
    return &made->outputs[0];
}

static struct value *lower_comparison(struct builder *b, struct node *n) {
    const struct node *from = n->inputs[0].value->producer;
    const struct comparison *c = NULL;
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        if (comparisons[i].op == from->op)
            c = &comparisons[i];
    if (c == NULL || n->outputs[0].type != DT_F32 || from->inputs[0].value->type != DT_F32)
        return NULL;
    struct value *x = from->inputs[c->swapped].value, *y = from->inputs[!c->swapped].value;
    if (!c->negated)
        return step(b, n, n->name, x, y);
    return build_op2(b, &op_Subtract, n->name, build_f32_scalar(b, lower_name(n, "one"), 1),
                     step(b, n, lower_name(n, "step"), x, y));
}

bool lower_classic_comparisons(struct graph *g, const struct pass_options *options) {
    (void)options;
    return lower_each(g, &op_Convert, lower_comparison);
}
