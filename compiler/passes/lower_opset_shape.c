// SPDX-License-Identifier: Apache-2.0
// Flatten and CropIE in opset operators; pooling windows that only Caffe rounds so.
#include "compiler/ops/classic.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/lower.h"

// The dimensions of a Reshape that does what Flatten does: 0 copies what stands before the axis,
// one -1 stands for what is not known.
static bool flat_dims(const struct node *n, int64_t *dims, uint32_t *count) {
    const struct flatten *a = n->attrs;
    struct shape in = n->inputs[0].value->shape, out = n->outputs[0].shape;
    int32_t axis;
    if (in.rank == RANK_UNKNOWN || !shape_axis(&in, a->axis, &axis))
        return false;
    unsigned unknown = 0;
    for (int32_t i = 0; i < out.rank; i++) {
        dims[i] = i < axis ? 0 : out.dims[i];
        unknown += dims[i] == DIM_UNKNOWN;
    }
    if (unknown == 0 && axis < out.rank)
        dims[axis] = -1;
    *count = (uint32_t)out.rank;
    return unknown <= 1;
}

static struct value *lower_flatten(struct builder *b, struct node *n) {
    int64_t dims[SHAPE_MAX_RANK];
    uint32_t count;
    if (!flat_dims(n, dims, &count))
        return NULL;
    return build_reshape(b, n->name, n->inputs[0].value, count, dims);
}

static struct value *lower_crop(struct builder *b, struct node *n) {
    const struct crop *a = n->attrs;
    const struct shape *in = &n->inputs[0].value->shape, *out = &n->outputs[0].shape;
    if (in->rank == RANK_UNKNOWN)
        return NULL;
    uint32_t rank = (uint32_t)in->rank;
    int64_t begin[SHAPE_MAX_RANK] = {0}, end[SHAPE_MAX_RANK] = {0}, mask[SHAPE_MAX_RANK];
    for (uint32_t i = 0; i < rank; i++)
        mask[i] = 1;
    for (uint32_t i = 0; i < a->axis.count; i++) {
        int32_t axis = 0;
        shape_axis(in, a->axis.data[i], &axis);
        if (out->dims[axis] == DIM_UNKNOWN)
            return NULL;
        begin[axis] = ints_get(a->offset, i, 0);
        end[axis] = begin[axis] + out->dims[axis];
        mask[axis] = 0;
    }
    struct value *first = build_i64(b, lower_name(n, "begin"), rank, begin);
    struct value *last = build_i64(b, lower_name(n, "end"), rank, end);
    struct node *slice = build_node(b, &op_StridedSlice, n->name, 3,
                                    (struct value *[]){n->inputs[0].value, first, last});
    struct strided_slice *s = slice->attrs;
    s->begin_mask = s->end_mask = ints_copy(b->graph->arena, mask, rank);
    node_finish(slice);
    return &slice->outputs[0];
}

// Readers want masks of one length: what a list leaves out is zero.
static bool complete_mask(struct arena *arena, struct ints *mask, uint32_t count) {
    if (mask->count >= count)
        return false;
    int64_t *data = arena_array_of(arena, count, int64_t);
    for (uint32_t i = 0; i < mask->count; i++)
        data[i] = mask->data[i];
    *mask = (struct ints){.data = data, .count = count};
    return true;
}

static bool complete_masks(struct node *n) {
    struct strided_slice *s = n->attrs;
    struct ints *masks[] = {&s->begin_mask, &s->end_mask, &s->new_axis_mask, &s->shrink_axis_mask,
                            &s->ellipsis_mask};
    const struct shape *begin = &n->inputs[1].value->shape;
    uint32_t count = begin->rank == 1 && begin->dims[0] > 0 ? (uint32_t)begin->dims[0] : 0;
    bool changed = false;
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        count = masks[i]->count > count ? masks[i]->count : count;
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        changed |= complete_mask(n->graph->arena, masks[i], count);
    return changed;
}

bool lower_opset_shape(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_each(g, &op_Flatten, lower_flatten);
    changed |= lower_each(g, &op_CropIE, lower_crop);
    GRAPH_EACH(g, n) {
        if (n->op == &op_StridedSlice)
            changed |= complete_masks(n);
    }
    return changed;
}
