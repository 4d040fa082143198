// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/regroup.h"

// --- groups -------------------------------------------------------------------------------------

// Both batches unknown count as alike: that nothing else changes them is seen at the end, when
// the other groups come out even.
static int64_t size_of(const struct shape *s, int32_t axis) {
    return axis == 0 && s->dims[0] == DIM_UNKNOWN ? 1 : s->dims[axis];
}

static bool can_be_read(const struct shape *s) {
    uint64_t rest;
    return s->rank > 0 && (s->dims[0] == DIM_UNKNOWN || s->dims[0] > 0) &&
           shape_count_range(s, 1, s->rank, &rest) && rest > 0 && rest < DIM_MAX;
}

// The next axes of each side whose sizes have one product.
static bool take_group(struct regroup *r, int32_t *from, int32_t *to) {
    int64_t left = size_of(&r->from, (*from)++), right = size_of(&r->to, (*to)++);
    while (left != right) {
        if (left < right && *from < r->from.rank)
            left *= size_of(&r->from, (*from)++);
        else if (right < left && *to < r->to.rank)
            right *= size_of(&r->to, (*to)++);
        else
            return false;
    }
    r->from_end[r->count] = *from;
    r->to_end[r->count++] = *to;
    return true;
}

// Axes of one element behind the last group belong to it.
static bool take_rest(const struct shape *s, int32_t *end) {
    for (; *end < s->rank; (*end)++)
        if (s->dims[*end] != 1)
            return false;
    return true;
}

bool regroup_read(const struct shape *from, const struct shape *to, struct regroup *out) {
    int32_t i = 0, k = 0;
    *out = (struct regroup){.from = *from, .to = *to};
    if (!can_be_read(from) || !can_be_read(to) ||
        (from->dims[0] == DIM_UNKNOWN) != (to->dims[0] == DIM_UNKNOWN))
        return false;
    while (i < from->rank && k < to->rank)
        if (!take_group(out, &i, &k))
            return false;
    return take_rest(from, &out->from_end[out->count - 1]) &&
           take_rest(to, &out->to_end[out->count - 1]);
}

// --- turning ------------------------------------------------------------------------------------

struct side {
    const struct shape *shape;
    const int32_t *end;
};

static int32_t begin_of(const struct side *s, int32_t group) {
    return group == 0 ? 0 : s->end[group - 1];
}

static int32_t group_of(const struct side *s, int32_t axis) {
    int32_t group = 0;
    while (axis >= s->end[group])
        group++;
    return group;
}

// In `groups`, those of `near` in the order in which they stand above a Transpose of `order`, each
// at its first axis of more than one element; false when such axes of one are apart or turned.
static bool order_groups(const struct side *near, int32_t count, const struct order *order,
                         int32_t *groups) {
    struct order places = order_inverse(order);
    int32_t taken = 0, last = -1, place[SHAPE_MAX_RANK], axes[SHAPE_MAX_RANK];
    for (int32_t g = 0; g < SHAPE_MAX_RANK; g++)
        place[g] = -1;
    for (int32_t i = 0; i < places.rank; i++) {
        int32_t axis = places.axis[i], g = group_of(near, axis);
        if (near->shape->dims[axis] == 1)
            continue;
        bool follows = taken > 0 && group_of(near, axes[taken - 1]) == g;
        if (place[g] >= 0 && (!follows || axis < last))
            return false;
        place[g] = place[g] < 0 ? i : place[g];
        axes[taken++] = last = axis;
    }
    for (int32_t g = 0; g < count; g++)
        if (place[g] < 0)
            place[g] = order->axis[begin_of(near, g)];
    for (int32_t g = 0, n = 0; g < count; g++, n++) { // sorted in by place
        int32_t at = n;
        for (; at > 0 && place[groups[at - 1]] > place[g]; at--)
            groups[at] = groups[at - 1];
        groups[at] = g;
    }
    return true;
}

// What the other side looks like with its groups in that order.
static bool turn(const struct side *near, const struct side *far, int32_t count,
                 const struct order *order, struct shape *shape, struct order *back) {
    int32_t groups[SHAPE_MAX_RANK];
    if (order->rank != near->shape->rank || !order_groups(near, count, order, groups))
        return false;
    shape->rank = back->rank = 0;
    for (int32_t g = 0; g < count; g++)
        for (int32_t axis = begin_of(far, groups[g]); axis < far->end[groups[g]]; axis++) {
            back->axis[axis] = shape->rank;
            shape->dims[shape->rank++] = far->shape->dims[axis];
        }
    back->rank = shape->rank;
    return true;
}

bool regroup_above(const struct regroup *r, const struct order *above, struct shape *shape,
                   struct order *below) {
    return turn(&(struct side){&r->from, r->from_end}, &(struct side){&r->to, r->to_end}, r->count,
                above, shape, below);
}

bool regroup_below(const struct regroup *r, const struct order *below, struct order *first,
                   struct shape *shape) {
    struct shape turned;
    struct order back;
    if (!turn(&(struct side){&r->to, r->to_end}, &(struct side){&r->from, r->from_end}, r->count,
              below, &turned, &back))
        return false;
    *first = order_inverse(&back);
    shape->rank = below->rank;
    for (int32_t i = 0; i < below->rank; i++)
        shape->dims[below->axis[i]] = r->to.dims[i];
    return true;
}
