// SPDX-License-Identifier: Apache-2.0
// Flatten and CropIE in opset operators; slices as runtimes take them.
#include "compiler/ops/classic.h"
#include "compiler/ops/data.h"
#include "compiler/ops/elementwise.h"
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

// --- new axes and lost ones in one slice ---------------------------------------------------------

static bool any(struct ints mask) {
    for (uint32_t i = 0; i < mask.count; i++)
        if (mask.data[i] != 0)
            return true;
    return false;
}

static struct ints joined(struct arena *arena, struct ints a, struct ints b) {
    int64_t *data = arena_array_of(arena, a.count, int64_t);
    for (uint32_t i = 0; i < a.count; i++)
        data[i] = a.data[i] != 0 || b.data[i] != 0;
    return (struct ints){data, a.count};
}

static struct ints inverted(struct arena *arena, struct ints a) {
    int64_t *data = arena_array_of(arena, a.count, int64_t);
    for (uint32_t i = 0; i < a.count; i++)
        data[i] = a.data[i] == 0;
    return (struct ints){data, a.count};
}

// The CPU runtime of today gives anything for a slice that makes an axis and loses another. The
// first of two makes axes and keeps whole what the second then loses; that keeps whole the rest.
static bool split_slice(struct node *n) {
    struct arena *arena = n->graph->arena;
    struct builder b = {.graph = n->graph, .place = n->place};
    struct strided_slice *second = n->attrs;
    if (!any(second->new_axis_mask) || !any(second->shrink_axis_mask))
        return false;
    struct ints lost = second->shrink_axis_mask;
    struct value *inputs[] = {node_input(n, 0), node_input(n, 1), node_input(n, 2),
                              node_input(n, 3)};
    struct node *made =
        build_node(&b, &op_StridedSlice, lower_name(n, "axes"), inputs[3] == NULL ? 3 : 4, inputs);
    struct strided_slice *first = made->attrs;
    *first = *second;
    first->shrink_axis_mask = inverted(arena, joined(arena, lost, inverted(arena, lost)));
    first->begin_mask = joined(arena, second->begin_mask, lost);
    first->end_mask = joined(arena, second->end_mask, lost);
    node_finish(made);
    second->new_axis_mask = first->shrink_axis_mask;
    second->begin_mask = second->end_mask = inverted(arena, lost);
    node_set_input(n, 0, &made->outputs[0]);
    if (inputs[3] != NULL) {
        struct value *ones = build_constant(
            &b, lower_name(n, "ones"), tensor_splat(arena, inputs[3]->type, inputs[3]->shape, 1));
        node_set_input(n, 3, ones);
    }
    return true;
}

// --- one element of an axis ----------------------------------------------------------------------

struct element { // one of an axis: which number of the slice's begin says where
    uint32_t entry;
    int32_t axis;
};

// The axes that a slice takes one element of, when it does nothing else; 0 when it does.
static uint32_t elements_of(const struct node *n, struct element *out) {
    const struct strided_slice *s = n->attrs;
    const struct shape *begin = &n->inputs[1].value->shape;
    int32_t rank = n->inputs[0].value->shape.rank;
    uint32_t found = 0, count = begin->rank == 1 ? (uint32_t)begin->dims[0] : 0;
    bool from_end = false; // behind an ellipsis
    if (node_constant(n, 1) != NULL || any(s->new_axis_mask) || rank < 0 || count > SHAPE_MAX_RANK)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        bool ellipsis = ints_get(s->ellipsis_mask, i, 0) != 0;
        int32_t axis = from_end ? rank - (int32_t)(count - i) : (int32_t)i;
        if (ellipsis && !from_end)
            from_end = true;
        else if (ellipsis || ints_get(s->shrink_axis_mask, i, 0) == 0 ||
                 ints_get(s->begin_mask, i, 0) != 0 || axis < (int32_t)found || axis >= rank)
            return 0;
        else
            out[found++] = (struct element){i, axis};
    }
    return found;
}

static struct value *pick(struct builder *b, const char *name, struct value *v, struct value *index,
                          int32_t axis) {
    struct value *inputs[] = {v, index, build_i64_scalar(b, build_name(b, name, "axis"), axis)};
    struct node *n = build_node(b, &op_Gather, name, 3, inputs);
    node_finish(n);
    return &n->outputs[0];
}

static struct value *length_of(struct builder *b, const struct node *n, struct value *v,
                               int32_t axis) {
    const char *name = lower_name(n, "length");
    if (v->shape.dims[axis] != DIM_UNKNOWN)
        return build_i64_scalar(b, name, v->shape.dims[axis]);
    struct value *shape = build_op1(b, &op_ShapeOf, lower_name(n, "shape"), v);
    return pick(b, name, shape, build_i64_scalar(b, lower_name(n, "place"), axis), 0);
}

// The CPU runtime of today fails on a slice whose place is computed and whose shape is known. A
// place that is counted from the end becomes one from the beginning: Gather knows no others.
static struct value *lower_elements(struct builder *b, struct node *n) {
    struct element elements[SHAPE_MAX_RANK];
    struct value *v = n->inputs[0].value;
    uint32_t count = elements_of(n, elements);
    if (count == 0)
        return NULL;
    struct value *begin =
        build_convert(b->graph, lower_name(n, "begin"), n->inputs[1].value, DT_I64);
    for (uint32_t i = count; i-- > 0;) { // axes before it keep their places
        const struct element *e = &elements[i];
        struct value *entry = build_i64_scalar(b, lower_name(n, "entry"), e->entry);
        struct value *index = pick(b, lower_name(n, "index"), begin, entry, 0);
        index = build_op2(b, &op_FloorMod, lower_name(n, "from_start"), index,
                          length_of(b, n, v, e->axis));
        v = pick(b, i == 0 ? n->name : lower_name(n, "element"), v, index, e->axis);
    }
    return v;
}

bool lower_opset_shape(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_each(g, &op_Flatten, lower_flatten);
    changed |= lower_each(g, &op_CropIE, lower_crop);
    changed |= lower_each(g, &op_StridedSlice, lower_elements);
    GRAPH_EACH(g, n) {
        if (n->op == &op_StridedSlice) {
            changed |= complete_masks(n);
            changed |= split_slice(n);
        }
    }
    return changed;
}
