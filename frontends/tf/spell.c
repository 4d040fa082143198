// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/spell.h"

#include "compiler/ops/build_layers.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/reduction.h"

static const char *name_of(struct tf_layer *l, const char *suffix) {
    return suffix == NULL ? l->name : tf_name(l, suffix);
}

// The name of a constant that node `suffix` reads.
static const char *name_beside(struct tf_layer *l, const char *suffix, const char *what) {
    return build_name(&l->builder, name_of(l, suffix), what);
}

struct value *spell(struct tf_layer *l, const struct op_def *op, const char *suffix, uint32_t count,
                    struct value *const *inputs) {
    struct node *n = build_node(&l->builder, op, name_of(l, suffix), count, inputs);
    node_finish(n);
    return &n->outputs[0];
}

struct value *spell_one(struct tf_layer *l, const struct op_def *op, const char *suffix,
                        struct value *x) {
    return spell(l, op, suffix, 1, &x);
}

struct value *spell_two(struct tf_layer *l, const struct op_def *op, const char *suffix,
                        struct value *x, struct value *y) {
    return spell(l, op, suffix, 2, (struct value *[]){x, y});
}

struct value *spell_choice(struct tf_layer *l, const char *suffix, struct value *condition,
                           struct value *yes, struct value *no) {
    return spell(l, &op_Select, suffix, 3, (struct value *[]){condition, yes, no});
}

struct value *spell_number(struct tf_layer *l, const char *suffix, const struct value *like,
                           double value) {
    return build_constant(&l->builder, name_of(l, suffix),
                          tensor_splat(l->arena, like->type, shape_scalar(), value));
}

struct value *spell_integer(struct tf_layer *l, const char *suffix, int64_t value) {
    return build_i64_scalar(&l->builder, name_of(l, suffix), value);
}

struct value *spell_list(struct tf_layer *l, const char *suffix, uint32_t count,
                         const int64_t *values) {
    return build_i64(&l->builder, name_of(l, suffix), count, values);
}

struct value *spell_convert(struct tf_layer *l, const char *suffix, struct value *x,
                            enum dtype type) {
    if (x->type == type && suffix != NULL)
        return x;
    return build_convert(l->builder.graph, name_of(l, suffix), x, type);
}

struct value *spell_unsqueeze(struct tf_layer *l, const char *suffix, struct value *x,
                              int64_t axis) {
    struct value *axes = build_i64(&l->builder, name_beside(l, suffix, "axes"), 1, &axis);
    return spell_two(l, &op_Unsqueeze, suffix, x, axes);
}

struct value *spell_reshape(struct tf_layer *l, const char *suffix, struct value *x, uint32_t rank,
                            const int64_t *dims) {
    return build_reshape(&l->builder, name_of(l, suffix), x, rank, dims);
}

struct value *spell_gather(struct tf_layer *l, const char *suffix, struct value *x,
                           struct value *indices, int64_t axis) {
    struct value *at = build_i64_scalar(&l->builder, name_beside(l, suffix, "axis"), axis);
    return spell(l, &op_Gather, suffix, 3, (struct value *[]){x, indices, at});
}

struct value *spell_reduce(struct tf_layer *l, const struct op_def *op, const char *suffix,
                           struct value *x, int64_t axis, bool keep) {
    struct value *axes = build_i64(&l->builder, name_beside(l, suffix, "axes"), 1, &axis);
    struct node *n =
        build_node(&l->builder, op, name_of(l, suffix), 2, (struct value *[]){x, axes});
    ((struct reduction *)n->attrs)->keep_dims = keep;
    node_finish(n);
    return &n->outputs[0];
}

struct value *spell_slice(struct tf_layer *l, const char *suffix, struct value *x, int32_t axis,
                          int64_t begin, int64_t end) {
    int64_t first[SHAPE_MAX_RANK] = {0}, last[SHAPE_MAX_RANK] = {0}, step[SHAPE_MAX_RANK];
    int64_t from_first[SHAPE_MAX_RANK], to_last[SHAPE_MAX_RANK];
    uint32_t count = (uint32_t)axis + 1;
    for (int32_t i = 0; i <= axis; i++) {
        step[i] = 1;
        from_first[i] = to_last[i] = i < axis;
    }
    first[axis] = begin;
    last[axis] = end == INT64_MAX ? 0 : end;
    to_last[axis] = end == INT64_MAX;
    struct builder *b = &l->builder;
    struct value *inputs[] = {x, build_i64(b, name_beside(l, suffix, "begin"), count, first),
                              build_i64(b, name_beside(l, suffix, "end"), count, last),
                              build_i64(b, name_beside(l, suffix, "step"), count, step)};
    struct node *n = build_node(b, &op_StridedSlice, name_of(l, suffix), 4, inputs);
    struct strided_slice *a = n->attrs;
    a->begin_mask = ints_copy(l->arena, from_first, count);
    a->end_mask = ints_copy(l->arena, to_last, count);
    node_finish(n);
    return &n->outputs[0];
}

struct value *spell_range(struct tf_layer *l, const char *suffix, struct value *count) {
    struct builder *b = &l->builder;
    return spell(l, &op_Range, suffix, 3,
                 (struct value *[]){build_i64_scalar(b, name_beside(l, suffix, "start"), 0), count,
                                    build_i64_scalar(b, name_beside(l, suffix, "step"), 1)});
}

struct value *spell_shape(struct tf_layer *l, const char *suffix, struct value *x) {
    return spell_one(l, &op_ShapeOf, suffix, x);
}

struct value *spell_dim(struct tf_layer *l, const char *suffix, struct value *x, int32_t axis) {
    if (axis < x->shape.rank && x->shape.dims[axis] != DIM_UNKNOWN)
        return spell_integer(l, suffix, x->shape.dims[axis]);
    struct value *all = build_op1(&l->builder, &op_ShapeOf, name_beside(l, suffix, "shape"), x);
    return spell_gather(l, suffix, all,
                        spell_integer(l, arena_printf(l->arena, "%s/at", suffix), axis), 0);
}

struct value *spell_scatter(struct tf_layer *l, const char *suffix, int reduction,
                            struct value *data, struct value *places, struct value *updates) {
    struct node *n = build_node(&l->builder, &op_ScatterNDUpdate, name_of(l, suffix), 3,
                                (struct value *[]){data, places, updates});
    ((struct scatter_nd *)n->attrs)->reduction = reduction;
    node_finish(n);
    return &n->outputs[0];
}

struct value *spell_rows_like(struct tf_layer *l, const char *suffix, struct value *count,
                              struct value *rows, double number) {
    struct value *shape = count;
    if (rows->shape.rank > 1) {
        struct value *all = spell_shape(l, arena_printf(l->arena, "%s/rows", suffix), rows);
        struct value *rest =
            spell_slice(l, arena_printf(l->arena, "%s/rest", suffix), all, 0, 1, INT64_MAX);
        shape = build_concat(&l->builder, name_beside(l, suffix, "shape"), 0, 2,
                             (struct value *[]){count, rest});
    }
    struct value *one = spell_number(l, arena_printf(l->arena, "%s/number", suffix), rows, number);
    return spell_two(l, &op_Broadcast, suffix, one, shape);
}
