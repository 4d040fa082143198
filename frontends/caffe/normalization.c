// SPDX-License-Identifier: Apache-2.0
// BatchNorm, BN, Scale, Bias: arithmetic with constants. LRN, MVN, Normalize.
#include "compiler/ops/normalization.h"

#include <math.h>
#include <string.h>

#include "compiler/base/limits.h"
#include "compiler/ops/build_layers.h"
#include "compiler/ops/classic.h"
#include "frontends/caffe/layers.h"

// Channels of the first bottom; 0 after a report.
static int64_t channels_of(struct layer *l) {
    struct shape shape = layer_shape(l, 0);
    if (!layer_rank(l, 0, 1, SHAPE_MAX_RANK))
        return 0;
    if (shape.rank == 1)
        return 1; // all is one channel
    if (shape.dims[1] == DIM_UNKNOWN)
        layer_static(l, 0);
    return shape.dims[1] == DIM_UNKNOWN ? 0 : shape.dims[1];
}

// --- BatchNorm and BN --------------------------------------------------------

// The moving sums times 1 / the moving factor.
static const struct tensor *unscaled(struct layer *l, const struct tensor *t, double factor) {
    double scale = factor == 0 ? 0 : 1 / factor;
    const double *all = tensor_as_doubles(l->arena, t);
    uint64_t count = tensor_count(t);
    double *out = arena_array_of(l->arena, count, double);
    for (uint64_t i = 0; all != NULL && i < count; i++)
        out[i] = all[i] * scale;
    return tensor_of_doubles(l->arena, DT_F64, t->shape, out);
}

static void normalize(struct layer *l, const struct tensor *mean, const struct tensor *variance,
                      const struct tensor *gamma, const struct tensor *beta, double epsilon) {
    struct batch_norm_tensors tensors = {mean, variance, gamma, beta, epsilon};
    struct value *v = build_batch_norm(&l->builder, l->name, l->bottoms[0], 1, &tensors);
    if (v == NULL)
        layer_fail(l, NOT_SUPPORTED, "a layer of so many channels", "they do not fit in memory");
    l->tops[0] = v;
}

void import_batch_norm(struct layer *l) {
    const Caffe__BatchNormParameter *p = layer_param(l, "batch_norm_param");
    int64_t channels = channels_of(l);
    if (channels == 0)
        return;
    const struct tensor *mean = layer_blob(l, 0, "mean", SHAPE(channels)), *variance = NULL;
    if (mean != NULL)
        variance = layer_blob(l, 1, "variance", SHAPE(channels));
    if (variance == NULL)
        return;
    if (l->source->blob_count > 2) {
        const struct tensor *factor = layer_blob(l, 2, "moving factor", SHAPE(1));
        double number = 0;
        if (factor == NULL)
            return;
        tensor_read_doubles(factor, 0, 1, &number);
        mean = unscaled(l, mean, number);
        variance = unscaled(l, variance, number);
    }
    normalize(l, mean, variance, NULL, NULL, (double)p->eps);
}

// Blobs: scale, shift and, unless they are folded into those already, mean and variance.
void import_bn(struct layer *l) {
    const Caffe__BNParameter *p = layer_param(l, "bn_param");
    static const char *const what[] = {"scale", "shift", "mean", "variance"};
    const struct tensor *blobs[4] = {NULL};
    int64_t channels = channels_of(l);
    uint32_t needed = l->source->blob_count == 2 ? 2 : 4;
    for (uint32_t i = 0; i < needed && channels != 0; i++)
        if ((blobs[i] = layer_blob(l, i, what[i], SHAPE(channels))) == NULL)
            return;
    if (channels == 0)
        return;
    if (needed == 4) {
        normalize(l, blobs[2], blobs[3], blobs[0], blobs[1],
                  (double)(p->has_var_eps ? p->var_eps : p->eps));
        return;
    }
    struct value *v = build_per_channel(&l->builder, &op_Multiply, layer_node(l, "scale"),
                                        l->bottoms[0], 1, blobs[0]);
    l->tops[0] = build_per_channel(&l->builder, &op_Add, layer_node(l, "shift"), v, 1, blobs[1]);
}

// --- Scale and Bias ----------------------------------------------------------

struct part { // dimensions [axis, axis + rank) of the first bottom, which the weights have
    int32_t axis;
    struct shape shape;
};

static bool part_of(struct layer *l, int32_t axis, int32_t num_axes, struct part *out) {
    struct shape data = layer_shape(l, 0);
    if (!layer_axis(l, 0, axis, true, &out->axis))
        return false;
    int32_t rank = num_axes < 0 ? data.rank - out->axis : num_axes;
    if (rank > data.rank - out->axis) {
        layer_fail(l, ATTRIBUTE_VALUE, "num_axes", arena_printf(l->arena, "%d", num_axes));
        return false;
    }
    out->shape = (struct shape){.rank = rank};
    for (int32_t i = 0; i < rank; i++)
        out->shape.dims[i] = data.dims[out->axis + i];
    return shape_is_static(&out->shape) || layer_static(l, 0);
}

// A tensor of the part's shape as it broadcasts to the data.
static struct value *spread(struct layer *l, const struct part *part, const struct tensor *t,
                            const char *name) {
    struct shape shape = {.rank = layer_shape(l, 0).rank};
    for (int32_t i = 0; i < shape.rank; i++) {
        bool inside = i >= part->axis && i < part->axis + part->shape.rank;
        shape.dims[i] = inside ? part->shape.dims[i - part->axis] : 1;
    }
    if (part->shape.rank == 0)
        shape = shape_scalar();
    return build_constant(&l->builder, layer_node(l, name), tensor_reshape(l->arena, t, shape));
}

// A blob that the weights lack altogether begins training as its filler says.
static const struct tensor *blob_or_filler(struct layer *l, uint32_t index, const char *what,
                                           const struct part *part,
                                           const Caffe__FillerParameter *filler, double otherwise) {
    bool constant = filler == NULL || strcmp(filler->type, "constant") == 0;
    uint64_t count;
    if (l->source->blob_count > 0 || !constant)
        return layer_blob(l, index, what, part->shape);
    if (!shape_count(&part->shape, &count) || count > limits.tensor_bytes / sizeof(float)) {
        layer_fail(l, LIMIT, "size",
                   arena_printf(l->arena, "%s %s", what, shape_text(l->arena, &part->shape)),
                   arena_printf(l->arena, "%ju bytes", (uintmax_t)limits.tensor_bytes));
        return NULL;
    }
    return tensor_splat(l->arena, DT_F32, part->shape,
                        filler == NULL ? otherwise : (double)filler->value);
}

// Scale by what is computed: the second bottom stands from `axis` of the first on.
static void scale_by_bottom(struct layer *l, const Caffe__ScaleParameter *p) {
    struct part part;
    struct node *n =
        build_node(&l->builder, &op_ScaleShift, layer_node(l, "ScaleShift_"), 2, l->bottoms);
    if (!part_of(l, p->axis, layer_shape(l, 1).rank, &part))
        return;
    if (p->bias_term) {
        const struct tensor *bias = blob_or_filler(l, 0, "biases", &part, p->bias_filler, 0);
        if (bias == NULL)
            return;
        node_add_input(n, build_constant(&l->builder, layer_node(l, "biases"), bias));
    }
    ((struct scale_shift *)n->attrs)->axis = part.axis;
    node_finish(n);
    l->tops[0] = &n->outputs[0];
}

void import_scale(struct layer *l) {
    const Caffe__ScaleParameter *p = layer_param(l, "scale_param");
    struct part part;
    if (l->bottom_count == 2) {
        scale_by_bottom(l, p);
        return;
    }
    if (!part_of(l, p->axis, p->num_axes, &part))
        return;
    const struct tensor *scale = blob_or_filler(l, 0, "scale", &part, p->filler, 1), *bias = NULL;
    if (scale != NULL && p->bias_term)
        bias = blob_or_filler(l, 1, "biases", &part, p->bias_filler, 0);
    if (l->failed)
        return;
    struct value *v = build_op2(&l->builder, &op_Multiply, layer_node(l, "scale"), l->bottoms[0],
                                spread(l, &part, scale, "scale/value"));
    if (bias != NULL)
        v = build_op2(&l->builder, &op_Add, layer_node(l, "shift"), v,
                      spread(l, &part, bias, "shift/value"));
    l->tops[0] = v;
}

// The second bottom with ones behind it, so that it stands from `axis` of the first on.
static struct value *stand_at(struct layer *l, const struct part *part) {
    int64_t dims[SHAPE_MAX_RANK] = {0};
    int32_t rank = layer_shape(l, 0).rank - part->axis;
    for (int32_t i = part->shape.rank; i < rank; i++)
        dims[i] = 1;
    if (rank == part->shape.rank)
        return l->bottoms[1];
    return build_reshape(&l->builder, layer_node(l, "Reshape_"), l->bottoms[1], (uint32_t)rank,
                         dims);
}

void import_bias(struct layer *l) {
    const Caffe__BiasParameter *p = layer_param(l, "bias_param");
    struct part part;
    bool computed = l->bottom_count == 2;
    if (!part_of(l, p->axis, computed ? layer_shape(l, 1).rank : p->num_axes, &part))
        return;
    struct value *shift;
    if (computed) {
        shift = stand_at(l, &part);
    } else {
        const struct tensor *t = blob_or_filler(l, 0, "biases", &part, p->filler, 0);
        if (t == NULL)
            return;
        shift = spread(l, &part, t, "value");
    }
    l->tops[0] = build_op2(&l->builder, &op_Add, l->name, l->bottoms[0], shift);
}

// --- LRN, MVN, Normalize -----------------------------------------------------

static struct node *over_axes(struct layer *l, const struct op_def *op, const char *name,
                              int64_t first, int32_t rank) {
    int64_t axes[SHAPE_MAX_RANK];
    uint32_t count = 0;
    for (int64_t i = first; i < rank; i++)
        axes[count++] = i;
    struct value *list = build_i64(&l->builder, build_name(&l->builder, name, "axes"), count, axes);
    return build_node(&l->builder, op, name, 2, (struct value *[]){l->bottoms[0], list});
}

// x / (k + a s)^b as k^-b x / (1 + a/k s)^b: classic IR has no k.
void import_lrn(struct layer *l) {
    const Caffe__LRNParameter *p = layer_param(l, "lrn_param");
    bool within = p->norm_region == CAFFE__LRNPARAMETER__NORM_REGION__WITHIN_CHANNEL;
    float k = within ? 1 : p->k; // Caffe builds the region within a channel without it
    if (!layer_rank(l, 0, 4, 4))
        return;
    if (p->local_size % 2 == 0 || !(k > 0)) {
        layer_fail(l, ATTRIBUTE_VALUE, k > 0 ? "local_size" : "k",
                   k > 0 ? "even" : "negative or 0");
        return;
    }
    const char *name = k == 1.0F ? l->name : layer_node(l, "normalize");
    struct node *n = over_axes(l, &op_LRN, name, within ? 2 : 1, within ? 4 : 2);
    struct lrn *a = n->attrs;
    a->alpha = k == 1.0F ? p->alpha : p->alpha / k;
    a->beta = p->beta;
    a->bias = 1;
    a->size = p->local_size;
    node_finish(n);
    l->tops[0] = &n->outputs[0];
    if (k != 1.0F)
        l->tops[0] =
            build_op2(&l->builder, &op_Multiply, l->name, l->tops[0],
                      build_f32_scalar(&l->builder, layer_node(l, "factor"), powf(k, -p->beta)));
}

void import_mvn(struct layer *l) {
    const Caffe__MVNParameter *p = layer_param(l, "mvn_param");
    if (!layer_rank(l, 0, 3, 5))
        return;
    struct node *n =
        over_axes(l, &op_MVN, l->name, p->across_channels ? 1 : 2, layer_shape(l, 0).rank);
    struct mvn *a = n->attrs;
    a->eps = p->eps;
    a->normalize_variance = p->normalize_variance;
    a->eps_mode = MVN_OUTSIDE_SQRT;
    node_finish(n);
    l->tops[0] = &n->outputs[0];
}

void import_normalize(struct layer *l) {
    const Caffe__NormalizeParameter *p = layer_param(l, "norm_param");
    int64_t channels = channels_of(l);
    if (channels == 0)
        return;
    const struct part part = {.shape = SHAPE(p->channel_shared ? 1 : channels)};
    const struct tensor *scale = blob_or_filler(l, 0, "scale", &part, p->scale_filler, 1);
    if (scale == NULL)
        return;
    struct value *weights = build_constant(&l->builder, layer_node(l, "weights"), scale);
    struct node *n = build_node(&l->builder, &op_NormalizeIE, l->name, 2,
                                (struct value *[]){l->bottoms[0], weights});
    struct normalize *a = n->attrs;
    a->across_spatial = p->across_spatial;
    a->channel_shared = p->channel_shared;
    a->eps = p->eps;
    node_finish(n);
    l->tops[0] = &n->outputs[0];
}
