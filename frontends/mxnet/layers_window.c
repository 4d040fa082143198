// SPDX-License-Identifier: Apache-2.0
// Convolution, Deconvolution, Pooling, FullyConnected. Sources: MXNet's operator
// documentation, 1.3.
#include "compiler/ops/build_layers.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/pooling.h"
#include "frontends/mxnet/layers.h"

// Tensors in another layout than N, C, spatial have no counterpart.
static bool layout_fits(struct mxnet_layer *l) {
    static const char *const layouts[] = {"None", "NCHW", "NCW", "NCDHW", NULL};
    return mxnet_choice(l, "layout", layouts) >= 0 && !l->failed;
}

static struct convolution read_window(struct mxnet_layer *l) {
    struct ints pads = mxnet_ints(l, "pad");
    return (struct convolution){.strides = mxnet_ints(l, "stride"),
                                .dilations = mxnet_ints(l, "dilate"),
                                .pads_begin = pads,
                                .pads_end = pads};
}

// The third input, unless no_bias. MXNet's own default of no_bias differs between operators.
static const struct tensor *read_bias(struct mxnet_layer *l, bool no_bias) {
    if (mxnet_bool(l, "no_bias", no_bias) || l->input_count < 3)
        return NULL;
    return mxnet_weights(l, 2, "bias");
}

void mxnet_convolution(struct mxnet_layer *l) {
    struct convolution window = read_window(l);
    int64_t groups = mxnet_int(l, "num_group", 1);
    const struct tensor *bias = read_bias(l, false);
    if (!layout_fits(l))
        return;
    const struct tensor *weights = mxnet_weights(l, 1, "weight");
    if (weights != NULL)
        l->outputs[0] =
            build_convolution(&l->builder, l->name, l->inputs[0], weights, bias, groups, &window);
}

static bool is_size(int64_t v) {
    return v >= 1 && v <= INT32_MAX / 2;
}

// pads from target_shape: the whole surplus, the odd one of it taken off the end again (InferPad).
static bool pads_of_target(struct mxnet_layer *l, struct deconvolution *w, struct ints kernel,
                           struct ints target) {
    const struct shape *in = &l->inputs[0]->shape;
    int64_t *begin = arena_array_of(l->arena, target.count, int64_t);
    int64_t *end = arena_array_of(l->arena, target.count, int64_t);
    if (!mxnet_static(l, 0) || !mxnet_rank(l, 0, (int32_t)target.count + 2, SHAPE_MAX_RANK))
        return false;
    for (uint32_t i = 0; i < target.count; i++) {
        int64_t size = ints_get(kernel, i, 1), apart = ints_get(w->dilations, i, 1);
        int64_t stride = ints_get(w->strides, i, 1);
        if (!is_size(size) || !is_size(apart) || !is_size(stride) || !is_size(target.data[i]) ||
            !is_size(in->dims[i + 2])) {
            mxnet_fail(l, ATTRIBUTE_VALUE, "kernel", "so large or small, or stride, target_shape");
            return false;
        }
        int64_t extent = (size - 1) * apart + 1;
        int64_t full = stride * (in->dims[i + 2] - 1) + extent;
        int64_t surplus = full - target.data[i];
        if (surplus < 0) {
            mxnet_fail(l, ATTRIBUTE_VALUE, "target_shape", "larger than the window reaches");
            return false;
        }
        begin[i] = (surplus + 1) / 2;
        end[i] = surplus / 2;
    }
    w->pads_begin = (struct ints){begin, target.count};
    w->pads_end = (struct ints){end, target.count};
    return true;
}

// adj makes the output larger at the end: less padding there, or more output where there is none.
static void apply_adjustment(struct mxnet_layer *l, struct deconvolution *w, struct ints adj) {
    int64_t *end = arena_array_of(l->arena, adj.count, int64_t);
    int64_t *more = arena_array_of(l->arena, adj.count, int64_t);
    for (uint32_t i = 0; i < adj.count; i++) {
        int64_t pad = ints_get(w->pads_end, i, 0);
        end[i] = adj.data[i] <= pad ? pad - adj.data[i] : 0;
        more[i] = adj.data[i] <= pad ? 0 : adj.data[i] - pad;
    }
    if (adj.count == 0)
        return;
    w->pads_end = (struct ints){end, adj.count};
    w->output_padding = (struct ints){more, adj.count};
}

void mxnet_deconvolution(struct mxnet_layer *l) {
    struct convolution base = read_window(l);
    struct deconvolution window = {.strides = base.strides,
                                   .dilations = base.dilations,
                                   .pads_begin = base.pads_begin,
                                   .pads_end = base.pads_end};
    struct ints target = mxnet_ints(l, "target_shape"), kernel = mxnet_ints(l, "kernel");
    struct ints adj = mxnet_ints(l, "adj");
    int64_t groups = mxnet_int(l, "num_group", 1);
    const struct tensor *bias = read_bias(l, true);
    if (!layout_fits(l))
        return;
    bool has_target = target.count > 0 && target.data[0] != 0;
    if (has_target && !pads_of_target(l, &window, kernel, target))
        return;
    if (!has_target)
        apply_adjustment(l, &window, adj);
    const struct tensor *weights = mxnet_weights(l, 1, "weight");
    if (weights != NULL)
        l->outputs[0] =
            build_deconvolution(&l->builder, l->name, l->inputs[0], weights, bias, groups, &window);
}

// --- pooling -------------------------------------------------------------------------------------

// One window over everything. Only the spatial dimensions must be known.
static bool global_window(struct mxnet_layer *l, struct pooling *p) {
    const struct shape *in = &l->inputs[0]->shape;
    if (!mxnet_rank(l, 0, 3, 5))
        return false;
    uint32_t count = (uint32_t)in->rank - 2;
    for (uint32_t i = 0; i < count; i++)
        if (in->dims[i + 2] == DIM_UNKNOWN)
            return mxnet_static(l, 0);
    p->kernel = ints_copy(l->arena, in->dims + 2, count);
    p->strides = (struct ints){0};
    p->pads_begin = p->pads_end = (struct ints){0};
    return true;
}

// Sum pooling is average pooling times the size of the window.
static struct value *times_window(struct mxnet_layer *l, struct value *average,
                                  const struct pooling *p) {
    double size = 1;
    for (uint32_t i = 0; i < p->kernel.count; i++)
        size *= (double)p->kernel.data[i];
    return build_op2(&l->builder, &op_Multiply, mxnet_name(l, "sum"), average,
                     build_f32_scalar(&l->builder, mxnet_name(l, "size"), (float)size));
}

void mxnet_pooling(struct mxnet_layer *l) {
    static const char *const kinds[] = {"max", "avg", "sum", NULL};
    static const char *const conventions[] = {"valid", "full", NULL};
    int kind = mxnet_choice(l, "pool_type", kinds);
    int convention = mxnet_choice(l, "pooling_convention", conventions);
    bool is_global = mxnet_bool(l, "global_pool", false);
    bool count_pad = mxnet_bool(l, "count_include_pad", true);
    struct ints kernel = mxnet_ints(l, "kernel"), pads = mxnet_ints(l, "pad");
    struct ints strides = mxnet_ints(l, "stride");
    if (!layout_fits(l))
        return;
    struct node *n =
        build_node(&l->builder, kind == 0 ? &op_MaxPool : &op_AvgPool, l->name, 1, l->inputs);
    struct pooling *p = n->attrs;
    p->kernel = kernel;
    p->strides = strides;
    p->pads_begin = p->pads_end = pads;
    p->rounding_type = convention == 1 ? ROUND_CEIL : ROUND_FLOOR;
    p->exclude_pad = !count_pad;
    if (is_global && !global_window(l, p))
        return;
    node_finish(n);
    struct value *y = &n->outputs[0];
    l->outputs[0] = kind == 2 ? times_window(l, y, p) : y;
}

// --- fully connected -----------------------------------------------------------------------------

// All but the first dimension become one, unless flatten=False: then the last alone is multiplied.
void mxnet_fully_connected(struct mxnet_layer *l) {
    bool flatten = mxnet_bool(l, "flatten", true);
    const struct tensor *bias = read_bias(l, false);
    const struct tensor *weights = mxnet_weights(l, 1, "weight");
    if (weights == NULL || l->failed)
        return;
    struct value *x = l->inputs[0];
    if (flatten && x->shape.rank != 2)
        x = build_op1(&l->builder, &op_Flatten, mxnet_name(l, "flatten"), x);
    l->outputs[0] = build_fully_connected(&l->builder, l->name, x, weights, bias);
}
