// SPDX-License-Identifier: Apache-2.0
// Places: finding them, writing to them, splitting and joining by them.
#include <string.h>

#include "compiler/ops/indexing.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/sort.h"
#include "frontends/tf/spell.h"

static struct value *flat(struct tf_layer *l, const char *suffix, struct value *x) {
    return x->shape.rank == 1 ? x : spell_reshape(l, suffix, x, 1, (const int64_t[]){-1});
}

static struct value *one_more_axis(struct tf_layer *l, const char *suffix, struct value *x) {
    return spell_unsqueeze(l, suffix, x, -1);
}

// --- where ---------------------------------------------------------------------------------------

// With one input: a row of coordinates for each element that is true.
void tf_where(struct tf_layer *l) {
    if (!tf_inputs(l, 1))
        return;
    struct value *columns = spell_one(l, &op_NonZero, "columns", l->inputs[0]);
    l->outputs[0] = build_transpose(&l->builder, l->name, columns, 2, (const int64_t[]){1, 0});
}

// The places of a list where `condition` is true, as a list.
static struct value *places_of(struct tf_layer *l, const char *suffix, struct value *condition) {
    struct value *row =
        spell_one(l, &op_NonZero, arena_printf(l->arena, "%s/row", suffix), condition);
    return spell_reshape(l, suffix, row, 1, (const int64_t[]){-1});
}

// Elements of the first list that the second lacks, and where they stood.
void tf_list_diff(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, 1) || !tf_rank(l, 1, 1, 1))
        return;
    struct value *x = l->inputs[0], *y = l->inputs[1];
    struct value *alike = spell_two(l, &op_Equal, "alike", one_more_axis(l, "column", x), y);
    struct value *times = spell_reduce(l, &op_ReduceSum, "times",
                                       spell_convert(l, "numbers", alike, DT_I64), 1, false);
    struct value *none = spell_two(l, &op_Equal, "none", times, spell_integer(l, "zero", 0));
    struct value *places = places_of(l, "places", none);
    l->outputs[0] = spell_gather(l, NULL, x, places, 0);
    if (l->output_count > 1)
        l->outputs[1] = spell_convert(l, "idx", places, tf_attr_type(l->node, "out_idx", DT_I32));
}

// The first `count` [1] of a list, which are all there are.
static struct value *counted(struct tf_layer *l, const char *suffix, struct value *x,
                             struct value *count) {
    const char *name = suffix == NULL ? "values" : suffix;
    static const int64_t zero = 0, one = 1;
    struct value *inputs[] = {x, spell_list(l, arena_printf(l->arena, "%s/begin", name), 1, &zero),
                              count,
                              spell_list(l, arena_printf(l->arena, "%s/step", name), 1, &one)};
    struct node *n = build_node(&l->builder, &op_StridedSlice,
                                suffix == NULL ? l->name : tf_name(l, suffix), 4, inputs);
    ((struct strided_slice *)n->attrs)->begin_mask = ints_copy(l->arena, &zero, 1);
    ((struct strided_slice *)n->attrs)->end_mask = ints_copy(l->arena, &zero, 1);
    node_finish(n);
    return &n->outputs[0];
}

// Unique, UniqueV2 (over the only axis), UniqueWithCounts. Today's CPU runtime computes values and
// counts only when somebody reads which value each element is: so both are made to depend on it.
void tf_unique(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, 1))
        return;
    enum dtype type = tf_attr_type(l->node, "out_idx", DT_I32);
    struct node *n = build_node(&l->builder, &op_Unique, tf_name(l, "unique"), 1, l->inputs);
    struct unique *a = n->attrs;
    a->index_element_type = a->count_element_type = type;
    node_finish(n);
    struct value *which = &n->outputs[2];
    if (which->poison)
        return;
    struct value *next =
        build_constant(&l->builder, tf_name(l, "next"), tensor_splat(l->arena, type, SHAPE(1), 1));
    struct value *last = spell_reduce(l, &op_ReduceMax, "last", which, 0, true);
    struct value *count =
        spell_convert(l, "count", spell_two(l, &op_Add, "count_numbers", last, next), DT_I64);
    l->outputs[0] = counted(l, NULL, &n->outputs[0], count);
    l->outputs[1] = which;
    if (l->output_count > 2)
        l->outputs[2] = counted(l, "counts", &n->outputs[3], count);
}

// --- scatters ------------------------------------------------------------------------------------

// Whether rows of known indices are all different; false when they are not known.
static bool all_differ(struct tf_layer *l, const struct value *places) {
    enum { COUNT_MAX = 2048 };
    if (places->constant == NULL || places->shape.rank < 1)
        return false;
    uint64_t depth = (uint64_t)places->shape.dims[places->shape.rank - 1];
    uint64_t count = tensor_count(places->constant);
    const int64_t *data = tensor_as_i64(l->arena, places->constant);
    if (data == NULL || depth == 0 || count / depth > COUNT_MAX)
        return false;
    for (uint64_t i = 0; i < count; i += depth)
        for (uint64_t k = 0; k < i; k += depth)
            if (memcmp(data + i, data + k, depth * sizeof *data) == 0)
                return false;
    return true;
}

// Indices, updates, shape: updates to one place add up.
void tf_scatter_nd(struct tf_layer *l) {
    if (!tf_inputs(l, 3) || !tf_rank(l, 0, 1, SHAPE_MAX_RANK))
        return;
    struct value *zero = spell_number(l, "zero", l->inputs[1], 0);
    struct value *data = spell_two(l, &op_Broadcast, "zeros", zero, l->inputs[2]);
    l->outputs[0] = spell_scatter(l, NULL, all_differ(l, l->inputs[0]) ? ENUM_UNSET : SCATTER_SUM,
                                  data, l->inputs[0], l->inputs[1]);
}

// Data, indices, updates. Of several updates to one place the last stays.
void tf_tensor_scatter(struct tf_layer *l) {
    static const struct {
        const char *op;
        int reduction;
    } rows[] = {{"TensorScatterUpdate", ENUM_UNSET}, {"TensorScatterAdd", SCATTER_SUM},
                {"TensorScatterSub", SCATTER_SUB},   {"TensorScatterMin", SCATTER_MIN},
                {"TensorScatterMax", SCATTER_MAX},   {"ScatterNdNonAliasingAdd", SCATTER_SUM}};
    int reduction = ENUM_UNSET;
    if (!tf_inputs(l, 3))
        return;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].op, l->node->op) == 0)
            reduction = rows[i].reduction;
    l->outputs[0] = spell_scatter(l, NULL, reduction, l->inputs[0], l->inputs[1], l->inputs[2]);
}

// out[x[i]] = i
void tf_invert_permutation(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, 1))
        return;
    struct value *x = l->inputs[0];
    struct value *counted =
        spell_convert(l, "numbers", spell_range(l, "range", spell_dim(l, "count", x, 0)), x->type);
    l->outputs[0] = spell_scatter(l, NULL, ENUM_UNSET, x, one_more_axis(l, "places", x), counted);
}

// --- by parts ------------------------------------------------------------------------------------

// Data whose leading axes are those of `like` made one.
static struct value *rows_of(struct tf_layer *l, const char *suffix, struct value *data,
                             const struct value *like) {
    int64_t dims[SHAPE_MAX_RANK] = {-1};
    int32_t rank = data->shape.rank - like->shape.rank + 1;
    if (like->shape.rank == 1)
        return data;
    for (int32_t i = 1; i < rank; i++)
        dims[i] = data->shape.dims[i + like->shape.rank - 1];
    return spell_reshape(l, suffix, data, (uint32_t)rank, dims);
}

// Of the axes behind those of `like`, which become dimensions of a Reshape.
static bool rest_is_known(struct tf_layer *l, const struct value *data, const struct value *like) {
    bool known = data->shape.rank >= like->shape.rank && like->shape.rank != RANK_UNKNOWN;
    for (int32_t i = like->shape.rank; known && like->shape.rank != 1 && i < data->shape.rank; i++)
        known = data->shape.dims[i] != DIM_UNKNOWN;
    if (!known)
        tf_fail(l, SHAPE_PARTLY_KNOWN, data->index, data->producer->name,
                shape_text(l->arena, &data->shape));
    return known;
}

// Data and a number for each row: output k has the rows with the number k.
void tf_dynamic_partition(struct tf_layer *l) {
    if (!tf_inputs(l, 2) || !rest_is_known(l, l->inputs[0], l->inputs[1]))
        return;
    struct value *data = rows_of(l, "rows", l->inputs[0], l->inputs[1]);
    struct value *part = flat(l, "parts", l->inputs[1]);
    for (uint32_t i = 0; i < l->output_count; i++) {
        const char *at = arena_printf(l->arena, "part_%u", i);
        struct value *number = spell_number(l, arena_printf(l->arena, "%s/number", at), part, i);
        struct value *is =
            spell_two(l, &op_Equal, arena_printf(l->arena, "%s/is", at), part, number);
        struct value *places = places_of(l, arena_printf(l->arena, "%s/places", at), is);
        l->outputs[i] = spell_gather(l, at, data, places, 0);
    }
}

// Which of all rows, one behind the other, comes to each place; of several the last. A row of
// zeros, number `count`, comes to places that none has.
static struct value *sources_of(struct tf_layer *l, const struct tensor *places, uint32_t *size) {
    enum { PLACES_MAX = 1 << 24 };
    uint64_t count = tensor_count(places);
    const int64_t *data = tensor_as_i64(l->arena, places);
    int64_t most = -1;
    for (uint64_t i = 0; i < count && data != NULL; i++)
        most = data[i] > most ? data[i] : most;
    if (data == NULL || most >= PLACES_MAX) {
        tf_fail(l, ATTRIBUTE_VALUE, "indices", "so large");
        return NULL;
    }
    *size = (uint32_t)(most + 1);
    int64_t *from = arena_array_of(l->arena, *size, int64_t);
    for (uint32_t i = 0; i < *size; i++)
        from[i] = (int64_t)count;
    for (uint64_t i = 0; i < count; i++) {
        if (data[i] < 0) {
            tf_fail(l, ATTRIBUTE_VALUE, "indices", "negative");
            return NULL;
        }
        from[data[i]] = (int64_t)i;
    }
    return spell_list(l, "sources", *size, from);
}

static bool all_are_used(const struct value *sources, uint64_t count) {
    bool used = true;
    for (uint64_t i = 0; i < tensor_count(sources->constant) && used; i++) {
        double from;
        tensor_read_doubles(sources->constant, i, 1, &from);
        used = from < (double)count;
    }
    return used;
}

// Rows of the result by constant indices.
static void stitch_known(struct tf_layer *l, struct value *places, struct value *rows) {
    uint32_t size;
    struct value *sources = sources_of(l, places->constant, &size);
    if (sources == NULL)
        return;
    if (!all_are_used(sources, tensor_count(places->constant))) {
        struct shape row = rows->shape;
        row.dims[0] = 1;
        if (!shape_is_static(&row)) {
            tf_fail(l, SHAPE_PARTLY_KNOWN, rows->index, rows->producer->name,
                    shape_text(l->arena, &rows->shape));
            return;
        }
        struct value *zeros = build_constant(&l->builder, tf_name(l, "zeros"),
                                             tensor_splat(l->arena, rows->type, row, 0));
        rows =
            build_concat(&l->builder, tf_name(l, "padded"), 0, 2, (struct value *[]){rows, zeros});
    }
    l->outputs[0] = spell_gather(l, NULL, rows, sources, 0);
}

// By computed ones, each of which stands once: as many rows as the largest says.
static void stitch_computed(struct tf_layer *l, struct value *places, struct value *rows) {
    struct value *most = spell_reduce(l, &op_ReduceMax, "last", places, 0, true);
    struct value *size =
        spell_two(l, &op_Add, "size", most, spell_list(l, "one", 1, (const int64_t[]){1}));
    struct value *zeros = spell_rows_like(l, "zeros", size, rows, 0);
    l->outputs[0] =
        spell_scatter(l, NULL, ENUM_UNSET, zeros, one_more_axis(l, "places", places), rows);
}

static struct value *joined(struct tf_layer *l, const char *suffix, uint32_t count,
                            struct value **parts) {
    return count == 1 ? parts[0] : build_concat(&l->builder, tf_name(l, suffix), 0, count, parts);
}

// N lists of places, N of rows.
void tf_dynamic_stitch(struct tf_layer *l) {
    uint32_t count = l->input_count / 2;
    if (!tf_inputs(l, 2))
        return;
    struct value **places = arena_array_of(l->arena, count, struct value *);
    struct value **rows = arena_array_of(l->arena, count, struct value *);
    for (uint32_t i = 0; i < count; i++) {
        struct value *where = l->inputs[i], *data = l->inputs[count + i];
        if (!rest_is_known(l, data, where))
            return;
        if (where->shape.rank == 0)
            rows[i] = spell_unsqueeze(l, arena_printf(l->arena, "rows_%u", i), data, 0);
        else
            rows[i] = rows_of(l, arena_printf(l->arena, "rows_%u", i), data, where);
        where = spell_convert(l, arena_printf(l->arena, "indices_%u", i), where, DT_I64);
        places[i] = flat(l, arena_printf(l->arena, "places_%u", i), where);
    }
    struct value *all = joined(l, "all_places", count, places);
    struct value *data = joined(l, "all_rows", count, rows);
    if (all->poison || data->poison)
        return;
    if (all->constant != NULL)
        stitch_known(l, all, data);
    else
        stitch_computed(l, all, data);
}

// --- beams ---------------------------------------------------------------------------------------

// Ids of steps and their parents [T, B, W], lengths [B], the end token.
void tf_gather_tree(struct tf_layer *l) {
    if (!tf_inputs(l, 4))
        return;
    enum dtype type = l->inputs[0]->type;
    struct value *inputs[] = {l->inputs[0], spell_convert(l, "parents", l->inputs[1], type),
                              spell_convert(l, "lengths", l->inputs[2], type),
                              spell_convert(l, "end", l->inputs[3], type)};
    l->outputs[0] = spell(l, &op_GatherTree, NULL, 4, inputs);
}
