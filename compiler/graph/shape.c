// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph/shape.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/base/checked.h"
#include "compiler/base/fatal.h"
#include "compiler/base/strbuf.h"

struct shape shape_make(int32_t rank, const int64_t *dims) {
    if (rank < 0 || rank > SHAPE_MAX_RANK)
        fatal_bug("a shape of rank %" PRId32, rank);
    struct shape shape = {.rank = rank};
    memcpy(shape.dims, dims, (size_t)rank * sizeof dims[0]);
    return shape;
}

bool shape_equal(const struct shape *a, const struct shape *b) {
    if (a->rank != b->rank)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

bool shape_is_static(const struct shape *s) {
    if (s->rank < 0)
        return false;
    for (int32_t i = 0; i < s->rank; i++)
        if (s->dims[i] < 0)
            return false;
    return true;
}

bool shape_count(const struct shape *s, uint64_t *count) {
    return s->rank >= 0 && shape_count_range(s, 0, s->rank, count);
}

bool shape_count_range(const struct shape *s, int32_t from, int32_t to, uint64_t *count) {
    uint64_t product = 1;
    bool empty = false; // a zero makes the product zero even where the others overflow
    bool fits = true;
    for (int32_t i = from; i < to; i++) {
        if (s->dims[i] < 0)
            return false;
        if (s->dims[i] == 0)
            empty = true;
        else
            fits = fits && checked_mul(product, (uint64_t)s->dims[i], &product);
    }
    *count = empty ? 0 : product;
    return empty || fits;
}

bool shape_axis(const struct shape *s, int64_t axis, int32_t *out) {
    if (s->rank < 0 || axis < -(int64_t)s->rank || axis >= s->rank)
        return false;
    *out = (int32_t)(axis < 0 ? axis + s->rank : axis);
    return true;
}

// An unknown dimension takes the other's number, unless that is 1, which says nothing.
static bool broadcast_dim(int64_t a, int64_t b, int64_t *out) {
    if (a == b || b == 1)
        *out = a;
    else if (a == 1 || a == DIM_UNKNOWN)
        *out = b;
    else if (b == DIM_UNKNOWN)
        *out = a;
    else
        return false;
    return true;
}

bool shape_broadcast(const struct shape *a, const struct shape *b, struct shape *out) {
    if (a->rank < 0 || b->rank < 0) {
        *out = SHAPE_UNKNOWN;
        return true;
    }
    struct shape result = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int32_t i = 1; i <= result.rank; i++) { // from the last dimension
        int64_t from_a = i <= a->rank ? a->dims[a->rank - i] : 1;
        int64_t from_b = i <= b->rank ? b->dims[b->rank - i] : 1;
        if (!broadcast_dim(from_a, from_b, &result.dims[result.rank - i]))
            return false;
    }
    *out = result;
    return true;
}

const char *shape_text(struct arena *arena, const struct shape *s) {
    if (s->rank < 0)
        return "[...]";
    struct strbuf text = STRBUF_INIT;
    strbuf_putc(&text, '[');
    for (int32_t i = 0; i < s->rank; i++) {
        if (i > 0)
            strbuf_putc(&text, ',');
        if (s->dims[i] < 0)
            strbuf_putc(&text, '?');
        else
            strbuf_printf(&text, "%" PRId64, s->dims[i]);
    }
    strbuf_putc(&text, ']');
    const char *copy = arena_strndup(arena, text.data, text.length);
    strbuf_free(&text);
    return copy;
}
