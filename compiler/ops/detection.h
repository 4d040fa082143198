// SPDX-License-Identifier: Apache-2.0
// Object detection.
//
// Two operators come in two forms. PriorBox and PriorBoxClustered are the opset's: their inputs are
// sizes [height, width] and they give [2, N]. PriorBoxIE and PriorBoxClusteredIE are what front
// ends make: their inputs are the feature map and the image, as in the source, and they give [1, 2,
// N]; lower_opset makes the former of the latter.
//
// `source`: attributes that the source layer has and that classic IR only repeats.
#ifndef ZOOC_OPS_DETECTION_H
#define ZOOC_OPS_DETECTION_H

#include "compiler/ops/ops.h"

// scale_all_sizes: every size with every ratio (Caffe); else MXNet's rule. step, step_h, step_w,
// img_* that are not said are not written.
#define PRIOR_BOX_ATTRS(A)                                                                         \
    A(FLOATS, min_size, NO_DEFAULT, NULL, "min_size", "min_size")                                  \
    A(FLOATS, max_size, NO_DEFAULT, NULL, "max_size", NULL)                                        \
    A(FLOATS, aspect_ratio, NO_DEFAULT, NULL, "aspect_ratio", NULL)                                \
    A(BOOL, flip, false, NULL, "flip", "flip")                                                     \
    A(BOOL, clip, false, NULL, "clip", "clip")                                                     \
    A(FLOAT, step, ATTR_UNSET, NULL, "step", "step")                                               \
    A(FLOAT, offset, 0.5, NULL, "offset", "offset")                                                \
    A(FLOATS, variance, NO_DEFAULT, NULL, "variance", "variance")                                  \
    A(BOOL, scale_all_sizes, true, NULL, "scale_all_sizes", NULL)                                  \
    A(FLOATS, fixed_ratio, NO_DEFAULT, NULL, "fixed_ratio", "fixed_ratio")                         \
    A(FLOATS, fixed_size, NO_DEFAULT, NULL, "fixed_size", "fixed_size")                            \
    A(FLOATS, density, NO_DEFAULT, NULL, "density", "density")                                     \
    A(FREE, source, NO_DEFAULT, NULL, NULL, "")
ATTR_STRUCT(prior_box, PRIOR_BOX_ATTRS)

#define PRIOR_BOX_CLUSTERED_ATTRS(A)                                                               \
    A(FLOATS, width, NO_DEFAULT, NULL, "width", "width")                                           \
    A(FLOATS, height, NO_DEFAULT, NULL, "height", "height")                                        \
    A(BOOL, clip, false, NULL, "clip", "clip")                                                     \
    A(FLOAT, step, ATTR_UNSET, NULL, "step", "step")                                               \
    A(FLOAT, step_h, ATTR_UNSET, NULL, "step_h", "step_h")                                         \
    A(FLOAT, step_w, ATTR_UNSET, NULL, "step_w", "step_w")                                         \
    A(FLOAT, offset, 0.5, NULL, "offset", "offset")                                                \
    A(FLOATS, variance, NO_DEFAULT, NULL, "variance", "variance")                                  \
    A(FREE, source, NO_DEFAULT, NULL, NULL, "")
ATTR_STRUCT(prior_box_clustered, PRIOR_BOX_CLUSTERED_ATTRS)

// Inputs: box logits [N, P*4], class predictions [N, P*C], priors [1 or N, 1 or 2, P*4], and
// optional two more of the same kind. clip is what classic IR says; clip_before_nms, clip_after_nms
// the opset.
enum box_code { BOX_CORNER, BOX_CENTER_SIZE };
extern const char *const box_codes[];
#define DETECTION_OUTPUT_ATTRS(A)                                                                  \
    A(INT, num_classes, NO_DEFAULT, NULL, "num_classes", "num_classes")                            \
    A(INT, background_label_id, ATTR_UNSET, NULL, "background_label_id", "background_label_id")    \
    A(INT, top_k, -1, NULL, "top_k", "top_k")                                                      \
    A(BOOL, variance_encoded_in_target, false, NULL, "variance_encoded_in_target",                 \
      "variance_encoded_in_target")                                                                \
    A(INTS, keep_top_k, NO_DEFAULT, NULL, "keep_top_k", "keep_top_k")                              \
    A(ENUM, code_type, BOX_CORNER, box_codes, "code_type", "code_type")                            \
    A(BOOL, share_location, true, NULL, "share_location", "share_location")                        \
    A(FLOAT, nms_threshold, NO_DEFAULT, NULL, "nms_threshold", "nms_threshold")                    \
    A(FLOAT, confidence_threshold, NO_DEFAULT, NULL, "confidence_threshold",                       \
      "confidence_threshold")                                                                      \
    A(BOOL, clip_after_nms, false, NULL, "clip_after_nms", NULL)                                   \
    A(BOOL, clip_before_nms, false, NULL, "clip_before_nms", NULL)                                 \
    A(INT, clip, ATTR_UNSET, NULL, NULL, "clip")                                                   \
    A(BOOL, decrease_label_id, false, NULL, "decrease_label_id", NULL)                             \
    A(BOOL, normalized, false, NULL, "normalized", "normalized")                                   \
    A(INT, input_height, ATTR_UNSET, NULL, "input_height", "input_height")                         \
    A(INT, input_width, ATTR_UNSET, NULL, "input_width", "input_width")                            \
    A(FLOAT, objectness_score, ATTR_UNSET, NULL, "objectness_score", NULL)                         \
    A(FREE, source, NO_DEFAULT, NULL, NULL, "")
ATTR_STRUCT(detection_output, DETECTION_OUTPUT_ATTRS)

// Inputs: class scores [N, 2K, H, W], box deltas [N, 4K, H, W], image info: [1, 3 or 4] as sources
// have it, or [3 or 4], which alone the opset takes. Output: [N * post_nms_topn, 5], and in opset4
// the scores as a second one (node_set_output_count(n, 2)).
#define PROPOSAL_ATTRS(A)                                                                          \
    A(INT, base_size, 16, NULL, "base_size", "base_size")                                          \
    A(INT, pre_nms_topn, 6000, NULL, "pre_nms_topn", "pre_nms_topn")                               \
    A(INT, post_nms_topn, 300, NULL, "post_nms_topn", "post_nms_topn")                             \
    A(FLOAT, nms_thresh, 0.7, NULL, "nms_thresh", "nms_thresh")                                    \
    A(INT, feat_stride, 16, NULL, "feat_stride", "feat_stride")                                    \
    A(INT, min_size, 16, NULL, "min_size", "min_size")                                             \
    A(FLOATS, ratio, NO_DEFAULT, NULL, "ratio", "ratio")                                           \
    A(FLOATS, scale, NO_DEFAULT, NULL, "scale", "scale")                                           \
    A(BOOL, clip_before_nms, true, NULL, "clip_before_nms", NULL)                                  \
    A(BOOL, clip_after_nms, false, NULL, "clip_after_nms", NULL)                                   \
    A(BOOL, normalize, false, NULL, "normalize", NULL)                                             \
    A(FLOAT, box_size_scale, ATTR_UNSET, NULL, "box_size_scale", "box_size_scale")                 \
    A(FLOAT, box_coordinate_scale, ATTR_UNSET, NULL, "box_coordinate_scale",                       \
      "box_coordinate_scale")                                                                      \
    A(STRING, framework, NO_DEFAULT, NULL, "framework", "framework")                               \
    A(FREE, source, NO_DEFAULT, NULL, NULL, "")
ATTR_STRUCT(proposal, PROPOSAL_ATTRS)

// Inputs: feature maps [N,C,H,W], boxes [M,5].
enum roi_method { ROI_MAX, ROI_BILINEAR };
#define ROI_POOLING_ATTRS(A)                                                                       \
    A(INT, pooled_h, 1, NULL, "pooled_h", "pooled_h")                                              \
    A(INT, pooled_w, 1, NULL, "pooled_w", "pooled_w")                                              \
    A(FLOAT, spatial_scale, 1, NULL, "spatial_scale", "spatial_scale")                             \
    A(ENUM, method, ATTR_UNSET, roi_methods, "method", "method")
ATTR_STRUCT(roi_pooling, ROI_POOLING_ATTRS)

enum psroi_mode { PSROI_AVERAGE, PSROI_BILINEAR };
#define PSROI_POOLING_ATTRS(A)                                                                     \
    A(INT, output_dim, 1, NULL, "output_dim", "output_dim")                                        \
    A(INT, group_size, 1, NULL, "group_size", "group_size")                                        \
    A(FLOAT, spatial_scale, 1, NULL, "spatial_scale", "spatial_scale")                             \
    A(ENUM, mode, PSROI_AVERAGE, psroi_modes, "mode", NULL)                                        \
    A(INT, spatial_bins_x, 1, NULL, "spatial_bins_x", NULL)                                        \
    A(INT, spatial_bins_y, 1, NULL, "spatial_bins_y", NULL)                                        \
    A(FREE, source, NO_DEFAULT, NULL, NULL, "")
ATTR_STRUCT(psroi_pooling, PSROI_POOLING_ATTRS)

#define REGION_YOLO_ATTRS(A)                                                                       \
    A(FLOATS, anchors, NO_DEFAULT, NULL, "anchors", "anchors")                                     \
    A(INT, axis, 1, NULL, "axis", "axis")                                                          \
    A(INT, coords, 4, NULL, "coords", "coords")                                                    \
    A(INT, classes, NO_DEFAULT, NULL, "classes", "classes")                                        \
    A(INT, end_axis, 3, NULL, "end_axis", "end_axis")                                              \
    A(INT, num, NO_DEFAULT, NULL, "num", "num")                                                    \
    A(BOOL, do_softmax, true, NULL, "do_softmax", "do_softmax")                                    \
    A(INTS, mask, NO_DEFAULT, NULL, "mask", "mask")
ATTR_STRUCT(region_yolo, REGION_YOLO_ATTRS)

#define REORG_YOLO_ATTRS(A) A(INT, stride, 1, NULL, "stride", "stride")
ATTR_STRUCT(reorg_yolo, REORG_YOLO_ATTRS)

// Boxes that a PriorBox makes at each place.
int64_t prior_box_count(const struct prior_box *a);

#endif
