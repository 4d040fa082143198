// SPDX-License-Identifier: Apache-2.0
// Interp and Resample as Interpolate of height and width.
#include "compiler/ops/interpolate.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/lower.h"

struct resizing {
    enum interpolate_mode mode;
    enum interpolate_coordinates coordinates;
    enum interpolate_nearest nearest;
    bool antialias;
};

// Interpolate of axes 2 and 3 to the size that the node's shape rule found. Where it is not known,
// a second input says it.
static struct value *resize(struct builder *b, struct node *n, struct value *x,
                            const struct resizing *how) {
    const struct shape *in = &x->shape, *out = &n->outputs[0].shape;
    static const int64_t axes[] = {2, 3};
    float scales[2] = {1, 1};
    for (int32_t i = 0; i < 2; i++) {
        if (in->dims[2 + i] < 1 || out->dims[2 + i] < 1)
            return NULL;
        scales[i] = (float)out->dims[2 + i] / (float)in->dims[2 + i];
    }
    struct value *inputs[] = {
        x, build_i64(b, lower_name(n, "sizes"), 2, &out->dims[2]),
        build_constant(b, lower_name(n, "scales"), tensor_f32(b->graph->arena, SHAPE(2), scales)),
        build_i64(b, lower_name(n, "axes"), 2, axes)};
    struct node *made = build_node(b, &op_Interpolate, n->name, 4, inputs);
    struct interpolate *a = made->attrs;
    const int64_t none[] = {0, 0, 0, 0};
    a->mode = (int)how->mode;
    a->shape_calculation_mode = INTERPOLATE_SIZES;
    a->coordinate_transformation_mode = (int)how->coordinates;
    a->nearest_mode = (int)how->nearest;
    a->antialias = how->antialias;
    a->pads_begin = a->pads_end = ints_copy(b->graph->arena, none, 4);
    node_finish(made);
    return &made->outputs[0];
}

// Pads of Interp are negative: they cut the edges away first.
static struct value *cut_edges(struct builder *b, const struct node *n, struct value *x) {
    const struct interp *a = n->attrs;
    if (a->pad_beg == 0 && a->pad_end == 0)
        return x;
    const int64_t begin[] = {0, 0, -a->pad_beg, -a->pad_beg};
    int64_t end[] = {0, 0, a->pad_end, a->pad_end};
    int64_t begin_mask[] = {1, 1, 0, 0}, end_mask[] = {1, 1, a->pad_end == 0, a->pad_end == 0};
    struct value *inputs[] = {x, build_i64(b, lower_name(n, "begin"), 4, begin),
                              build_i64(b, lower_name(n, "end"), 4, end)};
    struct node *slice = build_node(b, &op_StridedSlice, lower_name(n, "cut"), 3, inputs);
    struct strided_slice *s = slice->attrs;
    s->begin_mask = ints_copy(b->graph->arena, begin_mask, 4);
    s->end_mask = ints_copy(b->graph->arena, end_mask, 4);
    node_finish(slice);
    return &slice->outputs[0];
}

static struct value *lower_interp(struct builder *b, struct node *n) {
    const struct interp *a = n->attrs;
    const struct resizing how = {.mode = INTERPOLATE_LINEAR_ONNX,
                                 .coordinates = a->align_corners ? ALIGN_CORNERS : ASYMMETRIC};
    return resize(b, n, cut_edges(b, n, n->inputs[0].value), &how);
}

static struct value *lower_resample(struct builder *b, struct node *n) {
    static const struct resizing ways[] = {
        [RESAMPLE_NEAREST] = {INTERPOLATE_NEAREST, ASYMMETRIC, NEAREST_FLOOR, false},
        [RESAMPLE_LINEAR] = {INTERPOLATE_LINEAR_ONNX, HALF_PIXEL, ROUND_PREFER_FLOOR, false},
        [RESAMPLE_CUBIC] = {INTERPOLATE_CUBIC, HALF_PIXEL, ROUND_PREFER_FLOOR, false},
        [RESAMPLE_AREA] = {INTERPOLATE_LINEAR, HALF_PIXEL, ROUND_PREFER_FLOOR, true},
    };
    const struct resample *a = n->attrs;
    struct resizing how = ways[a->type];
    if (a->antialias && a->type == RESAMPLE_LINEAR)
        how = ways[RESAMPLE_AREA];
    return resize(b, n, n->inputs[0].value, &how);
}

bool lower_opset_resize(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_each(g, &op_Interp, lower_interp);
    return lower_each(g, &op_Resample, lower_resample) || changed;
}
