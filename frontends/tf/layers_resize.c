// SPDX-License-Identifier: Apache-2.0
// ResizeBilinear, ResizeNearestNeighbor, ExtractImagePatches.
#include <string.h>

#include "compiler/ops/blocks.h"
#include "compiler/ops/build_layers.h"
#include "compiler/ops/interpolate.h"
#include "frontends/tf/layers.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

// Where a new pixel lies on the old grid: by corners, by centres, or (TensorFlow's first rule) by
// plain division.
static enum interpolate_coordinates coordinates(struct tf_layer *l, bool nearest) {
    if (tf_attr_bool(l->node, "align_corners",
                     tf_attr_bool(l->node, "resize_align_corners", false)))
        return ALIGN_CORNERS;
    if (tf_attr_bool(l->node, "half_pixel_centers", false))
        return nearest ? TF_HALF_PIXEL_FOR_NN : HALF_PIXEL;
    return ASYMMETRIC;
}

static void resize(struct tf_layer *l, enum interpolate_mode mode) {
    if (!tf_rank(l, 0, 4, 4) || !tf_inputs(l, 2))
        return;
    struct builder *b = &l->builder;
    struct value *x = l->inputs[0];
    if (mode != INTERPOLATE_NEAREST) // whole numbers give what lies between them, too
        x = tf_as_real(l, x);
    x = tf_to_first(l, "to_channels_first", x);
    struct value *scales = build_constant(b, tf_name(l, "scales"),
                                          tensor_f32(l->arena, SHAPE(2), (const float[]){1, 1}));
    struct value *axes = build_i64(b, tf_name(l, "axes"), 2, (const int64_t[]){2, 3});
    struct node *n = build_node(b, &op_Interpolate, l->name, 4,
                                (struct value *[]){x, l->inputs[1], scales, axes});
    struct interpolate *a = n->attrs;
    a->mode = (int)mode;
    a->shape_calculation_mode = INTERPOLATE_SIZES;
    a->coordinate_transformation_mode = (int)coordinates(l, mode == INTERPOLATE_NEAREST);
    a->nearest_mode =
        a->coordinate_transformation_mode == ALIGN_CORNERS ? ROUND_PREFER_CEIL : NEAREST_FLOOR;
    if (mode == INTERPOLATE_CUBIC && a->coordinate_transformation_mode == HALF_PIXEL)
        a->cube_coeff = -0.5F;
    l->outputs[0] = tf_to_last(l, finish(n));
}

void tf_resize_bilinear(struct tf_layer *l) {
    resize(l, INTERPOLATE_LINEAR_ONNX);
}

void tf_resize_nearest(struct tf_layer *l) {
    resize(l, INTERPOLATE_NEAREST);
}

void tf_resize_bicubic(struct tf_layer *l) {
    resize(l, INTERPOLATE_CUBIC);
}

void tf_patches(struct tf_layer *l) {
    if (!tf_rank(l, 0, 4, 4))
        return;
    const char *padding = tf_attr_text(l->arena, l->node, "padding", "VALID");
    struct value *x = tf_to_first(l, "to_channels_first", l->inputs[0]);
    struct node *n = build_node(&l->builder, &op_ExtractImagePatches, l->name, 1, &x);
    struct patches *a = n->attrs;
    a->sizes = tf_spatial(l, tf_attr_ints(l->node, "ksizes"));
    a->strides = tf_spatial(l, tf_attr_ints(l->node, "strides"));
    a->rates = tf_spatial(l, tf_attr_ints(l->node, "rates"));
    a->auto_pad = strcmp(padding, "SAME") == 0 ? PAD_SAME_UPPER : PAD_VALID;
    l->outputs[0] = tf_to_last(l, finish(n));
}
