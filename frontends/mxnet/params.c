// SPDX-License-Identifier: Apache-2.0
#include "frontends/mxnet/params.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/checked.h"
#include "compiler/base/limits.h"
#include "frontends/mxnet/number.h"
#include "frontends/source.h"

static const enum dtype element_types[] = {
    [0] = DT_F32, [1] = DT_F64, [2] = DT_F16,  [3] = DT_U8,   [4] = DT_I32,
    [5] = DT_I8,  [6] = DT_I64, [7] = DT_BOOL, [12] = DT_BF16};
enum { ELEMENT_TYPE_COUNT = sizeof(element_types) / sizeof(element_types[0]) };

enum dtype mxnet_type(uint32_t number) {
    return number < ELEMENT_TYPE_COUNT ? element_types[number] : DT_UNKNOWN;
}

uint32_t mxnet_type_number(enum dtype type) {
    for (uint32_t i = 0; i < ELEMENT_TYPE_COUNT; i++)
        if (element_types[i] == type)
            return i;
    return UINT32_MAX;
}

struct reader {
    struct arena *arena;
    struct diag *diag;
    const char *path;
    struct slice whole, rest;
    uint64_t index; // of the array being read
};

static bool damaged(struct reader *r, const char *what) {
    struct place at = {.file = r->path, .has_offset = true, .offset = r->whole.size - r->rest.size};
    diag_report(r->diag, &at, MALFORMED, "MXNet parameter file", what);
    return false;
}

static bool truncated(struct reader *r) {
    struct place at = {.file = r->path, .has_offset = true, .offset = r->whole.size - r->rest.size};
    diag_report(r->diag, &at, TRUNCATED, r->path, "an MXNet parameter file goes on here");
    return false;
}

static bool read_dims(struct reader *r, uint32_t rank, bool wide, struct shape *shape) {
    if (rank > SHAPE_MAX_RANK)
        return damaged(r, "an array has more than 8 dimensions");
    shape->rank = (int32_t)rank;
    for (uint32_t i = 0; i < rank; i++) {
        uint64_t dim = 0;
        uint32_t narrow = 0;
        if (wide ? !slice_u64le(&r->rest, &dim) : !slice_u32le(&r->rest, &narrow))
            return truncated(r);
        dim = wide ? dim : narrow;
        if (dim > INT64_MAX)
            return damaged(r, "an array has a negative dimension");
        shape->dims[i] = (int64_t)dim;
    }
    return true;
}

// The shape, after the magic word; *has_data is false for an array that was saved empty.
static bool read_shape(struct reader *r, uint32_t magic, struct shape *shape, bool *has_data) {
    uint32_t rank = magic, storage = 0;
    bool modern = magic == MXNET_MAGIC_V2 || magic == MXNET_MAGIC_V3;
    bool wide = modern || magic == MXNET_MAGIC_V1;
    if (modern && !slice_u32le(&r->rest, &storage))
        return truncated(r);
    if (storage != 0)
        return damaged(r, "an array is sparse; save it as a dense array (tostype('default'))");
    if (wide && !slice_u32le(&r->rest, &rank))
        return truncated(r);
    *has_data = magic == MXNET_MAGIC_V3 ? rank != UINT32_MAX : rank != 0;
    if (!*has_data)
        return true;
    return read_dims(r, rank, wide, shape);
}

static bool read_data(struct reader *r, struct shape shape, const struct tensor **out) {
    uint32_t device, device_id, number;
    if (!slice_u32le(&r->rest, &device) || !slice_u32le(&r->rest, &device_id) ||
        !slice_u32le(&r->rest, &number))
        return truncated(r);
    enum dtype type = mxnet_type(number);
    if (type == DT_UNKNOWN)
        return damaged(r, "an array has an unknown element type");
    uint64_t count, bytes;
    struct slice data;
    if (!shape_count(&shape, &count) || !checked_mul(count, dtype_size(type), &bytes))
        return damaged(r, "an array's size overflows");
    if (!slice_take(&r->rest, bytes, &data))
        return truncated(r);
    *out = tensor_of_slice(r->arena, type, shape, data);
    return true;
}

static bool read_array(struct reader *r, const struct tensor **out) {
    uint32_t magic;
    struct shape shape = {.rank = 0};
    bool has_data;
    if (!slice_u32le(&r->rest, &magic))
        return truncated(r);
    if (!read_shape(r, magic, &shape, &has_data))
        return false;
    return !has_data || read_data(r, shape, out);
}

static bool read_name(struct reader *r, struct mxnet_array *array) {
    uint64_t length;
    struct slice text;
    if (!slice_u64le(&r->rest, &length))
        return truncated(r);
    if (length > limits.name_bytes)
        return damaged(r, "a name is too long");
    if (!slice_take(&r->rest, length, &text))
        return truncated(r);
    if (memchr(text.data, 0, text.size) != NULL)
        return damaged(r, "a name holds a zero byte");
    array->auxiliary = slice_starts(text, "aux:");
    if (array->auxiliary || slice_starts(text, "arg:"))
        slice_advance(&text, 4);
    array->name = arena_strndup(r->arena, (const char *)text.data, text.size);
    return true;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct mxnet_array *)a)->name, ((const struct mxnet_array *)b)->name);
}

static bool read_container(struct reader *r, struct mxnet_params *out) {
    uint64_t magic, reserved, count, names;
    if (!slice_u64le(&r->rest, &magic) || magic != MXNET_CONTAINER_MAGIC)
        return damaged(r, "it does not begin with the mark of a list of NDArrays (0x112)");
    if (!slice_u64le(&r->rest, &reserved) || !slice_u64le(&r->rest, &count))
        return truncated(r);
    // An array takes at least 4 bytes, so a larger count cannot be true.
    if (count > r->rest.size / 4 || count > limits.nodes)
        return damaged(r, "it counts more arrays than it can hold");
    out->count = count;
    out->arrays = arena_array_of(r->arena, count, struct mxnet_array);
    for (r->index = 0; r->index < count; r->index++)
        if (!read_array(r, &out->arrays[r->index].tensor))
            return false;
    if (!slice_u64le(&r->rest, &names))
        return truncated(r);
    if (names != count)
        return damaged(r, "it has arrays without names");
    for (uint64_t i = 0; i < count; i++)
        if (!read_name(r, &out->arrays[i]))
            return false;
    qsort(out->arrays, count, sizeof(out->arrays[0]), by_name);
    return true;
}

bool mxnet_read_params(struct arena *arena, struct diag *diag, const char *path,
                       struct mxnet_params *out) {
    struct reader r = {.arena = arena, .diag = diag, .path = path};
    *out = (struct mxnet_params){0};
    if (!source_open(arena, diag, path, &r.whole))
        return false;
    r.rest = r.whole;
    return read_container(&r, out);
}

const struct tensor *mxnet_find_array(const struct mxnet_params *params, const char *name) {
    struct mxnet_array key = {.name = name};
    const struct mxnet_array *found =
        params->count == 0
            ? NULL
            : bsearch(&key, params->arrays, params->count, sizeof(params->arrays[0]), by_name);
    return found != NULL ? found->tensor : NULL;
}

struct mxnet_params mxnet_merge_params(struct arena *arena, const struct mxnet_params *base,
                                       const struct mxnet_params *over) {
    struct mxnet_params out = {
        .arrays = arena_array_of(arena, base->count + over->count, struct mxnet_array)};
    for (uint64_t i = 0; i < over->count; i++)
        out.arrays[out.count++] = over->arrays[i];
    for (uint64_t i = 0; i < base->count; i++)
        if (mxnet_find_array(over, base->arrays[i].name) == NULL)
            out.arrays[out.count++] = base->arrays[i];
    if (out.count > 0)
        qsort(out.arrays, out.count, sizeof(out.arrays[0]), by_name);
    return out;
}
