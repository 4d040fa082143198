// SPDX-License-Identifier: Apache-2.0
// Images and windows that are more than one operator: fused convolutions, the old batch
// normalization, morphology, areas, contrast.
#include <float.h>
#include <math.h>
#include <string.h>

#include "compiler/ops/build_layers.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/pooling.h"
#include "compiler/ops/reduction.h"
#include "compiler/ops/slicing.h"
#include "frontends/tf/spell.h"

// --- fused operators -----------------------------------------------------------------------------

// A part of the node as an operator of its own, with the node's attributes.
static struct value *part_of(struct tf_layer *l, const char *op, const char *suffix, uint32_t count,
                             struct value **inputs) {
    struct tf_node node = *l->node;
    struct value *output = NULL;
    struct tf_layer part = *l;
    node.op = op;
    part.node = &node;
    part.name = suffix == NULL ? l->name : tf_name(l, suffix);
    part.inputs = inputs;
    part.input_count = count;
    part.outputs = &output;
    part.output_count = 1;
    for (uint32_t i = 0; i < count; i++)
        if (inputs[i]->poison)
            return inputs[i];
    tf_import_operator(&part);
    l->failed = l->failed || part.failed;
    return output != NULL ? output : graph_poison(l->builder.graph, part.name, &l->builder.place);
}

// Data, paddings, filters.
void tf_fused_pad_conv(struct tf_layer *l) {
    if (!tf_inputs(l, 3))
        return;
    struct value *x = part_of(l, "MirrorPad", "pad", 2, l->inputs);
    l->outputs[0] = part_of(l, "Conv2D", NULL, 2, (struct value *[]){x, l->inputs[2]});
}

// Data, size, paddings, filters.
void tf_fused_resize_pad_conv(struct tf_layer *l) {
    if (!tf_inputs(l, 4))
        return;
    struct value *x = part_of(l, "ResizeBilinear", "resize", 2, l->inputs);
    x = part_of(l, "MirrorPad", "pad", 2, (struct value *[]){x, l->inputs[2]});
    l->outputs[0] = part_of(l, "Conv2D", NULL, 2, (struct value *[]){x, l->inputs[3]});
}

// --- batch normalization -------------------------------------------------------------------------

// Data, mean, variance, beta, gamma, which counts only when the node says so.
void tf_old_batch_norm(struct tf_layer *l) {
    if (!tf_inputs(l, 5))
        return;
    bool scaled = tf_attr_bool(l->node, "scale_after_normalization", false);
    double epsilon = tf_attr_float(l->node, "variance_epsilon", 0);
    struct batch_norm_tensors t = {.mean = tf_constant(l, 1, "the mean"),
                                   .variance = tf_constant(l, 2, "the variance"),
                                   .beta = tf_constant(l, 3, "beta"),
                                   .gamma = scaled ? tf_constant(l, 4, "gamma") : NULL,
                                   .epsilon = epsilon};
    if (l->failed)
        return;
    l->outputs[0] = build_batch_norm(&l->builder, l->name, l->inputs[0], -1, &t);
    if (l->outputs[0] == NULL)
        tf_fail(l, SHAPE_MISMATCH, "mean, variance, beta and gamma differ in size");
}

// --- pooling with places -------------------------------------------------------------------------

// Places come counted through height and width; TensorFlow counts through the channels, too.
static struct value *place_in_image(struct tf_layer *l, struct value *places) {
    struct value *x = l->inputs[0];
    struct value *channels = spell_dim(l, "channels", x, 3);
    struct value *place = spell_two(l, &op_Multiply, "place_step", places, channels);
    bool in_batch = tf_attr_bool(l->node, "include_batch_in_index", false);
    place = spell_two(l, &op_Add, "place", place, spell_range(l, "channel", channels));
    if (in_batch) {
        struct value *height = spell_dim(l, "height", x, 1), *width = spell_dim(l, "width", x, 2);
        struct value *image =
            spell_two(l, &op_Multiply, "image_size",
                      spell_two(l, &op_Multiply, "pixels", height, width), channels);
        struct value *first = spell_range(l, "batch", spell_dim(l, "batch_size", x, 0));
        first = spell_reshape(l, "batch_first", first, 4, (const int64_t[]){-1, 1, 1, 1});
        first = spell_two(l, &op_Multiply, "batch_place", first, image);
        place = spell_two(l, &op_Add, "place_in_batch", place, first);
    }
    return spell_convert(l, "places", place, tf_attr_type(l->node, "Targmax", DT_I64));
}

void tf_pool_with_places(struct tf_layer *l) {
    if (!tf_rank(l, 0, 4, 4))
        return;
    struct value *x = tf_to_first(l, "to_channels_first", l->inputs[0]);
    struct node *n = build_node(&l->builder, &op_MaxPoolIndices, tf_name(l, "pool"), 1, &x);
    struct pooling_indices *p = n->attrs;
    p->kernel = tf_spatial(l, tf_attr_ints(l->node, "ksize"));
    p->strides = tf_spatial(l, tf_attr_ints(l->node, "strides"));
    const char *padding = tf_attr_text(l->arena, l->node, "padding", "VALID");
    p->auto_pad = strcmp(padding, "SAME") == 0 ? PAD_SAME_UPPER : PAD_VALID;
    p->axis = 2;
    node_finish(n);
    if (n->outputs[0].poison)
        return;
    l->outputs[0] = tf_to_last(l, &n->outputs[0]);
    if (l->output_count < 2)
        return;
    struct value *places = build_transpose(&l->builder, tf_name(l, "places_last"), &n->outputs[1],
                                           4, (const int64_t[]){0, 2, 3, 1});
    l->outputs[1] = place_in_image(l, places);
}

// --- morphology ----------------------------------------------------------------------------------

struct morphology { // a window over height and width
    int64_t size[2], step[2], rate[2], in[2], out[2], before[2], after[2];
};

static bool read_morphology(struct tf_layer *l, struct morphology *m) {
    enum { TAPS_MAX = 256 };
    struct ints steps = tf_attr_ints(l->node, "strides"), rates = tf_attr_ints(l->node, "rates");
    bool same = strcmp(tf_attr_text(l->arena, l->node, "padding", "VALID"), "SAME") == 0;
    const struct shape *x = &l->inputs[0]->shape, *w = &l->inputs[1]->shape;
    for (int i = 0; i < 2; i++) {
        m->size[i] = w->dims[i];
        m->in[i] = x->dims[i + 1];
        m->step[i] = ints_get(steps, (uint32_t)i + 1, 1);
        m->rate[i] = ints_get(rates, (uint32_t)i + 1, 1);
        if (m->size[i] < 1 || m->size[i] > TAPS_MAX || m->in[i] < 1 || m->in[i] > INT32_MAX ||
            m->step[i] < 1 || m->step[i] > INT32_MAX || m->rate[i] < 1 || m->rate[i] > INT32_MAX)
            return false;
        int64_t extent = (m->size[i] - 1) * m->rate[i] + 1;
        m->out[i] =
            same ? (m->in[i] + m->step[i] - 1) / m->step[i] : (m->in[i] - extent) / m->step[i] + 1;
        int64_t pad = (m->out[i] - 1) * m->step[i] + extent - m->in[i];
        pad = same && pad > 0 ? pad : 0;
        m->before[i] = pad / 2;
        m->after[i] = pad - pad / 2;
        if (m->out[i] < 1 || (!same && m->in[i] < extent))
            return false;
    }
    return m->size[0] * m->size[1] <= TAPS_MAX;
}

static struct value *pad_morphology(struct tf_layer *l, const struct morphology *m) {
    const int64_t begin[] = {0, m->before[0], m->before[1], 0};
    const int64_t end[] = {0, m->after[0], m->after[1], 0};
    if (begin[1] + begin[2] + end[1] + end[2] == 0)
        return l->inputs[0];
    struct value *inputs[] = {l->inputs[0], spell_list(l, "pad/begin", 4, begin),
                              spell_list(l, "pad/end", 4, end),
                              spell_number(l, "pad/value", l->inputs[0], -FLT_MAX)};
    return spell(l, &op_Pad, "pad", 4, inputs);
}

// What one element of the filter sees, and it added.
static struct value *tap(struct tf_layer *l, const struct morphology *m, struct value *x,
                         int64_t row, int64_t column) {
    const char *name = arena_printf(l->arena, "tap_%d_%d", (int)row, (int)column);
    const int64_t first[] = {0, row * m->rate[0], column * m->rate[1]};
    const int64_t end[] = {0, first[1] + (m->out[0] - 1) * m->step[0] + 1,
                           first[2] + (m->out[1] - 1) * m->step[1] + 1};
    const int64_t step[] = {1, m->step[0], m->step[1]}, open[] = {1, 0, 0};
    struct value *inputs[] = {x, spell_list(l, arena_printf(l->arena, "%s/begin", name), 3, first),
                              spell_list(l, arena_printf(l->arena, "%s/end", name), 3, end),
                              spell_list(l, arena_printf(l->arena, "%s/step", name), 3, step)};
    struct node *n = build_node(&l->builder, &op_StridedSlice,
                                tf_name(l, arena_printf(l->arena, "%s/seen", name)), 4, inputs);
    struct strided_slice *a = n->attrs;
    a->begin_mask = a->end_mask = ints_copy(l->arena, open, 3);
    node_finish(n);
    struct value *place =
        spell_integer(l, arena_printf(l->arena, "%s/place", name), row * m->size[1] + column);
    struct value *filters =
        spell_reshape(l, arena_printf(l->arena, "%s/filters", name), l->inputs[1], 2,
                      (const int64_t[]){m->size[0] * m->size[1], -1});
    struct value *weight =
        spell_gather(l, arena_printf(l->arena, "%s/filter", name), filters, place, 0);
    return spell_two(l, &op_Add, name, &n->outputs[0], weight);
}

// The largest sum of an element and the filter's element over it.
void tf_dilation(struct tf_layer *l) {
    struct morphology m;
    if (!tf_rank(l, 0, 4, 4) || !tf_rank(l, 1, 3, 3))
        return;
    if (!read_morphology(l, &m)) {
        tf_fail(l, NOT_SUPPORTED, "a dilation of this window",
                "sizes must be known, and at most 256 elements");
        return;
    }
    struct value *x = pad_morphology(l, &m), *most = NULL;
    int64_t last = m.size[0] * m.size[1] - 1;
    for (int64_t i = 0; i <= last; i++) {
        struct value *one = tap(l, &m, x, i / m.size[1], i % m.size[1]);
        const char *name = arena_printf(l->arena, "most_%d", (int)i);
        most = most == NULL ? one : spell_two(l, &op_Maximum, i == last ? NULL : name, most, one);
    }
    l->outputs[0] = most;
}

// --- areas ---------------------------------------------------------------------------------------

// How much of each old pixel each new one takes: [old, new], or [new, old].
static struct value *area_matrix(struct tf_layer *l, const char *suffix, int64_t from, int64_t to,
                                 bool turned) {
    bool corners = tf_attr_bool(l->node, "align_corners", false) && to > 1;
    float scale = corners ? (float)(from - 1) / (float)(to - 1) : (float)from / (float)to;
    float *data = arena_array_of(l->arena, (uint64_t)(from * to), float);
    for (int64_t i = 0; i < from * to; i++)
        data[i] = 0;
    for (int64_t k = 0; k < to; k++) {
        float begin = (float)k * scale, end = (float)(k + 1) * scale;
        for (int64_t i = (int64_t)floorf(begin); i < (int64_t)ceilf(end); i++) {
            int64_t pixel = i < from ? i : from - 1; // beyond the edge it repeats
            float share = fminf((float)(i + 1), end) - fmaxf((float)i, begin);
            data[turned ? k * from + pixel : pixel * to + k] += share / scale;
        }
    }
    return build_constant(&l->builder, tf_name(l, suffix),
                          tensor_f32(l->arena, turned ? SHAPE(to, from) : SHAPE(from, to), data));
}

static struct value *area_by_pool(struct tf_layer *l, struct value *x, const int64_t *step) {
    struct node *n = build_node(&l->builder, &op_AvgPool, l->name, 1, &x);
    struct pooling *p = n->attrs;
    p->kernel = ints_copy(l->arena, step, 2);
    p->strides = p->kernel;
    node_finish(n);
    return &n->outputs[0];
}

// Each new pixel is the mean of what it covers.
void tf_resize_area(struct tf_layer *l) {
    enum { SIZE_MAX_AREA = 1 << 13, SHARES_MAX = 1 << 22 };
    struct ints size;
    if (!tf_rank(l, 0, 4, 4) || !tf_numbers(l, 1, "size", &size))
        return;
    const int64_t *dims = l->inputs[0]->shape.dims + 1;
    bool whole = size.count == 2 && !tf_attr_bool(l->node, "align_corners", false);
    for (uint32_t i = 0; i < 2; i++) {
        if (size.count != 2 || dims[i] < 1 || dims[i] > SIZE_MAX_AREA || size.data[i] < 1 ||
            size.data[i] > SIZE_MAX_AREA) {
            tf_fail(l, NOT_SUPPORTED, "a resize by area of this size", "sizes must be known");
            return;
        }
        whole = whole && dims[i] % size.data[i] == 0;
    }
    if (!whole && dims[0] * size.data[0] + dims[1] * size.data[1] > SHARES_MAX) {
        tf_fail(l, NOT_SUPPORTED, "a resize by area of this size", "it is too large");
        return;
    }
    struct value *x =
        tf_to_first(l, "to_channels_first", spell_convert(l, "numbers", l->inputs[0], DT_F32));
    if (whole) {
        x = area_by_pool(l, x, (const int64_t[]){dims[0] / size.data[0], dims[1] / size.data[1]});
    } else {
        x = spell_two(l, &op_MatMul, "columns", x,
                      area_matrix(l, "column_shares", dims[1], size.data[1], false));
        x = spell_two(l, &op_MatMul, NULL,
                      area_matrix(l, "row_shares", dims[0], size.data[0], true), x);
    }
    l->outputs[0] = tf_to_last(l, x);
}

// --- contrast ------------------------------------------------------------------------------------

// Images [..., height, width, channels], factor: the distance from the mean of each channel.
void tf_adjust_contrast(struct tf_layer *l) {
    if (!tf_rank(l, 0, 3, SHAPE_MAX_RANK) || !tf_inputs(l, 2))
        return;
    int32_t rank = l->inputs[0]->shape.rank;
    struct value *x = l->inputs[0];
    struct node *n = build_node(
        &l->builder, &op_ReduceMean, tf_name(l, "mean"), 2,
        (struct value *[]){x, spell_list(l, "axes", 2, (const int64_t[]){rank - 3, rank - 2})});
    ((struct reduction *)n->attrs)->keep_dims = true;
    node_finish(n);
    struct value *far = spell_two(l, &op_Subtract, "distance", x, &n->outputs[0]);
    far = spell_two(l, &op_Multiply, "scaled", far, l->inputs[1]);
    l->outputs[0] = spell_two(l, &op_Add, NULL, far, &n->outputs[0]);
}
