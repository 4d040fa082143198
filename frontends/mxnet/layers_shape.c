// SPDX-License-Identifier: Apache-2.0
// Layers that move elements: concatenation, reshaping, slicing, padding, repetition, reduction,
// look-up.
#include <string.h>

#include "compiler/ops/build_layers.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/matmul.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/reduction.h"
#include "compiler/ops/sort.h"
#include "frontends/mxnet/layers.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

static struct value *list(struct mxnet_layer *l, const char *suffix, uint32_t count,
                          const int64_t *values) {
    return build_i64(&l->builder, mxnet_name(l, suffix), count, values);
}

void mxnet_concat(struct mxnet_layer *l) {
    int64_t axis = mxnet_int(l, "dim", 1);
    if (!l->failed)
        l->outputs[0] = build_concat(&l->builder, l->name, axis, l->input_count, l->inputs);
}

void mxnet_flatten(struct mxnet_layer *l) {
    l->outputs[0] = build_op1(&l->builder, &op_Flatten, l->name, l->inputs[0]);
}

// --- reshape -------------------------------------------------------------------------------------

struct reshaping { // MXNet's codes read from left to right over the input's dimensions
    const struct shape *in;
    int32_t at; // the next dimension of the input
    struct ints codes;
    uint32_t next; // code
    int64_t out[SHAPE_MAX_RANK];
    uint32_t rank;
};

static int64_t take(struct reshaping *r) {
    return r->at < r->in->rank ? r->in->dims[r->at++] : 0;
}

static bool put(struct reshaping *r, int64_t dim) {
    if (r->rank == SHAPE_MAX_RANK)
        return false;
    r->out[r->rank++] = dim;
    return true;
}

// -4 splits a dimension into the next two numbers, one of which may be -1.
static bool split_dim(struct reshaping *r) {
    if (r->next + 2 > r->codes.count)
        return false;
    int64_t whole = take(r), a = r->codes.data[r->next++], b = r->codes.data[r->next++];
    if ((a == -1 && (b < 1 || whole < 0)) || (b == -1 && (a < 1 || whole < 0)))
        return false;
    return put(r, a == -1 ? whole / b : a) && put(r, b == -1 ? whole / a : b);
}

static bool apply_code(struct reshaping *r) {
    int64_t code = r->codes.data[r->next++], dim;
    switch (code) {
    case 0: // copies
        return put(r, take(r));
    case -1: // what is left; takes one dimension along
        take(r);
        return put(r, -1);
    case -2: // copies all that is left
        while (r->at < r->in->rank)
            if (!put(r, take(r)))
                return false;
        return true;
    case -3: // two in one
        dim = take(r);
        return put(r, dim < 0 ? -1 : dim * take(r));
    case -4:
        return split_dim(r);
    default:
        take(r);
        return code > 0 && put(r, code);
    }
}

static struct ints reversed(struct arena *arena, struct ints v) {
    int64_t *data = arena_array_of(arena, v.count, int64_t);
    for (uint32_t i = 0; i < v.count; i++)
        data[i] = v.data[v.count - 1 - i];
    return (struct ints){data, v.count};
}

// With plain numbers, 0 and -1 the list goes into the graph as it stands, so that an unknown batch
// stays open; other codes are worked out here.
static bool is_plain(struct ints codes, bool reverse) {
    for (uint32_t i = 0; i < codes.count; i++)
        if (codes.data[i] < -1)
            return false;
    return !reverse;
}

void mxnet_reshape(struct mxnet_layer *l) {
    struct ints codes = mxnet_ints(l, "shape");
    bool reverse = mxnet_bool(l, "reverse", false);
    if (codes.count == 0)
        codes = mxnet_ints(l, "target_shape"); // MXNet before 0.9
    if (l->failed)
        return;
    if (codes.count == 0 || codes.count > SHAPE_MAX_RANK) {
        mxnet_fail(l, ATTRIBUTE_MISSING, "shape");
        return;
    }
    if (is_plain(codes, reverse)) {
        l->outputs[0] = build_reshape(&l->builder, l->name, l->inputs[0], codes.count, codes.data);
        return;
    }
    struct shape in = l->inputs[0]->shape, turned = in;
    if (!mxnet_rank(l, 0, 1, SHAPE_MAX_RANK))
        return;
    for (int32_t i = 0; i < in.rank; i++)
        turned.dims[i] = in.dims[in.rank - 1 - i];
    struct reshaping r = {.in = reverse ? &turned : &in,
                          .codes = reverse ? reversed(l->arena, codes) : codes};
    while (r.next < r.codes.count)
        if (!apply_code(&r)) {
            mxnet_fail(l, ATTRIBUTE_VALUE, "shape", mxnet_attr(l->node, "shape"));
            return;
        }
    struct ints out = {r.out, r.rank};
    if (reverse)
        out = reversed(l->arena, out);
    l->outputs[0] = build_reshape(&l->builder, l->name, l->inputs[0], out.count, out.data);
}

static struct value *shape_of(struct mxnet_layer *l, uint32_t input) {
    return build_op1(&l->builder, &op_ShapeOf, mxnet_name(l, "shape"), l->inputs[input]);
}

void mxnet_reshape_like(struct mxnet_layer *l) {
    l->outputs[0] = build_op2(&l->builder, &op_Reshape, l->name, l->inputs[0], shape_of(l, 1));
}

void mxnet_broadcast_like(struct mxnet_layer *l) {
    l->outputs[0] = build_op2(&l->builder, &op_Broadcast, l->name, l->inputs[0], shape_of(l, 1));
}

// A 0 keeps the dimension.
void mxnet_broadcast_to(struct mxnet_layer *l) {
    struct ints wanted = mxnet_ints(l, "shape");
    const struct shape *in = &l->inputs[0]->shape;
    if (l->failed || !mxnet_rank(l, 0, (int32_t)wanted.count, (int32_t)wanted.count))
        return;
    int64_t dims[SHAPE_MAX_RANK];
    for (uint32_t i = 0; i < wanted.count; i++)
        dims[i] = wanted.data[i] == 0 ? in->dims[i] : wanted.data[i];
    l->outputs[0] = build_op2(&l->builder, &op_Broadcast, l->name, l->inputs[0],
                              list(l, "shape", wanted.count, dims));
}

void mxnet_broadcast_axis(struct mxnet_layer *l) {
    struct ints axes = mxnet_ints(l, "axis"), sizes = mxnet_ints(l, "size");
    struct shape out = l->inputs[0]->shape;
    if (l->failed || !mxnet_static(l, 0))
        return;
    for (uint32_t i = 0; i < axes.count; i++) {
        int32_t axis;
        if (!mxnet_axis(l, 0, axes.data[i], &axis))
            return;
        out.dims[axis] = ints_get(sizes, i, 1);
    }
    l->outputs[0] = build_op2(&l->builder, &op_Broadcast, l->name, l->inputs[0],
                              list(l, "shape", (uint32_t)out.rank, out.dims));
}

// --- axes ----------------------------------------------------------------------------------------

void mxnet_transpose(struct mxnet_layer *l) {
    struct ints axes = mxnet_ints(l, "axes");
    int64_t order[SHAPE_MAX_RANK];
    if (l->failed || !mxnet_rank(l, 0, 1, SHAPE_MAX_RANK))
        return;
    uint32_t rank = (uint32_t)l->inputs[0]->shape.rank;
    for (uint32_t i = 0; i < rank; i++)
        order[i] = ints_get(axes, i, (int64_t)(rank - 1 - i));
    l->outputs[0] =
        build_transpose(&l->builder, l->name, l->inputs[0],
                        axes.count > 0 && axes.count <= SHAPE_MAX_RANK ? axes.count : rank, order);
}

void mxnet_swap_axis(struct mxnet_layer *l) {
    int64_t one = mxnet_int(l, "dim1", 0), other = mxnet_int(l, "dim2", 0);
    int32_t a, b;
    int64_t order[SHAPE_MAX_RANK];
    if (l->failed || !mxnet_axis(l, 0, one, &a) || !mxnet_axis(l, 0, other, &b))
        return;
    for (int32_t i = 0; i < l->inputs[0]->shape.rank; i++)
        order[i] = i == a ? b : i == b ? a : i;
    l->outputs[0] = build_transpose(&l->builder, l->name, l->inputs[0],
                                    (uint32_t)l->inputs[0]->shape.rank, order);
}

static struct value *unsqueeze(struct mxnet_layer *l, const char *name, struct value *x,
                               int64_t axis) {
    struct value *axes = build_i64(&l->builder, build_name(&l->builder, name, "axes"), 1, &axis);
    return build_op2(&l->builder, &op_Unsqueeze, name, x, axes);
}

void mxnet_expand_dims(struct mxnet_layer *l) {
    int64_t axis = mxnet_int(l, "axis", 0);
    if (!l->failed)
        l->outputs[0] = unsqueeze(l, l->name, l->inputs[0], axis);
}

void mxnet_squeeze(struct mxnet_layer *l) {
    struct ints axes = mxnet_ints(l, "axis");
    if (l->failed)
        return;
    struct node *n = build_node(&l->builder, &op_Squeeze, l->name, 1, l->inputs);
    if (axes.count > 0)
        node_add_input(n, list(l, "axes", axes.count, axes.data));
    l->outputs[0] = finish(n);
}

void mxnet_stack(struct mxnet_layer *l) {
    int64_t axis = mxnet_int(l, "axis", 0);
    struct value **parts = arena_array_of(l->arena, l->input_count, struct value *);
    if (l->failed)
        return;
    for (uint32_t i = 0; i < l->input_count; i++)
        parts[i] =
            unsqueeze(l, mxnet_name(l, arena_printf(l->arena, "expand_%u", i)), l->inputs[i], axis);
    l->outputs[0] = build_concat(&l->builder, l->name, axis, l->input_count, parts);
}

// --- slices --------------------------------------------------------------------------------------

void mxnet_slice_channel(struct mxnet_layer *l) {
    int64_t axis = mxnet_int(l, "axis", 1), count = mxnet_int(l, "num_outputs", 1);
    bool squeeze = mxnet_bool(l, "squeeze_axis", false);
    int32_t where;
    if (l->failed || !mxnet_axis(l, 0, axis, &where))
        return;
    if (count < 1 || count > UINT16_MAX || (uint32_t)count > l->output_count) {
        mxnet_fail(l, ATTRIBUTE_VALUE, "num_outputs", mxnet_attr(l->node, "num_outputs"));
        return;
    }
    struct value *at = build_i64_scalar(&l->builder, mxnet_name(l, "axis"), where);
    struct node *n =
        build_node(&l->builder, &op_Split, l->name, 2, (struct value *[]){l->inputs[0], at});
    ((struct split *)n->attrs)->num_splits = count;
    ((struct split *)n->attrs)->counted = true;
    node_set_output_count(n, (uint32_t)count);
    node_finish(n);
    for (uint32_t i = 0; i < (uint32_t)count; i++)
        l->outputs[i] = &n->outputs[i];
    if (!squeeze)
        return;
    for (uint32_t i = 0; i < (uint32_t)count; i++) {
        const char *name = mxnet_name(l, arena_printf(l->arena, "squeeze_%u", i));
        struct value *axes =
            build_i64(&l->builder, build_name(&l->builder, name, "axes"), 1, &(int64_t){where});
        l->outputs[i] = build_op2(&l->builder, &op_Squeeze, name, l->outputs[i], axes);
    }
}

struct cuts { // per axis; a mask of 1: from the beginning, to the end
    uint32_t rank;
    int64_t begin[SHAPE_MAX_RANK], end[SHAPE_MAX_RANK], step[SHAPE_MAX_RANK];
    int64_t begin_mask[SHAPE_MAX_RANK], end_mask[SHAPE_MAX_RANK];
};

static struct cuts whole(uint32_t rank) {
    struct cuts c = {.rank = rank};
    for (uint32_t i = 0; i < rank; i++)
        c.step[i] = c.begin_mask[i] = c.end_mask[i] = 1;
    return c;
}

static void cut_axis(struct cuts *c, uint32_t axis, int64_t begin, int64_t end) {
    c->begin[axis] = begin;
    c->begin_mask[axis] = 0;
    c->end[axis] = end;
    c->end_mask[axis] = 0;
}

static struct value *strided_slice(struct mxnet_layer *l, const struct cuts *c) {
    struct value *inputs[] = {l->inputs[0], list(l, "begin", c->rank, c->begin),
                              list(l, "end", c->rank, c->end), list(l, "step", c->rank, c->step)};
    struct node *n = build_node(&l->builder, &op_StridedSlice, l->name, 4, inputs);
    struct strided_slice *a = n->attrs;
    a->begin_mask = ints_copy(l->arena, c->begin_mask, c->rank);
    a->end_mask = ints_copy(l->arena, c->end_mask, c->rank);
    return finish(n);
}

void mxnet_slice_axis(struct mxnet_layer *l) {
    int64_t axis = mxnet_int(l, "axis", 0), begin = mxnet_int(l, "begin", 0);
    bool to_end = !mxnet_has(l, "end");
    int64_t end = mxnet_int(l, "end", 0);
    int32_t where;
    if (l->failed || !mxnet_axis(l, 0, axis, &where))
        return;
    struct cuts c = whole((uint32_t)l->inputs[0]->shape.rank);
    cut_axis(&c, (uint32_t)where, begin, end);
    c.end_mask[where] = to_end;
    l->outputs[0] = strided_slice(l, &c);
}

void mxnet_slice(struct mxnet_layer *l) {
    struct ints begin = mxnet_ints_or_none(l, "begin"), end = mxnet_ints_or_none(l, "end");
    struct ints step = mxnet_ints_or_none(l, "step");
    if (l->failed || !mxnet_rank(l, 0, (int32_t)begin.count, SHAPE_MAX_RANK))
        return;
    struct cuts c = whole((uint32_t)l->inputs[0]->shape.rank);
    for (uint32_t i = 0; i < begin.count; i++) {
        int64_t from = begin.data[i], to = ints_get(end, i, MXNET_NONE);
        int64_t by = ints_get(step, i, MXNET_NONE);
        cut_axis(&c, i, from == MXNET_NONE ? 0 : from, to == MXNET_NONE ? 0 : to);
        c.begin_mask[i] = from == MXNET_NONE;
        c.end_mask[i] = to == MXNET_NONE;
        c.step[i] = by == MXNET_NONE || by == 0 ? 1 : by;
    }
    l->outputs[0] = strided_slice(l, &c);
}

// As much of the first input as the second has, along some axes or all.
void mxnet_slice_like(struct mxnet_layer *l) {
    struct ints axes = mxnet_ints(l, "axes");
    const struct shape *like = &l->inputs[1]->shape;
    if (l->failed || !mxnet_rank(l, 0, 1, SHAPE_MAX_RANK) || !mxnet_static(l, 1))
        return;
    struct cuts c = whole((uint32_t)l->inputs[0]->shape.rank);
    uint32_t count = axes.count > 0 ? axes.count : c.rank;
    for (uint32_t i = 0; i < count; i++) {
        int32_t axis;
        if (!mxnet_axis(l, 0, ints_get(axes, i, i), &axis) || axis >= like->rank) {
            l->failed = true;
            return;
        }
        cut_axis(&c, (uint32_t)axis, 0, like->dims[axis]);
    }
    l->outputs[0] = strided_slice(l, &c);
}

// Crops height and width to those of the second input, or to h_w; at an offset or in the middle.
void mxnet_crop(struct mxnet_layer *l) {
    struct ints offset = mxnet_ints(l, "offset"), size = mxnet_ints(l, "h_w");
    bool center = mxnet_bool(l, "center_crop", false);
    if (l->failed || !mxnet_rank(l, 0, 4, 4) || !mxnet_static(l, 0) ||
        (l->input_count > 1 && (!mxnet_rank(l, 1, 4, 4) || !mxnet_static(l, 1))))
        return;
    const struct shape *in = &l->inputs[0]->shape;
    struct cuts c = whole(4);
    for (uint32_t i = 0; i < 2; i++) {
        int64_t want = l->input_count > 1 ? l->inputs[1]->shape.dims[i + 2] : ints_get(size, i, 0);
        int64_t at = center ? (in->dims[i + 2] - want) / 2 : ints_get(offset, i, 0);
        if (want < 1 || at < 0 || at > in->dims[i + 2] - want) {
            mxnet_fail(l, SHAPE_MISMATCH,
                       arena_printf(l->arena, "%lld at %lld does not fit into %lld",
                                    (long long)want, (long long)at, (long long)in->dims[i + 2]));
            return;
        }
        cut_axis(&c, i + 2, at, at + want);
    }
    l->outputs[0] = strided_slice(l, &c);
}

// --- padding and repetition ----------------------------------------------------------------------

void mxnet_pad(struct mxnet_layer *l) {
    static const char *const modes[] = {"constant", "edge", "reflect", NULL};
    static const enum pad_mode ours[] = {PAD_CONSTANT, PAD_EDGE, PAD_REFLECT};
    int mode = mxnet_choice(l, "mode", modes);
    struct ints width = mxnet_ints(l, "pad_width");
    double value = mxnet_float(l, "constant_value", 0);
    uint32_t rank = width.count / 2;
    if (l->failed || !mxnet_rank(l, 0, (int32_t)rank, (int32_t)rank))
        return;
    int64_t begin[SHAPE_MAX_RANK], end[SHAPE_MAX_RANK];
    for (uint32_t i = 0; i < rank; i++) {
        begin[i] = width.data[(size_t)2 * i];
        end[i] = width.data[(size_t)2 * i + 1];
    }
    struct node *n = build_node(
        &l->builder, &op_Pad, l->name, 3,
        (struct value *[]){l->inputs[0], list(l, "begin", rank, begin), list(l, "end", rank, end)});
    ((struct pad *)n->attrs)->pad_mode = (int)ours[mode];
    if (mode == 0)
        node_add_input(n, build_f32_scalar(&l->builder, mxnet_name(l, "value"), (float)value));
    l->outputs[0] = finish(n);
}

void mxnet_tile(struct mxnet_layer *l) {
    struct ints reps = mxnet_ints(l, "reps");
    if (!l->failed)
        l->outputs[0] = build_op2(&l->builder, &op_Tile, l->name, l->inputs[0],
                                  list(l, "repeats", reps.count, reps.data));
}

// Each element `repeats` times: a new axis behind `axis`, tiled, and joined again.
void mxnet_repeat(struct mxnet_layer *l) {
    int64_t repeats = mxnet_int(l, "repeats", 1), axis = mxnet_int(l, "axis", 0);
    int32_t where;
    if (l->failed || !mxnet_static(l, 0) || !mxnet_rank(l, 0, 1, SHAPE_MAX_RANK - 1))
        return;
    struct value *x = l->inputs[0];
    if (!mxnet_has(l, "axis"))
        x = build_reshape(&l->builder, mxnet_name(l, "flat"), x, 1, &(int64_t){-1});
    struct shape out = x->shape;
    if (x->poison || !shape_axis(&out, axis, &where)) {
        mxnet_axis(l, 0, axis, &where);
        return;
    }
    int64_t times[SHAPE_MAX_RANK];
    for (int32_t i = 0; i <= out.rank; i++)
        times[i] = i == where + 1 ? repeats : 1;
    x = unsqueeze(l, mxnet_name(l, "expand"), x, where + 1);
    x = build_op2(&l->builder, &op_Tile, mxnet_name(l, "tile"), x,
                  list(l, "repeats", (uint32_t)out.rank + 1, times));
    out.dims[where] *= repeats;
    l->outputs[0] = build_reshape(&l->builder, l->name, x, (uint32_t)out.rank, out.dims);
}

// --- reductions and look-ups ---------------------------------------------------------------------

// norm is by its order the sum of sizes or the root of the sum of squares.
static const struct op_def *reduction_of(struct mxnet_layer *l) {
    const char *op = l->node->op;
    if (strcmp(op, "norm") == 0)
        return mxnet_int(l, "ord", 2) == 1 ? &op_ReduceL1 : &op_ReduceL2;
    static const struct {
        const char *op;
        const struct op_def *ours;
    } rows[] = {{"mean", &op_ReduceMean},    {"sum", &op_ReduceSum},
                {"sum_axis", &op_ReduceSum}, {"max", &op_ReduceMax},
                {"max_axis", &op_ReduceMax}, {"min", &op_ReduceMin},
                {"min_axis", &op_ReduceMin}, {"prod", &op_ReduceProd}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].op, op) == 0)
            return rows[i].ours;
    return NULL;
}

// Without axes, over all; `exclude` turns the choice round.
void mxnet_reduce(struct mxnet_layer *l) {
    struct ints given = mxnet_ints(l, "axis");
    bool keep = mxnet_bool(l, "keepdims", false), exclude = mxnet_bool(l, "exclude", false);
    if (l->failed || !mxnet_rank(l, 0, 1, SHAPE_MAX_RANK))
        return;
    int32_t rank = l->inputs[0]->shape.rank;
    bool chosen[SHAPE_MAX_RANK] = {false};
    for (uint32_t i = 0; i < given.count; i++) {
        int32_t axis;
        if (!mxnet_axis(l, 0, given.data[i], &axis))
            return;
        chosen[axis] = true;
    }
    int64_t axes[SHAPE_MAX_RANK];
    uint32_t count = 0;
    for (int32_t i = 0; i < rank; i++)
        if (given.count == 0 ? !exclude : chosen[i] != exclude)
            axes[count++] = i;
    struct node *n = build_node(&l->builder, reduction_of(l), l->name, 2,
                                (struct value *[]){l->inputs[0], list(l, "axes", count, axes)});
    ((struct reduction *)n->attrs)->keep_dims = keep;
    struct value *y = finish(n);
    bool to_scalar = !keep && count == (uint32_t)rank; // MXNet has no scalars: [1]
    l->outputs[0] =
        to_scalar ? build_reshape(&l->builder, mxnet_name(l, "reshape"), y, 1, &(int64_t){1}) : y;
}

// Where the largest (smallest) stands, as a number. argmax_channel: along axis 1.
void mxnet_argmax(struct mxnet_layer *l) {
    bool channel = strcmp(l->node->op, "argmax_channel") == 0;
    int64_t axis = mxnet_int(l, "axis", channel ? 1 : -1);
    bool keep = mxnet_bool(l, "keepdims", false);
    int32_t where;
    if (l->failed || !mxnet_rank(l, 0, 1, SHAPE_MAX_RANK) || !mxnet_axis(l, 0, axis, &where))
        return;
    if (!channel && !mxnet_has(l, "axis")) {
        mxnet_fail(l, ATTRIBUTE_MISSING, "axis");
        return;
    }
    struct node *n = build_node(
        &l->builder, &op_TopK, mxnet_name(l, "topk"), 2,
        (struct value *[]){l->inputs[0], build_i64_scalar(&l->builder, mxnet_name(l, "k"), 1)});
    struct topk *a = n->attrs;
    a->axis = where;
    a->mode = strcmp(l->node->op, "argmin") == 0 ? TOPK_MIN : TOPK_MAX;
    node_finish(n);
    struct value *y = &n->outputs[1];
    if (!keep)
        y = build_op2(&l->builder, &op_Squeeze, mxnet_name(l, "squeeze"), y,
                      list(l, "axes", 1, &(int64_t){where}));
    l->outputs[0] = build_convert(l->builder.graph, l->name, y, DT_F32);
}

static struct value *gather(struct mxnet_layer *l, struct value *table, struct value *indices,
                            int64_t axis) {
    if (dtype_is_float(indices->type)) {
        struct node *n =
            build_node(&l->builder, &op_Convert, mxnet_name(l, "indices"), 1, &indices);
        ((struct convert *)n->attrs)->destination_type = DT_I32;
        indices = finish(n);
    }
    struct value *at = build_i64_scalar(&l->builder, mxnet_name(l, "axis"), axis);
    return finish(
        build_node(&l->builder, &op_Gather, l->name, 3, (struct value *[]){table, indices, at}));
}

void mxnet_embedding(struct mxnet_layer *l) {
    if (mxnet_weights(l, 1, "weight") != NULL)
        l->outputs[0] = gather(l, l->inputs[1], l->inputs[0], 0);
}

void mxnet_take(struct mxnet_layer *l) {
    int64_t axis = mxnet_int(l, "axis", 0);
    if (!l->failed)
        l->outputs[0] = gather(l, l->inputs[0], l->inputs[1], axis);
}

static void matrix_product(struct mxnet_layer *l, struct value *a, struct value *b) {
    bool turn_a = mxnet_bool(l, "transpose_a", false), turn_b = mxnet_bool(l, "transpose_b", false);
    if (l->failed)
        return;
    struct node *n = build_node(&l->builder, &op_MatMul, l->name, 2, (struct value *[]){a, b});
    struct matmul *m = n->attrs;
    m->transpose_a = turn_a;
    m->transpose_b = turn_b;
    l->outputs[0] = finish(n);
}

// The last axis of the first with the first of the second: a product of matrices, if the second is
// one.
void mxnet_dot(struct mxnet_layer *l) {
    bool turned = mxnet_bool(l, "transpose_a", false);
    if (mxnet_rank(l, 1, 2, 2) && mxnet_rank(l, 0, 1, turned ? 2 : SHAPE_MAX_RANK))
        matrix_product(l, l->inputs[0], l->inputs[1]);
}

void mxnet_batch_dot(struct mxnet_layer *l) {
    matrix_product(l, l->inputs[0], l->inputs[1]);
}
