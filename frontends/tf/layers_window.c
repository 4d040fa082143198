// SPDX-License-Identifier: Apache-2.0
// Convolutions, pooling, and what stands between them: biases, batch normalization, LRN, products.
#include <math.h>
#include <string.h>

#include "compiler/ops/build_layers.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/matmul.h"
#include "compiler/ops/normalization.h"
#include "compiler/ops/pooling.h"
#include "frontends/tf/layers.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

static struct value *data_first(struct tf_layer *l, uint32_t input) {
    struct value *x = l->inputs[input];
    return tf_channels_last(l) ? tf_to_first(l, "to_channels_first", x) : x;
}

static void give(struct tf_layer *l, struct value *y) {
    l->outputs[0] = tf_channels_last(l) ? tf_to_last(l, y) : y;
}

// Two numbers for every axis of the data, of which the spatial ones count.
static void explicit_pads(struct tf_layer *l, struct ints *begin, struct ints *end) {
    struct ints all = tf_attr_ints(l->node, "explicit_paddings");
    uint32_t first = tf_channels_last(l) ? 1 : 2,
             count = all.count / 2 >= 2 ? all.count / 2 - 2 : 0;
    int64_t *b = arena_array_of(l->arena, count, int64_t);
    int64_t *e = arena_array_of(l->arena, count, int64_t);
    for (uint32_t i = 0; i < count; i++) {
        b[i] = all.data[(size_t)2 * (first + i)];
        e[i] = all.data[(size_t)2 * (first + i) + 1];
    }
    *begin = (struct ints){b, count};
    *end = (struct ints){e, count};
}

static enum auto_pad read_padding(struct tf_layer *l, struct ints *begin, struct ints *end) {
    const char *padding = tf_attr_text(l->arena, l->node, "padding", "VALID");
    *begin = *end = (struct ints){0};
    if (strcmp(padding, "SAME") == 0)
        return PAD_SAME_UPPER;
    if (strcmp(padding, "EXPLICIT") == 0) {
        explicit_pads(l, begin, end);
        return PAD_EXPLICIT;
    }
    return PAD_VALID;
}

static struct convolution read_window(struct tf_layer *l) {
    struct convolution w = {.strides = tf_spatial(l, tf_attr_ints(l->node, "strides")),
                            .dilations = tf_spatial(l, tf_attr_ints(l->node, "dilations"))};
    w.auto_pad = (int)read_padding(l, &w.pads_begin, &w.pads_end);
    return w;
}

// --- convolution ---------------------------------------------------------------------------------

// Filters [k..., I, O] as [O, I, k...], turned in the graph when they are computed.
static struct value *filters_first(struct tf_layer *l, struct value *w) {
    int64_t order[SHAPE_MAX_RANK];
    int32_t rank = w->shape.rank;
    order[0] = rank - 1;
    order[1] = rank - 2;
    for (int32_t i = 2; i < rank; i++)
        order[i] = i - 2;
    return build_transpose(&l->builder, tf_name(l, "filters"), w, (uint32_t)rank, order);
}

static struct value *convolve(struct tf_layer *l, struct value *x, struct value *w,
                              int64_t groups) {
    struct convolution window = read_window(l);
    struct builder *b = &l->builder;
    bool grouped = groups > 1;
    if (grouped) { // [O, I/G, k...] to [G, O/G, I/G, k...]
        int64_t dims[SHAPE_MAX_RANK] = {groups, -1};
        for (int32_t i = 1; i < w->shape.rank; i++)
            dims[i + 1] = w->shape.dims[i];
        w = build_reshape(b, tf_name(l, "groups"), w, (uint32_t)w->shape.rank + 1, dims);
    }
    struct node *n = build_node(b, grouped ? &op_GroupConvolution : &op_Convolution, l->name, 2,
                                (struct value *[]){x, w});
    *(struct convolution *)n->attrs = window;
    return finish(n);
}

// Channels of the data over channels of the filters say how many groups there are.
static void convolution(struct tf_layer *l, int32_t rank) {
    if (!tf_rank(l, 0, rank, rank) || !tf_rank(l, 1, rank, rank))
        return;
    struct value *x = data_first(l, 0), *w = filters_first(l, l->inputs[1]);
    if (x->poison || w->poison)
        return;
    int64_t read = w->shape.dims[1], given = x->shape.dims[1];
    int64_t groups = read > 0 && given > 0 && given % read == 0 ? given / read : 1;
    give(l, convolve(l, x, w, groups));
}

void tf_conv2d(struct tf_layer *l) {
    convolution(l, 4);
}

void tf_conv3d(struct tf_layer *l) {
    convolution(l, 5);
}

// Filters [kh, kw, C, M]: channel c makes channels c*M to c*M + M - 1.
void tf_depthwise(struct tf_layer *l) {
    if (!tf_rank(l, 0, 4, 4) || !tf_rank(l, 1, 4, 4) || !tf_static(l, 1))
        return;
    struct builder *b = &l->builder;
    struct value *x = data_first(l, 0), *w = l->inputs[1];
    int64_t kh = w->shape.dims[0], kw = w->shape.dims[1];
    int64_t channels = w->shape.dims[2], each = w->shape.dims[3];
    w = build_transpose(b, tf_name(l, "filters"), w, 4, (const int64_t[]){2, 3, 0, 1});
    w = build_reshape(b, tf_name(l, "groups"), w, 5, (const int64_t[]){channels, each, 1, kh, kw});
    struct node *n = build_node(b, &op_GroupConvolution, l->name, 2, (struct value *[]){x, w});
    *(struct convolution *)n->attrs = read_window(l);
    give(l, finish(n));
}

// The spatial numbers of the sizes in input 0: all of them, or those alone (later versions).
static struct value *spatial_sizes(struct tf_layer *l, int32_t rank) {
    struct value *sizes = l->inputs[0];
    int64_t places[SHAPE_MAX_RANK], first = tf_channels_last(l) ? 1 : 2;
    if (sizes->shape.rank != 1 || sizes->shape.dims[0] != rank) {
        if (sizes->shape.rank == 1 && sizes->shape.dims[0] == rank - 2)
            return sizes;
        tf_fail(l, SHAPE_MISMATCH, "input_sizes has not a number for each axis");
        return NULL;
    }
    for (int64_t i = 0; i < rank - 2; i++)
        places[i] = first + i;
    struct value *inputs[] = {
        sizes, build_i64(&l->builder, tf_name(l, "spatial"), (uint32_t)rank - 2, places),
        build_i64_scalar(&l->builder, tf_name(l, "axis"), 0)};
    return finish(build_node(&l->builder, &op_Gather, tf_name(l, "output_shape"), 3, inputs));
}

// Inputs: sizes of the result, filters [kh, kw, O, I], data.
void tf_conv_backprop(struct tf_layer *l) {
    if (!tf_inputs(l, 3) || !tf_rank(l, 2, 4, 5))
        return;
    struct value *shape = spatial_sizes(l, l->inputs[2]->shape.rank);
    if (shape == NULL)
        return;
    struct value *x = data_first(l, 2), *w = filters_first(l, l->inputs[1]);
    struct convolution window = read_window(l);
    struct node *n = build_node(&l->builder, &op_ConvolutionBackpropData, l->name, 3,
                                (struct value *[]){x, w, shape});
    struct deconvolution *a = n->attrs;
    a->strides = window.strides;
    a->dilations = window.dilations;
    // An odd pad is at the end; the opset's word for it is the other one.
    a->auto_pad = window.auto_pad == PAD_SAME_UPPER ? PAD_SAME_LOWER : window.auto_pad;
    a->pads_begin = window.pads_begin;
    a->pads_end = window.pads_end;
    give(l, finish(n));
}

// --- pooling -------------------------------------------------------------------------------------

void tf_pool(struct tf_layer *l) {
    bool average = strncmp(l->node->op, "Avg", 3) == 0;
    struct ints kernel = tf_attr_ints(l->node, "ksize");
    struct ints strides = tf_attr_ints(l->node, "strides");
    bool by_inputs = l->input_count > 1; // the second version
    if (!tf_rank(l, 0, 4, 5) || (by_inputs && (!tf_numbers(l, 1, "ksize", &kernel) ||
                                               !tf_numbers(l, 2, "strides", &strides))))
        return;
    kernel = tf_spatial(l, kernel);
    strides = tf_spatial(l, strides);
    struct value *x = data_first(l, 0);
    struct node *n = build_node(&l->builder, average ? &op_AvgPool : &op_MaxPool, l->name, 1, &x);
    struct pooling *p = n->attrs;
    p->kernel = kernel;
    p->strides = strides;
    p->auto_pad = (int)read_padding(l, &p->pads_begin, &p->pads_end);
    p->exclude_pad = true;
    p->rounding_type = ROUND_FLOOR;
    p->spelling = SPELL_NOTHING;
    give(l, finish(n));
}

// --- along the channels --------------------------------------------------------------------------

static int64_t channel_axis(struct tf_layer *l) {
    return tf_channels_last(l) ? -1 : 1;
}

void tf_bias_add(struct tf_layer *l) {
    if (!tf_inputs(l, 2))
        return;
    const struct tensor *bias = l->inputs[1]->constant;
    if (tf_channels_last(l) || bias == NULL)
        l->outputs[0] = build_op2(&l->builder, &op_Add, l->name, l->inputs[0], l->inputs[1]);
    else
        l->outputs[0] = build_per_channel(&l->builder, &op_Add, l->name, l->inputs[0], 1, bias);
}

// One number for each channel, as it broadcasts over the data.
static struct value *per_channel(struct tf_layer *l, const char *suffix, struct value *v) {
    int64_t dims[SHAPE_MAX_RANK] = {1, -1};
    int32_t rank = l->inputs[0]->shape.rank;
    for (int32_t i = 2; i < rank; i++)
        dims[i] = 1;
    return tf_channels_last(l)
               ? v
               : build_reshape(&l->builder, tf_name(l, suffix), v, (uint32_t)rank, dims);
}

// The data's own mean and variance over all axes but the channels.
static struct value *normalize_by_itself(struct tf_layer *l, double epsilon) {
    int32_t rank = l->inputs[0]->shape.rank;
    int64_t axes[SHAPE_MAX_RANK], channels = tf_channels_last(l) ? rank - 1 : 1;
    uint32_t count = 0;
    for (int32_t i = 0; i < rank; i++)
        if (i != channels)
            axes[count++] = i;
    struct value *over = build_i64(&l->builder, tf_name(l, "axes"), count, axes);
    struct node *n = build_node(&l->builder, &op_MVN, tf_name(l, "normalized"), 2,
                                (struct value *[]){l->inputs[0], over});
    ((struct mvn *)n->attrs)->eps = (float)epsilon;
    return finish(n);
}

static struct value *normalize_by_inputs(struct tf_layer *l, double epsilon) {
    struct builder *b = &l->builder;
    struct value *variance = l->inputs[4];
    struct value *small = build_constant(
        b, tf_name(l, "epsilon"), tensor_splat(l->arena, variance->type, shape_scalar(), epsilon));
    struct value *deviation =
        build_op1(b, &op_Sqrt, tf_name(l, "deviation"),
                  build_op2(b, &op_Add, tf_name(l, "variance"), variance, small));
    struct value *x = build_op2(b, &op_Subtract, tf_name(l, "centred"), l->inputs[0],
                                per_channel(l, "mean_each", l->inputs[3]));
    return build_op2(b, &op_Divide, tf_name(l, "normalized"), x,
                     per_channel(l, "deviation_each", deviation));
}

// Statistics that are computed: of the data itself in training form, else by other nodes.
static void batch_norm_computed(struct tf_layer *l, bool training, double epsilon) {
    if (!tf_rank(l, 0, 4, 5))
        return;
    struct value *x = training ? normalize_by_itself(l, epsilon) : normalize_by_inputs(l, epsilon);
    x = build_op2(&l->builder, &op_Multiply, tf_name(l, "scaled"), x,
                  per_channel(l, "scale_each", l->inputs[1]));
    l->outputs[0] =
        build_op2(&l->builder, &op_Add, l->name, x, per_channel(l, "offset_each", l->inputs[2]));
}

// Inputs: data, scale, offset, mean, variance; in training form the last two are not looked at.
void tf_batch_norm(struct tf_layer *l) {
    const struct tensor *t[5] = {NULL};
    bool training = tf_attr_bool(l->node, "is_training", true), known = true;
    double epsilon = tf_attr_float(l->node, "epsilon", 1e-4);
    if (!tf_inputs(l, 5))
        return;
    for (uint32_t i = 1; i < 5; i++)
        known = (t[i] = l->inputs[i]->constant) != NULL && known;
    if (training || !known) {
        batch_norm_computed(l, training, epsilon);
        return;
    }
    struct batch_norm_tensors tensors = {t[3], t[4], t[1], t[2], epsilon};
    l->outputs[0] = build_batch_norm(&l->builder, l->name, l->inputs[0], channel_axis(l), &tensors);
    if (l->outputs[0] == NULL)
        tf_fail(l, SHAPE_MISMATCH, "scale, offset, mean and variance differ in size");
}

// x / (bias + alpha * sum over 2r+1 channels)^beta; LRN divides alpha by the size.
// x * (bias + alpha * sum)^-beta. Runtimes cut the bias to an integer, so it is drawn out:
// bias^-beta * x * (1 + alpha / bias * sum)^-beta.
void tf_lrn(struct tf_layer *l) {
    int64_t radius = tf_attr_int(l->node, "depth_radius", 5);
    double alpha = tf_attr_float(l->node, "alpha", 1), beta = tf_attr_float(l->node, "beta", 0.5);
    double bias = tf_attr_float(l->node, "bias", 1);
    bool drawn = bias > 0 && bias != 1;
    if (!tf_rank(l, 0, 4, 4))
        return;
    struct builder *b = &l->builder;
    struct value *axes = build_i64(b, tf_name(l, "axes"), 1, &(int64_t){1});
    struct value *x = tf_to_first(l, "to_channels_first", l->inputs[0]);
    struct node *n = build_node(b, &op_LRN, l->name, 2, (struct value *[]){x, axes});
    struct lrn *a = n->attrs;
    a->size = 2 * radius + 1;
    a->alpha = (float)((drawn ? alpha / bias : alpha) * (double)a->size);
    a->beta = (float)beta;
    a->bias = drawn ? 1 : (float)bias;
    struct value *y = finish(n);
    if (drawn)
        y = build_op2(b, &op_Multiply, tf_name(l, "Mul_"), y,
                      build_f32_scalar(b, tf_name(l, "factor"), (float)pow(bias, -beta)));
    l->outputs[0] = tf_to_last(l, y);
}

// --- products ------------------------------------------------------------------------------------

static void product(struct tf_layer *l, const char *a, const char *b) {
    if (!tf_inputs(l, 2))
        return;
    struct node *n = build_node(&l->builder, &op_MatMul, l->name, 2, l->inputs);
    struct matmul *m = n->attrs;
    m->transpose_a = tf_attr_bool(l->node, a, false);
    m->transpose_b = tf_attr_bool(l->node, b, false);
    l->outputs[0] = finish(n);
}

void tf_matmul(struct tf_layer *l) {
    product(l, "transpose_a", "transpose_b");
}

void tf_batch_matmul(struct tf_layer *l) {
    product(l, "adj_x", "adj_y");
}
