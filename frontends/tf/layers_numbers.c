// SPDX-License-Identifier: Apache-2.0
// Numbers in order, counts and buckets: LinSpace, Cumprod, Bucketize, InTopK, coordinates, rolling.
#include <string.h>

#include "compiler/ops/elementwise.h"
#include "compiler/ops/indexing.h"
#include "frontends/tf/spell.h"

// Start, stop (included), how many.
void tf_lin_space(struct tf_layer *l) {
    if (!tf_inputs(l, 3))
        return;
    struct value *start = l->inputs[0], *stop = l->inputs[1];
    struct value *count = spell_convert(l, "count", l->inputs[2], DT_I64);
    if (count->shape.rank != 0)
        count = spell_reshape(l, "count_alone", count, 0, NULL);
    struct value *steps = spell_two(l, &op_Subtract, "steps", count, spell_integer(l, "one", 1));
    steps = spell_two(l, &op_Maximum, "divisor", steps, spell_integer(l, "least", 1));
    steps = spell_convert(l, "divisor_number", steps, start->type);
    struct value *step =
        spell_two(l, &op_Divide, "step", spell_two(l, &op_Subtract, "length", stop, start), steps);
    struct value *places = spell_convert(l, "places", spell_range(l, "range", count), start->type);
    l->outputs[0] =
        spell_two(l, &op_Add, NULL, start, spell_two(l, &op_Multiply, "way", places, step));
}

// --- running products ----------------------------------------------------------------------------

// Which elements of an axis of `count` an element is the product of: [count, count] of truths.
static struct value *product_mask(struct tf_layer *l, int64_t count, bool exclusive, bool reverse) {
    uint8_t *mask = arena_array(l->arena, (uint64_t)(count * count), 1);
    for (int64_t to = 0; to < count; to++)
        for (int64_t from = 0; from < count; from++) {
            int64_t ahead = reverse ? from - to : to - from;
            mask[to * count + from] = ahead >= (exclusive ? 1 : 0);
        }
    return build_constant(&l->builder, tf_name(l, "mask"),
                          tensor_of_slice(l->arena, DT_BOOL, SHAPE(count, count),
                                          slice_of(mask, (size_t)(count * count))));
}

// Each as the product of those that its row of the mask names, so that zeros and signs are right.
void tf_cumprod(struct tf_layer *l) {
    enum { COUNT_MAX = 256 };
    int64_t axis;
    int32_t at;
    if (!tf_inputs(l, 2) || !tf_number(l, 1, "axis", &axis) || !tf_axis(l, 0, axis, &at))
        return;
    struct value *x = l->inputs[0];
    int64_t count = x->shape.dims[at];
    if (count < 1 || count > COUNT_MAX || x->shape.rank == SHAPE_MAX_RANK) {
        tf_fail(l, NOT_SUPPORTED, "a running product along this axis",
                "it is written out for 1 to 256 elements");
        return;
    }
    struct value *mask = product_mask(l, count, tf_attr_bool(l->node, "exclusive", false),
                                      tf_attr_bool(l->node, "reverse", false));
    int64_t dims[SHAPE_MAX_RANK];
    int32_t rank = x->shape.rank + 1;
    for (int32_t i = 0; i < rank; i++)
        dims[i] = i == at || i == at + 1 ? count : 1;
    mask = spell_reshape(l, "mask_wide", mask, (uint32_t)rank, dims);
    struct value *factors = spell_choice(l, "factors", mask, spell_unsqueeze(l, "wide", x, at),
                                         spell_number(l, "one", x, 1));
    l->outputs[0] = spell_reduce(l, &op_ReduceProd, NULL, factors, at + 1, false);
}

// --- counting ------------------------------------------------------------------------------------

// How many boundaries are not above each element.
void tf_bucketize(struct tf_layer *l) {
    const Tensorflow__AttrValue *v = tf_attr(l->node, "boundaries");
    if (!tf_rank(l, 0, 0, SHAPE_MAX_RANK - 1))
        return;
    size_t count = v == NULL || v->list == NULL ? 0 : v->list->n_f;
    if (count == 0) {
        struct value *zero = build_constant(&l->builder, tf_name(l, "zero"),
                                            tensor_splat(l->arena, DT_I32, shape_scalar(), 0));
        l->outputs[0] =
            spell_two(l, &op_Broadcast, NULL, zero, spell_shape(l, "shape", l->inputs[0]));
        return;
    }
    struct value *edges = build_constant(&l->builder, tf_name(l, "boundaries"),
                                         tensor_f32(l->arena, SHAPE((int64_t)count), v->list->f));
    struct value *x = spell_convert(l, "numbers", l->inputs[0], DT_F32);
    struct value *reached =
        spell_two(l, &op_GreaterEqual, "reached", spell_unsqueeze(l, "column", x, -1), edges);
    l->outputs[0] = spell_reduce(l, &op_ReduceSum, NULL,
                                 spell_convert(l, "reached_numbers", reached, DT_I32), -1, false);
}

// Predictions [n, classes], a class for each: are fewer than k others more likely?
void tf_in_top_k(struct tf_layer *l) {
    if (!tf_rank(l, 0, 2, 2) || !tf_rank(l, 1, 1, 1))
        return;
    struct value *x = l->inputs[0];
    struct value *k = l->input_count > 2 ? spell_convert(l, "most", l->inputs[2], DT_I64)
                                         : spell_integer(l, "most", tf_attr_int(l->node, "k", 1));
    struct node *n =
        build_node(&l->builder, &op_GatherElements, tf_name(l, "likelihood"), 2,
                   (struct value *[]){x, spell_unsqueeze(l, "class", l->inputs[1], 1)});
    ((struct gather_elements *)n->attrs)->axis = 1;
    node_finish(n);
    struct value *above = spell_two(l, &op_Greater, "is_above", x, &n->outputs[0]);
    struct value *count = spell_reduce(l, &op_ReduceSum, "above",
                                       spell_convert(l, "above_numbers", above, DT_I64), 1, false);
    l->outputs[0] = spell_two(l, &op_Less, NULL, count, k);
}

// --- coordinates and shapes ----------------------------------------------------------------------

// Of places counted through a shape: the coordinate of an axis of `dim`, of which one element is
// `step` places. Remainders divide without rest, however runtimes round.
static struct value *coordinate(struct tf_layer *l, const char *at, int64_t step, int64_t dim) {
    struct value *x = l->inputs[0];
    struct value *one = spell_number(l, arena_printf(l->arena, "%s/step", at), x, (double)step);
    struct value *all =
        spell_number(l, arena_printf(l->arena, "%s/end", at), x, (double)(step * dim));
    struct value *below =
        spell_two(l, &op_FloorMod, arena_printf(l->arena, "%s/below", at), x, one);
    struct value *inside =
        spell_two(l, &op_FloorMod, arena_printf(l->arena, "%s/inside", at), x, all);
    struct value *whole =
        spell_two(l, &op_Subtract, arena_printf(l->arena, "%s/whole", at), inside, below);
    return spell_two(l, &op_Divide, arena_printf(l->arena, "%s/place", at), whole, one);
}

// Places counted through a shape [n]: their coordinates, a row for each axis.
void tf_unravel_index(struct tf_layer *l) {
    struct ints dims;
    if (!tf_rank(l, 0, 0, 1) || !tf_numbers(l, 1, "dims", &dims))
        return;
    int64_t step = 1, next;
    struct value **rows = arena_array_of(l->arena, dims.count, struct value *);
    for (uint32_t i = dims.count; i-- > 0; step = next) {
        const char *at = arena_printf(l->arena, "axis_%u", i);
        if (dims.data[i] < 1 || __builtin_mul_overflow(step, dims.data[i], &next)) {
            tf_fail(l, ATTRIBUTE_VALUE, "dims", "that");
            return;
        }
        rows[i] = spell_unsqueeze(l, arena_printf(l->arena, "%s/row", at),
                                  coordinate(l, at, step, dims.data[i]), 0);
    }
    l->outputs[0] = build_concat(&l->builder, l->name, 0, dims.count, rows);
}

// A list with ones before it, so that it has `count` numbers.
static struct value *with_ones(struct tf_layer *l, const char *suffix, struct value *x,
                               int64_t count) {
    int64_t missing = count - x->shape.dims[0];
    if (missing <= 0)
        return x;
    struct value *ones =
        build_constant(&l->builder, tf_name(l, arena_printf(l->arena, "%s/ones", suffix)),
                       tensor_splat(l->arena, x->type, SHAPE(missing), 1));
    return build_concat(&l->builder, tf_name(l, suffix), 0, 2, (struct value *[]){ones, x});
}

// The shape that two shapes broadcast to.
void tf_broadcast_args(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, 1) || !tf_rank(l, 1, 1, 1) || !tf_static(l, 0) || !tf_static(l, 1))
        return;
    int64_t a = l->inputs[0]->shape.dims[0], b = l->inputs[1]->shape.dims[0];
    struct value *x = with_ones(l, "first", l->inputs[0], b);
    struct value *y = with_ones(l, "second", l->inputs[1], a);
    struct value *open = spell_two(l, &op_Equal, "is_one", x, spell_number(l, "one", x, 1));
    l->outputs[0] = spell_choice(l, NULL, open, y, x);
}

// --- rolling -------------------------------------------------------------------------------------

static struct value *roll_by_slices(struct tf_layer *l, const char *suffix, struct value *x,
                                    int32_t axis, int64_t shift) {
    const char *base = suffix == NULL ? "roll" : suffix;
    struct value *parts[] = {
        spell_slice(l, arena_printf(l->arena, "%s/last", base), x, axis, -shift, INT64_MAX),
        spell_slice(l, arena_printf(l->arena, "%s/first", base), x, axis, 0, -shift)};
    return build_concat(&l->builder, suffix == NULL ? l->name : tf_name(l, suffix), axis, 2, parts);
}

static struct value *roll_by_places(struct tf_layer *l, const char *suffix, struct value *x,
                                    int32_t axis, struct value *shift) {
    const char *base = suffix == NULL ? "roll" : suffix;
    struct value *count = spell_dim(l, arena_printf(l->arena, "%s/count", base), x, axis);
    struct value *places = spell_range(l, arena_printf(l->arena, "%s/range", base), count);
    places = spell_two(l, &op_Subtract, arena_printf(l->arena, "%s/shifted", base), places, shift);
    places = spell_two(l, &op_FloorMod, arena_printf(l->arena, "%s/places", base), places, count);
    return spell_gather(l, suffix, x, places, axis);
}

// One axis, by a number that may be computed, over a length that may be open.
static struct value *roll_axis(struct tf_layer *l, const char *suffix, struct value *x,
                               int32_t axis, int64_t which) {
    int64_t count = x->shape.dims[axis], shift;
    struct value *all = l->inputs[1];
    if (all->constant == NULL || count == DIM_UNKNOWN) {
        const char *base = suffix == NULL ? "shift" : arena_printf(l->arena, "%s/shift", suffix);
        struct value *one = spell_convert(l, base, all, DT_I64);
        if (one->shape.rank == 1)
            one = spell_gather(l, arena_printf(l->arena, "%s_here", base), one,
                               spell_integer(l, arena_printf(l->arena, "%s_at", base), which), 0);
        return roll_by_places(l, suffix, x, axis, one);
    }
    const int64_t *numbers = tensor_as_i64(l->arena, all->constant);
    shift = numbers == NULL || count == 0 ? 0 : (numbers[which] % count + count) % count;
    return shift == 0 ? x : roll_by_slices(l, suffix, x, axis, shift);
}

// Data, how far, along which axes: what leaves at the end comes in at the beginning.
void tf_roll(struct tf_layer *l) {
    struct ints axes;
    if (!tf_rank(l, 0, 1, SHAPE_MAX_RANK) || !tf_rank(l, 1, 0, 1) || !tf_static(l, 1) ||
        !tf_numbers(l, 2, "axis", &axes))
        return;
    uint64_t shifts;
    struct value *x = l->inputs[0];
    if (!shape_count(&l->inputs[1]->shape, &shifts) || shifts != axes.count) {
        tf_fail(l, SHAPE_MISMATCH, "shift and axis differ in length");
        return;
    }
    for (uint32_t i = 0; i < axes.count && !x->poison; i++) {
        int32_t axis;
        if (!tf_axis(l, 0, axes.data[i], &axis))
            return;
        x = roll_axis(l, i + 1 == axes.count ? NULL : arena_printf(l->arena, "roll_%u", i), x, axis,
                      i);
    }
    l->outputs[0] = x;
}
