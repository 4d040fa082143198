// SPDX-License-Identifier: Apache-2.0
// Movements of elements that classic IR makes of several layers.
#include "compiler/ops/classic.h"
#include "compiler/ops/movement.h"
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
    const char *name =
        arena_printf(b->graph->arena, "%s/Output_%u/Data_/Broadcast_", v->producer->name, v->index);
    return build_reshape(b, name, v, (uint32_t)data->rank, dims);
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

// One Tile for each axis that is repeated.
static struct value *lower_tile(struct builder *b, struct node *n) {
    const struct tensor *t = node_constant(n, 1);
    struct value *v = n->inputs[0].value;
    int32_t rank = n->outputs[0].shape.rank;
    if (t == NULL || rank == RANK_UNKNOWN || tensor_count(t) != (uint64_t)rank ||
        v->shape.rank != rank)
        return NULL;
    const int64_t *repeats = tensor_as_i64(b->graph->arena, t);
    int32_t repeated = 0;
    for (int32_t i = 0; i < rank; i++)
        repeated += repeats[i] != 1;
    if (repeated < 2)
        return NULL;
    for (int32_t i = 0; i < rank; i++) {
        if (repeats[i] == 1)
            continue;
        const char *name =
            --repeated == 0 ? n->name : arena_printf(b->graph->arena, "%s/axis_%d", n->name, i);
        v = lower_tile_axis(b, name, v, i, repeats[i]);
    }
    return v;
}

bool lower_classic_shape(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_each(g, &op_ShuffleChannels, lower_shuffle);
    changed |= lower_each(g, &op_Tile, lower_tile);
    return lower_each(g, &op_ScaleShift, lower_computed_scale) || changed;
}
