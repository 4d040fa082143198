// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/reduction.h"

#include <math.h>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/shape_rules.h"

#define ATTR_OWNER struct reduction
static const struct attr_def reduction_attrs[] = {REDUCTION_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

bool reduction_axes(const struct node *n, uint32_t *mask) {
    struct numbers axes;
    struct shape in = input_shape(n, 0);
    *mask = 0;
    if (in.rank == RANK_UNKNOWN || !input_complete(n, 1, &axes))
        return false;
    for (uint32_t i = 0; i < axes.count; i++) {
        int32_t axis;
        if (!shape_axis(&in, axes.data[i], &axis))
            return false;
        *mask |= 1U << axis;
    }
    return true;
}

bool infer_reduce(struct node *n) {
    const struct reduction *a = n->attrs;
    struct shape in = input_shape(n, 0), out = {.rank = 0};
    struct numbers axes;
    uint32_t mask;
    set_output(n, 0, input_type(n, 0),
               a->keep_dims && in.rank > 0 ? shape_of_rank(in.rank) : SHAPE_UNKNOWN);
    if (in.rank == RANK_UNKNOWN || !input_numbers(n, 1, &axes))
        return true;
    if (!axes.complete) {
        if (!a->keep_dims && axes.count <= (uint32_t)in.rank)
            set_output(n, 0, input_type(n, 0), shape_of_rank(in.rank - (int32_t)axes.count));
        return true;
    }
    if (!axes_mask(n, in.rank, &axes, &mask))
        return false;
    for (int32_t i = 0; i < in.rank; i++) {
        if (!(mask >> i & 1))
            out.dims[out.rank++] = in.dims[i];
        else if (a->keep_dims)
            out.dims[out.rank++] = 1;
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// --- evaluation ---------------------------------------------------------------------------------

struct reduce {
    const struct tensor *source; // reduced axes last
    uint64_t length;             // elements that become one
    const struct node *node;
};

static double start_of(const struct op_def *op, double first) {
    if (op == &op_ReduceProd)
        return 1;
    return op == &op_ReduceMax || op == &op_ReduceMin ? first : 0;
}

// What follows the last step (`scalar` is one step).
static double finish_of(const struct node *n, double sum, uint64_t length) {
    if (n->op == &op_ReduceMean) {
        double mean = sum / (double)length;
        return dtype_is_float(input_type(n, 0)) ? mean : trunc(mean);
    }
    return n->op == &op_ReduceL2 ? sqrt(sum) : sum;
}

static double reduce_one(const struct reduce *r, uint64_t index) {
    double block[256], result = 0;
    bool unknown = false;
    for (uint64_t done = 0; done < r->length;) {
        uint64_t count = r->length - done < 256 ? r->length - done : 256;
        tensor_read_doubles(r->source, index * r->length + done, count, block);
        if (done == 0)
            result = start_of(r->node->op, block[0]);
        for (uint64_t i = 0; i < count; i++) {
            unknown = unknown || isnan(block[i]);
            result = r->node->op->scalar(r->node, result, block[i]);
        }
        done += count;
    }
    if (r->length == 0)
        result = start_of(r->node->op, 0);
    return unknown ? NAN : finish_of(r->node, result, r->length);
}

static bool compute_reduce(void *context, uint64_t first, uint64_t count, double *out) {
    for (uint64_t i = 0; i < count; i++)
        out[i] = reduce_one(context, first + i);
    return true;
}

static bool evaluate_reduce(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    const struct tensor *t = node_constant(n, 0);
    struct shape out = n->outputs[0].shape;
    int32_t order[SHAPE_MAX_RANK], count = 0;
    struct reduce r = {.length = 1, .node = n};
    uint32_t mask;
    if (!reduction_axes(n, &mask) || !shape_is_static(&out))
        return false;
    for (int32_t i = 0; i < t->shape.rank; i++)
        if (!(mask >> i & 1))
            order[count++] = i;
    for (int32_t i = 0; i < t->shape.rank; i++)
        if (mask >> i & 1) {
            order[count++] = i;
            r.length *= (uint64_t)t->shape.dims[i];
        }
    r.source = tensor_permute(arena, t, order);
    outputs[0] = tensor_compute(arena, t->type, out, compute_reduce, &r);
    return outputs[0] != NULL;
}

#define REDUCTION(kind, since, step, text)                                                         \
    static double step_##kind(const struct node *n, double a, double b) {                          \
        (void)n;                                                                                   \
        return step;                                                                               \
    }                                                                                              \
    const struct op_def op_##kind = {                                                              \
        .name = #kind,                                                                             \
        .doc = text,                                                                               \
        .opset = since,                                                                            \
        .flags = OP_OPSET,                                                                         \
        .min_inputs = 2,                                                                           \
        .max_inputs = 2,                                                                           \
        .outputs = 1,                                                                              \
        OP_ATTRS(reduction_attrs, reduction),                                                      \
        .infer = infer_reduce,                                                                     \
        .evaluate = evaluate_reduce,                                                               \
        .partial = 1,                                                                              \
        .scalar = step_##kind,                                                                     \
        .lowered_by = "lower_classic_reductions",                                                  \
    };
REDUCTION(ReduceMean, "opset1", a + b, "mean over axes")
REDUCTION(ReduceSum, "opset1", a + b, "sum over axes")
REDUCTION(ReduceMax, "opset1", a > b ? a : b, "largest over axes")
REDUCTION(ReduceMin, "opset1", a < b ? a : b, "smallest over axes")
REDUCTION(ReduceProd, "opset1", a *b, "product over axes")
REDUCTION(ReduceL1, "opset4", a + fabs(b), "sum of absolute values over axes")
REDUCTION(ReduceL2, "opset4", a + b * b, "square root of the sum of squares over axes")
