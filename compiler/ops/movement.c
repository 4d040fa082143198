// SPDX-License-Identifier: Apache-2.0
// Shape rules of the operators that move elements; their entries and evaluators are in
// movement_ops.c.
#include "compiler/ops/movement.h"

#include <inttypes.h>

#include "compiler/ops/shape_rules.h"
#include "compiler/ops/slicing.h"

const char *const pad_modes[] = {"constant", "edge", "reflect", "symmetric", NULL};

// Output of the data's type with nothing known, to be refined.
static bool unknown_output(struct node *n, int32_t rank) {
    for (uint32_t i = 0; i < n->output_count; i++)
        set_output(n, i, input_type(n, 0), rank >= 0 ? shape_of_rank(rank) : SHAPE_UNKNOWN);
    return true;
}

// --- Concat, Split ------------------------------------------------------------------------------

static bool concat_one(struct node *n, uint32_t index, int32_t axis, struct shape *out) {
    struct shape s = input_shape(n, index);
    if (s.rank == RANK_UNKNOWN) {
        out->dims[axis] = DIM_UNKNOWN;
        return true;
    }
    if (s.rank != out->rank)
        return shape_error(n, "inputs differ in their number of dimensions");
    for (int32_t i = 0; i < s.rank; i++) {
        if (i == axis) {
            bool known = s.dims[i] >= 0 && out->dims[i] >= 0;
            if (!known)
                out->dims[i] = DIM_UNKNOWN;
            else if (__builtin_add_overflow(out->dims[i], s.dims[i], &out->dims[i]))
                return shape_error(n, "too large along axis %" PRId32, axis);
        } else if (!merge_dim(out->dims[i], s.dims[i], &out->dims[i])) {
            return shape_error(n, "inputs differ along axis %" PRId32 ", not only along %" PRId32,
                               i, axis);
        }
    }
    return true;
}

bool infer_concat(struct node *n) {
    struct concat *a = n->attrs;
    uint32_t known = 0;
    int32_t axis;
    while (known < n->input_count && input_shape(n, known).rank == RANK_UNKNOWN)
        known++;
    if (!same_types(n, 0, n->input_count))
        return false;
    if (known == n->input_count)
        return unknown_output(n, RANK_UNKNOWN);
    if (!input_axis(n, known, a->axis, &axis))
        return false;
    a->axis = axis;
    struct shape out = input_shape(n, known);
    out.dims[axis] = 0;
    for (uint32_t i = 0; i < n->input_count; i++)
        if (!concat_one(n, i, axis, &out))
            return false;
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// The axis of a Split whose axis is an input; *known false when it cannot be told yet.
static bool split_axis(struct node *n, int32_t *axis, bool *known) {
    struct numbers numbers;
    *known = input_complete(n, 1, &numbers) && input_shape(n, 0).rank != RANK_UNKNOWN;
    if (!*known)
        return true;
    if (numbers.count != 1)
        return shape_error(n, "%" PRIu32 " axes, not one", numbers.count);
    return input_axis(n, 0, numbers.data[0], axis);
}

static bool split_equally(struct node *n, int32_t axis) {
    struct shape out = input_shape(n, 0);
    int64_t dim = out.dims[axis], parts = n->output_count;
    if (dim != DIM_UNKNOWN && dim % parts != 0)
        return shape_error(n, "%" PRId64 " cannot be split into %" PRId64 " equal parts", dim,
                           parts);
    out.dims[axis] = dim == DIM_UNKNOWN ? DIM_UNKNOWN : dim / parts;
    for (uint32_t i = 0; i < n->output_count; i++)
        set_output(n, i, input_type(n, 0), out);
    return true;
}

// Lengths with the one that is -1 filled in. False after a report.
static bool split_lengths(struct node *n, int64_t dim, const struct numbers *given,
                          int64_t *lengths) {
    int64_t sum = 0;
    uint32_t open = 0, unknown = 0, last = 0;
    for (uint32_t i = 0; i < given->count; i++) {
        lengths[i] = given->data[i];
        if (lengths[i] == NUMBER_UNKNOWN) {
            lengths[i] = DIM_UNKNOWN;
            unknown++;
        } else if (lengths[i] == -1) {
            open++;
            last = i;
        } else if (lengths[i] < 0 || __builtin_add_overflow(sum, lengths[i], &sum)) {
            return shape_error(n, "a part cannot be %" PRId64 " long", given->data[i]);
        }
    }
    if (open > 1)
        return shape_error(n, "two parts of open length");
    if (dim == DIM_UNKNOWN || unknown > 0)
        return true;
    if (open == 1)
        lengths[last] = dim - sum;
    if (open == 1 ? sum > dim : sum != dim)
        return shape_error(n, "parts of %" PRId64 " do not make %" PRId64, sum, dim);
    return true;
}

static bool split_by_lengths(struct node *n, int32_t axis) {
    struct shape out = input_shape(n, 0);
    struct numbers given;
    if (!input_numbers(n, 2, &given))
        return unknown_output(n, out.rank);
    if (given.count != n->output_count)
        return shape_error(n, "%" PRIu32 " lengths for %" PRIu32 " outputs", given.count,
                           n->output_count);
    int64_t *lengths = arena_array_of(n->graph->arena, given.count, int64_t);
    if (!split_lengths(n, out.dims[axis], &given, lengths))
        return false;
    for (uint32_t i = 0; i < n->output_count; i++) {
        out.dims[axis] = lengths[i];
        set_output(n, i, input_type(n, 0), out);
    }
    return true;
}

// *axis is -1 where it is not known, and then the outputs have a rank alone.
static bool begin_split(struct node *n, int32_t *axis) {
    bool known;
    if (!split_axis(n, axis, &known))
        return false;
    if (n->output_count == 0)
        return shape_error(n, "there are no outputs");
    if (known)
        return true;
    *axis = -1;
    return unknown_output(n, input_shape(n, 0).rank);
}

bool infer_split(struct node *n) {
    int64_t parts = ((const struct split *)n->attrs)->num_splits;
    int32_t axis = 0;
    if (!begin_split(n, &axis))
        return false;
    if (parts != n->output_count)
        return shape_error(n, "%" PRId64 " parts for %" PRIu32 " outputs", parts, n->output_count);
    return axis < 0 || split_equally(n, axis);
}

bool infer_variadic_split(struct node *n) {
    int32_t axis = 0;
    return begin_split(n, &axis) && (axis < 0 || split_by_lengths(n, axis));
}

// --- Transpose ----------------------------------------------------------------------------------

bool infer_transpose(struct node *n) {
    struct shape in = input_shape(n, 0), out;
    struct numbers order;
    uint32_t mask;
    if (in.rank == RANK_UNKNOWN || !input_complete(n, 1, &order))
        return unknown_output(n, in.rank);
    out = shape_of_rank(in.rank);
    if (order.count == 0) { // reversed
        for (int32_t i = 0; i < in.rank; i++)
            out.dims[i] = in.dims[in.rank - 1 - i];
    } else {
        if (order.count != (uint32_t)in.rank)
            return shape_error(n, "an order of %" PRIu32 " for %" PRId32 " dimensions", order.count,
                               in.rank);
        if (!axes_mask(n, in.rank, &order, &mask))
            return false;
        for (int32_t i = 0; i < in.rank; i++)
            out.dims[i] = in.dims[order.data[i] < 0 ? order.data[i] + in.rank : order.data[i]];
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// --- Reshape ------------------------------------------------------------------------------------

// Dimensions
// said by the pattern; *open is the -1, or -1 when there is none.
static bool read_pattern(struct node *n, const struct numbers *pattern, struct shape *out,
                         int32_t *open) {
    const struct reshape *a = n->attrs;
    struct shape in = input_shape(n, 0);
    *open = -1;
    for (int32_t i = 0; i < out->rank; i++) {
        int64_t d = pattern->data[i];
        if (d == 0 && a->special_zero) {
            if (in.rank != RANK_UNKNOWN && i >= in.rank)
                return shape_error(n, "dimension %" PRId32 " is copied and does not exist", i);
            d = in.rank == RANK_UNKNOWN ? DIM_UNKNOWN : in.dims[i];
        } else if (d == -1) {
            if (*open >= 0)
                return shape_error(n, "two dimensions of open size");
            *open = i;
        } else if (d == NUMBER_UNKNOWN) {
            d = DIM_UNKNOWN;
        } else if (d < 0) {
            return shape_error(n, "a dimension cannot be %" PRId64, d);
        }
        out->dims[i] = d;
    }
    return true;
}

// Unknown dimensions that both sides copy cancel out of the sum that an open dimension solves.
static bool product_without(const struct shape *s, uint32_t skip, uint64_t *product) {
    struct shape rest = {.rank = 0};
    for (int32_t i = 0; i < s->rank; i++)
        if (!(skip >> i & 1))
            rest.dims[rest.rank++] = s->dims[i];
    return shape_count(&rest, product);
}

static uint32_t copied_unknowns(struct node *n, const struct numbers *pattern,
                                const struct shape *in) {
    const struct reshape *a = n->attrs;
    uint32_t mask = 0;
    for (uint32_t i = 0; i < pattern->count && (int32_t)i < in->rank; i++)
        if (pattern->data[i] == 0 && a->special_zero && in->dims[i] == DIM_UNKNOWN)
            mask |= 1U << i;
    return mask;
}

// Says which dimension is unknown on either side when it is one: then it can be solved.
static bool solve_open(struct node *n, const struct numbers *pattern, int32_t open,
                       struct shape *out) {
    struct shape in = input_shape(n, 0);
    uint64_t have, said;
    if (in.rank == RANK_UNKNOWN)
        return true;
    uint32_t copied = copied_unknowns(n, pattern, &in);
    uint32_t skip = copied | (open >= 0 ? 1U << open : 0);
    if (!product_without(&in, copied, &have) || !product_without(out, skip, &said))
        return true;
    if (open < 0) {
        if (have != said)
            return shape_error(n, "%" PRIu64 " elements cannot become %s", have,
                               shape_text(n->graph->arena, out));
        return true;
    }
    if (said == 0 ? have != 0 : have % said != 0)
        return shape_error(n, "%" PRIu64 " elements cannot become %s", have,
                           shape_text(n->graph->arena, out));
    out->dims[open] = said == 0 ? 0 : (int64_t)(have / said);
    return true;
}

bool infer_reshape(struct node *n) {
    struct numbers pattern;
    struct shape out;
    int32_t open;
    if (!input_numbers(n, 1, &pattern)) {
        struct shape s = input_shape(n, 1);
        bool counted = s.rank == 1 && s.dims[0] >= 0 && s.dims[0] <= SHAPE_MAX_RANK;
        return unknown_output(n, counted ? (int32_t)s.dims[0] : RANK_UNKNOWN);
    }
    if (pattern.count > SHAPE_MAX_RANK)
        return shape_error(n, "%" PRIu32 " dimensions, at most %d are possible", pattern.count,
                           SHAPE_MAX_RANK);
    out = shape_of_rank((int32_t)pattern.count);
    if (!read_pattern(n, &pattern, &out, &open) || !solve_open(n, &pattern, open, &out))
        return false;
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

bool infer_flatten(struct node *n) {
    const struct flatten *a = n->attrs;
    struct shape in = input_shape(n, 0), out = {.rank = 0};
    int32_t first, last;
    uint64_t product;
    if (in.rank == RANK_UNKNOWN)
        return unknown_output(n, RANK_UNKNOWN);
    if (!input_axis(n, 0, a->axis, &first) || !input_axis(n, 0, a->end_axis, &last))
        return false;
    if (first > last)
        return shape_error(n, "axis %" PRId32 " stands behind end_axis %" PRId32, first, last);
    for (int32_t i = 0; i < in.rank; i++) {
        if (i <= first || i > last)
            out.dims[out.rank++] = in.dims[i];
    }
    bool known = shape_count_range(&in, first, last + 1, &product) && product <= INT64_MAX;
    out.dims[first] = known ? (int64_t)product : DIM_UNKNOWN;
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// --- Squeeze, Unsqueeze -------------------------------------------------------------------------

bool infer_squeeze(struct node *n) {
    struct shape in = input_shape(n, 0), out = {.rank = 0};
    struct numbers axes = {0};
    uint32_t mask;
    bool all = node_input(n, 1) == NULL;
    if (in.rank == RANK_UNKNOWN || (!all && !input_complete(n, 1, &axes)))
        return unknown_output(n, RANK_UNKNOWN);
    if (!axes_mask(n, in.rank, &axes, &mask))
        return false;
    if (all && !shape_is_static(&in))
        return unknown_output(n, RANK_UNKNOWN);
    for (int32_t i = 0; i < in.rank; i++) {
        bool drop = all ? in.dims[i] == 1 : mask >> i & 1;
        if (drop && in.dims[i] != 1 && in.dims[i] != DIM_UNKNOWN)
            return shape_error(n, "axis %" PRId32 " is not 1", i);
        if (!drop)
            out.dims[out.rank++] = in.dims[i];
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

bool infer_unsqueeze(struct node *n) {
    struct shape in = input_shape(n, 0), out;
    struct numbers axes;
    uint32_t mask;
    if (in.rank == RANK_UNKNOWN || !input_complete(n, 1, &axes))
        return unknown_output(n, RANK_UNKNOWN);
    if (axes.count > (uint32_t)(SHAPE_MAX_RANK - in.rank))
        return shape_error(n, "more than %d dimensions", SHAPE_MAX_RANK);
    out = shape_of_rank(in.rank + (int32_t)axes.count);
    if (!axes_mask(n, out.rank, &axes, &mask))
        return false;
    for (int32_t i = 0, from = 0; i < out.rank; i++)
        out.dims[i] = mask >> i & 1 ? 1 : in.dims[from++];
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// --- Pad, Tile, Broadcast -----------------------------------------------------------------------

static int64_t padded_dim(int64_t dim, int64_t begin, int64_t end) {
    int64_t sum;
    if (dim == DIM_UNKNOWN || begin == NUMBER_UNKNOWN || end == NUMBER_UNKNOWN ||
        __builtin_add_overflow(dim, begin, &sum) || __builtin_add_overflow(sum, end, &sum))
        return DIM_UNKNOWN;
    return sum;
}

static bool pad_fits(const struct pad *a, int64_t dim, int64_t begin, int64_t end) {
    int64_t most = begin > end ? begin : end;
    if (dim == DIM_UNKNOWN || a->pad_mode == PAD_CONSTANT || most <= 0)
        return true;
    return a->pad_mode == PAD_EDGE ? dim > 0 : most <= dim - (a->pad_mode == PAD_REFLECT);
}

bool infer_pad(struct node *n) {
    const struct pad *a = n->attrs;
    struct shape out = input_shape(n, 0);
    struct numbers begin, end;
    if (out.rank == RANK_UNKNOWN || !input_numbers(n, 1, &begin) || !input_numbers(n, 2, &end))
        return unknown_output(n, out.rank);
    if (begin.count != (uint32_t)out.rank || end.count != (uint32_t)out.rank)
        return shape_error(n, "%" PRIu32 " and %" PRIu32 " pads for %" PRId32 " dimensions",
                           begin.count, end.count, out.rank);
    for (int32_t i = 0; i < out.rank; i++) {
        if (!pad_fits(a, out.dims[i], begin.data[i], end.data[i]))
            return shape_error(
                n, "axis %" PRId32 " is too short for %s pads of %" PRId64 " and %" PRId64, i,
                pad_modes[a->pad_mode], begin.data[i], end.data[i]);
        int64_t dim = padded_dim(out.dims[i], begin.data[i], end.data[i]);
        if (dim < DIM_UNKNOWN ||
            (dim == DIM_UNKNOWN && out.dims[i] != DIM_UNKNOWN && begin.complete && end.complete))
            return shape_error(n, "pads of %" PRId64 " and %" PRId64 " on axis %" PRId32,
                               begin.data[i], end.data[i], i);
        out.dims[i] = dim;
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

bool infer_tile(struct node *n) {
    struct shape in = input_shape(n, 0), out;
    struct numbers repeats;
    if (in.rank == RANK_UNKNOWN || !input_numbers(n, 1, &repeats))
        return unknown_output(n, RANK_UNKNOWN);
    if (repeats.count > SHAPE_MAX_RANK)
        return shape_error(n, "%" PRIu32 " repeats", repeats.count);
    int32_t given = (int32_t)repeats.count;
    out = shape_of_rank(in.rank > given ? in.rank : given);
    for (int32_t i = 0; i < out.rank; i++) { // the shorter is filled with 1 in front
        int32_t d = i - (out.rank - in.rank), r = i - (out.rank - given);
        int64_t dim = d < 0 ? 1 : in.dims[d], times = r < 0 ? 1 : repeats.data[r];
        if (times != NUMBER_UNKNOWN && times < 0)
            return shape_error(n, "%" PRId64 " repeats", times);
        if (dim == DIM_UNKNOWN || times == NUMBER_UNKNOWN)
            out.dims[i] = DIM_UNKNOWN;
        else if (__builtin_mul_overflow(dim, times, &out.dims[i]))
            return shape_error(n, "too large along axis %" PRId32, i);
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

static bool broadcast_explicit(struct node *n, const struct shape *target) {
    struct shape in = input_shape(n, 0);
    struct numbers axes;
    uint32_t mask;
    if (in.rank == RANK_UNKNOWN || !input_complete(n, 2, &axes))
        return true;
    if (!axes_mask(n, target->rank, &axes, &mask))
        return false;
    if (axes.count != (uint32_t)in.rank)
        return shape_error(n, "%" PRIu32 " axes for %" PRId32 " dimensions", axes.count, in.rank);
    for (int32_t i = 0; i < in.rank; i++) {
        int64_t merged,
            to = target->dims[axes.data[i] < 0 ? axes.data[i] + target->rank : axes.data[i]];
        if (in.dims[i] != 1 && !merge_dim(in.dims[i], to, &merged))
            return shape_error(n, "cannot be broadcast to %s", shape_text(n->graph->arena, target));
    }
    return true;
}

bool infer_broadcast_to(struct node *n) {
    const struct broadcast *a = n->attrs;
    struct shape in = input_shape(n, 0), target, out;
    struct numbers numbers;
    if (!input_numbers(n, 1, &numbers) || numbers.count > SHAPE_MAX_RANK)
        return unknown_output(n, RANK_UNKNOWN);
    target = shape_of_rank((int32_t)numbers.count);
    for (uint32_t i = 0; i < numbers.count; i++) {
        if (numbers.data[i] != NUMBER_UNKNOWN && numbers.data[i] < 0)
            return shape_error(n, "a dimension cannot be %" PRId64, numbers.data[i]);
        target.dims[i] = numbers.data[i] == NUMBER_UNKNOWN ? DIM_UNKNOWN : numbers.data[i];
    }
    out = target;
    if (a->mode == BROADCAST_EXPLICIT) {
        if (!broadcast_explicit(n, &target))
            return false;
    } else if (in.rank != RANK_UNKNOWN) {
        bool fits = shape_broadcast(&in, &target, &out) && out.rank == target.rank;
        for (int32_t i = 0; a->mode == BROADCAST_NUMPY && fits && i < out.rank; i++)
            fits = target.dims[i] == DIM_UNKNOWN || out.dims[i] == target.dims[i];
        if (!fits && !(a->mode == BROADCAST_BIDIRECTIONAL && shape_broadcast(&in, &target, &out)))
            return shape_error(n, "cannot be broadcast to %s",
                               shape_text(n->graph->arena, &target));
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// --- Gather, StridedSlice, ShuffleChannels ------------------------------------------------------

bool infer_gather(struct node *n) {
    struct shape data = input_shape(n, 0), indices = input_shape(n, 1), out = {.rank = 0};
    struct numbers numbers;
    int32_t axis;
    if (data.rank == RANK_UNKNOWN || indices.rank == RANK_UNKNOWN ||
        !input_complete(n, 2, &numbers))
        return unknown_output(n, RANK_UNKNOWN);
    if (numbers.count != 1)
        return shape_error(n, "%" PRIu32 " axes, not one", numbers.count);
    if (!input_axis(n, 0, numbers.data[0], &axis))
        return false;
    if (data.rank - 1 + indices.rank > SHAPE_MAX_RANK)
        return shape_error(n, "more than %d dimensions", SHAPE_MAX_RANK);
    for (int32_t i = 0; i < axis; i++)
        out.dims[out.rank++] = data.dims[i];
    for (int32_t i = 0; i < indices.rank; i++)
        out.dims[out.rank++] = indices.dims[i];
    for (int32_t i = axis + 1; i < data.rank; i++)
        out.dims[out.rank++] = data.dims[i];
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

bool infer_strided_slice(struct node *n) {
    struct slicing s;
    const char *wrong;
    if (!slicing_read(n, &s, &wrong))
        return wrong != NULL ? shape_error(n, "%s", wrong) : unknown_output(n, RANK_UNKNOWN);
    struct shape out = shape_of_rank(s.out_rank);
    for (int32_t i = 0; i < s.out_rank; i++)
        out.dims[i] = s.source[i] < 0 ? 1 : s.ranges[s.source[i]].count;
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

bool infer_shuffle_channels(struct node *n) {
    const struct shuffle_channels *a = n->attrs;
    struct shape in = input_shape(n, 0);
    int32_t axis;
    if (in.rank == RANK_UNKNOWN)
        return infer_same(n);
    if (!input_axis(n, 0, a->axis, &axis))
        return false;
    if (a->group < 1 || (in.dims[axis] != DIM_UNKNOWN && in.dims[axis] % a->group != 0))
        return shape_error(n, "%" PRId64 " channels do not make %" PRId64 " groups", in.dims[axis],
                           a->group);
    return infer_same(n);
}
