// SPDX-License-Identifier: Apache-2.0
// Resizing. Interpolate is the opset's; Interp and Resample are layers that Caffe, MXNet and
// classic IR have; lower_opset makes Interpolate of them and lower_classic one of them of
// Interpolate.
#ifndef ZOOC_OPS_INTERPOLATE_H
#define ZOOC_OPS_INTERPOLATE_H

#include "compiler/ops/ops.h"

enum interpolate_mode {
    INTERPOLATE_NEAREST,
    INTERPOLATE_LINEAR,
    INTERPOLATE_LINEAR_ONNX,
    INTERPOLATE_CUBIC
};
enum interpolate_shape { INTERPOLATE_SIZES, INTERPOLATE_SCALES };
enum interpolate_coordinates {
    HALF_PIXEL,
    PYTORCH_HALF_PIXEL,
    ASYMMETRIC,
    TF_HALF_PIXEL_FOR_NN,
    ALIGN_CORNERS
};
enum interpolate_nearest {
    ROUND_PREFER_FLOOR,
    ROUND_PREFER_CEIL,
    NEAREST_FLOOR,
    NEAREST_CEIL,
    NEAREST_SIMPLE
};

// Inputs: data, sizes, scales, axes (all axes when absent). shape_calculation_mode says which of
// sizes and scales counts.
#define INTERPOLATE_ATTRS(A)                                                                       \
    A(ENUM, mode, INTERPOLATE_NEAREST, interpolate_modes, "mode", NULL)                            \
    A(ENUM, shape_calculation_mode, INTERPOLATE_SIZES, interpolate_shapes,                         \
      "shape_calculation_mode", NULL)                                                              \
    A(ENUM, coordinate_transformation_mode, HALF_PIXEL, interpolate_coordinates,                   \
      "coordinate_transformation_mode", NULL)                                                      \
    A(ENUM, nearest_mode, ROUND_PREFER_FLOOR, interpolate_nearest, "nearest_mode", NULL)           \
    A(BOOL, antialias, false, NULL, "antialias", NULL)                                             \
    A(INTS, pads_begin, NO_DEFAULT, NULL, "pads_begin", NULL)                                      \
    A(INTS, pads_end, NO_DEFAULT, NULL, "pads_end", NULL)                                          \
    A(FLOAT, cube_coeff, -0.75, NULL, "cube_coeff", NULL)
ATTR_STRUCT(interpolate, INTERPOLATE_ATTRS)

// Bilinear. One of: height and width (0: not said); factor; shrink_factor and zoom_factor (Caffe's
// rule); a second input whose size counts. pad_beg and pad_end are not positive: they cut.
#define INTERP_ATTRS(A)                                                                            \
    A(BOOL, align_corners, true, NULL, NULL, "align_corners")                                      \
    A(INT, height, ATTR_UNSET, NULL, NULL, "height")                                               \
    A(INT, width, ATTR_UNSET, NULL, NULL, "width")                                                 \
    A(FLOAT, factor, ATTR_UNSET, NULL, NULL, "factor")                                             \
    A(INT, shrink_factor, ATTR_UNSET, NULL, NULL, "shrink_factor")                                 \
    A(INT, zoom_factor, ATTR_UNSET, NULL, NULL, "zoom_factor")                                     \
    A(INT, pad_beg, 0, NULL, NULL, "pad_beg")                                                      \
    A(INT, pad_end, 0, NULL, NULL, "pad_end")
ATTR_STRUCT(interp, INTERP_ATTRS)

// One of: height and width; factor; a second input whose size counts.
enum resample_type { RESAMPLE_NEAREST, RESAMPLE_LINEAR, RESAMPLE_CUBIC, RESAMPLE_AREA };
#define RESAMPLE_ATTRS(A)                                                                          \
    A(ENUM, type, RESAMPLE_NEAREST, resample_types, NULL, "type")                                  \
    A(BOOL, antialias, false, NULL, NULL, "antialias")                                             \
    A(INT, height, ATTR_UNSET, NULL, NULL, "height")                                               \
    A(INT, width, ATTR_UNSET, NULL, NULL, "width")                                                 \
    A(FLOAT, factor, ATTR_UNSET, NULL, NULL, "factor")
ATTR_STRUCT(resample, RESAMPLE_ATTRS)

#endif
