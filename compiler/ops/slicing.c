// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/slicing.h"

#include "compiler/ops/shape_rules.h"

struct masks {
    const struct strided_slice *a;
    struct numbers begin, end, strides;
};

static bool masked(struct ints mask, uint32_t i) {
    return ints_get(mask, i, 0) != 0;
}

static int64_t clamp_to(int64_t x, int64_t least, int64_t most) {
    return x < least ? least : x > most ? most : x;
}

// An index from the end becomes one from the start, cut to what the walking direction can reach.
static int64_t place_index(int64_t index, int64_t dim, bool forward) {
    if (index < 0)
        index += dim;
    return forward ? clamp_to(index, 0, dim) : clamp_to(index, -1, dim - 1);
}

static struct range whole_range(int64_t dim) {
    return (struct range){.begin = 0, .stride = 1, .count = dim, .known = true};
}

static bool shrink_range(const struct masks *m, uint32_t i, int64_t dim, struct range *out) {
    int64_t index = m->begin.data[i];
    *out = (struct range){.stride = 1, .count = 1};
    if (index == NUMBER_UNKNOWN || (index < 0 && dim == DIM_UNKNOWN))
        return true;
    out->begin = index < 0 ? index + dim : index;
    out->known = true;
    return out->begin >= 0 && (dim == DIM_UNKNOWN || out->begin < dim);
}

// What can be said when the end cannot be placed.
static struct range unknown_range(int64_t begin, int64_t stride) {
    struct range r = {.begin = begin, .stride = stride, .count = DIM_UNKNOWN};
    r.known = begin != NUMBER_UNKNOWN && begin >= 0 && stride != NUMBER_UNKNOWN && stride > 0;
    return r;
}

static struct range plain_range(const struct masks *m, uint32_t i, int64_t dim) {
    int64_t stride = m->strides.count > i ? m->strides.data[i] : 1;
    int64_t begin = m->begin.data[i], end = m->end.data[i];
    bool forward = stride > 0;
    if (masked(m->a->begin_mask, i))
        begin = forward ? 0 : INT64_MAX;
    if (masked(m->a->end_mask, i))
        end = forward ? INT64_MAX : -INT64_MAX;
    if (stride == NUMBER_UNKNOWN || begin == NUMBER_UNKNOWN || end == NUMBER_UNKNOWN ||
        dim == DIM_UNKNOWN)
        return unknown_range(begin, stride);
    begin = place_index(begin, dim, forward);
    end = masked(m->a->end_mask, i) && !forward ? -1 : place_index(end, dim, forward);
    int64_t span = forward ? end - begin : begin - end, step = forward ? stride : -stride;
    int64_t count = span > 0 ? (span - 1) / step + 1 : 0;
    return (struct range){.begin = begin, .stride = stride, .count = count, .known = true};
}

// Axes of the data that entry `i` of begin takes.
static bool takes_axis(const struct strided_slice *a, uint32_t i) {
    return !masked(a->new_axis_mask, i) && !masked(a->ellipsis_mask, i);
}

static void add_output(struct slicing *out, int32_t source) {
    if (out->out_rank < SHAPE_MAX_RANK)
        out->source[out->out_rank] = source;
    out->out_rank++;
}

static const char *read_entry(const struct masks *m, uint32_t i, const struct shape *data,
                              int32_t *axis, struct slicing *out) {
    if (masked(m->a->new_axis_mask, i)) {
        add_output(out, -1);
        return NULL;
    }
    if (*axis >= data->rank)
        return "more axes are sliced than the data has";
    if (masked(m->a->shrink_axis_mask, i)) {
        if (!shrink_range(m, i, data->dims[*axis], &out->ranges[*axis]))
            return "an index is outside its axis";
        ++*axis;
        return NULL;
    }
    if (m->strides.count > i && m->strides.data[i] == 0)
        return "a stride is 0";
    out->ranges[*axis] = plain_range(m, i, data->dims[*axis]);
    add_output(out, (*axis)++);
    return NULL;
}

static void keep_axes(const struct shape *data, int32_t count, int32_t *axis, struct slicing *out) {
    for (; count > 0 && *axis < data->rank; count--) {
        out->ranges[*axis] = whole_range(data->dims[*axis]);
        add_output(out, (*axis)++);
    }
}

static const char *read_all(const struct masks *m, const struct shape *data, struct slicing *out) {
    int32_t axis = 0, taken = 0;
    uint32_t ellipses = 0;
    for (uint32_t i = 0; i < m->begin.count; i++)
        taken += takes_axis(m->a, i);
    for (uint32_t i = 0; i < m->begin.count; i++) {
        if (masked(m->a->ellipsis_mask, i)) {
            if (++ellipses > 1)
                return "there are two ellipses";
            keep_axes(data, data->rank - taken, &axis, out);
            continue;
        }
        const char *wrong = read_entry(m, i, data, &axis, out);
        if (wrong != NULL)
            return wrong;
    }
    keep_axes(data, data->rank, &axis, out);
    return out->out_rank > SHAPE_MAX_RANK ? "the result has too many dimensions" : NULL;
}

bool slicing_read(const struct node *n, struct slicing *out, const char **wrong) {
    struct masks m = {.a = n->attrs};
    struct shape data = input_shape(n, 0);
    *wrong = NULL;
    *out = (struct slicing){.rank = data.rank};
    if (data.rank == RANK_UNKNOWN || !input_numbers(n, 1, &m.begin) || !input_numbers(n, 2, &m.end))
        return false;
    if (node_input(n, 3) != NULL && !input_numbers(n, 3, &m.strides))
        return false;
    if (m.begin.count != m.end.count ||
        (node_input(n, 3) != NULL && m.strides.count != m.begin.count))
        *wrong = "begin, end and strides differ in length";
    else
        *wrong = read_all(&m, &data, out);
    return *wrong == NULL;
}
