// SPDX-License-Identifier: Apache-2.0
// Convolution, Deconvolution, Pooling, InnerProduct.
#include "compiler/ops/convolution.h"

#include "compiler/ops/build_layers.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/pooling.h"
#include "frontends/caffe/layers.h"

struct spatial { // what a layer says of its window, one number a spatial axis
    int32_t count;
    int64_t kernel[SHAPE_MAX_RANK], stride[SHAPE_MAX_RANK], pad[SHAPE_MAX_RANK],
        dilation[SHAPE_MAX_RANK];
};

static struct ints ints_of(struct layer *l, const int64_t *data, int32_t count) {
    return ints_copy(l->arena, data, (uint32_t)count);
}

// --- convolutions ------------------------------------------------------------

// A repeated field: nothing, one number for all axes, or one for each.
static bool spread(struct layer *l, const char *what, size_t n, const uint32_t *given,
                   int64_t otherwise, int32_t count, int64_t *out) {
    if (n > 1 && n != (size_t)count) {
        layer_fail(
            l, SHAPE_MISMATCH,
            arena_printf(l->arena, "%s has %zu numbers for %d spatial dimensions", what, n, count));
        return false;
    }
    for (int32_t i = 0; i < count; i++)
        out[i] = n == 0 ? otherwise : given[n == 1 ? 0 : i];
    return true;
}

// height and width of their own fields, which stand for two-dimensional layers only.
static bool pair(struct layer *l, int32_t count, bool given, uint32_t h, uint32_t w, int64_t *out) {
    if (!given)
        return true;
    if (count != 2) {
        layer_fail(l, SHAPE_MISMATCH,
                   arena_printf(l->arena, "..._h and ..._w for %d spatial dimensions", count));
        return false;
    }
    out[0] = h;
    out[1] = w;
    return true;
}

static bool read_window(struct layer *l, const Caffe__ConvolutionParameter *p, struct spatial *s) {
    s->count = layer_shape(l, 0).rank - 2;
    bool good =
        spread(l, "kernel_size", p->n_kernel_size, p->kernel_size, 0, s->count, s->kernel) &&
        spread(l, "stride", p->n_stride, p->stride, 1, s->count, s->stride) &&
        spread(l, "pad", p->n_pad, p->pad, 0, s->count, s->pad) &&
        spread(l, "dilation", p->n_dilation, p->dilation, 1, s->count, s->dilation) &&
        pair(l, s->count, p->has_kernel_h || p->has_kernel_w, p->kernel_h, p->kernel_w,
             s->kernel) &&
        pair(l, s->count, p->has_stride_h || p->has_stride_w, p->stride_h, p->stride_w,
             s->stride) &&
        pair(l, s->count, p->has_pad_h || p->has_pad_w, p->pad_h, p->pad_w, s->pad);
    for (int32_t i = 0; good && i < s->count; i++)
        if (s->kernel[i] == 0) {
            layer_fail(l, ATTRIBUTE_MISSING, "kernel_size");
            good = false;
        }
    return good;
}

// [first, second, kernel...]: how the filters lie in the file.
static struct shape filter_shape(const struct spatial *s, int64_t first, int64_t second) {
    struct shape shape = {.rank = 2 + s->count, .dims = {first, second}};
    for (int32_t i = 0; i < s->count; i++)
        shape.dims[2 + i] = s->kernel[i];
    return shape;
}

static bool groups_fit(struct layer *l, int64_t group, int64_t read, int64_t made) {
    if (group > 0 && made > 0 && read % group == 0 && made % group == 0)
        return true;
    layer_fail(l, SHAPE_MISMATCH,
               arena_printf(l->arena,
                            "group %lld does not divide both %lld channels read and "
                            "num_output %lld",
                            (long long)group, (long long)read, (long long)made));
    return false;
}

struct convolution_layer {
    const Caffe__ConvolutionParameter *param;
    struct spatial spatial;
    int64_t read, made, group;
    bool transposed;
};

static struct value *convolve(struct layer *l, const struct convolution_layer *c,
                              struct value *data, const struct tensor *weights,
                              const struct tensor *biases, const char *name) {
    const struct spatial *s = &c->spatial;
    struct ints pads = ints_of(l, s->pad, s->count);
    struct ints strides = ints_of(l, s->stride, s->count);
    struct ints dilations = ints_of(l, s->dilation, s->count);
    const struct convolution window = {
        .strides = strides, .dilations = dilations, .pads_begin = pads, .pads_end = pads};
    const struct deconvolution backward = {
        .strides = strides, .dilations = dilations, .pads_begin = pads, .pads_end = pads};
    return c->transposed
               ? build_deconvolution(&l->builder, name, data, weights, biases, c->group, &backward)
               : build_convolution(&l->builder, name, data, weights, biases, c->group, &window);
}

// Caffe runs the same filters over each bottom.
static void convolve_all(struct layer *l, const struct convolution_layer *c) {
    struct shape shape = c->transposed ? filter_shape(&c->spatial, c->read, c->made / c->group)
                                       : filter_shape(&c->spatial, c->made, c->read / c->group);
    const struct tensor *weights = layer_blob(l, 0, "weights", shape), *biases = NULL;
    if (weights != NULL && c->param->bias_term)
        biases = layer_blob(l, 1, "biases", SHAPE(c->made));
    for (uint32_t i = 0; !l->failed && i < l->top_count && i < l->bottom_count; i++) {
        const char *name = i == 0 ? l->name : arena_printf(l->arena, "%s/%u", l->name, i);
        l->tops[i] = convolve(l, c, l->bottoms[i], weights, biases, name);
    }
}

// `depthwise`: as many groups as channels, whatever `group` says.
static void import_as(struct layer *l, bool transposed, bool depthwise) {
    const Caffe__ConvolutionParameter *p = layer_param(l, "convolution_param");
    struct convolution_layer c = {.param = p, .transposed = transposed};
    int32_t axis;
    if (!layer_rank(l, 0, 3, 5) || !layer_axis(l, 0, p->axis, false, &axis))
        return;
    if (axis != 1) {
        layer_fail(l, NOT_SUPPORTED, "a convolution", "its axis is not 1");
        return;
    }
    c.read = layer_shape(l, 0).dims[1];
    c.made = p->num_output;
    c.group = depthwise ? c.read : p->group;
    if (c.read == DIM_UNKNOWN) {
        layer_static(l, 0);
        return;
    }
    if (p->num_output == 0) {
        layer_fail(l, ATTRIBUTE_MISSING, "num_output");
        return;
    }
    if (read_window(l, p, &c.spatial) && groups_fit(l, c.group, c.read, c.made))
        convolve_all(l, &c);
}

void import_convolution(struct layer *l) {
    import_as(l, false, false);
}

void import_deconvolution(struct layer *l) {
    import_as(l, true, false);
}

// A layer that many forks have.
void import_depthwise(struct layer *l) {
    import_as(l, false, true);
}

// --- pooling -----------------------------------------------------------------

static bool pooling_window(struct layer *l, const Caffe__PoolingParameter *p, struct spatial *s) {
    struct shape shape = layer_shape(l, 0);
    s->count = shape.rank - 2;
    for (int32_t i = 0; i < s->count; i++) {
        s->kernel[i] = p->global_pooling ? shape.dims[i + 2] : p->kernel_size;
        s->stride[i] = p->global_pooling ? 1 : p->stride;
        s->pad[i] = p->global_pooling ? 0 : p->pad;
    }
    if (p->global_pooling)
        return layer_static(l, 0);
    if (!pair(l, s->count, p->has_kernel_h || p->has_kernel_w, p->kernel_h, p->kernel_w,
              s->kernel) ||
        !pair(l, s->count, p->has_stride_h || p->has_stride_w, p->stride_h, p->stride_w,
              s->stride) ||
        !pair(l, s->count, p->has_pad_h || p->has_pad_w, p->pad_h, p->pad_w, s->pad))
        return false;
    for (int32_t i = 0; i < s->count; i++)
        if (s->kernel[i] == 0) {
            layer_fail(l, ATTRIBUTE_MISSING, "kernel_size");
            return false;
        }
    return true;
}

static enum rounding rounding_of(const Caffe__PoolingParameter *p, const struct spatial *s) {
    bool padded = false;
    for (int32_t i = 0; i < s->count; i++)
        padded |= s->pad[i] > 0;
    if (!p->ceil_mode || p->round_mode == CAFFE__POOLING_PARAMETER__ROUND_MODE__FLOOR)
        return ROUND_FLOOR;
    return padded ? ROUND_CEIL_CLIPPED : ROUND_CEIL;
}

void import_pooling(struct layer *l) {
    const Caffe__PoolingParameter *p = layer_param(l, "pooling_param");
    struct spatial s;
    if (!layer_rank(l, 0, 3, 5) || !pooling_window(l, p, &s))
        return;
    if (p->pool == CAFFE__POOLING_PARAMETER__POOL_METHOD__STOCHASTIC) {
        layer_fail(l, NOT_SUPPORTED, "pool: STOCHASTIC", "no IR has it");
        return;
    }
    bool is_max = p->pool == CAFFE__POOLING_PARAMETER__POOL_METHOD__MAX;
    struct node *n =
        build_node(&l->builder, is_max ? &op_MaxPool : &op_AvgPool, l->name, 1, l->bottoms);
    struct pooling *a = n->attrs;
    a->kernel = ints_of(l, s.kernel, s.count);
    a->strides = ints_of(l, s.stride, s.count);
    a->pads_begin = a->pads_end = ints_of(l, s.pad, s.count);
    a->rounding_type = (int)rounding_of(p, &s);
    a->exclude_pad = is_max; // Caffe's averages count the padding
    node_finish(n);
    l->tops[0] = &n->outputs[0];
}

// --- fully connected ---------------------------------------------------------

// The dimensions before `axis`, then one of all the others: [N, C*H*W] in the usual case.
static struct value *flatten_from(struct layer *l, int32_t axis) {
    if (layer_shape(l, 0).rank == axis + 1)
        return l->bottoms[0];
    struct node *n = build_node(&l->builder, &op_Flatten, layer_node(l, "flatten"), 1, l->bottoms);
    ((struct flatten *)n->attrs)->axis = axis;
    node_finish(n);
    return &n->outputs[0];
}

static void connect(struct layer *l, const Caffe__InnerProductParameter *p, int32_t axis,
                    int64_t read) {
    struct shape stored = p->transpose ? SHAPE(read, p->num_output) : SHAPE(p->num_output, read);
    const struct tensor *weights = layer_blob(l, 0, "weights", stored), *biases = NULL;
    if (weights != NULL && p->bias_term)
        biases = layer_blob(l, 1, "biases", SHAPE(p->num_output));
    if (l->failed)
        return;
    if (p->transpose)
        weights = tensor_permute(l->arena, weights, (const int32_t[]){1, 0});
    l->tops[0] =
        build_fully_connected(&l->builder, l->name, flatten_from(l, axis), weights, biases);
}

void import_inner_product(struct layer *l) {
    const Caffe__InnerProductParameter *p = layer_param(l, "inner_product_param");
    struct shape shape = layer_shape(l, 0);
    int32_t axis;
    uint64_t read;
    if (!layer_axis(l, 0, p->axis, false, &axis))
        return;
    if (!shape_count_range(&shape, axis, shape.rank, &read))
        layer_static(l, 0);
    else if (p->num_output == 0)
        layer_fail(l, ATTRIBUTE_MISSING, "num_output");
    else
        connect(l, p, axis, (int64_t)read);
}
