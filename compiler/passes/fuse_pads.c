// SPDX-License-Identifier: Apache-2.0
// A convolution behind a Pad with zeros can pad by itself; so can pooling, where zeros in the
// windows mean the same.
#include "compiler/ops/activation.h"
#include "compiler/ops/convolution.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/pooling.h"
#include "compiler/passes/pass.h"

struct pads {
    int32_t spatial; // number of axes
    int64_t begin[SHAPE_MAX_RANK], end[SHAPE_MAX_RANK];
};

static bool read_list(const struct node *pad, uint32_t input, int64_t *out) {
    const struct tensor *t = node_constant(pad, input);
    double numbers[SHAPE_MAX_RANK];
    int32_t rank = pad->outputs[0].shape.rank;
    if (t == NULL || rank < 3 || tensor_count(t) != (uint64_t)rank)
        return false;
    tensor_read_doubles(t, 0, (uint64_t)rank, numbers);
    for (int32_t i = 0; i < rank; i++) {
        if (numbers[i] < 0 || numbers[i] > INT32_MAX || (i < 2 && numbers[i] != 0))
            return false;
        if (i >= 2)
            out[i - 2] = (int64_t)numbers[i];
    }
    return true;
}

static bool pads_with_zeros(const struct node *pad) {
    double value = 0;
    if (((const struct pad *)pad->attrs)->pad_mode != PAD_CONSTANT)
        return false;
    if (node_input(pad, 3) == NULL)
        return true;
    return node_constant(pad, 3) != NULL && tensor_uniform(node_constant(pad, 3), &value) &&
           value == 0;
}

static bool read_pads(const struct node *pad, struct pads *out) {
    out->spatial = pad->outputs[0].shape.rank - 2;
    return pads_with_zeros(pad) && read_list(pad, 1, out->begin) && read_list(pad, 2, out->end);
}

static struct ints sum(const struct graph *g, struct ints own, const int64_t *more) {
    int64_t numbers[SHAPE_MAX_RANK];
    for (uint32_t i = 0; i < own.count; i++)
        numbers[i] = own.data[i] + more[i];
    return ints_copy(g->arena, numbers, own.count);
}

static bool all_zero(struct ints v) {
    for (uint32_t i = 0; i < v.count; i++)
        if (v.data[i] != 0)
            return false;
    return true;
}

static void pad_convolution(struct node *n, const struct pads *pads) {
    struct convolution *a = n->attrs;
    a->pads_begin = sum(n->graph, a->pads_begin, pads->begin);
    a->pads_end = sum(n->graph, a->pads_end, pads->end);
    a->auto_pad = PAD_EXPLICIT; // the pads it had are those of the padded data
}

static void pad_pooling(struct node *n, const struct pads *pads) {
    struct pooling *a = n->attrs;
    a->pads_begin = sum(n->graph, a->pads_begin, pads->begin);
    a->pads_end = sum(n->graph, a->pads_end, pads->end);
    a->auto_pad = PAD_EXPLICIT;
    if (node_is(n, &op_AvgPool))
        a->exclude_pad = false;
}

// Zeros never win against what is not negative, as nothing does against the padding of MaxPool.
static bool is_never_negative(const struct value *v) {
    const struct node *n = v->producer;
    if (node_is(n, &op_ReLU)) {
        float slope = ((const struct relu *)n->attrs)->negative_slope;
        return slope == 0 || (double)slope <= ATTR_UNSET;
    }
    return node_is(n, &op_Sigmoid) ||
           (node_is(n, &op_Clamp) && ((const struct clamp *)n->attrs)->min >= 0);
}

// An average counts the zeros: the pooling must, and has no pads of its own that it does not count.
static bool averages_zeros(const struct node *n) {
    const struct pooling *a = n->attrs;
    return a->rounding_type == ROUND_FLOOR &&
           (!a->exclude_pad || (all_zero(a->pads_begin) && all_zero(a->pads_end)));
}

static bool take_pads(struct node *n, const struct value *x, const struct pads *pads) {
    if (node_is(n, &op_Convolution) || node_is(n, &op_GroupConvolution))
        pad_convolution(n, pads);
    else if ((node_is(n, &op_AvgPool) && averages_zeros(n)) ||
             (node_is(n, &op_MaxPool) && is_never_negative(x)))
        pad_pooling(n, pads);
    else
        return false;
    return true;
}

static bool fuse(struct node *pad) {
    struct pads pads;
    bool progress = false;
    if (!node_is(pad, &op_Pad) || !read_pads(pad, &pads))
        return false;
    struct value *x = node_input(pad, 0);
    VALUE_EACH_USE(&pad->outputs[0], u) {
        struct node *n = u->user;
        if (u->index != 0 || !take_pads(n, x, &pads))
            continue;
        node_set_input(n, 0, x);
        node_infer(n);
        progress = true;
    }
    return progress;
}

bool fuse_pads(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool progress = false;
    GRAPH_EACH(g, n) {
        if (fuse(n))
            progress = true;
    }
    return progress;
}
