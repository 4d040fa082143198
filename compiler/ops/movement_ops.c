// SPDX-License-Identifier: Apache-2.0
// Entries and evaluators of the operators that move elements. Evaluators make tensor recipes:
// nothing is copied until somebody reads it.
#include <inttypes.h>

#include "compiler/ops/classic_text.h"
#include "compiler/ops/evaluate.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/shape_rules.h"
#include "compiler/ops/slicing.h"

static const char *const broadcast_modes[] = {"numpy", "explicit", "bidirectional", NULL};

#define ATTR_OWNER struct concat
static const struct attr_def concat_attrs[] = {CONCAT_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct split
static const struct attr_def split_attrs[] = {SPLIT_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct variadic_split
static const struct attr_def variadic_split_attrs[] = {VARIADIC_SPLIT_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct reshape
static const struct attr_def reshape_attrs[] = {RESHAPE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct flatten
static const struct attr_def flatten_attrs[] = {FLATTEN_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct pad
static const struct attr_def pad_attrs[] = {PAD_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct broadcast
static const struct attr_def broadcast_attrs[] = {BROADCAST_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct strided_slice
static const struct attr_def strided_slice_attrs[] = {STRIDED_SLICE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct shuffle_channels
static const struct attr_def shuffle_channels_attrs[] = {SHUFFLE_CHANNELS_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// --- helpers ------------------------------------------------------------------------------------

static int32_t axis_of(const struct node *n, uint32_t index) {
    struct numbers numbers;
    struct shape s = input_shape(n, 0);
    int32_t axis = 0;
    if (input_complete(n, index, &numbers) && numbers.count == 1)
        shape_axis(&s, numbers.data[0], &axis);
    return axis;
}

// --- Concat, Split ------------------------------------------------------------------------------

static bool evaluate_concat(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    const struct tensor **parts = arena_array_of(arena, n->input_count, const struct tensor *);
    for (uint32_t i = 0; i < n->input_count; i++) {
        parts[i] = node_constant(n, i);
        if (parts[i]->type != parts[0]->type)
            return false;
    }
    outputs[0] = tensor_concat(arena, (int32_t)((const struct concat *)n->attrs)->axis, parts,
                               n->input_count);
    return true;
}

static bool evaluate_split(struct node *n, const struct tensor **outputs) {
    int32_t axis = axis_of(n, 1);
    struct range r = {.begin = 0, .stride = 1};
    for (uint32_t i = 0; i < n->output_count; i++) {
        r.count = n->outputs[i].shape.dims[axis];
        if (r.count < 0)
            return false;
        outputs[i] = tensor_range(n->graph->arena, node_constant(n, 0), axis, r.begin, 1, r.count);
        if (outputs[i] == NULL)
            return false;
        r.begin += r.count;
    }
    return true;
}

static void classic_axis(const struct node *n, put_function *put, void *to) {
    put_int(put, to, "axis", axis_of(n, 1));
}

static const struct classic_form concat_form = {.type = "Concat"};
static void classic_split(const struct node *n, put_function *put, void *to) {
    const struct split *a = n->attrs;
    classic_axis(n, put, to);
    if (a->counted)
        put_int(put, to, "num_split", a->num_splits);
}
static const char *type_of_parts(const struct node *n) {
    return ((const struct variadic_split *)n->attrs)->slice ? "Slice" : "Split";
}
static const struct classic_form split_form = {"Split", {NULL, CLASSIC_NO_PORT}, classic_split};
static const struct classic_form slice_form = {
    "Split", {NULL, CLASSIC_NO_PORT, CLASSIC_NO_PORT}, classic_axis};

const struct op_def op_Concat = {
    .name = "Concat",
    .doc = "inputs joined along an axis",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = PORTS_VARIADIC,
    .outputs = 1,
    OP_ATTRS(concat_attrs, concat),
    .infer = infer_concat,
    .evaluate = evaluate_concat,
    .partial = UINT32_MAX,
    .classic = &concat_form,
};

const struct op_def op_Split = {
    .name = "Split",
    .doc = "equal parts along an axis",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = PORTS_VARIADIC,
    OP_ATTRS(split_attrs, split),
    .infer = infer_split,
    .evaluate = evaluate_split,
    .partial = 1,
    .classic = &split_form,
};

const struct op_def op_VariadicSplit = {
    .name = "VariadicSplit",
    .doc = "parts of given lengths along an axis",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = PORTS_VARIADIC,
    OP_ATTRS(variadic_split_attrs, variadic_split),
    .infer = infer_variadic_split,
    .evaluate = evaluate_split,
    .partial = 1,
    .classic = &slice_form,
    .classic_type = type_of_parts,
};

// --- Transpose ----------------------------------------------------------------------------------

// The order as
// axes counted from the front. False when it is not known.
static bool read_order(const struct node *n, int32_t *order) {
    struct numbers numbers;
    int32_t rank = input_shape(n, 0).rank;
    if (rank < 0 || !input_complete(n, 1, &numbers))
        return false;
    for (int32_t i = 0; i < rank; i++) {
        int64_t axis = numbers.count == 0 ? rank - 1 - i : numbers.data[i];
        order[i] = (int32_t)(axis < 0 ? axis + rank : axis);
    }
    return true;
}

static bool evaluate_transpose(struct node *n, const struct tensor **outputs) {
    int32_t order[SHAPE_MAX_RANK];
    if (!read_order(n, order))
        return false;
    outputs[0] = tensor_permute(n->graph->arena, node_constant(n, 0), order);
    return true;
}

static void classic_permute(const struct node *n, put_function *put, void *to) {
    int32_t order[SHAPE_MAX_RANK];
    int64_t numbers[SHAPE_MAX_RANK];
    if (!read_order(n, order))
        return;
    for (int32_t i = 0; i < input_shape(n, 0).rank; i++)
        numbers[i] = order[i];
    put_ints(put, to, "order", numbers, (uint32_t)input_shape(n, 0).rank);
}
static const struct classic_form permute_form = {
    "Permute", {NULL, CLASSIC_NO_PORT}, classic_permute};

const struct op_def op_Transpose = {
    .name = "Transpose",
    .doc = "axes in another order; reversed when the order is empty",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer_transpose,
    .evaluate = evaluate_transpose,
    .partial = 1,
    .classic = &permute_form,
};

// --- same elements, other shape -----------------------------------------------------------------

static bool evaluate_reshape(struct node *n, const struct tensor **outputs) {
    if (!shape_is_static(&n->outputs[0].shape))
        return false;
    outputs[0] = tensor_reshape(n->graph->arena, node_constant(n, 0), n->outputs[0].shape);
    return true;
}

// The places of an image that has but one go, whatever the order of its axes.
static bool is_spatial_squeeze(const struct node *n) {
    struct shape out = n->outputs[0].shape, in = input_shape(n, 0);
    return n->op == &op_Squeeze && in.rank == 4 && out.rank == 2 && in.dims[0] == out.dims[0];
}

// A source that copies no dimensions says none that are open: the result's are written.
static void classic_reshape(const struct node *n, put_function *put, void *to) {
    struct numbers pattern;
    struct shape out = n->outputs[0].shape;
    bool copies = n->op == &op_Reshape && ((const struct reshape *)n->attrs)->special_zero;
    if (is_spatial_squeeze(n))
        put(to, "dim", "0,-1");
    else if ((copies || !shape_is_static(&out)) && n->op == &op_Reshape &&
             input_complete(n, 1, &pattern))
        put_ints(put, to, "dim", pattern.data, pattern.count);
    else
        put_ints(put, to, "dim", out.dims, (uint32_t)out.rank);
}
static const struct classic_form reshape_form = {
    "Reshape", {NULL, CLASSIC_NO_PORT}, classic_reshape};
static const struct classic_form flatten_form = {.type = "Flatten"};

const struct op_def op_Reshape = {
    .name = "Reshape",
    .doc = "another shape; -1 takes what is left, 0 copies a dimension when special_zero",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(reshape_attrs, reshape),
    .infer = infer_reshape,
    .evaluate = evaluate_reshape,
    .partial = 1,
    .classic = &reshape_form,
};

const struct op_def op_Flatten = {
    .name = "Flatten",
    .doc = "dimensions axis to end_axis become one",
    .flags = OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(flatten_attrs, flatten),
    .infer = infer_flatten,
    .evaluate = evaluate_reshape,
    .partial = 1,
    .classic = &flatten_form,
    .lowered_by = "lower_opset_shape",
};

const struct op_def op_Squeeze = {
    .name = "Squeeze",
    .doc = "takes away dimensions of 1: those named, or all",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer_squeeze,
    .evaluate = evaluate_reshape,
    .partial = 1,
    .classic = &reshape_form,
};

const struct op_def op_Unsqueeze = {
    .name = "Unsqueeze",
    .doc = "new dimensions of 1 at the named places of the result",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer_unsqueeze,
    .evaluate = evaluate_reshape,
    .partial = 1,
    .classic = &reshape_form,
};

// --- Pad ----------------------------------------------------------------------------------------

// Where
// element `i` of a padded axis comes from; -1 = the value.
static int64_t padded_source(enum pad_mode mode, int64_t i, int64_t dim) {
    if (i >= 0 && i < dim)
        return i;
    if (mode == PAD_CONSTANT)
        return -1;
    if (mode == PAD_EDGE)
        return i < 0 ? 0 : dim - 1;
    int64_t shift = mode == PAD_REFLECT ? 0 : 1;
    return i < 0 ? -i - shift : 2 * dim - 2 - i + shift;
}

static const struct tensor *pad_by_index(struct arena *arena, const struct tensor *t, int32_t axis,
                                         enum pad_mode mode, int64_t begin, int64_t out) {
    int64_t *indices = index_list(arena, out);
    for (int64_t i = 0; i < out && indices != NULL; i++)
        indices[i] = padded_source(mode, i - begin, t->shape.dims[axis]);
    return indices == NULL ? NULL : tensor_gather(arena, t, axis, (uint64_t)out, indices);
}

static double pad_value(const struct node *n) {
    const struct tensor *value = node_constant(n, 3);
    double number = 0;
    if (value != NULL && tensor_count(value) == 1)
        tensor_read_doubles(value, 0, 1, &number);
    return number;
}

static bool evaluate_pad(struct node *n, const struct tensor **outputs) {
    const struct pad *a = n->attrs;
    struct shape out = n->outputs[0].shape;
    struct numbers begin;
    const struct tensor *t = node_constant(n, 0);
    if (!shape_is_static(&out) || !input_complete(n, 1, &begin))
        return false;
    for (int32_t i = 0; i < out.rank && t != NULL; i++) {
        if (begin.data[i] == 0 && out.dims[i] == t->shape.dims[i])
            continue;
        t = a->pad_mode == PAD_CONSTANT
                ? tensor_pad(n->graph->arena, t, i, begin.data[i],
                             out.dims[i] - t->shape.dims[i] - begin.data[i], pad_value(n))
                : pad_by_index(n->graph->arena, t, i, (enum pad_mode)a->pad_mode, begin.data[i],
                               out.dims[i]);
    }
    outputs[0] = t;
    return t != NULL;
}

static void classic_pad(const struct node *n, put_function *put, void *to) {
    struct numbers begin, end;
    if (!input_complete(n, 1, &begin) || !input_complete(n, 2, &end))
        return;
    put_ints(put, to, "pads_begin", begin.data, begin.count);
    put_ints(put, to, "pads_end", end.data, end.count);
    put_float(put, to, "pad_value", (float)pad_value(n));
}
static const struct classic_form pad_form = {
    "Pad", {NULL, CLASSIC_NO_PORT, CLASSIC_NO_PORT, CLASSIC_NO_PORT}, classic_pad};

const struct op_def op_Pad = {
    .name = "Pad",
    .doc = "elements added around the data: a value, the edge, or the data mirrored",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 3,
    .max_inputs = 4,
    .outputs = 1,
    OP_ATTRS(pad_attrs, pad),
    .infer = infer_pad,
    .evaluate = evaluate_pad,
    .partial = 1,
    .classic = &pad_form,
};

// --- Tile, Broadcast ----------------------------------------------------------------------------

// The tensor with 1s
// in front until it has `rank` dimensions.
static const struct tensor *widen(struct arena *arena, const struct tensor *t, int32_t rank) {
    struct shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank; i++) {
        int32_t from = i - (rank - t->shape.rank);
        shape.dims[i] = from < 0 ? 1 : t->shape.dims[from];
    }
    return tensor_reshape(arena, t, shape);
}

static bool evaluate_tile(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    struct shape out = n->outputs[0].shape;
    if (!shape_is_static(&out))
        return false;
    const struct tensor *t = widen(arena, node_constant(n, 0), out.rank);
    for (int32_t i = 0; i < out.rank; i++) {
        int64_t dim = t->shape.dims[i];
        if (dim == out.dims[i])
            continue;
        int64_t *indices = index_list(arena, out.dims[i]);
        if (indices == NULL)
            return false;
        for (int64_t k = 0; k < out.dims[i]; k++)
            indices[k] = k % dim;
        t = tensor_gather(arena, t, i, (uint64_t)out.dims[i], indices);
    }
    outputs[0] = t;
    return true;
}

// Classic IR repeats along one axis: lower_classic_shape has made a chain.
static void classic_tile(const struct node *n, put_function *put, void *to) {
    struct numbers repeats;
    uint32_t axis = 0;
    if (!input_complete(n, 1, &repeats) || repeats.count == 0)
        return;
    while (axis + 1 < repeats.count && repeats.data[axis] == 1)
        axis++;
    put_int(put, to, "axis", axis);
    put_int(put, to, "tiles", repeats.data[axis]);
}
static const struct classic_form tile_form = {"Tile", {NULL, CLASSIC_NO_PORT}, classic_tile};

const struct op_def op_Tile = {
    .name = "Tile",
    .doc = "the data repeated along each axis",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer_tile,
    .evaluate = evaluate_tile,
    .partial = 1,
    .classic = &tile_form,
};

// The data with its axes at the named places of the target. NULL when they are not in order.
static const struct tensor *place_axes(const struct node *n, const struct tensor *t,
                                       const struct shape *out) {
    struct numbers axes;
    struct shape shape = {.rank = out->rank};
    int64_t before = -1;
    if (!input_complete(n, 2, &axes))
        return NULL;
    for (int32_t i = 0; i < out->rank; i++)
        shape.dims[i] = 1;
    for (uint32_t i = 0; i < axes.count; i++) {
        int64_t axis = axes.data[i] < 0 ? axes.data[i] + out->rank : axes.data[i];
        if (axis <= before)
            return NULL;
        before = axis;
        shape.dims[axis] = t->shape.dims[i];
    }
    return tensor_reshape(n->graph->arena, t, shape);
}

static bool evaluate_broadcast(struct node *n, const struct tensor **outputs) {
    const struct broadcast *a = n->attrs;
    struct shape out = n->outputs[0].shape;
    const struct tensor *t = node_constant(n, 0);
    if (!shape_is_static(&out))
        return false;
    if (a->mode == BROADCAST_EXPLICIT)
        t = place_axes(n, t, &out);
    outputs[0] = t == NULL ? NULL : tensor_tile(n->graph->arena, t, out);
    return outputs[0] != NULL;
}

const struct op_def op_Broadcast = {
    .name = "Broadcast",
    .doc = "the data repeated to a shape, by NumPy's rules or along named axes",
    .opset = "opset3",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 1,
    OP_ATTRS(broadcast_attrs, broadcast),
    .infer = infer_broadcast_to,
    .evaluate = evaluate_broadcast,
    .partial = 1,
    .classic = &tile_form,
};

// --- Gather, StridedSlice, ShuffleChannels ------------------------------------------------------

static bool evaluate_gather(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    const struct tensor *t = node_constant(n, 0), *index = node_constant(n, 1);
    int32_t axis = axis_of(n, 2);
    uint64_t count = tensor_count(index);
    const int64_t *given = tensor_as_i64(arena, index);
    if (given == NULL || !shape_is_static(&n->outputs[0].shape))
        return false;
    int64_t *indices = arena_array_of(arena, count, int64_t);
    for (uint64_t i = 0; i < count; i++) {
        indices[i] = given[i] < 0 ? given[i] + t->shape.dims[axis] : given[i];
        if (indices[i] < 0 || indices[i] >= t->shape.dims[axis])
            return false;
    }
    t = tensor_gather(arena, t, axis, count, indices);
    outputs[0] = tensor_reshape(arena, t, n->outputs[0].shape);
    return true;
}

static void classic_gather(const struct node *n, put_function *put, void *to) {
    put_int(put, to, "axis", axis_of(n, 2));
}
static const struct classic_form gather_form = {
    "Gather", {NULL, NULL, CLASSIC_NO_PORT}, classic_gather};

const struct op_def op_Gather = {
    .name = "Gather",
    .doc = "slices of the data along an axis, picked by indices",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    .infer = infer_gather,
    .evaluate = evaluate_gather,
    .partial = 1,
    .classic = &gather_form,
};

static bool evaluate_strided_slice(struct node *n, const struct tensor **outputs) {
    struct slicing s;
    const char *wrong;
    const struct tensor *t = node_constant(n, 0);
    if (!slicing_read(n, &s, &wrong))
        return false;
    for (int32_t i = 0; i < s.rank; i++) {
        if (!s.ranges[i].known || s.ranges[i].count < 0)
            return false;
        t = tensor_range(n->graph->arena, t, i, s.ranges[i].begin, s.ranges[i].stride,
                         s.ranges[i].count);
        if (t == NULL)
            return false;
    }
    outputs[0] = tensor_reshape(n->graph->arena, t, n->outputs[0].shape);
    return true;
}

const struct op_def op_StridedSlice = {
    .name = "StridedSlice",
    .doc = "begin:end:stride of each axis, with masks",
    .opset = "opset1",
    .flags = OP_OPSET,
    .min_inputs = 3,
    .max_inputs = 4,
    .outputs = 1,
    OP_ATTRS(strided_slice_attrs, strided_slice),
    .infer = infer_strided_slice,
    .evaluate = evaluate_strided_slice,
    .partial = 1,
    .lowered_by = "lower_classic_shape",
};

static bool evaluate_shuffle(struct node *n, const struct tensor **outputs) {
    const struct shuffle_channels *a = n->attrs;
    const struct tensor *t = node_constant(n, 0);
    int32_t axis;
    if (!shape_axis(&t->shape, a->axis, &axis))
        return false;
    int64_t dim = t->shape.dims[axis], size = dim / a->group;
    int64_t *indices = index_list(n->graph->arena, dim);
    if (indices == NULL)
        return false;
    for (int64_t i = 0; i < dim; i++)
        indices[i] = i % a->group * size + i / a->group;
    outputs[0] = tensor_gather(n->graph->arena, t, axis, (uint64_t)dim, indices);
    return true;
}

static const struct classic_form shuffle_form = {.type = "ShuffleChannels"};

const struct op_def op_ShuffleChannels = {
    .name = "ShuffleChannels",
    .doc = "an axis split into groups, groups and their members swapped",
    .opset = "opset3",
    .flags = OP_OPSET,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(shuffle_channels_attrs, shuffle_channels),
    .infer = infer_shuffle_channels,
    .evaluate = evaluate_shuffle,
    .partial = 1,
    .classic = &shuffle_form,
    .lowered_by = "lower_classic_shape",
};
