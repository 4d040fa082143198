// SPDX-License-Identifier: Apache-2.0
// Layers that join, part and reorder data.
#include "compiler/ops/movement.h"

#include "compiler/ops/classic.h"
#include "compiler/ops/reduction.h"
#include "frontends/caffe/layers.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

// Dropout, Split: every top is the bottom.
void import_pass(struct layer *l) {
    for (uint32_t i = 0; i < l->top_count; i++)
        l->tops[i] = l->bottoms[0];
}

// --- joining -----------------------------------------------------------------

static enum eltwise_operation operation_of(Caffe__EltwiseParameter__EltwiseOp op) {
    switch (op) {
    case CAFFE__ELTWISE_PARAMETER__ELTWISE_OP__PROD:
        return ELTWISE_MUL;
    case CAFFE__ELTWISE_PARAMETER__ELTWISE_OP__MAX:
        return ELTWISE_MAX;
    default:
        return ELTWISE_SUM;
    }
}

void import_eltwise(struct layer *l) {
    const Caffe__EltwiseParameter *p = layer_param(l, "eltwise_param");
    struct node *n = build_node(&l->builder, &op_Eltwise, l->name, l->bottom_count, l->bottoms);
    struct eltwise *a = n->attrs;
    bool is_sum = p->operation == CAFFE__ELTWISE_PARAMETER__ELTWISE_OP__SUM;
    if (p->n_coeff > 0 && (!is_sum || p->n_coeff != l->bottom_count)) {
        layer_fail(l, ATTRIBUTE_VALUE, "coeff",
                   is_sum ? arena_printf(l->arena, "%zu numbers for %u bottoms", p->n_coeff,
                                         l->bottom_count)
                          : "given for anything but a sum");
        return;
    }
    a->operation = (int)operation_of(p->operation);
    a->coeff = floats_copy(l->arena, p->coeff, (uint32_t)p->n_coeff);
    a->says_coeff = is_sum;
    l->tops[0] = finish(n);
}

// a * x + y, a with one number for each channel of each item
void import_axpy(struct layer *l) {
    struct value *scaled[] = {l->bottoms[1], l->bottoms[0]};
    struct node *n =
        build_node(&l->builder, &op_ScaleShift, layer_node(l, "ScaleShift_"), 2, scaled);
    ((struct scale_shift *)n->attrs)->axis = 0;
    l->tops[0] = build_op2(&l->builder, &op_Add, layer_node(l, "Add_"), finish(n), l->bottoms[2]);
}

void import_concat(struct layer *l) {
    const Caffe__ConcatParameter *p = layer_param(l, "concat_param");
    int64_t axis = p->has_concat_dim && !p->has_axis ? (int64_t)p->concat_dim : p->axis;
    int32_t where;
    if (layer_axis(l, 0, axis, false, &where))
        l->tops[0] = build_concat(&l->builder, l->name, where, l->bottom_count, l->bottoms);
}

// --- parting -----------------------------------------------------------------

// Lengths of the parts from the points between them, or equal ones. False after a report.
static bool slice_lengths(struct layer *l, const Caffe__SliceParameter *p, int64_t whole,
                          int64_t *lengths) {
    if (p->n_slice_point == 0 && l->top_count > 0) {
        for (uint32_t i = 0; i < l->top_count; i++)
            lengths[i] = whole / l->top_count;
        if (whole % l->top_count == 0)
            return true;
    } else if (p->n_slice_point == l->top_count - 1) {
        int64_t from = 0;
        bool rising = true;
        for (uint32_t i = 0; i < l->top_count; i++) {
            int64_t to = i < p->n_slice_point ? p->slice_point[i] : whole;
            lengths[i] = to - from;
            rising &= to > from;
            from = to;
        }
        if (rising)
            return true;
    }
    layer_fail(l, SHAPE_MISMATCH,
               arena_printf(l->arena, "%lld cannot be sliced at %zu points for %u tops",
                            (long long)whole, p->n_slice_point, l->top_count));
    return false;
}

static void slice(struct layer *l, int32_t axis, const int64_t *lengths) {
    struct value *inputs[] = {
        l->bottoms[0], build_i64_scalar(&l->builder, layer_node(l, "axis"), axis),
        build_i64(&l->builder, layer_node(l, "lengths"), l->top_count, lengths)};
    struct node *n = build_node(&l->builder, &op_VariadicSplit, l->name, 3, inputs);
    ((struct variadic_split *)n->attrs)->slice = true;
    node_set_output_count(n, l->top_count);
    node_finish(n);
    for (uint32_t i = 0; i < l->top_count; i++)
        l->tops[i] = &n->outputs[i];
}

void import_slice(struct layer *l) {
    const Caffe__SliceParameter *p = layer_param(l, "slice_param");
    int64_t axis = p->has_slice_dim && !p->has_axis ? (int64_t)p->slice_dim : p->axis;
    int64_t *lengths = arena_array_of(l->arena, l->top_count, int64_t);
    int32_t where;
    if (l->top_count == 0 || !layer_axis(l, 0, axis, false, &where))
        return;
    int64_t whole = layer_shape(l, 0).dims[where];
    if (l->top_count == 1)
        l->tops[0] = l->bottoms[0];
    else if (whole == DIM_UNKNOWN)
        layer_static(l, 0);
    else if (slice_lengths(l, p, whole, lengths))
        slice(l, where, lengths);
}

// One offset for all axes from `axis` on, or one for each; the size is the second bottom's, or (an
// older form with one bottom) dimsize.
void import_crop(struct layer *l) {
    const Caffe__CropParameter *p = layer_param(l, "crop_param");
    int32_t first, rank = layer_shape(l, 0).rank;
    if (!layer_axis(l, 0, p->axis, false, &first))
        return;
    uint32_t count = (uint32_t)(rank - first);
    if ((p->n_offset > 1 && p->n_offset != count) ||
        (l->bottom_count == 1 && p->n_dimsize != count)) {
        layer_fail(l, SHAPE_MISMATCH,
                   arena_printf(l->arena, "%zu offsets and %zu sizes for %u axes", p->n_offset,
                                p->n_dimsize, count));
        return;
    }
    struct shape reference = layer_shape(l, l->bottom_count - 1);
    int64_t axes[SHAPE_MAX_RANK], offsets[SHAPE_MAX_RANK], sizes[SHAPE_MAX_RANK] = {0};
    for (uint32_t i = 0; i < count; i++) {
        axes[i] = first + (int64_t)i;
        offsets[i] = p->n_offset == 0 ? 0 : p->offset[p->n_offset == 1 ? 0 : i];
        sizes[i] = l->bottom_count == 1 ? p->dimsize[i] : reference.dims[axes[i]];
    }
    struct node *n = build_node(&l->builder, &op_CropIE, l->name, l->bottom_count, l->bottoms);
    struct crop *a = n->attrs;
    a->axis = ints_copy(l->arena, axes, count);
    a->offset = ints_copy(l->arena, offsets, count);
    if (l->bottom_count == 1 || shape_is_static(&reference))
        a->dim = ints_copy(l->arena, sizes, count);
    l->tops[0] = finish(n);
}

// --- other shapes and orders -------------------------------------------------

struct target { // dimensions of a Reshape
    int64_t dims[SHAPE_MAX_RANK];
    uint32_t rank;
};

static bool add_dim(struct layer *l, struct target *t, int64_t dim) {
    if (t->rank == SHAPE_MAX_RANK) {
        layer_fail(l, SHAPE_MISMATCH, "more than 8 dimensions");
        return false;
    }
    t->dims[t->rank++] = dim;
    return true;
}

// Dimensions [first, last) are replaced by those of `shape`, in which 0 is the bottom's dimension
// at the same place and -1 what is left.
static bool reshape_target(struct layer *l, const Caffe__BlobShape *shape, int32_t first,
                           int32_t last, struct target *t) {
    struct shape data = layer_shape(l, 0);
    size_t count = shape == NULL ? 0 : shape->n_dim;
    for (int32_t i = 0; i < first; i++)
        if (!add_dim(l, t, 0))
            return false;
    for (size_t i = 0; i < count; i++)
        if (!add_dim(l, t, shape->dim[i]))
            return false;
    for (int32_t i = last; i < data.rank; i++) {
        if (data.dims[i] == DIM_UNKNOWN)
            return layer_static(l, 0);
        if (!add_dim(l, t, data.dims[i]))
            return false;
    }
    return true;
}

void import_reshape(struct layer *l) {
    const Caffe__ReshapeParameter *p = layer_param(l, "reshape_param");
    struct shape data = layer_shape(l, 0);
    struct target t = {.rank = 0};
    int32_t first, last = data.rank;
    // A negative axis counts from behind the last dimension.
    if (!layer_axis(l, 0, p->axis < 0 ? p->axis + data.rank + 1 : p->axis, true, &first))
        return;
    if (p->num_axes >= 0)
        last = first + p->num_axes;
    if (p->num_axes < -1 || last > data.rank) {
        layer_fail(l, ATTRIBUTE_VALUE, "num_axes", arena_printf(l->arena, "%d", p->num_axes));
        return;
    }
    if (!reshape_target(l, p->shape, first, last, &t))
        return;
    struct value *dims = build_i64(&l->builder, layer_node(l, "shape"), t.rank, t.dims);
    struct node *n =
        build_node(&l->builder, &op_Reshape, l->name, 2, (struct value *[]){l->bottoms[0], dims});
    struct reshape *a = n->attrs;
    a->special_zero = true;
    a->axis = 0; // t has all dimensions
    a->num_axes = -1;
    l->tops[0] = finish(n);
}

// Axes that the order leaves out follow in their own order.
void import_permute(struct layer *l) {
    const Caffe__PermuteParameter *p = layer_param(l, "permute_param");
    struct shape data = layer_shape(l, 0);
    int64_t order[SHAPE_MAX_RANK];
    uint32_t seen = 0, count = 0;
    if (!layer_rank(l, 0, 1, SHAPE_MAX_RANK))
        return;
    for (size_t i = 0; i < p->n_order; i++) {
        if (p->order[i] >= (uint32_t)data.rank || (seen >> p->order[i] & 1) != 0) {
            layer_fail(l, ATTRIBUTE_VALUE, "order", arena_printf(l->arena, "%u", p->order[i]));
            return;
        }
        seen |= 1U << p->order[i];
        order[count++] = p->order[i];
    }
    for (uint32_t i = 0; i < (uint32_t)data.rank; i++)
        if ((seen >> i & 1) == 0)
            order[count++] = i;
    l->tops[0] = build_transpose(&l->builder, l->name, l->bottoms[0], count, order);
}

void import_tile(struct layer *l) {
    const Caffe__TileParameter *p = layer_param(l, "tile_param");
    int64_t repeats[SHAPE_MAX_RANK];
    int32_t axis, rank = layer_shape(l, 0).rank;
    if (!layer_axis(l, 0, p->axis, false, &axis))
        return;
    if (p->tiles <= 0) {
        layer_fail(l, ATTRIBUTE_VALUE, "tiles", arena_printf(l->arena, "%d", p->tiles));
        return;
    }
    for (int32_t i = 0; i < rank; i++)
        repeats[i] = i == axis ? p->tiles : 1;
    struct value *list = build_i64(&l->builder, layer_node(l, "tiles"), (uint32_t)rank, repeats);
    l->tops[0] = build_op2(&l->builder, &op_Tile, l->name, l->bottoms[0], list);
}

// --- reductions --------------------------------------------------------------

static const struct {
    const struct op_def *op, *before; // SUMSQ squares first: a Multiply by itself
} reductions[] = {
    [CAFFE__REDUCTION_PARAMETER__REDUCTION_OP__SUM] = {&op_ReduceSum, NULL},
    [CAFFE__REDUCTION_PARAMETER__REDUCTION_OP__ASUM] = {&op_ReduceL1, NULL},
    [CAFFE__REDUCTION_PARAMETER__REDUCTION_OP__SUMSQ] = {&op_ReduceSum, &op_Multiply},
    [CAFFE__REDUCTION_PARAMETER__REDUCTION_OP__MEAN] = {&op_ReduceMean, NULL},
};

// Over `axis` and all that follow it, times coeff.
void import_reduction(struct layer *l) {
    const Caffe__ReductionParameter *p = layer_param(l, "reduction_param");
    int32_t first, rank = layer_shape(l, 0).rank;
    if (!layer_axis(l, 0, p->axis, false, &first))
        return;
    int64_t axes[SHAPE_MAX_RANK];
    uint32_t count = 0;
    for (int32_t i = first; i < rank; i++)
        axes[count++] = i;
    struct value *x = l->bottoms[0];
    if (reductions[p->operation].before != NULL)
        x = build_op2(&l->builder, reductions[p->operation].before, layer_node(l, "square"), x, x);
    bool scaled = p->coeff != 1.0F;
    struct value *list = build_i64(&l->builder, layer_node(l, "axes"), count, axes);
    x = build_op2(&l->builder, reductions[p->operation].op,
                  scaled ? layer_node(l, "reduce") : l->name, x, list);
    l->tops[0] = !scaled
                     ? x
                     : build_op2(&l->builder, &op_Multiply, l->name, x,
                                 build_f32_scalar(&l->builder, layer_node(l, "coeff"), p->coeff));
}
