// SPDX-License-Identifier: Apache-2.0
// Boxes and decoding: NonMaxSuppression, CropAndResize, CTCGreedyDecoder.
#include <float.h>
#include <string.h>

#include "compiler/ops/build_layers.h"
#include "compiler/ops/detection.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/reduction.h"
#include "compiler/ops/sort.h"
#include "frontends/tf/layers.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

static struct value *unsqueeze(struct tf_layer *l, const char *suffix, struct value *x,
                               uint32_t count, const int64_t *axes) {
    struct value *at =
        build_i64(&l->builder, tf_name(l, arena_printf(l->arena, "%s_axes", suffix)), count, axes);
    return build_op2(&l->builder, &op_Unsqueeze, tf_name(l, suffix), x, at);
}

// Some columns of a matrix.
static struct value *columns(struct tf_layer *l, const char *suffix, struct value *x,
                             const int64_t *which, uint32_t count) {
    struct builder *b = &l->builder;
    struct value *inputs[] = {
        x, build_i64(b, tf_name(l, arena_printf(l->arena, "%s_at", suffix)), count, which),
        build_i64_scalar(b, tf_name(l, arena_printf(l->arena, "%s_axis", suffix)), 1)};
    return finish(build_node(b, &op_Gather, tf_name(l, suffix), 3, inputs));
}

// --- NonMaxSuppression ---------------------------------------------------------------------------

static struct value *f32(struct tf_layer *l, const char *suffix, double value) {
    return build_f32_scalar(&l->builder, tf_name(l, suffix), (float)value);
}

static struct value *input_or(struct tf_layer *l, uint32_t input, const char *suffix,
                              double otherwise) {
    return input < l->input_count ? l->inputs[input] : f32(l, suffix, otherwise);
}

// The first version says the overlap as an attribute, the fourth gives a length too, the fifth
// gives scores, which it may lessen by the overlap.
struct nms_version {
    bool by_attribute, gives_scores;
    uint32_t length_output; // 0: none
};

static struct nms_version nms_version(const struct tf_layer *l) {
    char last = l->node->op[strlen(l->node->op) - 1];
    return (struct nms_version){
        .by_attribute = last == 'n',
        .gives_scores = last == '5',
        .length_output = last == '4'   ? 1
                         : last == '5' ? 2
                                       : 0,
    };
}

// The first `count` of selected boxes; all where they are not padded to a number.
static struct value *selected_column(struct tf_layer *l, struct node *nms, uint32_t output,
                                     const char *suffix) {
    return columns(l, suffix, &nms->outputs[output], (const int64_t[]){2}, 1);
}

static struct value *flat(struct tf_layer *l, const char *suffix, struct value *x) {
    return build_reshape(&l->builder, suffix == NULL ? l->name : tf_name(l, suffix), x, 1,
                         (const int64_t[]){-1});
}

static bool nms_is_padded(struct tf_layer *l) {
    return tf_attr_bool(l->node, "pad_to_max_output_size", false);
}

// Boxes [n, 4] (y1, x1, y2, x2), scores [n], how many, overlap, least score, sigma.
void tf_nms(struct tf_layer *l) {
    struct nms_version v = nms_version(l);
    if (!tf_inputs(l, 3) || !tf_rank(l, 0, 2, 2) || !tf_rank(l, 1, 1, 1))
        return;
    if (nms_is_padded(l)) {
        tf_fail(l, NOT_SUPPORTED, "pad_to_max_output_size", "the runtime gives the boxes it has");
        return;
    }
    struct value *overlap = v.by_attribute
                                ? f32(l, "iou", tf_attr_float(l->node, "iou_threshold", 0.5))
                                : input_or(l, 3, "iou", 0.5);
    struct value *inputs[] = {
        unsqueeze(l, "boxes", l->inputs[0], 1, (const int64_t[]){0}),
        unsqueeze(l, "scores", l->inputs[1], 2, (const int64_t[]){0, 1}),
        l->inputs[2],
        overlap,
        v.by_attribute ? f32(l, "least", -FLT_MAX) : input_or(l, 4, "least", -FLT_MAX),
        v.gives_scores ? input_or(l, 5, "sigma", 0) : NULL,
    };
    struct node *n = build_node(&l->builder, &op_NonMaxSuppression, tf_name(l, "nms"),
                                inputs[5] == NULL ? 5 : 6, inputs);
    ((struct nms *)n->attrs)->output_type = DT_I32;
    node_finish(n);
    l->outputs[0] = flat(l, NULL, selected_column(l, n, 0, "box"));
    if (v.gives_scores && l->output_count > 1)
        l->outputs[1] = flat(l, "kept_scores", selected_column(l, n, 1, "score"));
    if (v.length_output > 0 && l->output_count > v.length_output)
        l->outputs[v.length_output] =
            build_reshape(&l->builder, tf_name(l, "count"), &n->outputs[2], 0, NULL);
}

// --- CropAndResize -------------------------------------------------------------------------------

// Image, boxes [n, 4] (y1, x1, y2, x2), their images, size of a crop. As ROIPooling, which wants
// rows of (image, x1, y1, x2, y2).
void tf_crop_and_resize(struct tf_layer *l) {
    struct ints size;
    const char *method = tf_attr_text(l->arena, l->node, "method", "bilinear");
    if (!tf_inputs(l, 4) || !tf_rank(l, 0, 4, 4) || !tf_rank(l, 1, 2, 2) || !tf_rank(l, 2, 1, 1) ||
        !tf_numbers(l, 3, "crop_size", &size))
        return;
    if (size.count != 2 || strcmp(method, "bilinear") != 0 ||
        tf_attr_float(l->node, "extrapolation_value", 0) != 0) {
        tf_fail(l, NOT_SUPPORTED, "a crop by another method or with other values outside",
                "the runtime interpolates bilinearly, with zeros outside");
        return;
    }
    struct builder *b = &l->builder;
    struct value *x = tf_to_first(l, "to_channels_first", tf_as_real(l, l->inputs[0]));
    struct value *image = build_convert(b->graph, tf_name(l, "image"), l->inputs[2], DT_F32);
    image = unsqueeze(l, "image_column", image, 1, (const int64_t[]){1});
    struct value *corners = columns(l, "corners", l->inputs[1], (const int64_t[]){1, 0, 3, 2}, 4);
    struct value *rows =
        build_concat(b, tf_name(l, "rows"), 1, 2, (struct value *[]){image, corners});
    struct node *n = build_node(b, &op_ROIPooling, l->name, 2, (struct value *[]){x, rows});
    struct roi_pooling *a = n->attrs;
    a->pooled_h = size.data[0];
    a->pooled_w = size.data[1];
    a->method = ROI_BILINEAR;
    l->outputs[0] = tf_to_last(l, finish(n));
}

// --- CTCGreedyDecoder ----------------------------------------------------------------------------

// Logits [T, N, C], lengths [N]: classes [N, T], -1 behind the last of a sequence.
static struct value *decode(struct tf_layer *l, struct value *mask) {
    struct builder *b = &l->builder;
    const int64_t *dims = l->inputs[0]->shape.dims;
    struct node *n = build_node(b, &op_CTCGreedyDecoder, tf_name(l, "decoder"), 2,
                                (struct value *[]){l->inputs[0], mask});
    ((struct ctc_greedy_decoder *)n->attrs)->ctc_merge_repeated =
        tf_attr_bool(l->node, "merge_repeated", false);
    return build_reshape(b, tf_name(l, "dense"), finish(n), 2, (const int64_t[]){dims[1], dims[0]});
}

// [T, N]: 1 where a step belongs to the sequence.
static struct value *mask_of_lengths(struct tf_layer *l) {
    struct builder *b = &l->builder;
    int64_t count = l->inputs[0]->shape.dims[0];
    int64_t *steps = arena_array_of(l->arena, (uint64_t)count, int64_t);
    for (int64_t i = 0; i < count; i++)
        steps[i] = i;
    struct value *step = build_i64(b, tf_name(l, "steps"), (uint32_t)count, steps);
    step = unsqueeze(l, "step_rows", step, 1, (const int64_t[]){1});
    struct value *lengths = build_convert(b->graph, tf_name(l, "lengths"), l->inputs[1], DT_I64);
    struct value *inside = build_op2(b, &op_Less, tf_name(l, "inside"), step, lengths);
    return build_convert(b->graph, tf_name(l, "mask"), inside, DT_F32);
}

// Minus the sum of the largest logits, [N, 1].
static struct value *log_probability(struct tf_layer *l, struct value *mask) {
    struct builder *b = &l->builder;
    struct value *best = build_op2(b, &op_ReduceMax, tf_name(l, "best"), l->inputs[0],
                                   build_i64(b, tf_name(l, "classes"), 1, (const int64_t[]){2}));
    best = build_op2(b, &op_Multiply, tf_name(l, "best_inside"), best, mask);
    struct value *sum = build_op2(b, &op_ReduceSum, tf_name(l, "sum"), best,
                                  build_i64(b, tf_name(l, "time"), 1, (const int64_t[]){0}));
    sum = unsqueeze(l, "sum_column", sum, 1, (const int64_t[]){1});
    return build_op1(b, &op_Negative, tf_name(l, "log_probability"), sum);
}

// TensorFlow gives a sparse tensor: where, what, its shape.
void tf_ctc_greedy(struct tf_layer *l) {
    if (!tf_inputs(l, 2) || !tf_rank(l, 0, 3, 3) || !tf_rank(l, 1, 1, 1) || !tf_static(l, 0))
        return;
    struct builder *b = &l->builder;
    struct value *mask = mask_of_lengths(l), *dense = decode(l, mask);
    struct value *is_class =
        build_op2(b, &op_GreaterEqual, tf_name(l, "is_class"), dense, f32(l, "first_class", 0));
    struct value *where = build_op1(b, &op_NonZero, tf_name(l, "where"), is_class);
    l->outputs[0] = build_transpose(b, tf_name(l, "places"), where, 2, (const int64_t[]){1, 0});
    struct value *all = build_convert(b->graph, tf_name(l, "classes_whole"), dense, DT_I64);
    l->outputs[1] = build_op2(b, &op_GatherND, tf_name(l, "values"), all, l->outputs[0]);
    struct value *counts =
        build_op2(b, &op_ReduceSum, tf_name(l, "counts"),
                  build_convert(b->graph, tf_name(l, "ones"), is_class, DT_I64),
                  build_i64(b, tf_name(l, "steps_axis"), 1, (const int64_t[]){1}));
    struct node *most = build_node(b, &op_ReduceMax, tf_name(l, "longest"), 2,
                                   (struct value *[]){counts, build_i64(b, tf_name(l, "batch_axis"),
                                                                        1, (const int64_t[]){0})});
    ((struct reduction *)most->attrs)->keep_dims = true;
    struct value *batch = build_i64(b, tf_name(l, "batch"), 1, &l->inputs[0]->shape.dims[1]);
    l->outputs[2] =
        build_concat(b, tf_name(l, "dense_shape"), 0, 2, (struct value *[]){batch, finish(most)});
    l->outputs[3] = log_probability(l, mask);
}

// The classes that tf_ctc_greedy gave `places` of, or NULL.
static struct value *classes_behind(const struct value *places) {
    static const struct op_def *const way[] = {&op_Transpose, &op_NonZero, &op_GreaterEqual,
                                               &op_Reshape};
    const struct value *v = places;
    for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
        if (!node_is(v->producer, way[i]))
            return NULL;
        if (i + 1 < sizeof way / sizeof *way)
            v = v->producer->inputs[0].value;
    }
    const struct value *decoder = v->producer->inputs[0].value;
    return node_is(decoder->producer, &op_CTCGreedyDecoder) ? (struct value *)(uintptr_t)v : NULL;
}

// Places [n] or [n, rank], shape, values (or one for all), what stands elsewhere. Of decoded
// classes, with -1 elsewhere: what the decoder gave, with all its steps.
void tf_sparse_to_dense(struct tf_layer *l) {
    double elsewhere;
    if (!tf_inputs(l, 4))
        return;
    struct builder *b = &l->builder;
    struct value *places = l->inputs[0], *values = l->inputs[2], *classes = classes_behind(places);
    if (classes != NULL && l->inputs[3]->constant != NULL &&
        tensor_uniform(l->inputs[3]->constant, &elsewhere) && elsewhere == -1) {
        l->outputs[0] = build_convert(b->graph, l->name, classes, values->type);
        return;
    }
    if (!tf_rank(l, 0, 0, 2))
        return;
    if (places->shape.rank < 2)
        places = build_reshape(b, tf_name(l, "places"), places, 2, (const int64_t[]){-1, 1});
    if (values->shape.rank == 0) {
        struct value *count = build_op1(b, &op_ShapeOf, tf_name(l, "places_shape"), places);
        struct value *inputs[] = {count, build_i64(b, tf_name(l, "first"), 1, (const int64_t[]){0}),
                                  build_i64_scalar(b, tf_name(l, "axis"), 0)};
        count = finish(build_node(b, &op_Gather, tf_name(l, "count"), 3, inputs));
        values = build_op2(b, &op_Broadcast, tf_name(l, "values"), values, count);
    }
    struct value *all =
        build_op2(b, &op_Broadcast, tf_name(l, "elsewhere"), l->inputs[3], l->inputs[1]);
    l->outputs[0] = finish(
        build_node(b, &op_ScatterNDUpdate, l->name, 3, (struct value *[]){all, places, values}));
}
