// SPDX-License-Identifier: Apache-2.0
// Reductions become pooling over the whole of the reduced axes; a sum is an average times its
// count.
#include "compiler/ops/classic.h"
#include "compiler/ops/pooling.h"
#include "compiler/ops/reduction.h"
#include "compiler/passes/lower.h"

struct span { // the reduced axes, one behind the other: [first, last]
    int32_t first, last;
};

static uint32_t span_mask(const struct span *span) {
    return ((2u << span->last) - 1) & ~((1u << span->first) - 1);
}

// The first axes of a set that stand side by side.
static struct span first_span(uint32_t mask) {
    struct span span = {.first = __builtin_ctz(mask)};
    span.last = span.first;
    while (mask >> (span.last + 1) & 1)
        span.last++;
    return span;
}

// Axes that do not stand side by side are reduced one group behind the other.
static struct value *reduce_groups(struct builder *b, const struct node *n, uint32_t mask) {
    const struct shape *out = &n->outputs[0].shape;
    bool keeps = ((const struct reduction *)n->attrs)->keep_dims;
    struct value *v = n->inputs[0].value;
    while (mask != 0) {
        struct span span = first_span(mask);
        mask &= ~span_mask(&span);
        const char *name = arena_printf(b->graph->arena, "%s/axis_%d", n->name, span.first);
        int64_t axes[SHAPE_MAX_RANK];
        uint32_t count = 0;
        for (int32_t i = span.first; i <= span.last; i++)
            axes[count++] = i;
        struct value *list = build_i64(b, build_name(b, name, "axes"), count, axes);
        struct node *made = build_node(b, n->op, mask == 0 && keeps ? n->name : name, 2,
                                       (struct value *[]){v, list});
        ((struct reduction *)made->attrs)->keep_dims = true;
        node_finish(made);
        v = &made->outputs[0];
    }
    return keeps ? v : build_reshape(b, n->name, v, (uint32_t)out->rank, out->dims);
}

static int64_t product(const struct shape *shape, int32_t from, int32_t to) {
    int64_t all = 1;
    for (int32_t i = from; i < to; i++)
        all *= shape->dims[i];
    return all;
}

static struct value *pool(struct builder *b, const struct node *n, const char *name,
                          struct value *x, const int64_t *window, uint32_t axes,
                          enum rounding_spelling spelling) {
    struct node *made =
        build_node(b, n->op == &op_ReduceMax ? &op_MaxPool : &op_AvgPool, name, 1, &x);
    struct pooling *a = made->attrs;
    a->kernel = ints_copy(b->graph->arena, window, axes);
    a->rounding_type = spelling == SPELL_NOTHING ? ROUND_FLOOR : ROUND_CEIL;
    a->spelling = (int)spelling;
    a->exclude_pad = spelling != SPELL_NOTHING;
    node_finish(made);
    return &made->outputs[0];
}

static struct value *reshape_to(struct builder *b, const char *name, struct value *x,
                                const struct shape *shape) {
    return build_reshape(b, name, x, (uint32_t)shape->rank, shape->dims);
}

// All spatial axes of [N,C,...]: the pooling stands as it is, and what takes the axes away behind
// it; but a result has the name of its source.
static struct value *mean_of_image(struct builder *b, struct node *n) {
    const struct shape *in = &n->inputs[0].value->shape;
    bool keeps = ((const struct reduction *)n->attrs)->keep_dims;
    bool result = !keeps && lower_is_result(n);
    struct value *v = pool(b, n, result ? lower_name(n, "Pool") : n->name, n->inputs[0].value,
                           &in->dims[2], (uint32_t)in->rank - 2, SPELL_WITH_DASH);
    return keeps ? v
                 : reshape_to(b, result ? n->name : lower_name(n, "Reshape_"), v,
                              &n->outputs[0].shape);
}

// Any axes side by side, as an image: those before become the first two, those behind the last.
static struct value *reduce_reshaped(struct builder *b, struct node *n, const struct span *span) {
    const struct shape *in = &n->inputs[0].value->shape;
    int32_t first = span->first, apart = first > 2 ? first - 1 : first < 1 ? 0 : 1;
    int64_t reduced = product(in, first, span->last + 1);
    struct shape image = SHAPE(product(in, 0, apart), product(in, apart, first), reduced,
                               product(in, span->last + 1, in->rank));
    struct value *v = reshape_to(b, lower_name(n, "Reshape"), n->inputs[0].value, &image);
    v = pool(b, n, lower_name(n, "Pool"), v, (const int64_t[]){reduced, 1}, 2, SPELL_NOTHING);
    bool last = lower_is_result(n) && n->op != &op_ReduceSum;
    return reshape_to(b, last ? n->name : lower_name(n, "FinalReshape"), v, &n->outputs[0].shape);
}

static struct value *power(struct builder *b, const char *name, struct value *x, float scale) {
    struct node *made = build_node(b, &op_PowerIE, name, 1, &x);
    ((struct power *)made->attrs)->scale = scale;
    node_finish(made);
    return &made->outputs[0];
}

static struct value *lower_reduction(struct builder *b, struct node *n) {
    const struct shape *in = &n->inputs[0].value->shape;
    uint32_t mask;
    if (!shape_is_static(in) || !reduction_axes(n, &mask) || mask == 0)
        return NULL;
    struct span span = first_span(mask);
    if (span_mask(&span) != mask)
        return reduce_groups(b, n, mask);
    bool spatial = span.first == 2 && span.last == in->rank - 1 && in->rank > 3;
    if (spatial && n->op == &op_ReduceMean)
        return mean_of_image(b, n);
    struct value *v = reduce_reshaped(b, n, &span);
    if (n->op != &op_ReduceSum)
        return v;
    return power(b, n->name, v, (float)product(in, span.first, span.last + 1));
}

bool lower_classic_reductions(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_each(g, &op_ReduceMean, lower_reduction);
    changed |= lower_each(g, &op_ReduceMax, lower_reduction);
    changed |= lower_each(g, &op_ReduceSum, lower_reduction);
    return changed;
}
