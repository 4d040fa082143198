// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/detection.h"

#include <inttypes.h>

#include "compiler/ops/classic_text.h"
#include "compiler/ops/shape_rules.h"

const char *const box_codes[] = {"caffe.PriorBoxParameter.CORNER",
                                 "caffe.PriorBoxParameter.CENTER_SIZE", NULL};
static const char *const roi_methods[] = {"max", "bilinear", NULL};
static const char *const psroi_modes[] = {"average", "bilinear", NULL};

#define ATTR_OWNER struct detection_output
static const struct attr_def detection_output_attrs[] = {DETECTION_OUTPUT_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct proposal
static const struct attr_def proposal_attrs[] = {PROPOSAL_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct roi_pooling
static const struct attr_def roi_pooling_attrs[] = {ROI_POOLING_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct psroi_pooling
static const struct attr_def psroi_pooling_attrs[] = {PSROI_POOLING_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct region_yolo
static const struct attr_def region_yolo_attrs[] = {REGION_YOLO_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct reorg_yolo
static const struct attr_def reorg_yolo_attrs[] = {REORG_YOLO_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static int64_t times(int64_t a, int64_t b) {
    int64_t product;
    return a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product) ? DIM_UNKNOWN : product;
}

// --- DetectionOutput ----------------------------------------------------------------------------

static int64_t prior_count(const struct node *n) {
    const struct detection_output *a = n->attrs;
    int64_t numbers = input_dim(n, 2, 2);
    return numbers < 0 ? DIM_UNKNOWN : numbers / (a->normalized ? 4 : 5);
}

// Priors, box logits and class predictions must speak of the same boxes.
static bool check_priors(struct node *n, int64_t priors) {
    const struct detection_output *a = n->attrs;
    int64_t boxes = input_dim(n, 0, 1), classes = input_dim(n, 1, 1), merged;
    int64_t locations = a->share_location ? 1 : a->num_classes;
    if (!merge_dim(input_dim(n, 0, 0), input_dim(n, 1, 0), &merged))
        return shape_error(n, "boxes and predictions of different batches");
    if (!merge_dim(boxes, times(times(priors, locations), 4), &merged))
        return shape_error(n, "%" PRId64 " box logits for %" PRId64 " priors", boxes, priors);
    if (!merge_dim(classes, times(priors, a->num_classes), &merged))
        return shape_error(
            n, "%" PRId64 " class predictions for %" PRId64 " priors and %" PRId64 " classes",
            classes, priors, a->num_classes);
    return true;
}

static int64_t detection_rows(const struct node *n, int64_t priors) {
    const struct detection_output *a = n->attrs;
    int64_t keep = ints_get(a->keep_top_k, 0, -1), each;
    if (keep > 0)
        each = keep;
    else
        each = times(a->top_k > 0 ? a->top_k : priors, a->num_classes);
    int64_t batch;
    merge_dim(input_dim(n, 0, 0), input_dim(n, 1, 0), &batch);
    return times(batch, each);
}

static bool infer_detection_output(struct node *n) {
    const struct detection_output *a = n->attrs;
    int64_t priors = prior_count(n);
    if (a->num_classes < 1)
        return shape_error(n, "num_classes is %" PRId64, a->num_classes);
    if (!input_rank(n, 0, 2, 2) || !input_rank(n, 1, 2, 2) || !input_rank(n, 2, 3, 3))
        return false;
    if (a->normalized && !check_priors(n, priors))
        return false;
    set_output(n, 0, input_type(n, 0), SHAPE(1, 1, detection_rows(n, priors), 7));
    return true;
}

static void classic_detection_output(const struct node *n, put_function *put, void *to) {
    if (((const struct detection_output *)n->attrs)->decrease_label_id)
        put(to, "decrease_label_id", "1");
}
static const struct classic_form detection_output_form = {.type = "DetectionOutput",
                                                          .attributes = classic_detection_output};

const struct op_def op_DetectionOutput = {
    .name = "DetectionOutput",
    .doc = "boxes of an SSD: decoded, suppressed where they overlap, the best kept",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 3,
    .max_inputs = 5,
    .outputs = 1,
    OP_ATTRS(detection_output_attrs, detection_output),
    .infer = infer_detection_output,
    .classic = &detection_output_form,
};

// --- Proposal -----------------------------------------------------------------------------------

static bool infer_proposal(struct node *n) {
    const struct proposal *a = n->attrs;
    struct shape info = input_shape(n, 2);
    int64_t anchors = times(a->ratio.count, a->scale.count), merged;
    if (!input_rank(n, 0, 4, 4) || !input_rank(n, 1, 4, 4) || !input_rank(n, 2, 1, 2))
        return false;
    if (n->output_count < 1 || n->output_count > 2)
        return shape_error(n, "%" PRIu32 " outputs, 1 or 2 are possible", n->output_count);
    int64_t numbers = info.rank > 0 ? info.dims[info.rank - 1] : DIM_UNKNOWN;
    if (numbers >= 0 && (numbers < 3 || numbers > 4))
        return shape_error(n, "image info of %" PRId64 " numbers", numbers);
    if (!merge_dim(input_dim(n, 0, 1), 2 * anchors, &merged) ||
        !merge_dim(input_dim(n, 1, 1), 4 * anchors, &merged))
        return shape_error(n, "%" PRId64 " anchors do not fit the channels", anchors);
    int64_t rows = times(input_dim(n, 0, 0), a->post_nms_topn);
    set_output(n, 0, input_type(n, 0), SHAPE(rows, 5));
    if (n->output_count > 1)
        set_output(n, 1, input_type(n, 0), SHAPE(rows));
    return true;
}

static const char *proposal_opset(const struct node *n) {
    return n->output_count > 1 ? "opset4" : "opset1";
}

static const struct classic_form proposal_form = {.type = "Proposal"};

const struct op_def op_Proposal = {
    .name = "Proposal",
    .doc = "regions of interest of a Faster R-CNN, from anchors, scores and deltas",
    .opset = "opset1",
    .opset_of = proposal_opset,
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = PORTS_VARIADIC,
    OP_ATTRS(proposal_attrs, proposal),
    .infer = infer_proposal,
    .classic = &proposal_form,
};

// --- pooling of regions -------------------------------------------------------------------------

static bool check_regions(struct node *n) {
    int64_t merged;
    if (!input_rank(n, 0, 4, 4) || !input_rank(n, 1, 2, 2))
        return false;
    return merge_dim(input_dim(n, 1, 1), 5, &merged) ||
           shape_error(n, "a region has 5 numbers, not %" PRId64, input_dim(n, 1, 1));
}

static bool infer_roi_pooling(struct node *n) {
    const struct roi_pooling *a = n->attrs;
    if (a->pooled_h < 1 || a->pooled_w < 1)
        return shape_error(n, "pooled to %" PRId64 " x %" PRId64, a->pooled_h, a->pooled_w);
    if (!check_regions(n))
        return false;
    set_output(n, 0, input_type(n, 0),
               SHAPE(input_dim(n, 1, 0), input_dim(n, 0, 1), a->pooled_h, a->pooled_w));
    return true;
}

static bool infer_psroi_pooling(struct node *n) {
    const struct psroi_pooling *a = n->attrs;
    int64_t bins = a->mode == PSROI_AVERAGE ? times(a->group_size, a->group_size)
                                            : times(a->spatial_bins_x, a->spatial_bins_y);
    int64_t merged;
    if (a->output_dim < 1 || a->group_size < 1)
        return shape_error(n, "output_dim %" PRId64 ", group_size %" PRId64, a->output_dim,
                           a->group_size);
    if (!check_regions(n))
        return false;
    if (!merge_dim(input_dim(n, 0, 1), times(a->output_dim, bins), &merged))
        return shape_error(n,
                           "%" PRId64 " channels are not %" PRId64 " for each of %" PRId64 " bins",
                           input_dim(n, 0, 1), a->output_dim, bins);
    set_output(n, 0, input_type(n, 0),
               SHAPE(input_dim(n, 1, 0), a->output_dim, a->group_size, a->group_size));
    return true;
}

static const struct classic_form roi_pooling_form = {.type = "ROIPooling"};

// Averages are what the layer always did: it says nothing of them.
static void classic_psroi_pooling(const struct node *n, put_function *put, void *to) {
    const struct psroi_pooling *a = n->attrs;
    if (a->mode == PSROI_AVERAGE)
        return;
    put(to, "mode", psroi_modes[a->mode]);
    put_int(put, to, "spatial_bins_x", a->spatial_bins_x);
    put_int(put, to, "spatial_bins_y", a->spatial_bins_y);
}
static const struct classic_form psroi_pooling_form = {.type = "PSROIPooling",
                                                       .attributes = classic_psroi_pooling};

const struct op_def op_ROIPooling = {
    .name = "ROIPooling",
    .doc = "each region of a feature map pooled to one size",
    .opset = "opset2",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(roi_pooling_attrs, roi_pooling),
    .infer = infer_roi_pooling,
    .classic = &roi_pooling_form,
};

const struct op_def op_PSROIPooling = {
    .name = "PSROIPooling",
    .doc = "as ROIPooling, each bin from channels of its own",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(psroi_pooling_attrs, psroi_pooling),
    .infer = infer_psroi_pooling,
    .classic = &psroi_pooling_form,
};

// --- YOLO ---------------------------------------------------------------------------------------

static bool flatten_axes(struct node *n, int64_t from, int64_t to, struct shape *out) {
    struct shape in = input_shape(n, 0);
    int32_t first, last;
    *out = (struct shape){.rank = 0};
    if (!input_axis(n, 0, from, &first) || !input_axis(n, 0, to, &last))
        return false;
    for (int32_t i = 0; i < in.rank; i++) {
        if (i > first && i <= last)
            out->dims[first] = times(out->dims[first], in.dims[i]);
        else
            out->dims[out->rank++] = in.dims[i];
    }
    return true;
}

static bool infer_region_yolo(struct node *n) {
    const struct region_yolo *a = n->attrs;
    struct shape out;
    if (!input_rank(n, 0, 4, 4))
        return false;
    if (a->classes < 0 || a->coords < 0 || a->classes > INT32_MAX || a->coords > INT32_MAX)
        return shape_error(n, "%" PRId64 " classes, %" PRId64 " coordinates", a->classes,
                           a->coords);
    if (!a->do_softmax) {
        int64_t channels = times(a->classes + a->coords + 1, a->mask.count), merged;
        if (!merge_dim(input_dim(n, 0, 1), channels, &merged))
            return shape_error(n, "%" PRId64 " channels, %" PRId64 " are needed",
                               input_dim(n, 0, 1), channels);
        set_output(n, 0, input_type(n, 0),
                   SHAPE(input_dim(n, 0, 0), channels, input_dim(n, 0, 2), input_dim(n, 0, 3)));
        return true;
    }
    set_output(n, 0, input_type(n, 0), SHAPE_UNKNOWN);
    if (input_shape(n, 0).rank == RANK_UNKNOWN)
        return true;
    if (!flatten_axes(n, a->axis, a->end_axis, &out))
        return false;
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

static bool infer_reorg_yolo(struct node *n) {
    int64_t s = ((const struct reorg_yolo *)n->attrs)->stride, h = input_dim(n, 0, 2),
            w = input_dim(n, 0, 3);
    if (!input_rank(n, 0, 4, 4))
        return false;
    if (s < 1 || s > INT32_MAX || (h >= 0 && h % s != 0) || (w >= 0 && w % s != 0))
        return shape_error(n, "stride %" PRId64 " does not divide the data", s);
    set_output(n, 0, input_type(n, 0),
               SHAPE(input_dim(n, 0, 0), times(input_dim(n, 0, 1), s * s), h < 0 ? h : h / s,
                     w < 0 ? w : w / s));
    return true;
}

static const struct classic_form region_yolo_form = {.type = "RegionYolo"};
static const struct classic_form reorg_yolo_form = {.type = "ReorgYolo"};

const struct op_def op_RegionYolo = {
    .name = "RegionYolo",
    .doc = "the last layer of a YOLO: logistic and softmax of each region",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(region_yolo_attrs, region_yolo),
    .infer = infer_region_yolo,
    .classic = &region_yolo_form,
};

const struct op_def op_ReorgYolo = {
    .name = "ReorgYolo",
    .doc = "blocks of places become channels, in darknet's order",
    .opset = "opset2",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(reorg_yolo_attrs, reorg_yolo),
    .infer = infer_reorg_yolo,
    .classic = &reorg_yolo_form,
};
