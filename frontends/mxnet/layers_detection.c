// SPDX-License-Identifier: Apache-2.0
// Detection: MultiBoxPrior, MultiBoxDetection, Proposal, ROIPooling. Sources: MXNet's contrib
// operators.
#include <string.h>

#include "compiler/ops/activation.h"
#include "compiler/ops/build_layers.h"
#include "compiler/ops/data.h"
#include "compiler/ops/detection.h"
#include "compiler/ops/movement.h"
#include "frontends/mxnet/layers.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

static struct free_attr *source_attr(struct mxnet_layer *l, const char *name, const char *value,
                                     struct free_attr *next) {
    struct free_attr *a = arena_new_of(l->arena, struct free_attr);
    *a = (struct free_attr){.name = name, .value = value, .next = next};
    return a;
}

// --- MultiBoxPrior -------------------------------------------------------------------------------

// The image that the boxes are parts of: the first four-dimensional input of the network.
static struct value *find_image(struct mxnet_layer *l) {
    const struct node_list *inputs = &l->builder.graph->parameters;
    for (uint32_t i = 0; i < inputs->count; i++)
        if (inputs->items[i]->outputs[0].shape.rank == 4)
            return &inputs->items[i]->outputs[0];
    return NULL;
}

static struct floats times(struct arena *arena, struct floats v, double factor) {
    float *out = arena_array_of(arena, v.count, float);
    for (uint32_t i = 0; i < v.count; i++)
        out[i] = (float)((double)v.data[i] * factor);
    return (struct floats){out, v.count};
}

// MXNet speaks in parts of the image, PriorBox in pixels of its height.
static void set_sizes(struct mxnet_layer *l, struct prior_box *p, double height, double rows) {
    struct floats steps = mxnet_floats(l, "steps"), offsets = mxnet_floats(l, "offsets");
    struct floats sizes = mxnet_floats(l, "sizes"), ratios = mxnet_floats(l, "ratios");
    double step =
        steps.count > 0 && steps.data[0] > 0 ? (double)steps.data[0] * height : height / rows;
    p->min_size =
        times(l->arena, sizes.count > 0 ? sizes : (struct floats){(float[]){1}, 1}, height);
    p->aspect_ratio = ratios.count > 0 ? ratios : floats_copy(l->arena, (const float[]){1}, 1);
    p->clip = mxnet_bool(l, "clip", false);
    p->offset = offsets.count > 0 ? offsets.data[0] : 0.5F;
    p->step = (float)step;
    p->scale_all_sizes = false;
    p->variance = floats_copy(l->arena, (const float[]){0.1F, 0.1F, 0.2F, 0.2F}, 4);
    static const char *const zeros[] = {"step_w", "step_h", "img_w", "img_size", "img_h"};
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
        p->source = source_attr(l, zeros[i], "0", p->source);
}

// Boxes [1, 2, N*4] to anchors [1, N, 4]: the variances are MultiBoxDetection's.
static struct value *boxes_alone(struct mxnet_layer *l, struct value *priors) {
    struct builder *b = &l->builder;
    static const int64_t begin[] = {0, 0, 0}, end[] = {0, 1, 0}, step[] = {1, 1, 1};
    static const int64_t open[] = {1, 0, 1};
    struct value *inputs[] = {priors, build_i64(b, mxnet_name(l, "begin"), 3, begin),
                              build_i64(b, mxnet_name(l, "end"), 3, end),
                              build_i64(b, mxnet_name(l, "step"), 3, step)};
    struct node *n = build_node(b, &op_StridedSlice, mxnet_name(l, "boxes"), 4, inputs);
    struct strided_slice *a = n->attrs;
    a->begin_mask = ints_copy(l->arena, open, 3);
    a->end_mask = ints_copy(l->arena, open, 3);
    return build_reshape(b, mxnet_name(l, "anchors"), finish(n), 3, (const int64_t[]){1, -1, 4});
}

void mxnet_multibox_prior(struct mxnet_layer *l) {
    struct value *map = l->inputs[0], *image = find_image(l);
    if (!mxnet_rank(l, 0, 4, 4) || !mxnet_static(l, 0))
        return;
    if (image == NULL || !shape_is_static(&image->shape)) {
        mxnet_fail(l, SHAPE_MISMATCH, "anchors need an image input of known size");
        return;
    }
    struct node *n =
        build_node(&l->builder, &op_PriorBoxIE, l->name, 2, (struct value *[]){map, image});
    set_sizes(l, n->attrs, (double)image->shape.dims[2], (double)map->shape.dims[2]);
    if (!l->failed)
        l->outputs[0] = boxes_alone(l, finish(n));
}

// --- MultiBoxDetection ---------------------------------------------------------------------------

static struct value *through(struct value *v, const struct op_def *op) {
    return v != NULL && v->producer->op == op ? node_input(v->producer, 0) : v;
}

// The PriorBox behind anchors that boxes_alone made and that were flattened, or NULL.
static struct node *prior_behind(struct value *v) {
    v = through(through(v, &op_Flatten), &op_Reshape);
    v = through(v, &op_StridedSlice);
    return v->producer->op == &op_PriorBoxIE ? v->producer : NULL;
}

// Anchors that are nothing but joined priors: the priors themselves, joined under the same name,
// with these variances.
static struct value *join_priors(struct mxnet_layer *l, struct value *anchors,
                                 struct floats variances) {
    struct value *joined = through(anchors, &op_Reshape);
    if (joined->producer->op != &op_Concat)
        return NULL;
    const struct node *concat = joined->producer;
    struct value **priors = arena_array_of(l->arena, concat->input_count, struct value *);
    for (uint32_t i = 0; i < concat->input_count; i++) {
        struct node *prior = prior_behind(node_input(concat, i));
        if (prior == NULL)
            return NULL;
        priors[i] = &prior->outputs[0];
    }
    for (uint32_t i = 0; i < concat->input_count; i++)
        ((struct prior_box *)priors[i]->producer->attrs)->variance = variances;
    return build_concat(&l->builder, concat->name, 2, concat->input_count, priors);
}

// Any anchors [1, N, 4] as priors [1, 2, N*4]: a row of boxes and a row of variances.
static struct value *priors_of(struct mxnet_layer *l, struct value *anchors,
                               struct floats variances) {
    struct builder *b = &l->builder;
    int64_t count = anchors->shape.dims[1];
    double *row = arena_array_of(l->arena, (size_t)count * 4, double);
    for (int64_t i = 0; i < count * 4; i++)
        row[i] = (double)variances.data[i % 4];
    struct value *rows[] = {
        build_reshape(b, mxnet_name(l, "boxes"), anchors, 3, (const int64_t[]){1, 1, -1}),
        build_constant(b, mxnet_name(l, "variances"),
                       tensor_of_doubles(l->arena, DT_F32, SHAPE(1, 1, count * 4), row))};
    return build_concat(b, mxnet_name(l, "priors"), 1, 2, rows);
}

// Class scores [N, C, A] as [N, A * C]. Scores that a softmax made over transposed data are made
// over the data as it was.
static struct value *flat_scores(struct mxnet_layer *l, struct value *scores) {
    struct builder *b = &l->builder;
    struct value *by_anchor = NULL;
    struct node *softmax = scores->producer;
    if (softmax->op == &op_SoftMax && ((struct softmax *)softmax->attrs)->axis == 1) {
        struct value *before = through(node_input(softmax, 0), &op_Transpose);
        const struct tensor *order = node_constant(node_input(softmax, 0)->producer, 1);
        const int64_t *axes = order != NULL ? tensor_as_i64(l->arena, order) : NULL;
        if (axes != NULL && before != node_input(softmax, 0) && axes[1] == 2 && axes[2] == 1) {
            struct node *n = build_node(b, &op_SoftMax, softmax->name, 1, &before);
            ((struct softmax *)n->attrs)->axis = 2;
            by_anchor = finish(n);
        }
    }
    if (by_anchor == NULL)
        by_anchor =
            build_transpose(b, mxnet_name(l, "by_anchor"), scores, 3, (const int64_t[]){0, 2, 1});
    return build_reshape(b, mxnet_name(l, "scores"), by_anchor, 2, (const int64_t[]){0, -1});
}

static struct floats read_variances(struct mxnet_layer *l) {
    struct floats v = mxnet_floats(l, "variances");
    if (v.count != 4)
        v = floats_copy(l->arena, (const float[]){0.1F, 0.1F, 0.2F, 0.2F}, 4);
    return v;
}

static void set_detection(struct mxnet_layer *l, struct detection_output *d, int64_t classes,
                          int64_t anchors) {
    int64_t most = mxnet_int(l, "nms_topk", -1);
    most = most > 0 ? most : anchors;
    d->num_classes = classes;
    d->background_label_id = mxnet_int(l, "background_id", 0);
    d->top_k = most;
    d->keep_top_k = ints_copy(l->arena, &most, 1);
    d->code_type = BOX_CENTER_SIZE;
    d->share_location = true;
    d->nms_threshold = (float)mxnet_float(l, "nms_threshold", 0.5);
    d->confidence_threshold = (float)mxnet_float(l, "threshold", 0.01);
    d->clip_before_nms = mxnet_bool(l, "clip", true);
    d->clip = d->clip_before_nms;
    d->decrease_label_id = true; // MXNet's classes do not count the background
    d->normalized = true;
    d->variance_encoded_in_target = false;
}

void mxnet_multibox_detection(struct mxnet_layer *l) {
    struct floats variances = read_variances(l);
    if (l->failed || !mxnet_rank(l, 0, 3, 3) || !mxnet_rank(l, 2, 3, 3) || !mxnet_static(l, 0) ||
        !mxnet_static(l, 2))
        return;
    if (mxnet_bool(l, "force_suppress", false))
        diag_report(l->builder.graph->diag, &l->builder.place, SUPPRESSED_BY_CLASS);
    const struct shape scores = l->inputs[0]->shape;
    struct value *priors = join_priors(l, l->inputs[2], variances);
    if (priors == NULL)
        priors = priors_of(l, l->inputs[2], variances);
    struct value *inputs[] = {l->inputs[1], flat_scores(l, l->inputs[0]), priors};
    struct node *n = build_node(&l->builder, &op_DetectionOutput, l->name, 3, inputs);
    set_detection(l, n->attrs, scores.dims[1], scores.dims[2]);
    if (!l->failed)
        l->outputs[0] = finish(n);
}

// --- two-stage -----------------------------------------------------------------------------------

static struct value *plus(struct mxnet_layer *l, const char *suffix, struct value *x,
                          uint32_t count, const float *values) {
    const char *name = mxnet_name(l, suffix);
    struct value *c = build_constant(&l->builder, build_name(&l->builder, name, "value"),
                                     tensor_f32(l->arena, SHAPE(1, (int64_t)count), values));
    return build_op2(&l->builder, &op_Add, name, x, c);
}

// MXNet's boxes end one pixel before those of the Proposal layer: the layer gets an image that is
// one pixel larger, and the pixel is taken off its boxes again.
void mxnet_proposal(struct mxnet_layer *l) {
    int64_t stride = mxnet_int(l, "feature_stride", 16);
    int64_t min_size = mxnet_int(l, "rpn_min_size", 16);
    struct floats ratios = mxnet_floats(l, "ratios"), scales = mxnet_floats(l, "scales");
    bool with_scores = mxnet_bool(l, "output_score", false);
    static const float default_ratios[] = {0.5F, 1, 2}, default_scales[] = {4, 8, 16, 32};
    if (mxnet_bool(l, "iou_loss", false) || with_scores) {
        mxnet_fail(l, NOT_SUPPORTED, with_scores ? "output_score" : "iou_loss",
                   "the Proposal layer has no counterpart");
        return;
    }
    float info[] = {1, 1, min_size > 0 ? 1 / (float)min_size : 0};
    static const float pixel[] = {0, 0, 0, -1, -1};
    struct value *inputs[] = {l->inputs[0], l->inputs[1],
                              plus(l, "im_info", l->inputs[2], 3, info)};
    struct node *n = build_node(&l->builder, &op_Proposal, l->name, 3, inputs);
    struct proposal *p = n->attrs;
    p->base_size = p->feat_stride = stride;
    p->min_size = min_size;
    p->pre_nms_topn = mxnet_int(l, "rpn_pre_nms_top_n", 6000);
    p->post_nms_topn = mxnet_int(l, "rpn_post_nms_top_n", 300);
    p->nms_thresh = (float)mxnet_float(l, "threshold", 0.7);
    p->ratio = ratios.count > 0 ? ratios : floats_copy(l->arena, default_ratios, 3);
    p->scale = scales.count > 0 ? scales : floats_copy(l->arena, default_scales, 4);
    if (!l->failed)
        l->outputs[0] = plus(l, "rois", finish(n), 5, pixel);
}

void mxnet_roi_pooling(struct mxnet_layer *l) {
    struct ints size = mxnet_ints(l, "pooled_size");
    double scale = mxnet_float(l, "spatial_scale", 1);
    if (l->failed)
        return;
    struct node *n = build_node(&l->builder, &op_ROIPooling, l->name, 2, l->inputs);
    struct roi_pooling *p = n->attrs;
    p->pooled_h = ints_get(size, 0, 1);
    p->pooled_w = ints_get(size, 1, p->pooled_h);
    p->spatial_scale = (float)scale;
    l->outputs[0] = finish(n);
}
