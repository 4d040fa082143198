// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/lower.h"

#include "compiler/ops/evaluate.h"

void lower_replace(struct node *n, struct value *v) {
    value_replace(&n->outputs[0], v);
    node_remove(n);
}

bool lower_each(struct graph *g, const struct op_def *op, lowering *lower) {
    bool changed = false;
    GRAPH_EACH(g, n) {
        if (n->op != op)
            continue;
        struct builder b = {.graph = g, .place = n->place};
        struct value *v = lower(&b, n);
        if (v == NULL)
            continue;
        lower_replace(n, v);
        changed = true;
    }
    return changed;
}

const char *lower_name(const struct node *n, const char *suffix) {
    return arena_printf(n->graph->arena, "%s/%s", n->name, suffix);
}

bool lower_is_result(const struct node *n) {
    VALUE_EACH_USE(&n->outputs[0], u) {
        if (node_is(u->user, &op_Result))
            return true;
    }
    return false;
}

// Readers tile two and four axes.
static struct value *tile_of_three(struct builder *b, const char *name, struct value *v,
                                   int32_t axis, int64_t tiles) {
    struct shape dims = v->shape;
    struct arena *arena = b->graph->arena;
    dims.dims[dims.rank++] = 1;
    v = build_reshape(b, arena_printf(arena, "%sReshape/Before", name), v, 4, dims.dims);
    v = lower_tile_axis(b, name, v, axis, tiles);
    dims.dims[axis] *= tiles;
    return build_reshape(b, arena_printf(arena, "%sReshape/After", name), v, 3, dims.dims);
}

struct value *lower_tile_axis(struct builder *b, const char *name, struct value *v, int32_t axis,
                              int64_t tiles) {
    if (v->shape.rank == 3)
        return tile_of_three(b, name, v, axis, tiles);
    int64_t repeats[SHAPE_MAX_RANK];
    for (int32_t i = 0; i < v->shape.rank; i++)
        repeats[i] = i == axis ? tiles : 1;
    struct value *list =
        build_i64(b, build_name(b, name, "repeats"), (uint32_t)v->shape.rank, repeats);
    return build_op2(b, &op_Tile, name, v, list);
}

struct value *lower_steps(struct builder *b, const char *name, struct value *v, int32_t axis,
                          const struct range *range) {
    struct arena *arena = b->graph->arena;
    int64_t *places = index_list(arena, range->count);
    if (places == NULL)
        return NULL;
    for (int64_t i = 0; i < range->count; i++)
        places[i] = range->begin + i * range->stride;
    const struct tensor *t = tensor_i64(arena, SHAPE(range->count), places);
    struct value *inputs[] = {
        v, build_constant(b, build_name(b, name, "indices"), tensor_cast(arena, t, DT_I32)),
        build_i64_scalar(b, build_name(b, name, "axis"), axis)};
    struct node *made = build_node(b, &op_Gather, name, 3, inputs);
    node_finish(made);
    return &made->outputs[0];
}

bool constant_operand(const struct node *n, const struct tensor **constant, struct value **data,
                      bool *constant_first) {
    const struct tensor *a = node_constant(n, 0), *b = node_constant(n, 1);
    if (n->input_count != 2 || (a == NULL) == (b == NULL))
        return false;
    *constant_first = a != NULL;
    *constant = a != NULL ? a : b;
    *data = n->inputs[a != NULL ? 1 : 0].value;
    return true;
}

bool per_channel(struct arena *arena, const struct value *data, const struct tensor *constant,
                 const struct tensor **out) {
    const struct shape *c = &constant->shape;
    int32_t channels = c->rank - (data->shape.rank - 1); // axis of the constant that is axis 1
    if (data->shape.rank == RANK_UNKNOWN || c->rank > data->shape.rank)
        return false;
    for (int32_t i = 0; i < c->rank; i++)
        if (c->dims[i] != 1 && i != channels)
            return false;
    int64_t count = channels >= 0 && channels < c->rank ? c->dims[channels] : 1;
    if (count != 1 && (data->shape.rank < 2 || data->shape.dims[1] != count))
        return false;
    *out = tensor_reshape(arena, constant, SHAPE(count));
    return true;
}
