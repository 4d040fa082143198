// SPDX-License-Identifier: Apache-2.0
// What sources spell out though both dialects have an operator for it: leaky ReLU, L2 norms.
#include "compiler/ops/activation.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/normalization.h"
#include "compiler/ops/reduction.h"
#include "compiler/passes/pass.h"
#include "compiler/passes/pattern.h"

// --- leaky ReLU ----------------------------------------------------------------------------------

static const struct pattern_step leaky_steps[] = {
    {"scaled", &op_Multiply, {"x", "=slope"}},
    {"y", &op_Maximum, {"x", "scaled"}},
};

static struct value *make_leaky(struct builder *b, const struct node *root, const struct match *m) {
    double slope = match_number(m, "slope");
    struct value *x = match_value(m, "x");
    if (!(slope > 0 && slope < 1) || !dtype_is_float(x->type) ||
        match_value(m, "slope")->shape.rank > x->shape.rank)
        return NULL;
    struct node *n = build_node(b, &op_ReLU, root->name, 1, &x);
    ((struct relu *)n->attrs)->negative_slope = (float)slope;
    node_finish(n);
    return &n->outputs[0];
}

// --- x / sqrt(max(sum(x^2), eps)) ----------------------------------------------------------------

static const struct pattern_step norm_steps[] = {
    {"square", &op_Multiply, {"x", "x"}},   {"sum", &op_ReduceSum, {"square", "axes"}},
    {"most", &op_Maximum, {"sum", "=eps"}}, {"root", &op_Power, {"most", "#-0.5"}},
    {"y", &op_Multiply, {"x", "root"}},
};

// Along the channels, or along channels and places: what classic IR can say, too.
static bool is_along_channels(const struct node *sum, int32_t rank) {
    uint32_t mask, all = ((1U << rank) - 1U) & ~1U;
    return reduction_axes(sum, &mask) && (mask == 2 || mask == all);
}

static struct value *make_norm(struct builder *b, const struct node *root, const struct match *m) {
    struct value *x = match_value(m, "x");
    const struct node *sum = match_value(m, "sum")->producer;
    bool keeps = ((const struct reduction *)sum->attrs)->keep_dims;
    if (!keeps || (x->shape.rank != 2 && x->shape.rank != 4) ||
        !is_along_channels(sum, x->shape.rank) || match_value(m, "axes")->constant == NULL)
        return NULL;
    struct node *n = build_node(b, &op_NormalizeL2, root->name, 2,
                                (struct value *[]){x, match_value(m, "axes")});
    struct normalize_l2 *a = n->attrs;
    a->eps = (float)match_number(m, "eps");
    a->eps_mode = EPS_MAX;
    node_finish(n);
    return &n->outputs[0];
}

bool replace_patterns(struct graph *g, const struct pass_options *options) {
    static const struct pattern patterns[] = {
        PATTERN(leaky_steps, make_leaky),
        PATTERN(norm_steps, make_norm),
    };
    (void)options;
    return patterns_replace(g, patterns, sizeof patterns / sizeof *patterns);
}
