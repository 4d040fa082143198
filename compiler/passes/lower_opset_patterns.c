// SPDX-License-Identifier: Apache-2.0
// Activations that sources spell out and later opsets have an operator for.
#include "compiler/ops/activation.h"
#include "compiler/ops/elementwise.h"
#include "compiler/passes/pass.h"
#include "compiler/passes/pattern.h"

static struct value *make(struct builder *b, const struct op_def *op, const struct node *root,
                          const struct match *m) {
    struct value *x = match_value(m, "x");
    return dtype_is_float(x->type) ? build_op1(b, op, root->name, x) : NULL;
}

// --- ln(1 + exp(x)), x * tanh(ln(1 + exp(x))) ----------------------------------------------------

static const struct pattern_step softplus_steps[] = {
    {"exp", &op_Exp, {"x"}},
    {"sum", &op_Add, {"exp", "#1"}},
    {"y", &op_Log, {"sum"}},
};
static struct value *make_softplus(struct builder *b, const struct node *root,
                                   const struct match *m) {
    return make(b, &op_SoftPlus, root, m);
}

static const struct pattern_step mish_steps[] = {
    {"plus", &op_SoftPlus, {"x"}},
    {"tanh", &op_Tanh, {"plus"}},
    {"y", &op_Multiply, {"x", "tanh"}},
};
static struct value *make_mish(struct builder *b, const struct node *root, const struct match *m) {
    return make(b, &op_Mish, root, m);
}

// --- x * sigmoid(x) ------------------------------------------------------------------------------

static const struct pattern_step swish_steps[] = {
    {"gate", &op_Sigmoid, {"x"}},
    {"y", &op_Multiply, {"x", "gate"}},
};
static struct value *make_swish(struct builder *b, const struct node *root, const struct match *m) {
    return make(b, &op_Swish, root, m);
}

// --- x * relu6(x + 3) / 6, in any order ----------------------------------------------------------

static const struct pattern_step hswish_gate_steps[] = {
    {"moved", &op_Add, {"x", "#3"}},
    {"relu6", &op_Clamp, {"moved"}},
    {"gate", &op_Multiply, {"relu6", "#0.16666667"}},
    {"y", &op_Multiply, {"x", "gate"}},
};
static const struct pattern_step hswish_divided_steps[] = {
    {"moved", &op_Add, {"x", "#3"}},
    {"relu6", &op_Clamp, {"moved"}},
    {"gate", &op_Divide, {"relu6", "#6"}},
    {"y", &op_Multiply, {"x", "gate"}},
};
static const struct pattern_step hswish_last_steps[] = {
    {"moved", &op_Add, {"x", "#3"}},
    {"relu6", &op_Clamp, {"moved"}},
    {"product", &op_Multiply, {"x", "relu6"}},
    {"y", &op_Multiply, {"product", "#0.16666667"}},
};
static struct value *make_hswish(struct builder *b, const struct node *root,
                                 const struct match *m) {
    const struct clamp *a = match_value(m, "relu6")->producer->attrs;
    return a->min == 0 && a->max == 6 ? make(b, &op_HSwish, root, m) : NULL;
}

bool lower_opset_patterns(struct graph *g, const struct pass_options *options) {
    static const struct pattern patterns[] = {
        PATTERN(softplus_steps, make_softplus),     PATTERN(mish_steps, make_mish),
        PATTERN(swish_steps, make_swish),           PATTERN(hswish_gate_steps, make_hswish),
        PATTERN(hswish_divided_steps, make_hswish), PATTERN(hswish_last_steps, make_hswish),
    };
    (void)options;
    return patterns_replace(g, patterns, sizeof patterns / sizeof *patterns);
}
