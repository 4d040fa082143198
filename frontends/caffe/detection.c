// SPDX-License-Identifier: Apache-2.0
// Object detection, and resizing.
#include "compiler/ops/detection.h"

#include <string.h>

#include "compiler/ops/interpolate.h"
#include "frontends/caffe/layers.h"

static void finish(struct layer *l, struct node *n) {
    if (l->failed)
        return;
    node_finish(n);
    l->tops[0] = &n->outputs[0];
}

// --- prior boxes -------------------------------------------------------------

// Sizes of the image that the layer says itself must be those of its second bottom, which is what
// every runtime reads.
static bool image_fits(struct layer *l, const Caffe__PriorBoxParameter *p) {
    struct shape image = layer_shape(l, 1);
    int64_t height = p->has_img_size ? p->img_size : p->has_img_h ? p->img_h : 0;
    int64_t width = p->has_img_size ? p->img_size : p->has_img_w ? p->img_w : 0;
    if (!layer_rank(l, 0, 4, 4) || !layer_rank(l, 1, 4, 4))
        return false;
    bool fits = (height == 0 || height == image.dims[2]) && (width == 0 || width == image.dims[3]);
    if (!fits)
        layer_fail(l, NOT_SUPPORTED, "an image size of the layer's own",
                   "the second bottom has another");
    return fits;
}

static struct floats variance_of(struct layer *l, const Caffe__PriorBoxParameter *p) {
    static const float otherwise = 0.1F;
    return p->n_variance > 0 ? floats_copy(l->arena, p->variance, (uint32_t)p->n_variance)
                             : floats_copy(l->arena, &otherwise, 1);
}

static struct node *prior_node(struct layer *l, const struct op_def *op,
                               const Caffe__PriorBoxParameter *p,
                               const struct layer_field *fields) {
    struct node *n = build_node(&l->builder, op, l->name, 2, l->bottoms);
    layer_copy_fields(l, n, &p->base, fields);
    return n;
}

void import_prior_box(struct layer *l) {
    static const struct layer_field fields[LAYER_FIELDS] = {
        {"min_size", NULL}, {"max_size", NULL}, {"aspect_ratio", NULL}, {"flip", NULL},
        {"clip", NULL},     {"?step", "step"},  {"offset", NULL}};
    static const struct layer_field dense[LAYER_FIELDS] = {
        {"fixed_size", NULL}, {"fixed_ratio", NULL}, {"density", NULL}};
    const Caffe__PriorBoxParameter *p = layer_param(l, "prior_box_param");
    if (!image_fits(l, p))
        return;
    struct node *n = prior_node(l, &op_PriorBoxIE, p, fields);
    layer_copy_fields(l, n, &p->base, dense);
    struct prior_box *a = n->attrs;
    a->variance = variance_of(l, p);
    if (p->has_step_h && p->has_step_w && p->step_h == p->step_w)
        a->step = p->step_h;
    else if (p->has_step_h || p->has_step_w)
        layer_fail(l, NOT_SUPPORTED, "a PriorBox with step_h unlike step_w", "no IR has both");
    finish(l, n);
}

void import_prior_box_clustered(struct layer *l) {
    static const struct layer_field fields[LAYER_FIELDS] = {
        {"width", NULL},       {"height", NULL},      {"clip", NULL},  {"?step", "step"},
        {"?step_h", "step_h"}, {"?step_w", "step_w"}, {"offset", NULL}};
    const Caffe__PriorBoxParameter *p = layer_param(l, "prior_box_param");
    if (!image_fits(l, p))
        return;
    struct node *n = prior_node(l, &op_PriorBoxClusteredIE, p, fields);
    ((struct prior_box_clustered *)n->attrs)->variance = variance_of(l, p);
    finish(l, n);
}

// --- detection output --------------------------------------------------------

// What the source says and only classic IR repeats: all that is no attribute of the operator.
static struct free_attr *unused_attributes(struct layer *l, const struct op_def *op,
                                           const ProtobufCMessage *param) {
    const struct attribute_style style = {.all = false, .flatten = false};
    struct free_attr *first = NULL, **last = &first;
    for (struct free_attr *a = layer_attributes(l, param, style); a != NULL; a = a->next) {
        if (op_find_attr(op, a->name) != NULL)
            continue;
        *last = arena_new_of(l->arena, struct free_attr);
        **last = (struct free_attr){.name = a->name, .value = a->value};
        if (strcmp(a->name, "visualize") == 0) // as its peer spells it
            (*last)->value = strcmp(a->value, "0") == 0 ? "False" : "True";
        last = &(*last)->next;
    }
    return first;
}

static bool box_code_of(struct layer *l, Caffe__PriorBoxParameter__CodeType code, int *out) {
    *out =
        code == CAFFE__PRIOR_BOX_PARAMETER__CODE_TYPE__CENTER_SIZE ? BOX_CENTER_SIZE : BOX_CORNER;
    if (code != CAFFE__PRIOR_BOX_PARAMETER__CODE_TYPE__CORNER_SIZE)
        return true;
    layer_fail(l, NOT_SUPPORTED, "code_type CORNER_SIZE", "no runtime decodes it");
    return false;
}

// Unlimited means all of them.
static int64_t kept_boxes(const struct layer *l, const Caffe__DetectionOutputParameter *p) {
    struct shape priors = layer_shape(l, 2);
    int64_t numbers = priors.rank == 3 ? priors.dims[2] : DIM_UNKNOWN;
    return p->keep_top_k != -1 || numbers == DIM_UNKNOWN ? p->keep_top_k : numbers / 4;
}

void import_detection_output(struct layer *l) {
    static const struct layer_field fields[LAYER_FIELDS] = {
        {"num_classes", NULL},    {"background_label_id", NULL},
        {"share_location", NULL}, {"variance_encoded_in_target", NULL},
        {"normalized", NULL},     {"?confidence_threshold", "confidence_threshold"}};
    const Caffe__DetectionOutputParameter *p = layer_param(l, "detection_output_param");
    Caffe__NonMaximumSuppressionParameter nms;
    caffe__non_maximum_suppression_parameter__init(&nms);
    if (p->nms_param != NULL)
        nms = *p->nms_param;
    struct node *n =
        build_node(&l->builder, &op_DetectionOutput, l->name, l->bottom_count, l->bottoms);
    struct detection_output *a = n->attrs;
    layer_copy_fields(l, n, &p->base, fields);
    if (!box_code_of(l, p->code_type, &a->code_type))
        return;
    int64_t kept = kept_boxes(l, p);
    a->keep_top_k = ints_copy(l->arena, &kept, 1);
    a->top_k = nms.top_k == 0 ? -1 : nms.top_k;
    a->nms_threshold = nms.nms_threshold;
    a->input_height = p->has_input_height ? p->input_height : 1;
    a->input_width = p->has_input_width ? p->input_width : 1;
    if (l->bottom_count == 5)
        a->objectness_score = p->objectness_score;
    a->source = unused_attributes(l, n->op, &p->base);
    finish(l, n);
}

// --- YOLO --------------------------------------------------------------------

void import_region_yolo(struct layer *l) {
    static const struct layer_field fields[LAYER_FIELDS] = {{"coords", NULL},  {"classes", NULL},
                                                            {"num", NULL},     {"do_softmax", NULL},
                                                            {"anchors", NULL}, {"mask", NULL}};
    const Caffe__RegionYoloParameter *p = layer_param(l, "region_yolo_param");
    const Caffe__FlattenParameter *flatten = layer_param(l, "flatten_param");
    struct node *n = build_node(&l->builder, &op_RegionYolo, l->name, 1, l->bottoms);
    struct region_yolo *a = n->attrs;
    int32_t axis, end_axis;
    if (!layer_axis(l, 0, flatten->axis, false, &axis) ||
        !layer_axis(l, 0, flatten->end_axis, false, &end_axis))
        return;
    layer_copy_fields(l, n, &p->base, fields);
    a->axis = axis;
    a->end_axis = end_axis;
    finish(l, n);
}

// --- resizing ----------------------------------------------------------------

// Sizes, factors or the size of the second bottom: the first that is said counts.
void import_interp(struct layer *l) {
    const Caffe__InterpParameter *p = layer_param(l, "interp_param");
    struct node *n = build_node(&l->builder, &op_Interp, l->name, l->bottom_count, l->bottoms);
    struct interp *a = n->attrs;
    if (p->pad_beg > 0 || p->pad_end > 0) {
        layer_fail(l, ATTRIBUTE_VALUE, p->pad_beg > 0 ? "pad_beg" : "pad_end", "positive");
        return;
    }
    a->pad_beg = p->pad_beg;
    a->pad_end = p->pad_end;
    if (l->bottom_count == 1 && p->height > 0 && p->width > 0) {
        a->height = p->height;
        a->width = p->width;
    } else if (l->bottom_count == 1) {
        a->shrink_factor = p->shrink_factor;
        a->zoom_factor = p->zoom_factor;
        if (p->zoom_factor != 1)
            diag_report(l->builder.graph->diag, &l->builder.place, INTERP_FLAVOUR, l->name);
    }
    finish(l, n);
}

void import_resample(struct layer *l) {
    static const int types[] = {
        [CAFFE__RESAMPLE_PARAMETER__RESAMPLE_TYPE__NEAREST] = RESAMPLE_NEAREST,
        [CAFFE__RESAMPLE_PARAMETER__RESAMPLE_TYPE__LINEAR] = RESAMPLE_LINEAR,
        [CAFFE__RESAMPLE_PARAMETER__RESAMPLE_TYPE__CUBIC] = RESAMPLE_CUBIC,
        [CAFFE__RESAMPLE_PARAMETER__RESAMPLE_TYPE__AREA] = RESAMPLE_AREA};
    const Caffe__ResampleParameter *p = layer_param(l, "resample_param");
    struct node *n = build_node(&l->builder, &op_Resample, l->name, l->bottom_count, l->bottoms);
    struct resample *a = n->attrs;
    a->type = types[p->type];
    a->antialias = p->antialias;
    if (l->bottom_count == 1 && p->height > 0 && p->width > 0) {
        a->height = p->height;
        a->width = p->width;
    } else if (l->bottom_count == 1) {
        a->factor = p->factor;
    }
    finish(l, n);
}
