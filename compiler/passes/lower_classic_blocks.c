// SPDX-License-Identifier: Apache-2.0
// Blocks of channels, places and batches as Reshape, Permute, Reshape, which is how the Model
// Optimizer wrote DepthToSpace; what is reversed as Gather.
#include "compiler/ops/blocks.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/lower.h"

// ---- Channels ----

static struct value *lower_depth(struct builder *b, struct node *n) {
    const struct shape *in = &n->inputs[0].value->shape, *out = &n->outputs[0].shape;
    bool to_space = n->op == &op_DepthToSpace;
    if (!shape_is_static(in) || !shape_is_static(out) || 2 * in->rank - 2 > SHAPE_MAX_RANK)
        return NULL;
    struct depth_view v = depth_view(n->attrs, to_space ? out : in, to_space ? in : out);
    const struct shape *split = to_space ? &v.deep : &v.wide;
    int64_t order[SHAPE_MAX_RANK];
    for (int32_t i = 0; i < split->rank; i++)
        order[i] = to_space ? v.to_wide[i] : v.to_deep[i];
    uint32_t axes = (uint32_t)split->rank;
    const char *first = arena_printf(b->graph->arena, "%s/Reshape_to_%uD", n->name, axes);
    const char *last = arena_printf(b->graph->arena, "%s/Reshape_to_%dD", n->name, out->rank);
    struct value *x = build_reshape(b, first, n->inputs[0].value, axes, split->dims);
    x = build_transpose(b, lower_name(n, "Permute"), x, axes, order);
    return build_reshape(b, last, x, (uint32_t)out->rank, out->dims);
}

// ---- Batches ----

struct cut { // the axes with those of blocks between them, and the order that they are wanted in
    uint32_t axes;
    int64_t dims[SHAPE_MAX_RANK], order[SHAPE_MAX_RANK];
};

// A list of the operator, or NULL.
static const int64_t *block_list(const struct node *n, uint32_t input) {
    const struct tensor *t = node_constant(n, input);
    return t == NULL ? NULL : tensor_as_i64(n->graph->arena, t);
}

static bool blocks_fit(const int64_t *blocks, int32_t rank) {
    int32_t axes = rank;
    for (int32_t i = 1; i < rank; i++)
        axes += blocks[i] != 1;
    return axes <= SHAPE_MAX_RANK;
}

// [N, place, block, place, block, ...], wanted as [block, block, ..., N, place, place, ...].
static struct cut split_places(const int64_t *blocks, const struct shape *padded) {
    struct cut s = {.axes = 0};
    uint32_t cut = 0, next = 0;
    for (int32_t i = 1; i < padded->rank; i++)
        cut += blocks[i] != 1;
    for (int32_t i = 0; i < padded->rank; i++) {
        s.order[cut + (uint32_t)i] = s.axes;
        s.dims[s.axes++] = padded->dims[i] / blocks[i];
        if (blocks[i] == 1)
            continue;
        s.order[next++] = s.axes;
        s.dims[s.axes++] = blocks[i];
    }
    return s;
}

// The other way round.
static struct cut split_batch(const int64_t *blocks, const struct shape *wide) {
    struct cut places = split_places(blocks, wide), s = {.axes = places.axes};
    for (uint32_t i = 0; i < s.axes; i++) {
        s.dims[i] = places.dims[places.order[i]];
        s.order[places.order[i]] = i;
    }
    return s;
}

static struct value *split_and_turn(struct builder *b, const struct node *n, struct value *x,
                                    const struct cut *s) {
    x = build_reshape(b, lower_name(n, "Reshape_"), x, s->axes, s->dims);
    return build_transpose(b, lower_name(n, "Permute_"), x, s->axes, s->order);
}

static struct value *lower_space_to_batch(struct builder *b, struct node *n) {
    const int64_t *blocks = block_list(n, 1), *begin = block_list(n, 2), *end = block_list(n, 3);
    struct value *x = n->inputs[0].value;
    const struct shape *out = &n->outputs[0].shape;
    if (blocks == NULL || begin == NULL || end == NULL || !shape_is_static(&x->shape) ||
        !shape_is_static(out) || !blocks_fit(blocks, x->shape.rank))
        return NULL;
    bool padded = false;
    for (int32_t i = 0; i < out->rank; i++)
        padded = padded || begin[i] != 0 || end[i] != 0;
    if (padded) {
        struct value *inputs[] = {x, n->inputs[2].value, n->inputs[3].value};
        struct node *pad = build_node(b, &op_Pad, lower_name(n, "Pad_"), 3, inputs);
        node_finish(pad);
        x = &pad->outputs[0];
    }
    struct cut s = split_places(blocks, &x->shape);
    x = split_and_turn(b, n, x, &s);
    return build_reshape(b, n->name, x, (uint32_t)out->rank, out->dims);
}

// What the crops leave, by a slice that lower_classic_shape makes a Crop.
static struct value *crop(struct builder *b, const struct node *n, struct value *x,
                          const int64_t *begin) {
    const struct shape *out = &n->outputs[0].shape;
    uint32_t rank = (uint32_t)out->rank;
    int64_t end[SHAPE_MAX_RANK], one[SHAPE_MAX_RANK], none[SHAPE_MAX_RANK] = {0};
    for (uint32_t i = 0; i < rank; i++) {
        end[i] = begin[i] + out->dims[i];
        one[i] = 1;
    }
    struct value *inputs[] = {x, build_i64(b, lower_name(n, "begin"), rank, begin),
                              build_i64(b, lower_name(n, "end"), rank, end),
                              build_i64(b, lower_name(n, "step"), rank, one)};
    struct node *slice = build_node(b, &op_StridedSlice, n->name, 4, inputs);
    struct strided_slice *a = slice->attrs;
    a->begin_mask = a->end_mask = ints_copy(b->graph->arena, none, rank);
    node_finish(slice);
    return &slice->outputs[0];
}

static struct value *lower_batch_to_space(struct builder *b, struct node *n) {
    const int64_t *blocks = block_list(n, 1), *begin = block_list(n, 2), *end = block_list(n, 3);
    const struct shape *in = &n->inputs[0].value->shape, *out = &n->outputs[0].shape;
    if (blocks == NULL || begin == NULL || end == NULL || !shape_is_static(in) ||
        !shape_is_static(out) || !blocks_fit(blocks, in->rank))
        return NULL;
    struct shape wide = *out;
    bool cropped = false;
    for (int32_t i = 1; i < out->rank; i++) {
        wide.dims[i] = in->dims[i] * blocks[i];
        cropped = cropped || wide.dims[i] != out->dims[i];
    }
    struct cut s = split_batch(blocks, &wide);
    struct value *x = split_and_turn(b, n, n->inputs[0].value, &s);
    const char *name = cropped ? lower_name(n, "Reshape_back_") : n->name;
    x = build_reshape(b, name, x, (uint32_t)wide.rank, wide.dims);
    return cropped ? crop(b, n, x, begin) : x;
}

// ---- Reverse ----

// One Gather for each axis.
static struct value *lower_reverse(struct builder *b, struct node *n) {
    struct value *x = n->inputs[0].value;
    uint32_t mask;
    if (!shape_is_static(&x->shape) || !reverse_axes(n, &mask) || mask == 0)
        return NULL;
    for (int32_t axis = 0; mask != 0 && x != NULL; axis++, mask >>= 1) {
        if ((mask & 1) == 0)
            continue;
        const char *name =
            mask == 1 ? n->name : arena_printf(b->graph->arena, "%s/axis_%d", n->name, axis);
        int64_t count = x->shape.dims[axis];
        x = lower_steps(b, name, x, axis, &(struct range){count - 1, -1, count, true});
    }
    return x;
}

bool lower_classic_blocks(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_each(g, &op_DepthToSpace, lower_depth);
    changed |= lower_each(g, &op_SpaceToDepth, lower_depth);
    changed |= lower_each(g, &op_SpaceToBatch, lower_space_to_batch);
    changed |= lower_each(g, &op_BatchToSpace, lower_batch_to_space);
    return lower_each(g, &op_Reverse, lower_reverse) || changed;
}
