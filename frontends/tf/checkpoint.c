// SPDX-License-Identifier: Apache-2.0
// How wanted parts are made of stored ones.
#include "frontends/tf/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/checked.h"
#include "frontends/tf/checkpoint_form.h"

bool checkpoint_fail(const struct checkpoint *c, const char *file, const char *what) {
    struct place at = {.file = file};
    diag_report(c->diag, &at, CHECKPOINT_READ, c->path, what);
    return false;
}

const char *checkpoint_path(const struct checkpoint *c) {
    return c->path;
}

const char *checkpoint_shard(const struct checkpoint *c, const char *infix, uint32_t index,
                             uint32_t count) {
    return arena_printf(c->arena, "%s%s%05u-of-%05u", c->path, infix, index, count);
}

// --- what is stored ------------------------------------------------------------------------------

bool checkpoint_find(struct checkpoint *c, const char *name, const struct checkpoint_tensor **out) {
    struct checkpoint_tensor *t = names_find(c->found, name);
    bool good = t != NULL || c->form->find(c, name, &t);
    *out = t;
    return good;
}

bool checkpoint_add_stored(struct checkpoint *c, struct checkpoint_tensor *t,
                           const Tensorflow__TensorSliceProto *proto, uint32_t file) {
    struct checkpoint_stored s = {.part.rank = t->shape.rank, .file = file};
    bool fits = proto->n_extent == (size_t)t->shape.rank;
    for (int32_t i = 0; i < t->shape.rank && fits; i++) {
        const Tensorflow__TensorSliceProto__Extent *e = proto->extent[i];
        int64_t start = e->has_start ? e->start : 0, dim = t->shape.dims[i];
        int64_t length = e->has_length ? e->length : -1;
        fits = length < 0 ? start == 0 : start >= 0 && start <= dim && length <= dim - start;
        s.part.start[i] = start;
        s.part.length[i] = length < 0 ? -1 : length;
    }
    if (!fits)
        return checkpoint_fail(
            c, NULL, arena_printf(c->arena, "'%s' is stored in parts that do not fit it", t->name));
    if (t->stored_count == t->stored_capacity) {
        uint32_t capacity = t->stored_capacity * 2 + 1;
        struct checkpoint_stored *all =
            arena_array_of(c->arena, capacity, struct checkpoint_stored);
        for (uint32_t i = 0; i < t->stored_count; i++)
            all[i] = t->stored[i];
        t->stored = all;
        t->stored_capacity = capacity;
    }
    t->stored[t->stored_count++] = s;
    return true;
}

static struct checkpoint_part explicit_part(const struct checkpoint_tensor *t,
                                            const struct checkpoint_part *part) {
    struct checkpoint_part out = *part;
    for (int32_t i = 0; i < out.rank; i++)
        if (out.length[i] < 0)
            out.length[i] = t->shape.dims[i];
    return out;
}

struct shape checkpoint_part_shape(const struct checkpoint_tensor *t,
                                   const struct checkpoint_part *part) {
    struct checkpoint_part p = explicit_part(t, part);
    return shape_make(p.rank, p.length);
}

// --- parts of parts ------------------------------------------------------------------------------

// Elements [start, start + length) along an axis. Of the outermost axis they lie together.
static const struct tensor *narrow(struct arena *arena, const struct tensor *t, int32_t axis,
                                   int64_t start, int64_t length) {
    struct shape shape = t->shape;
    struct slice bytes;
    uint64_t inner;
    if (start == 0 && length == shape.dims[axis])
        return t;
    shape.dims[axis] = length;
    if (axis == 0 && tensor_direct(t, &bytes) && shape_count_range(&shape, 1, shape.rank, &inner)) {
        inner *= dtype_size(t->type);
        slice_sub(bytes, (uint64_t)start * inner, (uint64_t)length * inner, &bytes);
        return tensor_of_slice(arena, t->type, shape, bytes);
    }
    int64_t *indices = arena_array_of(arena, (size_t)length, int64_t);
    for (int64_t i = 0; i < length; i++)
        indices[i] = start + i;
    return tensor_gather(arena, t, axis, (uint64_t)length, indices);
}

struct piece { // what a stored part has of a wanted one
    const struct checkpoint_stored *stored;
    struct checkpoint_part common;
};

static bool overlap(const struct checkpoint_part *a, const struct checkpoint_part *b,
                    struct checkpoint_part *out) {
    out->rank = a->rank;
    for (int32_t i = 0; i < a->rank; i++) {
        int64_t from = a->start[i] > b->start[i] ? a->start[i] : b->start[i];
        int64_t a_end = a->start[i] + a->length[i], b_end = b->start[i] + b->length[i];
        out->start[i] = from;
        out->length[i] = (a_end < b_end ? a_end : b_end) - from;
        if (out->length[i] <= 0)
            return false;
    }
    return true;
}

static int by_start(const void *a, const void *b) {
    const struct checkpoint_part *x = &((const struct piece *)a)->common;
    const struct checkpoint_part *y = &((const struct piece *)b)->common;
    for (int32_t i = 0; i < x->rank; i++)
        if (x->start[i] != y->start[i])
            return x->start[i] < y->start[i] ? -1 : 1;
    return 0;
}

// Several files may hold the same: one of them is as good as another.
static uint32_t drop_twins(struct piece *pieces, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || by_start(&pieces[kept - 1], &pieces[i]) != 0)
            pieces[kept++] = pieces[i];
    return kept;
}

// The axis along which the pieces follow one another and together are what is wanted; -1 when they
// are and do not.
static int32_t axis_of_pieces(const struct piece *pieces, uint32_t count,
                              const struct checkpoint_part *wanted) {
    int32_t axis = 0;
    for (int32_t i = 0; i < wanted->rank; i++)
        if (pieces[0].common.length[i] != wanted->length[i])
            axis = i;
    int64_t next = wanted->rank > 0 ? wanted->start[axis] : 0;
    for (uint32_t k = 0; k < count; k++) {
        const struct checkpoint_part *p = &pieces[k].common;
        for (int32_t i = 0; i < wanted->rank; i++) {
            bool whole = p->start[i] == wanted->start[i] && p->length[i] == wanted->length[i];
            if (i == axis ? p->start[i] != next : !whole)
                return -1;
        }
        next += wanted->rank > 0 ? p->length[axis] : 0;
    }
    return wanted->rank == 0 || next == wanted->start[axis] + wanted->length[axis] ? axis : -1;
}

static const struct tensor *read_piece(struct checkpoint *c, const struct checkpoint_tensor *t,
                                       const struct piece *piece) {
    const struct tensor *out = c->form->read(c, t, piece->stored);
    struct checkpoint_part have = explicit_part(t, &piece->stored->part);
    for (int32_t i = 0; i < have.rank && out != NULL; i++)
        out = narrow(c->arena, out, i, piece->common.start[i] - have.start[i],
                     piece->common.length[i]);
    return out;
}

static const struct tensor *join(struct checkpoint *c, const struct checkpoint_tensor *t,
                                 const struct piece *pieces, uint32_t count, int32_t axis) {
    const struct tensor **parts = arena_array_of(c->arena, count, const struct tensor *);
    for (uint32_t i = 0; i < count; i++) {
        parts[i] = read_piece(c, t, &pieces[i]);
        if (parts[i] == NULL)
            return NULL;
    }
    return count == 1 ? parts[0] : tensor_concat(c->arena, axis, parts, count);
}

static const struct tensor *read_part(struct checkpoint *c, const struct checkpoint_tensor *t,
                                      const struct checkpoint_part *wanted) {
    struct checkpoint_part all = {.rank = t->shape.rank};
    for (int32_t i = 0; i < all.rank; i++)
        all.length[i] = t->shape.dims[i];
    struct checkpoint_part want = wanted == NULL ? all : explicit_part(t, wanted);
    struct piece *pieces = arena_array_of(c->arena, t->stored_count, struct piece);
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->stored_count; i++) {
        struct checkpoint_part have = explicit_part(t, &t->stored[i].part);
        pieces[count].stored = &t->stored[i];
        count += overlap(&have, &want, &pieces[count].common);
    }
    if (count > 1)
        qsort(pieces, count, sizeof *pieces, by_start);
    count = drop_twins(pieces, count);
    int32_t axis = count == 0 ? -1 : axis_of_pieces(pieces, count, &want);
    if (axis < 0) {
        checkpoint_fail(
            c, NULL,
            arena_printf(c->arena, "the stored parts of '%s' do not add up to %s", t->name,
                         wanted == NULL ? "the whole" : "the part that the model needs"));
        return NULL;
    }
    return join(c, t, pieces, count, axis);
}

const struct tensor *checkpoint_read(struct checkpoint *c, const struct checkpoint_tensor *t,
                                     const struct checkpoint_part *wanted) {
    const struct tensor *out = c->broken ? NULL : read_part(c, t, wanted);
    c->broken |= out == NULL;
    return out;
}
