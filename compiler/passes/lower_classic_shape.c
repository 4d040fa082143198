// SPDX-License-Identifier: Apache-2.0
// Movements of elements that classic IR makes of several layers.
#include "compiler/ops/classic.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/normalization.h"
#include "compiler/ops/pooling.h"
#include "compiler/ops/slicing.h"
#include "compiler/passes/lower.h"

// [N,C,H,W] -> [N,group,C/group,H*W] -> axes 1 and 2 swapped -> [N,C,H,W].
static struct value *lower_shuffle(struct builder *b, struct node *n) {
    const struct shuffle_channels *a = n->attrs;
    const struct shape *shape = &n->outputs[0].shape;
    int32_t axis;
    if (!shape_is_static(shape) || !shape_axis(shape, a->axis, &axis) || axis != 1)
        return NULL;
    const int64_t split[] = {shape->dims[0], a->group, shape->dims[1] / a->group, -1};
    struct value *v =
        build_reshape(b, lower_name(n, "Reshape_split_"), n->inputs[0].value, 4, split);
    v = build_transpose(b, lower_name(n, "Transpose_"), v, 4, (const int64_t[]){0, 2, 1, 3});
    return build_reshape(b, lower_name(n, "Reshape_concat_"), v, (uint32_t)shape->rank,
                         shape->dims);
}

// A pooling of 1x1: all it does is its stride.
static bool only_steps(const struct node *n) {
    if (!node_is(n, &op_MaxPool) || value_only_user(&n->outputs[0]) == NULL)
        return false;
    struct ints kernel = ((const struct pooling *)n->attrs)->kernel;
    for (uint32_t i = 0; i < kernel.count; i++)
        if (kernel.data[i] != 1)
            return false;
    return true;
}

// A computed scale is no blob: the layer becomes products and sums, the scale reshaped to the
// data's rank.
static struct value *operand(struct builder *b, const struct node *n, uint32_t input) {
    struct value *v = n->inputs[input].value;
    const struct shape *data = &n->inputs[0].value->shape;
    int32_t axis = 0;
    shape_axis(data, ((const struct scale_shift *)n->attrs)->axis, &axis);
    int64_t dims[SHAPE_MAX_RANK];
    for (int32_t i = 0; i < data->rank; i++)
        dims[i] = i < axis || i >= axis + v->shape.rank ? 1 : v->shape.dims[i - axis];
    struct node *pool = v->producer;
    bool pooled = only_steps(pool) && v->shape.rank == data->rank;
    if (pooled) // fuse_strides put it here: it stays the last before the product
        v = node_input(pool, 0);
    const char *name =
        arena_printf(b->graph->arena, "%s/Output_%u/Data_/Broadcast_", v->producer->name, v->index);
    struct value *spread = build_reshape(b, name, v, (uint32_t)data->rank, dims);
    if (!pooled)
        return spread;
    node_set_input(pool, 0, spread);
    return &pool->outputs[0];
}

static struct value *lower_computed_scale(struct builder *b, struct node *n) {
    if (node_constant(n, 1) != NULL || n->inputs[0].value->shape.rank == RANK_UNKNOWN)
        return NULL;
    struct value *v =
        build_op2(b, &op_Multiply, lower_name(n, "Mul_"), n->inputs[0].value, operand(b, n, 1));
    if (node_input(n, 2) == NULL)
        return v;
    return build_op2(b, &op_Add, lower_name(n, "Add_"), v, operand(b, n, 2));
}

// One Tile for each axis that is repeated; of three axes in all none.
static struct value *lower_tile(struct builder *b, struct node *n) {
    const struct tensor *t = node_constant(n, 1);
    struct value *v = n->inputs[0].value;
    int32_t rank = n->outputs[0].shape.rank;
    if (t == NULL || rank == RANK_UNKNOWN || tensor_count(t) != (uint64_t)rank ||
        v->shape.rank != rank || (rank == 3 && !shape_is_static(&v->shape)))
        return NULL;
    const int64_t *repeats = tensor_as_i64(b->graph->arena, t);
    int32_t repeated = 0;
    for (int32_t i = 0; i < rank; i++)
        repeated += repeats[i] != 1;
    if (repeated < (rank == 3 ? 1 : 2))
        return NULL;
    bool last_named = rank != 3 || !lower_is_result(n);
    for (int32_t i = 0; i < rank; i++) {
        if (repeats[i] == 1)
            continue;
        const char *name = --repeated == 0 && last_named
                               ? n->name
                               : arena_printf(b->graph->arena, "%s/axis_%d", n->name, i);
        v = lower_tile_axis(b, name, v, i, repeats[i]);
    }
    if (!last_named)
        v->producer->name = n->name;
    return v;
}

static struct value *build_crop(struct builder *b, const char *name, struct value *x,
                                uint32_t count, const int64_t *axis, const int64_t *offset,
                                const int64_t *dim) {
    struct arena *arena = b->graph->arena;
    struct node *n = build_node(b, &op_CropIE, name, 1, &x);
    *(struct crop *)n->attrs = (struct crop){.axis = ints_copy(arena, axis, count),
                                             .offset = ints_copy(arena, offset, count),
                                             .dim = ints_copy(arena, dim, count)};
    node_finish(n);
    return &n->outputs[0];
}

static bool goes_in_steps(const struct range *r) {
    return r->stride != 1 && r->count != 1;
}

// The axes that go in steps: one Gather for each. `whole`: nothing else is to be done, so that the
// last has the node's name. NULL when it cannot be.
static struct value *take_steps(struct builder *b, const struct node *n, const struct slicing *s,
                                bool whole) {
    struct value *v = n->inputs[0].value;
    int32_t left = 0;
    for (int32_t i = 0; i < s->rank; i++)
        left += goes_in_steps(&s->ranges[i]);
    for (int32_t i = 0; i < s->rank && v != NULL; i++) {
        if (!goes_in_steps(&s->ranges[i]))
            continue;
        const char *name = arena_printf(b->graph->arena, "%s/axis_%d", n->name, i);
        v = lower_steps(b, --left == 0 && whole ? n->name : name, v, i, &s->ranges[i]);
    }
    return v;
}

static bool keeps_axes(const struct slicing *s) {
    bool same = s->out_rank == s->rank;
    for (int32_t i = 0; i < s->out_rank; i++)
        same = same && s->source[i] == i;
    return same;
}

// Steps of one are a Crop, others a Gather; new and vanishing axes a Reshape behind it.
static struct value *lower_slice(struct builder *b, struct node *n) {
    struct slicing s;
    const char *wrong;
    const struct shape *in = &n->inputs[0].value->shape, *out = &n->outputs[0].shape;
    if (!shape_is_static(in) || !shape_is_static(out) || !slicing_read(n, &s, &wrong))
        return NULL;
    int64_t axis[SHAPE_MAX_RANK], offset[SHAPE_MAX_RANK], dim[SHAPE_MAX_RANK];
    uint32_t count = 0;
    for (int32_t i = 0; i < s.rank; i++) {
        const struct range *r = &s.ranges[i];
        if (!r->known || (goes_in_steps(r) && r->count == 0))
            return NULL;
        if (goes_in_steps(r) || r->count == in->dims[i])
            continue;
        axis[count] = i;
        offset[count] = r->begin;
        dim[count++] = r->count;
    }
    bool same_axes = keeps_axes(&s);
    struct value *v = take_steps(b, n, &s, same_axes && count == 0);
    if (v == NULL)
        return NULL;
    bool moved = v != n->inputs[0].value || count > 0;
    if (count > 0)
        v = build_crop(b, same_axes ? n->name : lower_name(n, "Crop_"), v, count, axis, offset,
                       dim);
    return same_axes && moved ? v : build_reshape(b, n->name, v, (uint32_t)out->rank, out->dims);
}

// Norms over channels, or over channels and places; weights of one change nothing.
static struct value *lower_normalize(struct builder *b, struct node *n) {
    const struct normalize_l2 *a = n->attrs;
    struct value *x = n->inputs[0].value;
    const struct tensor *axes = node_constant(n, 1);
    if (axes == NULL || x->shape.rank < 2 || x->shape.dims[1] < 1)
        return NULL;
    uint64_t count = tensor_count(axes);
    const int64_t *numbers = tensor_as_i64(b->graph->arena, axes);
    for (uint64_t i = 0; i < count; i++) {
        int32_t axis;
        if (!shape_axis(&x->shape, numbers[i], &axis) || axis != (int32_t)i + 1)
            return NULL;
    }
    if (count != 1 && count + 1 != (uint64_t)x->shape.rank)
        return NULL;
    struct tensor *ones = tensor_splat(b->graph->arena, x->type, SHAPE(x->shape.dims[1]), 1);
    struct value *weights = build_constant(b, lower_name(n, "weights"), ones);
    struct node *made = build_node(b, &op_NormalizeIE, n->name, 2, (struct value *[]){x, weights});
    ((struct normalize *)made->attrs)->across_spatial = count != 1;
    ((struct normalize *)made->attrs)->eps = a->eps;
    node_finish(made);
    return &made->outputs[0];
}

// One element of each of the first `count` axes, or all of an axis where `whole` is 1.
static struct value *slice_one(struct builder *b, const struct node *n, uint32_t count,
                               const int64_t *begin, const int64_t *whole) {
    const struct shape *out = &n->outputs[0].shape;
    int64_t end[SHAPE_MAX_RANK];
    for (uint32_t i = 0; i < count; i++)
        end[i] = whole[i] ? 0 : begin[i] + 1;
    struct value *inputs[] = {n->inputs[0].value,
                              build_i64(b, lower_name(n, "begin"), count, begin),
                              build_i64(b, lower_name(n, "end"), count, end)};
    struct node *slice = build_node(b, &op_StridedSlice, lower_name(n, "row"), 3, inputs);
    struct strided_slice *a = slice->attrs;
    a->begin_mask = a->end_mask = ints_copy(b->graph->arena, whole, count);
    node_finish(slice);
    return build_reshape(b, n->name, &slice->outputs[0], (uint32_t)out->rank, out->dims);
}

// The place of one row, known beforehand, is a slice.
static struct value *lower_gather_row(struct builder *b, struct node *n) {
    const struct tensor *t = node_constant(n, 1);
    const struct shape *out = &n->outputs[0].shape;
    if (t == NULL || !shape_is_static(out) || tensor_count(t) == 0 ||
        tensor_count(t) > SHAPE_MAX_RANK ||
        tensor_count(t) != (uint64_t)t->shape.dims[t->shape.rank - 1] ||
        ((const struct gather_nd *)n->attrs)->batch_dims != 0)
        return NULL;
    uint32_t count = (uint32_t)tensor_count(t);
    const int64_t *begin = tensor_as_i64(b->graph->arena, t);
    const int64_t none[SHAPE_MAX_RANK] = {0};
    for (uint32_t i = 0; i < count; i++)
        if (begin[i] < 0 || begin[i] >= n->inputs[0].value->shape.dims[i])
            return NULL;
    return slice_one(b, n, count, begin, none);
}

// As is that of one element of an axis: there is no list of indices of no dimensions.
static struct value *lower_gather_element(struct builder *b, struct node *n) {
    const struct tensor *t = node_constant(n, 1), *axes = node_constant(n, 2);
    const struct shape *in = &n->inputs[0].value->shape, *out = &n->outputs[0].shape;
    int64_t begin[SHAPE_MAX_RANK] = {0}, mask[SHAPE_MAX_RANK] = {0};
    double index, number;
    int32_t axis;
    if (t == NULL || axes == NULL || t->shape.rank != 0 || !tensor_uniform(t, &index) ||
        !tensor_uniform(axes, &number) || !shape_axis(in, (int64_t)number, &axis) ||
        !shape_is_static(out) || index < 0 || index >= (double)in->dims[axis])
        return NULL;
    for (int32_t i = 0; i < axis; i++)
        mask[i] = 1;
    begin[axis] = (int64_t)index;
    return slice_one(b, n, (uint32_t)axis + 1, begin, mask);
}

// Readers of the classic Gather cut its indices themselves, whatever their type.
static bool take_real_indices(struct node *n) {
    struct value *indices = node_input(n, 1);
    struct node *convert = indices == NULL ? NULL : indices->producer;
    if (!node_is(convert, &op_Convert) || dtype_is_float(indices->type) ||
        !dtype_is_float(node_input(convert, 0)->type))
        return false;
    node_set_input(n, 1, node_input(convert, 0));
    return true;
}

bool lower_classic_shape(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_each(g, &op_ShuffleChannels, lower_shuffle);
    changed |= lower_each(g, &op_Tile, lower_tile);
    changed |= lower_each(g, &op_GatherND, lower_gather_row);
    changed |= lower_each(g, &op_Gather, lower_gather_element);
    changed |= lower_slices(g);
    changed |= lower_each(g, &op_StridedSlice, lower_slice);
    changed |= lower_each(g, &op_NormalizeL2, lower_normalize);
    GRAPH_EACH(g, n) {
        if (n->op == &op_Gather)
            changed |= take_real_indices(n);
    }
    return lower_each(g, &op_ScaleShift, lower_computed_scale) || changed;
}
