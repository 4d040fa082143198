// SPDX-License-Identifier: Apache-2.0
// Layers that move elements: joining, splitting, slicing, padding, reshaping, blocks.
#include <string.h>

#include "compiler/ops/blocks.h"
#include "compiler/ops/build_layers.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/movement.h"
#include "frontends/tf/layers.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

static struct value *list(struct tf_layer *l, const char *suffix, uint32_t count,
                          const int64_t *values) {
    return build_i64(&l->builder, tf_name(l, suffix), count, values);
}

// --- joining -------------------------------------------------------------------------------------

static void join(struct tf_layer *l, int64_t axis, struct value **parts, uint32_t count) {
    l->outputs[0] = count == 1 ? parts[0] : build_concat(&l->builder, l->name, axis, count, parts);
}

void tf_concat(struct tf_layer *l) { // ConcatV2: the axis comes last
    int64_t axis;
    if (tf_inputs(l, 2) && tf_number(l, l->input_count - 1, "axis", &axis))
        join(l, axis, l->inputs, l->input_count - 1);
}

void tf_concat_old(struct tf_layer *l) { // Concat: the axis comes first
    int64_t axis;
    if (tf_inputs(l, 2) && tf_number(l, 0, "axis", &axis))
        join(l, axis, l->inputs + 1, l->input_count - 1);
}

static struct value *unsqueeze(struct tf_layer *l, const char *name, struct value *x,
                               int64_t axis) {
    struct value *axes = build_i64(&l->builder, build_name(&l->builder, name, "axes"), 1, &axis);
    return build_op2(&l->builder, &op_Unsqueeze, name, x, axes);
}

void tf_pack(struct tf_layer *l) {
    int64_t axis = tf_attr_int(l->node, "axis", 0);
    struct value **parts = arena_array_of(l->arena, l->input_count, struct value *);
    if (!tf_inputs(l, 1))
        return;
    for (uint32_t i = 0; i < l->input_count; i++)
        parts[i] =
            unsqueeze(l, tf_name(l, arena_printf(l->arena, "expand_%u", i)), l->inputs[i], axis);
    l->outputs[0] = build_concat(&l->builder, l->name, axis, l->input_count, parts);
}

// --- splitting -----------------------------------------------------------------------------------

// Outputs of a Split along `axis` in `count` equal parts.
static struct node *split(struct tf_layer *l, struct value *x, int64_t axis, int64_t count,
                          const char *name) {
    struct value *at = build_i64_scalar(&l->builder, tf_name(l, "axis"), axis);
    struct node *n = build_node(&l->builder, &op_Split, name, 2, (struct value *[]){x, at});
    ((struct split *)n->attrs)->num_splits = count;
    node_set_output_count(n, (uint32_t)count);
    node_finish(n);
    return n;
}

static bool count_fits(struct tf_layer *l, int64_t count) {
    if (count >= 1 && count <= UINT16_MAX)
        return true;
    tf_fail(l, ATTRIBUTE_VALUE, "num_split", "that");
    return false;
}

static void give_outputs(struct tf_layer *l, struct node *n) {
    for (uint32_t i = 0; i < l->output_count && i < n->output_count; i++)
        l->outputs[i] = &n->outputs[i];
}

void tf_split(struct tf_layer *l) {
    int64_t axis, count = tf_attr_int(l->node, "num_split", 1);
    if (tf_inputs(l, 2) && tf_number(l, 0, "split_dim", &axis) && count_fits(l, count))
        give_outputs(l, split(l, l->inputs[1], axis, count, l->name));
}

void tf_split_v(struct tf_layer *l) {
    struct ints sizes;
    int64_t axis;
    if (!tf_inputs(l, 3) || !tf_numbers(l, 1, "size_splits", &sizes) ||
        !tf_number(l, 2, "split_dim", &axis) || !count_fits(l, sizes.count))
        return;
    struct value *inputs[] = {l->inputs[0], build_i64_scalar(&l->builder, tf_name(l, "axis"), axis),
                              list(l, "lengths", sizes.count, sizes.data)};
    struct node *n = build_node(&l->builder, &op_VariadicSplit, l->name, 3, inputs);
    node_set_output_count(n, sizes.count);
    node_finish(n);
    give_outputs(l, n);
}

void tf_unpack(struct tf_layer *l) {
    int64_t axis = tf_attr_int(l->node, "axis", 0), count = tf_attr_int(l->node, "num", 0);
    int32_t where;
    if (!tf_axis(l, 0, axis, &where) || !count_fits(l, count))
        return;
    struct node *n = split(l, l->inputs[0], where, count, tf_name(l, "split"));
    for (uint32_t i = 0; i < l->output_count && i < n->output_count; i++) {
        const char *name = tf_name(l, arena_printf(l->arena, "squeeze_%u", i));
        struct value *axes =
            build_i64(&l->builder, build_name(&l->builder, name, "axes"), 1, &(int64_t){where});
        l->outputs[i] = build_op2(&l->builder, &op_Squeeze, name, &n->outputs[i], axes);
    }
}

// --- shapes --------------------------------------------------------------------------------------

void tf_reshape(struct tf_layer *l) {
    if (tf_inputs(l, 2))
        l->outputs[0] = finish(build_node(&l->builder, &op_Reshape, l->name, 2, l->inputs));
}

void tf_squeeze(struct tf_layer *l) {
    struct ints axes = tf_attr_ints(l->node, "squeeze_dims");
    if (axes.count == 0)
        axes = tf_attr_ints(l->node, "axis");
    if (!tf_inputs(l, 1))
        return;
    struct node *n = build_node(&l->builder, &op_Squeeze, l->name, 1, l->inputs);
    if (axes.count > 0)
        node_add_input(n, list(l, "axes", axes.count, axes.data));
    l->outputs[0] = finish(n);
}

void tf_expand_dims(struct tf_layer *l) {
    int64_t axis;
    if (tf_inputs(l, 2) && tf_number(l, 1, "dim", &axis))
        l->outputs[0] = unsqueeze(l, l->name, l->inputs[0], axis);
}

void tf_transpose(struct tf_layer *l) {
    if (tf_inputs(l, 2))
        l->outputs[0] = finish(build_node(&l->builder, &op_Transpose, l->name, 2, l->inputs));
}

void tf_shape_of(struct tf_layer *l) {
    for (uint32_t i = 0; i < l->output_count && i < l->input_count; i++) { // ShapeN has several
        const char *name =
            l->output_count == 1 ? l->name : tf_name(l, arena_printf(l->arena, "shape_%u", i));
        struct node *n = build_node(&l->builder, &op_ShapeOf, name, 1, &l->inputs[i]);
        ((struct output_type *)n->attrs)->output_type = tf_attr_type(l->node, "out_type", DT_I32);
        l->outputs[i] = finish(n);
    }
}

static void give_number(struct tf_layer *l, int64_t number) {
    enum dtype type = tf_attr_type(l->node, "out_type", DT_I32);
    l->outputs[0] = build_constant(&l->builder, l->name,
                                   tensor_splat(l->arena, type, shape_scalar(), (double)number));
}

void tf_rank_of(struct tf_layer *l) {
    if (tf_rank(l, 0, 0, SHAPE_MAX_RANK))
        give_number(l, l->inputs[0]->shape.rank);
}

void tf_size_of(struct tf_layer *l) {
    uint64_t count;
    if (!tf_inputs(l, 1))
        return;
    if (shape_is_static(&l->inputs[0]->shape) && shape_count(&l->inputs[0]->shape, &count)) {
        give_number(l, (int64_t)count);
        return;
    }
    struct node *n = build_node(&l->builder, &op_ShapeOf, tf_name(l, "shape"), 1, l->inputs);
    ((struct output_type *)n->attrs)->output_type = tf_attr_type(l->node, "out_type", DT_I32);
    struct value *axis = build_i64_scalar(&l->builder, tf_name(l, "axis"), 0);
    l->outputs[0] = build_op2(&l->builder, &op_ReduceProd, l->name, finish(n), axis);
}

void tf_fill(struct tf_layer *l) {
    if (tf_inputs(l, 2))
        l->outputs[0] = build_op2(&l->builder, &op_Broadcast, l->name, l->inputs[1], l->inputs[0]);
}

void tf_broadcast_to(struct tf_layer *l) {
    if (tf_inputs(l, 2))
        l->outputs[0] = build_op2(&l->builder, &op_Broadcast, l->name, l->inputs[0], l->inputs[1]);
}

void tf_range(struct tf_layer *l) {
    if (!tf_inputs(l, 3))
        return;
    struct node *n = build_node(&l->builder, &op_Range, l->name, 3, l->inputs);
    ((struct output_type *)n->attrs)->output_type = l->inputs[0]->type;
    l->outputs[0] = finish(n);
}

void tf_tile(struct tf_layer *l) {
    if (tf_inputs(l, 2))
        l->outputs[0] = build_op2(&l->builder, &op_Tile, l->name, l->inputs[0], l->inputs[1]);
}

// --- slices --------------------------------------------------------------------------------------

static struct ints mask_bits(struct tf_layer *l, const char *key, uint32_t count) {
    int64_t bits = tf_attr_int(l->node, key, 0);
    int64_t *data = arena_array_of(l->arena, count, int64_t);
    for (uint32_t i = 0; i < count; i++)
        data[i] = bits >> (i < 63 ? i : 63) & 1;
    return (struct ints){data, count};
}

void tf_strided_slice(struct tf_layer *l) {
    if (!tf_inputs(l, 4) || !tf_rank(l, 1, 1, 1))
        return;
    int64_t count = l->inputs[1]->shape.dims[0];
    if (count < 0 || count > 32) {
        tf_fail(l, ATTRIBUTE_VALUE, "begin", "so long");
        return;
    }
    struct node *n = build_node(&l->builder, &op_StridedSlice, l->name, 4, l->inputs);
    struct strided_slice *a = n->attrs;
    a->begin_mask = mask_bits(l, "begin_mask", (uint32_t)count);
    a->end_mask = mask_bits(l, "end_mask", (uint32_t)count);
    a->new_axis_mask = mask_bits(l, "new_axis_mask", (uint32_t)count);
    a->shrink_axis_mask = mask_bits(l, "shrink_axis_mask", (uint32_t)count);
    a->ellipsis_mask = mask_bits(l, "ellipsis_mask", (uint32_t)count);
    l->outputs[0] = finish(n);
}

// Where a list that is known in part says -1.
static void find_open(struct tf_layer *l, const struct value *sizes, int64_t *open) {
    const struct tensor *known = sizes->constant != NULL ? sizes->constant : sizes->partial;
    const double *numbers = known == NULL ? NULL : tensor_as_doubles(l->arena, known);
    for (int64_t i = 0; i < sizes->shape.dims[0]; i++)
        open[i] = numbers != NULL && numbers[i] == -1;
}

// begin and size; a size of -1 reaches to the end.
void tf_slice(struct tf_layer *l) {
    if (!tf_inputs(l, 3) || !tf_rank(l, 2, 1, 1) || !tf_static(l, 2) ||
        !tf_rank(l, 0, (int32_t)l->inputs[2]->shape.dims[0], (int32_t)l->inputs[2]->shape.dims[0]))
        return;
    uint32_t count = (uint32_t)l->inputs[2]->shape.dims[0];
    int64_t ones[SHAPE_MAX_RANK], open[SHAPE_MAX_RANK], none[SHAPE_MAX_RANK] = {0};
    for (uint32_t i = 0; i < count; i++)
        ones[i] = 1;
    find_open(l, l->inputs[2], open);
    struct builder *b = &l->builder;
    struct value *sizes = l->inputs[2];
    if (sizes->type != l->inputs[1]->type)
        sizes = build_convert(b->graph, tf_name(l, "size"), sizes, l->inputs[1]->type);
    struct value *end = build_op2(b, &op_Add, tf_name(l, "end"), l->inputs[1], sizes);
    struct value *inputs[] = {l->inputs[0], l->inputs[1], end, list(l, "step", count, ones)};
    struct node *n = build_node(b, &op_StridedSlice, l->name, 4, inputs);
    struct strided_slice *a = n->attrs;
    a->begin_mask = ints_copy(l->arena, none, count);
    a->end_mask = ints_copy(l->arena, open, count);
    l->outputs[0] = finish(n);
}

// Axes to reverse, by number (ReverseV2) or as flags (Reverse).
void tf_reverse(struct tf_layer *l) {
    if (!tf_inputs(l, 2))
        return;
    struct node *n = build_node(&l->builder, &op_Reverse, l->name, 2, l->inputs);
    ((struct reverse *)n->attrs)->mode =
        strcmp(l->node->op, "Reverse") == 0 ? REVERSE_MASK : REVERSE_INDEX;
    l->outputs[0] = finish(n);
}

void tf_reverse_sequence(struct tf_layer *l) {
    if (!tf_inputs(l, 2))
        return;
    struct node *n = build_node(&l->builder, &op_ReverseSequence, l->name, 2, l->inputs);
    struct reverse_sequence *a = n->attrs;
    a->batch_axis = tf_attr_int(l->node, "batch_dim", 0);
    a->seq_axis = tf_attr_int(l->node, "seq_dim", 0);
    l->outputs[0] = finish(n);
}

// --- padding -------------------------------------------------------------------------------------

// A column of paddings [rank, 2], which are an input.
static struct value *column(struct tf_layer *l, uint32_t input, const char *suffix, int64_t which) {
    struct builder *b = &l->builder;
    struct value *inputs[] = {
        l->inputs[input],
        build_i64_scalar(b, tf_name(l, arena_printf(l->arena, "%s_at", suffix)), which),
        build_i64_scalar(b, tf_name(l, arena_printf(l->arena, "%s_axis", suffix)), 1)};
    return finish(build_node(b, &op_Gather, tf_name(l, suffix), 3, inputs));
}

// paddings [rank, 2] as two lists.
static bool read_pads(struct tf_layer *l, struct value **begin, struct value **end) {
    struct ints all;
    if (l->inputs[1]->constant == NULL) {
        *begin = column(l, 1, "begin", 0);
        *end = column(l, 1, "end", 1);
        return true;
    }
    if (!tf_numbers(l, 1, "paddings", &all))
        return false;
    uint32_t count = all.count / 2;
    int64_t *b = arena_array_of(l->arena, count, int64_t);
    int64_t *e = arena_array_of(l->arena, count, int64_t);
    for (uint32_t i = 0; i < count; i++) {
        b[i] = all.data[(size_t)2 * i];
        e[i] = all.data[(size_t)2 * i + 1];
    }
    *begin = list(l, "begin", count, b);
    *end = list(l, "end", count, e);
    return true;
}

static void pad_with(struct tf_layer *l, enum pad_mode mode, struct value *value) {
    struct value *begin, *end;
    if (!tf_inputs(l, 2) || !read_pads(l, &begin, &end))
        return;
    struct node *n =
        build_node(&l->builder, &op_Pad, l->name, 3, (struct value *[]){l->inputs[0], begin, end});
    ((struct pad *)n->attrs)->pad_mode = (int)mode;
    if (mode == PAD_CONSTANT && value != NULL)
        node_add_input(n, value);
    l->outputs[0] = finish(n);
}

void tf_pad(struct tf_layer *l) {
    pad_with(l, PAD_CONSTANT, l->input_count > 2 ? l->inputs[2] : NULL);
}

void tf_mirror_pad(struct tf_layer *l) {
    const char *mode = tf_attr_text(l->arena, l->node, "mode", "REFLECT");
    pad_with(l, strcmp(mode, "SYMMETRIC") == 0 ? PAD_SYMMETRIC : PAD_REFLECT, NULL);
}

// --- blocks --------------------------------------------------------------------------------------

// The lists of TensorFlow stand for the axes behind the batch; ours for all, 1 and 0 where none is.
static struct value *widened(struct tf_layer *l, const char *suffix, const int64_t *values,
                             uint32_t count, uint32_t step, int64_t otherwise) {
    uint32_t rank = (uint32_t)l->inputs[0]->shape.rank;
    int64_t all[SHAPE_MAX_RANK];
    for (uint32_t i = 0; i < rank; i++)
        all[i] = i >= 1 && i - 1 < count ? values[(size_t)(i - 1) * step] : otherwise;
    return list(l, suffix, rank, all);
}

// Blocks of the second and third axis by an attribute, or of as many as a list says (ND).
static bool read_block(struct tf_layer *l, uint32_t *pads, struct ints *block) {
    size_t length = strlen(l->node->op);
    *pads = 2;
    if (length > 2 && strcmp(l->node->op + length - 2, "ND") == 0)
        return tf_numbers(l, 1, "block_shape", block);
    int64_t size = tf_attr_int(l->node, "block_size", 2);
    *pads = 1;
    *block = ints_copy(l->arena, (const int64_t[]){size, size}, 2);
    return true;
}

// A column of computed pads, with noughts for the batch and for the axes behind.
static struct value *widened_column(struct tf_layer *l, uint32_t input, uint32_t count,
                                    const char *suffix, int64_t which) {
    static const int64_t noughts[SHAPE_MAX_RANK] = {0};
    struct builder *b = &l->builder;
    uint32_t behind = (uint32_t)l->inputs[0]->shape.rank - 1 - count;
    const char *name = tf_name(l, suffix);
    struct value *numbers = column(l, input, arena_printf(l->arena, "%s_each", suffix), which);
    struct value *parts[] = {
        build_i64(b, build_name(b, name, "batch"), 1, noughts),
        build_convert(b->graph, build_name(b, name, "i64"), numbers, DT_I64),
        behind > 0 ? build_i64(b, build_name(b, name, "behind"), behind, noughts) : NULL};
    return build_concat(b, name, 0, behind > 0 ? 3 : 2, parts);
}

// One list of pads for all axes.
static struct value *read_side(struct tf_layer *l, uint32_t input, uint32_t count,
                               const char *suffix, int64_t which) {
    const struct tensor *known = l->inputs[input]->constant;
    if (known == NULL)
        return widened_column(l, input, count, suffix, which);
    return widened(l, suffix, tensor_as_i64(l->arena, known) + which, count, 2, 0);
}

static void blocks(struct tf_layer *l, const struct op_def *op) {
    struct ints block;
    uint32_t input;
    if (!tf_inputs(l, 2) || !tf_rank(l, 0, 2, SHAPE_MAX_RANK) || !read_block(l, &input, &block) ||
        !tf_inputs(l, input + 1))
        return;
    const struct shape *pads = &l->inputs[input]->shape;
    if (pads->rank != 2 || pads->dims[0] != (int64_t)block.count || pads->dims[1] != 2 ||
        (int32_t)block.count >= l->inputs[0]->shape.rank) {
        tf_fail(l, SHAPE_MISMATCH, "block_shape and paddings do not fit the data");
        return;
    }
    struct value *inputs[] = {l->inputs[0], widened(l, "block", block.data, block.count, 1, 1),
                              read_side(l, input, block.count, "begin", 0),
                              read_side(l, input, block.count, "end", 1)};
    l->outputs[0] = finish(build_node(&l->builder, op, l->name, 4, inputs));
}

void tf_space_to_batch(struct tf_layer *l) {
    blocks(l, &op_SpaceToBatch);
}

void tf_batch_to_space(struct tf_layer *l) {
    blocks(l, &op_BatchToSpace);
}

static void depth(struct tf_layer *l, const struct op_def *op) {
    if (!tf_rank(l, 0, 4, 4))
        return;
    bool last = tf_channels_last(l);
    struct value *x = last ? tf_to_first(l, "to_channels_first", l->inputs[0]) : l->inputs[0];
    struct node *n = build_node(&l->builder, op, l->name, 1, &x);
    struct depth *a = n->attrs;
    a->mode = DEPTH_BLOCKS_FIRST;
    a->block_size = tf_attr_int(l->node, "block_size", 1);
    l->outputs[0] = last ? tf_to_last(l, finish(n)) : finish(n);
}

void tf_space_to_depth(struct tf_layer *l) {
    depth(l, &op_SpaceToDepth);
}

void tf_depth_to_space(struct tf_layer *l) {
    depth(l, &op_DepthToSpace);
}
