// SPDX-License-Identifier: Apache-2.0
// Makers of tensors. Recipes are kept in a normal form, so that reading stays fast: numbers are
// computed on the outside (cast, affine), elements are moved about on the inside (gather over
// permute over bytes). So a permute of a scaled weight still copies straight from the mapped file.
#include "compiler/graph/tensor.h"

#include <string.h>

#include "compiler/base/checked.h"
#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"

enum { DEEPEST_RECIPE = 64 };

static struct tensor *tensor_new(struct arena *arena, enum tensor_kind kind, enum dtype type,
                                 struct shape shape) {
    struct tensor *t = arena_new_of(arena, struct tensor);
    t->kind = kind;
    t->type = type;
    t->shape = shape;
    tensor_bytes(t);
    return t;
}

// A recipe over `source`. Inputs may stack recipes without end (a chain of Concat and Cast of
// constants); beyond some depth the source is carried out.
static struct tensor *recipe(struct arena *arena, enum tensor_kind kind, enum dtype type,
                             struct shape shape, const struct tensor *source) {
    struct tensor *t = tensor_new(arena, kind, type, shape);
    if (source->depth >= DEEPEST_RECIPE) {
        uint64_t size = tensor_bytes(source);
        void *bytes = arena_alloc(arena, size);
        tensor_read(source, 0, tensor_count(source), bytes);
        source = tensor_of_slice(arena, source->type, source->shape, slice_of(bytes, size));
    }
    t->source = source;
    t->depth = source->depth + 1;
    return t;
}

struct tensor *tensor_of_slice(struct arena *arena, enum dtype type, struct shape shape,
                               struct slice bytes) {
    struct tensor *t = tensor_new(arena, TENSOR_BYTES, type, shape);
    if (bytes.size != tensor_bytes(t))
        fatal_bug("%llu bytes for a tensor of %llu", (unsigned long long)bytes.size,
                  (unsigned long long)tensor_bytes(t));
    t->bytes = bytes;
    return t;
}

struct tensor *tensor_strided(struct arena *arena, enum dtype type, struct shape shape,
                              struct slice bytes, uint64_t stride) {
    struct tensor *t = tensor_new(arena, TENSOR_STRIDED, type, shape);
    uint64_t count = tensor_count(t), reach = 0;
    if (count > 0 && (!checked_mul(count - 1, stride, &reach) ||
                      !checked_add(reach, dtype_size(type), &reach) || reach > bytes.size))
        fatal_bug("a strided tensor reaches past its %llu bytes", (unsigned long long)bytes.size);
    t->bytes = bytes;
    t->stride = stride;
    return t;
}

struct tensor *tensor_splat(struct arena *arena, enum dtype type, struct shape shape,
                            double value) {
    struct tensor *t = tensor_new(arena, TENSOR_SPLAT, type, shape);
    uint64_t element;
    dtype_store(type, &element, 0, value);
    t->splat = dtype_load(type, &element, 0);
    return t;
}

struct tensor *tensor_of_doubles(struct arena *arena, enum dtype type, struct shape shape,
                                 const double *values) {
    struct tensor *t = tensor_new(arena, TENSOR_BYTES, type, shape);
    uint64_t size = tensor_bytes(t);
    void *bytes = arena_alloc(arena, size);
    dtype_convert(DT_F64, values, type, bytes, tensor_count(t));
    t->bytes = slice_of(bytes, size);
    return t;
}

static struct tensor *of_copy(struct arena *arena, enum dtype type, struct shape shape,
                              const void *values) {
    struct tensor *t = tensor_new(arena, TENSOR_BYTES, type, shape);
    uint64_t size = tensor_bytes(t);
    t->bytes = slice_of(arena_copy(arena, values, size), size);
    return t;
}

struct tensor *tensor_i64(struct arena *arena, struct shape shape, const int64_t *values) {
    return of_copy(arena, DT_I64, shape, values);
}

struct tensor *tensor_f32(struct arena *arena, struct shape shape, const float *values) {
    return of_copy(arena, DT_F32, shape, values);
}

static struct tensor *copy_of(struct arena *arena, const struct tensor *t) {
    return arena_copy(arena, t, sizeof *t);
}

static bool moves_elements_only(const struct tensor *t) { // a cast that keeps the shape
    return shape_equal(&t->shape, &t->source->shape);
}

static bool holds_exactly(enum dtype wide, enum dtype narrow) {
    return dtype_is_float(wide) && dtype_is_float(narrow) && dtype_size(wide) > dtype_size(narrow);
}

struct tensor *tensor_cast(struct arena *arena, const struct tensor *t, enum dtype type) {
    if (t->type == type)
        return copy_of(arena, t);
    if (t->kind == TENSOR_SPLAT)
        return tensor_splat(arena, type, t->shape, t->splat);
    if (t->kind == TENSOR_CAST && holds_exactly(t->type, t->source->type)) {
        struct tensor *source = tensor_cast(arena, t->source, type);
        return tensor_reshape(arena, source, t->shape);
    }
    return recipe(arena, TENSOR_CAST, type, t->shape, t);
}

static bool all_equal(const double *numbers, uint64_t count) {
    for (uint64_t i = 1; i < count; i++)
        if (numbers[i] != numbers[0])
            return false;
    return true;
}

static bool affine_is_uniform(const struct tensor *t) {
    uint64_t count = (uint64_t)t->shape.dims[t->axis];
    return count > 0 && all_equal(t->scale, count) && all_equal(t->shift, count);
}

static double *numbers_or(struct arena *arena, const double *numbers, uint64_t count,
                          double otherwise) {
    double *copy = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++)
        copy[i] = numbers != NULL ? numbers[i] : otherwise;
    return copy;
}

// t = outer(inner(x)) as one step. Either may be uniform and so stand on the other's axis.
static struct tensor *affine_merge(struct arena *arena, const struct tensor *outer,
                                   const struct tensor *inner) {
    bool on_inner = outer->axis != inner->axis && affine_is_uniform(outer);
    struct tensor *t = copy_of(arena, on_inner ? inner : outer);
    uint64_t count = (uint64_t)t->shape.dims[t->axis];
    double *scale = arena_array_of(arena, count, double);
    double *shift = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t o = on_inner ? 0 : i;
        uint64_t n = outer->axis == inner->axis || on_inner ? i : 0;
        scale[i] = inner->scale[n] * outer->scale[o];
        shift[i] = inner->shift[n] * outer->scale[o] + outer->shift[o];
    }
    t->source = inner->source;
    t->depth = inner->depth;
    t->scale = scale;
    t->shift = shift;
    return t;
}

struct tensor *tensor_affine(struct arena *arena, const struct tensor *source, int32_t axis,
                             const double *scale, const double *shift) {
    if (axis < 0 || axis >= source->shape.rank)
        fatal_bug("a scale along axis %d of a tensor of rank %d", axis, source->shape.rank);
    struct tensor *t = recipe(arena, TENSOR_AFFINE, source->type, source->shape, source);
    uint64_t count = (uint64_t)source->shape.dims[axis];
    t->axis = axis;
    t->scale = numbers_or(arena, scale, count, 1);
    t->shift = numbers_or(arena, shift, count, 0);
    bool uniform = affine_is_uniform(t);
    if (uniform && t->scale[0] == 1 && t->shift[0] == 0)
        return copy_of(arena, source);
    if (uniform && source->kind == TENSOR_SPLAT)
        return tensor_splat(arena, t->type, t->shape, source->splat * t->scale[0] + t->shift[0]);
    if (source->kind == TENSOR_AFFINE && dtype_is_float(t->type) &&
        (axis == source->axis || uniform || affine_is_uniform(source)))
        return affine_merge(arena, t, source);
    return t;
}

static bool is_permutation(int32_t rank, const int32_t *order) {
    unsigned seen = 0;
    for (int32_t i = 0; i < rank; i++)
        if (order[i] >= 0 && order[i] < rank)
            seen |= 1U << order[i];
    return seen == (1U << rank) - 1U;
}

// Nothing moves in memory when the axes longer than 1 keep their order.
static bool moves_nothing(const struct shape *shape, const int32_t *order) {
    int32_t last = -1;
    for (int32_t i = 0; i < shape->rank; i++) {
        if (shape->dims[order[i]] == 1)
            continue;
        if (order[i] < last)
            return false;
        last = order[i];
    }
    return true;
}

static int32_t axis_after(const int32_t *order, int32_t axis) {
    int32_t i = 0;
    while (i < SHAPE_MAX_RANK - 1 && order[i] != axis)
        i++;
    return i;
}

static const struct tensor *with_rank(struct arena *arena, const struct tensor *t, int32_t rank) {
    struct shape shape = {.rank = rank};
    for (int32_t i = 0; i < rank; i++) {
        int32_t from = i - (rank - t->shape.rank);
        shape.dims[i] = from < 0 ? 1 : t->shape.dims[from];
    }
    return tensor_reshape(arena, t, shape);
}

static struct tensor *permute_concat(struct arena *arena, const struct tensor *t,
                                     const int32_t *order) {
    const struct tensor **parts = arena_array_of(arena, t->part_count, const struct tensor *);
    for (uint32_t i = 0; i < t->part_count; i++)
        parts[i] = tensor_permute(arena, t->parts[i], order);
    return tensor_concat(arena, axis_after(order, t->axis), parts, t->part_count);
}

static struct tensor *permute_permute(struct arena *arena, const struct tensor *t,
                                      const int32_t *order) {
    int32_t both[SHAPE_MAX_RANK] = {0};
    for (int32_t i = 0; i < t->shape.rank; i++)
        both[i] = t->order[order[i]];
    return tensor_permute(arena, t->source, both);
}

struct tensor *tensor_permute(struct arena *arena, const struct tensor *t, const int32_t *order) {
    if (!is_permutation(t->shape.rank, order))
        fatal_bug("not an order of %d axes", t->shape.rank);
    struct shape shape = {.rank = t->shape.rank};
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = t->shape.dims[order[i]];
    if (t->kind == TENSOR_SPLAT || moves_nothing(&t->shape, order))
        return tensor_reshape(arena, t, shape);
    if (t->kind == TENSOR_CAST && moves_elements_only(t))
        return tensor_cast(arena, tensor_permute(arena, t->source, order), t->type);
    if (t->kind == TENSOR_AFFINE)
        return tensor_affine(arena, tensor_permute(arena, t->source, order),
                             axis_after(order, t->axis), t->scale, t->shift);
    if (t->kind == TENSOR_STEPS)
        return tensor_steps(arena, tensor_permute(arena, t->source, order), t->low, t->high,
                            t->step);
    if (t->kind == TENSOR_GATHER)
        return tensor_gather(arena, tensor_permute(arena, t->source, order),
                             axis_after(order, t->axis), (uint64_t)t->shape.dims[t->axis],
                             t->indices);
    if (t->kind == TENSOR_CONCAT)
        return permute_concat(arena, t, order);
    if (t->kind == TENSOR_PERMUTE)
        return permute_permute(arena, t, order);
    if (t->kind == TENSOR_TILE) {
        const struct tensor *full = with_rank(arena, t->source, shape.rank);
        return tensor_tile(arena, tensor_permute(arena, full, order), shape);
    }
    struct tensor *made = recipe(arena, TENSOR_PERMUTE, t->type, shape, t);
    memcpy(made->order, order, (size_t)shape.rank * sizeof *order);
    return made;
}

static bool is_run(const int64_t *indices, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        if (indices[i] != indices[0] + (int64_t)i)
            return false;
    return true;
}

static const double *pick_doubles(struct arena *arena, const double *from, uint64_t count,
                                  const int64_t *indices) {
    double *picked = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++)
        picked[i] = from[indices[i]];
    return picked;
}

static struct tensor *gather_affine(struct arena *arena, const struct tensor *t, int32_t axis,
                                    uint64_t count, const int64_t *indices) {
    struct tensor *source = tensor_gather(arena, t->source, axis, count, indices);
    if (axis != t->axis)
        return tensor_affine(arena, source, t->axis, t->scale, t->shift);
    return tensor_affine(arena, source, axis, pick_doubles(arena, t->scale, count, indices),
                         pick_doubles(arena, t->shift, count, indices));
}

static struct tensor *gather_gather(struct arena *arena, const struct tensor *t, uint64_t count,
                                    const int64_t *indices) {
    int64_t *both = arena_array_of(arena, count, int64_t);
    for (uint64_t i = 0; i < count; i++)
        both[i] = t->indices[indices[i]];
    return tensor_gather(arena, t->source, t->axis, count, both);
}

// A run of slices along the outermost axis longer than 1 lies in one piece.
static bool lies_in_one_piece(const struct tensor *t, int32_t axis, uint64_t count,
                              const int64_t *indices, struct slice *out) {
    uint64_t outer, inner;
    if (t->kind != TENSOR_BYTES || count == 0 || !is_run(indices, count) ||
        !shape_count_range(&t->shape, 0, axis, &outer) || outer != 1 ||
        !shape_count_range(&t->shape, axis + 1, t->shape.rank, &inner))
        return false;
    uint64_t size = inner * dtype_size(t->type);
    return slice_sub(t->bytes, (uint64_t)indices[0] * size, count * size, out);
}

struct tensor *tensor_gather(struct arena *arena, const struct tensor *t, int32_t axis,
                             uint64_t count, const int64_t *indices) {
    if (axis < 0 || axis >= t->shape.rank)
        fatal_bug("slices along axis %d of a tensor of rank %d", axis, t->shape.rank);
    for (uint64_t i = 0; i < count; i++)
        if (indices[i] < 0 || indices[i] >= t->shape.dims[axis])
            fatal_bug("slice %lld of %lld", (long long)indices[i], (long long)t->shape.dims[axis]);
    struct shape shape = t->shape;
    shape.dims[axis] = (int64_t)count;
    struct slice piece;
    if (t->kind == TENSOR_SPLAT)
        return tensor_splat(arena, t->type, shape, t->splat);
    if (shape_equal(&shape, &t->shape) &&
        (count == 0 || (indices[0] == 0 && is_run(indices, count))))
        return copy_of(arena, t);
    if (t->kind == TENSOR_CAST && moves_elements_only(t))
        return tensor_cast(arena, tensor_gather(arena, t->source, axis, count, indices), t->type);
    if (t->kind == TENSOR_AFFINE)
        return gather_affine(arena, t, axis, count, indices);
    if (t->kind == TENSOR_GATHER && t->axis == axis)
        return gather_gather(arena, t, count, indices);
    if (lies_in_one_piece(t, axis, count, indices, &piece))
        return tensor_of_slice(arena, t->type, shape, piece);
    struct tensor *made = recipe(arena, TENSOR_GATHER, t->type, shape, t);
    made->axis = axis;
    made->indices = arena_copy(arena, indices, count * sizeof *indices);
    return made;
}

static bool parts_are_one_splat(const struct tensor *const *parts, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (parts[i]->kind != TENSOR_SPLAT ||
            memcmp(&parts[i]->splat, &parts[0]->splat, sizeof(double)) != 0)
            return false;
    return true;
}

static struct shape concat_shape(int32_t axis, const struct tensor *const *parts, uint32_t count) {
    if (count == 0 || axis < 0 || axis >= parts[0]->shape.rank)
        fatal_bug("no concatenation of %u tensors along axis %d", count, axis);
    struct shape shape = parts[0]->shape;
    for (uint32_t i = 1; i < count; i++) {
        struct shape same = parts[i]->shape;
        if (same.rank == shape.rank)
            same.dims[axis] = shape.dims[axis];
        if (!shape_equal(&same, &shape) || parts[i]->type != parts[0]->type)
            fatal_bug("part %u of a concatenation does not fit", i);
        shape.dims[axis] += parts[i]->shape.dims[axis];
    }
    return shape;
}

struct tensor *tensor_concat(struct arena *arena, int32_t axis, const struct tensor *const *parts,
                             uint32_t count) {
    struct shape shape = concat_shape(axis, parts, count);
    if (count == 1)
        return copy_of(arena, parts[0]);
    if (parts_are_one_splat(parts, count))
        return tensor_splat(arena, parts[0]->type, shape, parts[0]->splat);
    struct tensor *made = tensor_new(arena, TENSOR_CONCAT, parts[0]->type, shape);
    const struct tensor **copies = arena_array_of(arena, count, const struct tensor *);
    for (uint32_t i = 0; i < count; i++) {
        // Taking a part through recipe() bounds its depth.
        copies[i] = parts[i]->depth < DEEPEST_RECIPE
                        ? parts[i]
                        : recipe(arena, TENSOR_CAST, made->type, parts[i]->shape, parts[i]);
        made->depth = copies[i]->depth + 1 > made->depth ? copies[i]->depth + 1 : made->depth;
    }
    made->axis = axis;
    made->parts = copies;
    made->part_count = count;
    return made;
}

struct tensor *tensor_tile(struct arena *arena, const struct tensor *t, struct shape shape) {
    struct shape both;
    if (!shape_broadcast(&t->shape, &shape, &both) || !shape_equal(&both, &shape))
        fatal_bug("a tensor of rank %d does not broadcast", t->shape.rank);
    if (t->kind == TENSOR_SPLAT)
        return tensor_splat(arena, t->type, shape, t->splat);
    if (t->kind == TENSOR_TILE)
        return tensor_tile(arena, t->source, shape);
    struct tensor *made = recipe(arena, TENSOR_TILE, t->type, shape, t);
    return tensor_count(made) == tensor_count(t) ? tensor_reshape(arena, t, shape) : made;
}

struct tensor *tensor_steps(struct arena *arena, const struct tensor *t, float low, float high,
                            float step) {
    if (t->type != DT_F32 || !(low < high) || !(step > 0))
        fatal_bug("steps of %g from %g to %g", (double)step, (double)low, (double)high);
    struct tensor *made = recipe(arena, TENSOR_STEPS, t->type, t->shape, t);
    made->low = low;
    made->high = high;
    made->step = step;
    return made;
}

// The axis of `to` with as many elements inside and as many steps as `axis` of `from`; -1 if none.
static int32_t same_axis(const struct shape *from, int32_t axis, const struct shape *to) {
    uint64_t inner, other;
    if (!shape_count_range(from, axis + 1, from->rank, &inner))
        return -1;
    for (int32_t i = 0; i < to->rank; i++)
        if (to->dims[i] == from->dims[axis] && shape_count_range(to, i + 1, to->rank, &other) &&
            other == inner)
            return i;
    return -1;
}

struct tensor *tensor_reshape(struct arena *arena, const struct tensor *t, struct shape shape) {
    struct tensor *made = copy_of(arena, t);
    made->shape = shape;
    if (tensor_count(made) != tensor_count(t))
        fatal_bug("a reshape changes the number of elements");
    if (shape_equal(&shape, &t->shape) || t->kind == TENSOR_BYTES || t->kind == TENSOR_SPLAT ||
        t->kind == TENSOR_STRIDED || t->kind == TENSOR_CAST)
        return made;
    if (t->kind == TENSOR_STEPS)
        return tensor_steps(arena, tensor_reshape(arena, t->source, shape), t->low, t->high,
                            t->step);
    int32_t axis = t->kind == TENSOR_AFFINE ? same_axis(&t->shape, t->axis, &shape) : -1;
    if (axis >= 0)
        return tensor_affine(arena, tensor_reshape(arena, t->source, shape), axis, t->scale,
                             t->shift);
    return recipe(arena, TENSOR_CAST, t->type, shape, t);
}
