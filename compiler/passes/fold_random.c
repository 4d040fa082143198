// SPDX-License-Identifier: Apache-2.0
// What random numbers cannot change: the floor of a number from [1, 2), whether one from [0, 1) is
// at least 0. So dropout that keeps everything goes, frozen in its training form though it is.
#include <math.h>

#include "compiler/ops/build.h"
#include "compiler/passes/pass.h"

struct span { // of numbers: low <= x < high
    double low, high;
    struct node *source; // the RandomUniform
};

static bool read_number(const struct node *n, uint32_t input, double *out) {
    const struct tensor *t = node_constant(n, input);
    return t != NULL && tensor_count(t) == 1 && tensor_uniform(t, out);
}

static bool span_of_source(struct node *n, struct span *s) {
    s->source = n;
    return dtype_is_float(n->outputs[0].type) && read_number(n, 1, &s->low) &&
           read_number(n, 2, &s->high) && s->low < s->high;
}

// The constant operand of n, and the place of the other.
static bool read_operand(const struct node *n, bool commutes, uint32_t *other, double *number) {
    *other = 0;
    if (read_number(n, 1, number))
        return true;
    *other = 1;
    return commutes && read_number(n, 0, number);
}

static bool move(struct span *s, const struct op_def *op, double number) {
    bool scales = op == &op_Multiply || op == &op_Divide;
    if (scales && !(number > 0))
        return false;
    s->low = op == &op_Add        ? s->low + number
             : op == &op_Subtract ? s->low - number
             : op == &op_Multiply ? s->low * number
                                  : s->low / number;
    s->high = op == &op_Add        ? s->high + number
              : op == &op_Subtract ? s->high - number
              : op == &op_Multiply ? s->high * number
                                   : s->high / number;
    return isfinite(s->low) && isfinite(s->high);
}

// Random numbers, also moved and scaled.
static bool span_of(const struct value *v, struct span *s) {
    enum { DEPTH_MAX = 4 };
    const struct op_def *ops[DEPTH_MAX];
    double numbers[DEPTH_MAX];
    int depth = 0;
    struct node *n = v->producer;
    for (uint32_t other; !node_is(n, &op_RandomUniform); n = node_input(n, other)->producer) {
        bool commutes = node_is(n, &op_Add) || node_is(n, &op_Multiply);
        bool linear = commutes || node_is(n, &op_Subtract) || node_is(n, &op_Divide);
        if (depth == DEPTH_MAX || !linear || !read_operand(n, commutes, &other, &numbers[depth]))
            return false;
        ops[depth++] = n->op;
    }
    if (!span_of_source(n, s))
        return false;
    while (depth-- > 0)
        if (!move(s, ops[depth], numbers[depth]))
            return false;
    return shape_equal(&s->source->outputs[0].shape, &v->shape);
}

// Comparisons that are true of all numbers from `bound` on, or of all below it.
static bool decide(const struct op_def *op, const struct span *s, double bound, double *out) {
    bool above = op == &op_Greater || op == &op_GreaterEqual;
    bool below = op == &op_Less || op == &op_LessEqual;
    bool strict = op == &op_Greater || op == &op_LessEqual; // differs only at the bound
    if (!above && !below)
        return false;
    bool all_above = strict ? s->low > bound : s->low >= bound, all_below = s->high <= bound;
    *out = above ? all_above : all_below;
    return all_above || all_below;
}

// The one value that a node has whatever is drawn.
static bool find_value(const struct node *n, struct span *s, double *out) {
    double bound;
    if (n->input_count == 0 || n->inputs[0].value == NULL || n->inputs[0].value->constant != NULL)
        return false;
    if (node_is(n, &op_Floor)) {
        if (!span_of(n->inputs[0].value, s))
            return false;
        *out = floor(s->low);
        return *out + 1 >= s->high;
    }
    return n->input_count == 2 && read_number(n, 1, &bound) && span_of(n->inputs[0].value, s) &&
           decide(n->op, s, bound, out);
}

static struct value *constant_like(struct node *n, const struct span *s, double number) {
    struct arena *arena = n->graph->arena;
    struct builder b = {.graph = n->graph, .place = n->place};
    const struct value *v = &n->outputs[0];
    if (shape_is_static(&v->shape))
        return build_constant(&b, n->name, tensor_splat(arena, v->type, v->shape, number));
    struct value *one = build_constant(&b, build_name(&b, n->name, "value"),
                                       tensor_splat(arena, v->type, shape_scalar(), number));
    return build_op2(&b, &op_Broadcast, n->name, one, node_input(s->source, 0));
}

bool fold_random(struct graph *g, const struct pass_options *options) {
    (void)options;
    uint32_t count;
    struct node **order = graph_order(g, &count);
    bool progress = false;
    for (uint32_t i = 0; i < count; i++) {
        struct node *n = order[i];
        struct span span;
        double number;
        if (!find_value(n, &span, &number) || n->outputs[0].first_use == NULL)
            continue;
        value_replace(&n->outputs[0], constant_like(n, &span, number));
        node_remove(n);
        progress = true;
    }
    return progress;
}
