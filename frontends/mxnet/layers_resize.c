// SPDX-License-Identifier: Apache-2.0
// UpSampling, BilinearResize2D, AdaptiveAvgPooling2D, depth_to_space.
#include <string.h>

#include "compiler/ops/blocks.h"
#include "compiler/ops/build_layers.h"
#include "compiler/ops/interpolate.h"
#include "compiler/ops/pooling.h"
#include "frontends/mxnet/layers.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

static struct value *enlarge(struct mxnet_layer *l, const char *name, struct value *x,
                             double factor) {
    struct node *n = build_node(&l->builder, &op_Resample, name, 1, &x);
    struct resample *a = n->attrs;
    a->type = RESAMPLE_NEAREST;
    a->factor = (float)factor;
    return finish(n);
}

// Several inputs are all enlarged to the first one's new size, then joined or added.
static void enlarge_all(struct mxnet_layer *l, int64_t scale, bool sum) {
    struct value **parts = arena_array_of(l->arena, l->input_count, struct value *);
    for (uint32_t i = 0; i < l->input_count; i++)
        if (!mxnet_rank(l, i, 4, 4) || !mxnet_static(l, i))
            return;
    double height = (double)(l->inputs[0]->shape.dims[2] * scale);
    for (uint32_t i = 0; i < l->input_count; i++)
        parts[i] = enlarge(l, mxnet_name(l, arena_printf(l->arena, "part_%u", i)), l->inputs[i],
                           height / (double)l->inputs[i]->shape.dims[2]);
    l->outputs[0] = parts[0];
    if (!sum)
        l->outputs[0] = build_concat(&l->builder, l->name, 1, l->input_count, parts);
    for (uint32_t i = 1; sum && i < l->input_count; i++)
        l->outputs[0] = build_op2(
            &l->builder, &op_Add,
            i + 1 == l->input_count ? l->name : mxnet_name(l, arena_printf(l->arena, "sum_%u", i)),
            l->outputs[0], parts[i]);
}

// Bilinear is a deconvolution of each channel by weights that the model brings along.
static void bilinear(struct mxnet_layer *l, int64_t scale) {
    const struct tensor *weights = mxnet_weights(l, 1, "weight");
    if (weights == NULL || !mxnet_rank(l, 0, 4, 4))
        return;
    int64_t pad = scale / 2;
    struct ints strides = ints_copy(l->arena, (const int64_t[]){scale, scale}, 2);
    struct ints pads = ints_copy(l->arena, (const int64_t[]){pad, pad}, 2);
    struct deconvolution window = {.strides = strides, .pads_begin = pads, .pads_end = pads};
    l->outputs[0] = build_deconvolution(&l->builder, l->name, l->inputs[0], weights, NULL,
                                        l->inputs[0]->shape.dims[1], &window);
}

void mxnet_upsampling(struct mxnet_layer *l) {
    static const char *const types[] = {"nearest", "bilinear", NULL};
    static const char *const modes[] = {"concat", "sum", NULL};
    int type = mxnet_choice(l, "sample_type", types);
    int mode = mxnet_choice(l, "multi_input_mode", modes);
    int64_t scale = mxnet_int(l, "scale", 1);
    if (l->failed)
        return;
    if (scale < 1 || scale > INT16_MAX)
        mxnet_fail(l, ATTRIBUTE_VALUE, "scale", mxnet_attr(l->node, "scale"));
    else if (type == 1)
        bilinear(l, scale);
    else if (l->input_count > 1)
        enlarge_all(l, scale, mode == 1);
    else
        l->outputs[0] = enlarge(l, l->name, l->inputs[0], (double)scale);
}

// The corners of both sizes lie upon each other.
void mxnet_bilinear_resize(struct mxnet_layer *l) {
    int64_t height = mxnet_int(l, "height", 0), width = mxnet_int(l, "width", 0);
    if (l->failed || !mxnet_rank(l, 0, 4, 4))
        return;
    if (height < 1 || width < 1) { // later versions know scales, too
        mxnet_fail(l, ATTRIBUTE_MISSING, height < 1 ? "height" : "width");
        return;
    }
    struct node *n = build_node(&l->builder, &op_Interp, l->name, 1, l->inputs);
    struct interp *a = n->attrs;
    a->height = height;
    a->width = width;
    l->outputs[0] = finish(n);
}

// Means of output_size parts of height and width, which must be of one size.
void mxnet_adaptive_pooling(struct mxnet_layer *l) {
    struct ints size = mxnet_ints(l, "output_size");
    if (l->failed || !mxnet_rank(l, 0, 4, 4) || !mxnet_static(l, 0))
        return;
    int64_t window[2];
    for (uint32_t i = 0; i < 2; i++) {
        int64_t whole = l->inputs[0]->shape.dims[i + 2];
        int64_t parts = ints_get(size, i, ints_get(size, 0, 1));
        if (parts < 1 || whole % parts != 0) {
            mxnet_fail(l, NOT_SUPPORTED, "output_size", "the parts would differ in size");
            return;
        }
        window[i] = whole / parts;
    }
    struct node *n = build_node(&l->builder, &op_AvgPool, l->name, 1, l->inputs);
    struct pooling *p = n->attrs;
    p->kernel = p->strides = ints_copy(l->arena, window, 2);
    l->outputs[0] = finish(n);
}

void mxnet_depth_to_space(struct mxnet_layer *l) {
    int64_t size = mxnet_int(l, "block_size", 1);
    if (l->failed)
        return;
    bool to_depth = strcmp(l->node->op, "space_to_depth") == 0;
    struct node *n = build_node(&l->builder, to_depth ? &op_SpaceToDepth : &op_DepthToSpace,
                                l->name, 1, l->inputs);
    struct depth *a = n->attrs;
    a->mode = DEPTH_BLOCKS_FIRST;
    a->block_size = size;
    l->outputs[0] = finish(n);
}
