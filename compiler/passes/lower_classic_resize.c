// SPDX-License-Identifier: Apache-2.0
// Interpolate of height and width as Interp (lines between corners) or Resample (all else); a
// source's own Interp as readers know it.
#include "compiler/ops/interpolate.h"
#include "compiler/passes/lower.h"

// Do only height and width change?
static bool is_spatial(const struct node *n) {
    const struct shape *in = &n->inputs[0].value->shape, *out = &n->outputs[0].shape;
    return in->rank == 4 && shape_is_static(in) && shape_is_static(out) &&
           in->dims[0] == out->dims[0] && in->dims[1] == out->dims[1];
}

static bool has_pads(const struct interpolate *a) {
    for (uint32_t i = 0; i < a->pads_begin.count; i++)
        if (a->pads_begin.data[i] != 0)
            return true;
    for (uint32_t i = 0; i < a->pads_end.count; i++)
        if (a->pads_end.data[i] != 0)
            return true;
    return false;
}

// The one factor of both axes, or 0. A whole factor repeats each element, whatever the rule.
static int64_t whole_factor(const struct node *n) {
    const struct shape *in = &n->inputs[0].value->shape, *out = &n->outputs[0].shape;
    int64_t factor = out->dims[2] / in->dims[2];
    return factor > 0 && in->dims[2] * factor == out->dims[2] &&
                   in->dims[3] * factor == out->dims[3]
               ? factor
               : 0;
}

// The factor that gives height and width, for who multiplies and cuts; 0 when there is none.
static float common_factor(const struct node *n) {
    const struct shape *in = &n->inputs[0].value->shape, *out = &n->outputs[0].shape;
    float factor = (float)out->dims[2] / (float)in->dims[2];
    bool one = out->dims[2] * in->dims[3] == out->dims[3] * in->dims[2];
    for (int32_t i = 2; one && i < 4; i++)
        one = (int64_t)((float)in->dims[i] * factor) == out->dims[i];
    return one ? factor : 0;
}

static struct value *make_interp(struct builder *b, struct node *n, bool align_corners) {
    float factor = common_factor(n);
    struct node *made = build_node(b, &op_Interp, n->name, 1, &n->inputs[0].value);
    struct interp *a = made->attrs;
    a->align_corners = align_corners;
    if (factor > 0) {
        a->factor = factor;
    } else {
        a->height = n->outputs[0].shape.dims[2];
        a->width = n->outputs[0].shape.dims[3];
    }
    node_finish(made);
    return &made->outputs[0];
}

static struct value *make_resample(struct builder *b, struct node *n, enum resample_type type,
                                   bool antialias) {
    float factor = common_factor(n);
    struct node *made = build_node(b, &op_Resample, n->name, 1, &n->inputs[0].value);
    struct resample *a = made->attrs;
    a->type = (int)type;
    a->antialias = antialias;
    if (factor > 0) {
        a->factor = factor;
    } else {
        a->height = n->outputs[0].shape.dims[2];
        a->width = n->outputs[0].shape.dims[3];
    }
    node_finish(made);
    return &made->outputs[0];
}

// Rules for the nearest that agree with the engines' own: rounding down from the corner.
static bool is_plain_nearest(const struct node *n) {
    const struct interpolate *a = n->attrs;
    bool corner = a->coordinate_transformation_mode == ASYMMETRIC &&
                  (a->nearest_mode == NEAREST_FLOOR || a->nearest_mode == NEAREST_SIMPLE);
    bool centre = whole_factor(n) > 0 && a->coordinate_transformation_mode == HALF_PIXEL &&
                  a->nearest_mode != NEAREST_CEIL && a->nearest_mode != NEAREST_FLOOR;
    return corner || centre;
}

static struct value *lower_interpolate(struct builder *b, struct node *n) {
    const struct interpolate *a = n->attrs;
    if (!is_spatial(n) || has_pads(a))
        return NULL;
    bool linear = a->mode == INTERPOLATE_LINEAR || a->mode == INTERPOLATE_LINEAR_ONNX;
    int coordinates = a->coordinate_transformation_mode;
    if (linear && !a->antialias && (coordinates == ALIGN_CORNERS || coordinates == ASYMMETRIC))
        return make_interp(b, n, coordinates == ALIGN_CORNERS);
    if (linear && coordinates == HALF_PIXEL)
        return make_resample(b, n, RESAMPLE_LINEAR, a->antialias);
    if (a->mode == INTERPOLATE_NEAREST && is_plain_nearest(n))
        return make_resample(b, n, RESAMPLE_NEAREST, false);
    return NULL;
}

// A source's own Interp says all its numbers, and of a second input only the size.
static struct value *complete_interp(struct builder *b, struct node *n) {
    const struct interp *from = n->attrs;
    bool reference = node_input(n, 1) != NULL;
    bool complete = from->height != INT_UNSET && from->shrink_factor != INT_UNSET;
    if (complete || !is_spatial(n) || from->factor != (float)ATTR_UNSET)
        return NULL;
    struct node *made = build_node(b, &op_Interp, n->name, 1, &n->inputs[0].value);
    struct interp *a = made->attrs;
    bool sized = reference || from->height != INT_UNSET;
    *a = *from;
    a->height = sized ? n->outputs[0].shape.dims[2] : 0;
    a->width = sized ? n->outputs[0].shape.dims[3] : 0;
    a->shrink_factor = sized ? 1 : from->shrink_factor;
    a->zoom_factor = sized ? 1 : from->zoom_factor;
    node_finish(made);
    return &made->outputs[0];
}

bool lower_classic_resize(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_each(g, &op_Interp, complete_interp);
    return lower_each(g, &op_Interpolate, lower_interpolate) || changed;
}
