// SPDX-License-Identifier: Apache-2.0
// No dialect has the rounding of pooling windows that frameworks share: it becomes ceil, or floor
// with explicit pads. Nor has one their average over a last window that sticks out beyond the
// padded data: they divide by the elements inside, the runtimes by the whole window.
#include "compiler/ops/pooling.h"
#include "compiler/passes/lower.h"

// Elements of window `at` inside the padded data of one axis.
static int64_t inside(const struct pooling *a, int32_t axis, int64_t in, int64_t at) {
    int64_t start = at * a->strides.data[axis];
    int64_t end = in + a->pads_begin.data[axis] + a->pads_end.data[axis];
    return start + a->kernel.data[axis] <= end ? a->kernel.data[axis] : end - start;
}

static bool sticks_out(const struct node *n) {
    const struct pooling *a = n->attrs;
    const struct shape *in = &n->inputs[0].value->shape, *out = &n->outputs[0].shape;
    bool any = false;
    for (int32_t d = 2; d < in->rank; d++) {
        if (in->dims[d] == DIM_UNKNOWN || out->dims[d] == DIM_UNKNOWN)
            return false;
        any |= inside(a, d - 2, in->dims[d], out->dims[d] - 1) < a->kernel.data[d - 2];
    }
    return any;
}

static bool is_padded(const struct pooling *a) {
    for (uint32_t i = 0; i < a->kernel.count; i++)
        if (a->pads_begin.data[i] > 0 || a->pads_end.data[i] > 0)
            return true;
    return false;
}

// Elements of the whole window to elements inside, for each place of the output.
static const struct tensor *corrections(const struct node *n) {
    const struct pooling *a = n->attrs;
    struct arena *arena = n->graph->arena;
    struct shape shape = n->outputs[0].shape;
    uint64_t count = 1;
    shape.dims[0] = shape.dims[1] = 1;
    for (int32_t d = 2; d < shape.rank; d++)
        count *= (uint64_t)shape.dims[d];
    double *values = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t rest = i;
        values[i] = 1;
        for (int32_t d = shape.rank; d-- > 2;) {
            int64_t at = (int64_t)(rest % (uint64_t)shape.dims[d]);
            int64_t some = inside(a, d - 2, n->inputs[0].value->shape.dims[d], at);
            values[i] *= (double)a->kernel.data[d - 2] / (double)some;
            rest /= (uint64_t)shape.dims[d];
        }
    }
    return tensor_of_doubles(arena, n->outputs[0].type, shape, values);
}

// Pads with which the last window ends where the padded data does.
static struct ints reaching_pads(const struct node *n) {
    const struct pooling *a = n->attrs;
    uint32_t count = a->kernel.count;
    int64_t *pads = arena_array_of(n->graph->arena, count, int64_t);
    for (uint32_t i = 0; i < count; i++) {
        int64_t last = (n->outputs[0].shape.dims[i + 2] - 1) * a->strides.data[i];
        int64_t end = last + a->kernel.data[i] - n->inputs[0].value->shape.dims[i + 2];
        pads[i] = end > a->pads_begin.data[i] ? end - a->pads_begin.data[i] : 0;
    }
    return (struct ints){pads, count};
}

static struct value *lower_average(struct builder *b, struct node *n) {
    struct pooling *a = n->attrs;
    if (a->exclude_pad || a->rounding_type == ROUND_FLOOR || !sticks_out(n))
        return NULL;
    if (!is_padded(a)) // then what is inside is what is no padding
        return NULL;
    struct node *pool = build_node(b, &op_AvgPool, lower_name(n, "Pool"), 1,
                                   (struct value *[]){n->inputs[0].value});
    struct pooling *whole = pool->attrs;
    *whole = *a;
    whole->rounding_type = ROUND_FLOOR;
    whole->pads_end = reaching_pads(n);
    node_finish(pool);
    const char *name = lower_name(n, "whole_to_inside");
    return build_op2(b, &op_Multiply, n->name, &pool->outputs[0],
                     build_constant(b, name, corrections(n)));
}

static bool lower_rounding(struct graph *g) {
    bool changed = lower_each(g, &op_AvgPool, lower_average);
    GRAPH_EACH(g, n) {
        if (n->op != &op_MaxPool && n->op != &op_AvgPool)
            continue;
        const struct pooling *a = n->attrs;
        if (a->rounding_type != ROUND_CEIL_CLIPPED)
            continue;
        pooling_resolve_rounding(n);
        changed = true;
    }
    return changed;
}

// Classic readers exclude what sticks out by themselves where there are no pads.
bool lower_opset_pooling(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_rounding(g);
    GRAPH_EACH(g, n) {
        struct pooling *a = n->attrs;
        if (n->op != &op_AvgPool || a->exclude_pad || is_padded(a) || !sticks_out(n))
            continue;
        a->exclude_pad = changed = true;
    }
    return changed;
}

bool lower_classic_pooling(struct graph *g, const struct pass_options *options) {
    (void)options;
    return lower_rounding(g);
}
