// SPDX-License-Identifier: Apache-2.0
// Sizes, and reading: one function per kind, each carrying out its recipe over a range of elements.
// The loops that whole models go through (cast, affine, permute) run over long stretches of memory.
#include <math.h>
#include <string.h>

#include "compiler/base/checked.h"
#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"
#include "compiler/graph/tensor.h"

enum { BLOCK = 1024, TILE = 32, LANES = 16 };

uint64_t tensor_count(const struct tensor *t) {
    uint64_t count;
    if (!shape_count(&t->shape, &count))
        fatal_bug("a tensor of unknown or impossible size");
    return count;
}

uint64_t tensor_bytes(const struct tensor *t) {
    uint64_t bytes;
    if (!checked_mul(tensor_count(t), dtype_size(t->type), &bytes))
        fatal_bug("a tensor of impossible size");
    return bytes;
}

typedef void read_function(const struct tensor *t, uint64_t first, uint64_t count, uint8_t *out);

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t inner_count(const struct tensor *t) { // elements per step along t->axis
    uint64_t inner;
    if (!shape_count_range(&t->shape, t->axis + 1, t->shape.rank, &inner))
        fatal_bug("a tensor of unknown size");
    return inner;
}

// --- moving elements ----------------------------------------------------------------------------

#define COPY_LOOP(size)                                                                            \
    for (uint64_t i = 0; i < count; i++)                                                           \
    memcpy(to + i * to_step, from + i * from_step, (size))

// `count` elements, from one every `from_step` bytes to one every `to_step` bytes.
static void copy_elements(uint8_t *to, uint64_t to_step, const uint8_t *from, uint64_t from_step,
                          uint64_t count, size_t size) {
    if (to_step == size && from_step == size) {
        memcpy(to, from, count * size);
        return;
    }
    switch (size) {
    case 1:
        COPY_LOOP(1);
        break;
    case 2:
        COPY_LOOP(2);
        break;
    case 4:
        COPY_LOOP(4);
        break;
    default:
        COPY_LOOP(8);
        break;
    }
}

static void read_bytes(const struct tensor *t, uint64_t first, uint64_t count, uint8_t *out) {
    size_t size = dtype_size(t->type);
    memcpy(out, t->bytes.data + first * size, count * size);
}

static void read_strided(const struct tensor *t, uint64_t first, uint64_t count, uint8_t *out) {
    size_t size = dtype_size(t->type);
    copy_elements(out, size, t->bytes.data + first * t->stride, t->stride, count, size);
}

static void read_splat(const struct tensor *t, uint64_t first, uint64_t count, uint8_t *out) {
    (void)first;
    size_t size = dtype_size(t->type);
    uint64_t element;
    dtype_store(t->type, &element, 0, t->splat);
    copy_elements(out, size, (const uint8_t *)&element, 0, count, size);
}

static void read_concat(const struct tensor *t, uint64_t first, uint64_t count, uint8_t *out) {
    size_t size = dtype_size(t->type);
    uint64_t inner = inner_count(t);
    uint64_t row = (uint64_t)t->shape.dims[t->axis] * inner; // one step of the axes before t->axis
    while (count > 0) {
        uint64_t outer = first / row, offset = first % row;
        for (uint32_t i = 0; i < t->part_count && count > 0; i++) {
            uint64_t width = (uint64_t)t->parts[i]->shape.dims[t->axis] * inner;
            if (offset >= width) {
                offset -= width;
                continue;
            }
            uint64_t run = least(width - offset, count);
            tensor_read(t->parts[i], outer * width + offset, run, out);
            out += run * size;
            first += run;
            count -= run;
            offset = 0;
        }
    }
}

static void read_gather(const struct tensor *t, uint64_t first, uint64_t count, uint8_t *out) {
    size_t size = dtype_size(t->type);
    uint64_t inner = inner_count(t);
    uint64_t steps = (uint64_t)t->shape.dims[t->axis];
    uint64_t source_steps = (uint64_t)t->source->shape.dims[t->axis];
    while (count > 0) {
        uint64_t step = first / inner, offset = first % inner;
        uint64_t run = least(inner - offset, count);
        uint64_t from = (step / steps) * source_steps + (uint64_t)t->indices[step % steps];
        tensor_read(t->source, from * inner + offset, run, out);
        out += run * size;
        first += run;
        count -= run;
    }
}

// --- views: permute and tile --------------------------------------------------------------------

// The result's axes as steps through the source's elements, neighbours joined where they can be.
struct view {
    uint32_t rank; // at least 1
    uint64_t dims[SHAPE_MAX_RANK];
    uint64_t strides[SHAPE_MAX_RANK];
};

struct cursor {
    uint64_t at[SHAPE_MAX_RANK];
    uint64_t offset; // into the source
};

static void view_add(struct view *view, uint64_t dim, uint64_t stride) {
    uint32_t last = view->rank - 1;
    if (dim == 1)
        return;
    if (view->dims[last] == 1)
        view->strides[last] = stride;
    else if (view->strides[last] == dim * stride)
        view->strides[last] = stride;
    else
        view->strides[++last] = stride;
    view->dims[last] *= dim;
    view->rank = last + 1;
}

static struct view view_of(const struct tensor *t) {
    const struct shape *from = &t->source->shape;
    uint64_t strides[SHAPE_MAX_RANK];
    uint64_t stride = 1;
    for (int32_t i = from->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= (uint64_t)from->dims[i];
    }
    struct view view = {.rank = 1};
    for (int32_t i = 0; i < SHAPE_MAX_RANK; i++)
        view.dims[i] = 1;
    view.strides[0] = 1;
    for (int32_t i = 0; i < t->shape.rank; i++) {
        int32_t axis = t->kind == TENSOR_PERMUTE ? t->order[i] : i - (t->shape.rank - from->rank);
        bool repeats = axis < 0 || (from->dims[axis] == 1 && t->shape.dims[i] != 1);
        view_add(&view, (uint64_t)t->shape.dims[i], repeats ? 0 : strides[axis]);
    }
    return view;
}

static void cursor_seek(struct cursor *cursor, const struct view *view, uint64_t position) {
    cursor->offset = 0;
    for (uint32_t i = view->rank; i-- > 0;) {
        cursor->at[i] = position % view->dims[i];
        cursor->offset += cursor->at[i] * view->strides[i];
        position /= view->dims[i];
    }
}

// `steps` along `axis`, carrying into the axes before it down to `first_axis`.
static void cursor_step(struct cursor *cursor, const struct view *view, uint32_t first_axis,
                        uint32_t axis, uint64_t steps) {
    cursor->at[axis] += steps;
    cursor->offset += steps * view->strides[axis];
    while (cursor->at[axis] == view->dims[axis] && axis > first_axis) {
        cursor->offset -= view->dims[axis] * view->strides[axis];
        cursor->at[axis] = 0;
        axis--;
        cursor->at[axis]++;
        cursor->offset += view->strides[axis];
    }
}

// Where a view's source lies in memory, when it does.
struct memory {
    const uint8_t *data; // or NULL
    uint64_t step;       // bytes from element to element
    size_t size;         // of an element
};

static struct memory memory_of(const struct tensor *source) {
    size_t size = dtype_size(source->type);
    if (source->kind == TENSOR_BYTES)
        return (struct memory){source->bytes.data, size, size};
    if (source->kind == TENSOR_STRIDED)
        return (struct memory){source->bytes.data, source->stride, size};
    return (struct memory){NULL, 0, size};
}

static void read_row(const struct tensor *source, struct memory memory, uint64_t offset,
                     uint64_t stride, uint64_t count, uint8_t *out) {
    size_t size = memory.size;
    if (memory.data != NULL) {
        copy_elements(out, size, memory.data + offset * memory.step, stride * memory.step, count,
                      size);
    } else if (stride == 1) {
        tensor_read(source, offset, count, out);
    } else {
        uint64_t computed = stride == 0 ? 1 : count;
        for (uint64_t i = 0; i < computed; i++)
            tensor_read(source, offset + i * stride, 1, out + i * size);
        if (computed < count)
            copy_elements(out + size, size, out, 0, count - computed, size);
    }
}

// The axis, other than the last, along which the source is contiguous; rank when there is none.
static uint32_t contiguous_axis(const struct view *view) {
    uint32_t axis = 0;
    while (axis + 1 < view->rank && view->strides[axis] != 1)
        axis++;
    return axis + 1 < view->rank ? axis : view->rank;
}

// A tile: element i of each of `columns` sources goes into row i, `rows` rows in all.
static void turn_tile(const uint8_t *const *sources, uint64_t columns, uint64_t rows, uint64_t step,
                      size_t size, uint8_t *out, uint64_t out_row) {
    for (uint64_t i = 0; i < rows; i++) {
        uint8_t *to = out + i * out_row;
        if (size == sizeof(float))
            for (uint64_t j = 0; j < columns; j++)
                memcpy(to + j * sizeof(float), sources[j] + i * step, sizeof(float));
        else
            for (uint64_t j = 0; j < columns; j++)
                memcpy(to + j * size, sources[j] + i * step, size);
    }
}

// `rows` steps along `axis` at once: each visit finds `rows` neighbours of the source, and a tile
// of visits is turned while its cache lines are at hand, so that whole ones are read and written.
static void read_rows(const struct view *view, struct cursor cursor, uint32_t axis, uint64_t rows,
                      uint64_t row, struct memory memory, uint8_t *out) {
    const uint8_t *sources[TILE];
    uint32_t last = view->rank - 1;
    bool plain = axis + 1 == last; // a row is one axis
    cursor.at[axis] = 0;
    for (uint64_t i = 0, columns; i < row; i += columns) {
        columns = least(row - i, TILE);
        for (uint64_t j = 0; j < columns; j++) {
            sources[j] = memory.data + cursor.offset * memory.step;
            if (plain)
                cursor.offset += view->strides[last];
            else
                cursor_step(&cursor, view, axis, last, 1);
        }
        turn_tile(sources, columns, rows, memory.step, memory.size, out + i * memory.size,
                  row * memory.size);
    }
}

static void read_view(const struct tensor *t, uint64_t first, uint64_t count, uint8_t *out) {
    struct view view = view_of(t);
    struct memory memory = memory_of(t->source);
    size_t size = dtype_size(t->type);
    uint32_t last = view.rank - 1, axis = contiguous_axis(&view);
    uint64_t row = 1; // elements per step along `axis`
    for (uint32_t i = axis + 1; i < view.rank; i++)
        row *= view.dims[i];
    struct cursor cursor = {.offset = 0};
    cursor_seek(&cursor, &view, first);
    while (count > 0) {
        uint64_t done;
        if (axis < last && memory.data != NULL && first % row == 0 && count >= row) {
            uint64_t rows = least(least(view.dims[axis] - cursor.at[axis], TILE), count / row);
            read_rows(&view, cursor, axis, rows, row, memory, out);
            done = rows * row;
            cursor_step(&cursor, &view, 0, axis, rows);
        } else {
            done = least(view.dims[last] - cursor.at[last], count);
            read_row(t->source, memory, cursor.offset, view.strides[last], done, out);
            cursor_step(&cursor, &view, 0, last, done);
        }
        out += done * size;
        first += done;
        count -= done;
    }
}

// --- computing numbers --------------------------------------------------------------------------

static void read_cast(const struct tensor *t, uint64_t first, uint64_t count, uint8_t *out) {
    const struct tensor *source = t->source;
    size_t size = dtype_size(t->type), from_size = dtype_size(source->type);
    if (t->type == source->type) {
        tensor_read(source, first, count, out);
        return;
    }
    if (source->kind == TENSOR_BYTES) {
        dtype_convert(source->type, source->bytes.data + first * from_size, t->type, out, count);
        return;
    }
    uint64_t block[BLOCK];
    while (count > 0) {
        uint64_t run = least(count, BLOCK);
        tensor_read(source, first, run, block);
        dtype_convert(source->type, block, t->type, out, run);
        out += run * size;
        first += run;
        count -= run;
    }
}

typedef float loose_float __attribute__((aligned(1), may_alias));

// One channel's stretch. A fixed number of lanes at a time is what compilers turn into vectors.
static void scale_floats(loose_float *x, uint64_t count, double scale, double shift) {
    uint64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (uint64_t lane = i; lane < i + LANES; lane++)
            x[lane] = (float)((double)x[lane] * scale + shift);
    for (; i < count; i++)
        x[i] = (float)((double)x[i] * scale + shift);
}

// The last axis: every element is another channel's.
static void scale_floats_each(loose_float *x, uint64_t count, const double *scale,
                              const double *shift) {
    uint64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (uint64_t lane = i; lane < i + LANES; lane++)
            x[lane] = (float)((double)x[lane] * scale[lane] + shift[lane]);
    for (; i < count; i++)
        x[i] = (float)((double)x[i] * scale[i] + shift[i]);
}

static void scale_doubles(double *x, uint64_t count, double scale, double shift) {
    for (uint64_t i = 0; i < count; i++)
        x[i] = x[i] * scale + shift;
}

static void apply_last_axis(const struct tensor *t, uint64_t first, uint64_t count,
                            loose_float *floats) {
    uint64_t steps = (uint64_t)t->shape.dims[t->axis], channel = first % steps;
    for (uint64_t done = 0, run; done < count; done += run, channel = 0) {
        run = least(steps - channel, count - done);
        scale_floats_each(floats + done, run, t->scale + channel, t->shift + channel);
    }
}

// Elements [first, first + count) of `t`: doubles, or floats when that is its type.
static void apply_affine(const struct tensor *t, uint64_t inner, uint64_t first, uint64_t count,
                         void *x) {
    uint64_t steps = (uint64_t)t->shape.dims[t->axis];
    uint64_t channel = first / inner % steps, offset = first % inner;
    for (uint64_t done = 0; done < count; channel = channel + 1 == steps ? 0 : channel + 1) {
        uint64_t run = least(inner - offset, count - done);
        if (t->type == DT_F32)
            scale_floats((loose_float *)x + done, run, t->scale[channel], t->shift[channel]);
        else
            scale_doubles((double *)x + done, run, t->scale[channel], t->shift[channel]);
        done += run;
        offset = 0;
    }
}

static void read_affine(const struct tensor *t, uint64_t first, uint64_t count, uint8_t *out) {
    size_t size = dtype_size(t->type);
    uint64_t inner = inner_count(t);
    double block[BLOCK];
    while (count > 0) {
        uint64_t run = least(count, t->type == DT_F32 ? 8 * BLOCK : BLOCK);
        if (t->type == DT_F32) {
            tensor_read(t->source, first, run, out);
            if (inner == 1)
                apply_last_axis(t, first, run, (loose_float *)out);
            else
                apply_affine(t, inner, first, run, out);
        } else {
            tensor_read_doubles(t->source, first, run, block);
            apply_affine(t, inner, first, run, block);
            dtype_convert(DT_F64, block, t->type, out, run);
        }
        out += run * size;
        first += run;
        count -= run;
    }
}

static void read_steps(const struct tensor *t, uint64_t first, uint64_t count, uint8_t *out) {
    loose_float *x = (loose_float *)out;
    tensor_read(t->source, first, count, out);
    for (uint64_t i = 0; i < count; i++) {
        float cut = x[i] > t->high ? t->high : x[i] < t->low ? t->low : x[i];
        x[i] = floorf((cut - t->low) / t->step + 0.5F) * t->step + t->low;
    }
}

// --- the whole ----------------------------------------------------------------------------------

static read_function *const readers[] = {
    [TENSOR_BYTES] = read_bytes,   [TENSOR_SPLAT] = read_splat,     [TENSOR_CAST] = read_cast,
    [TENSOR_AFFINE] = read_affine, [TENSOR_PERMUTE] = read_view,    [TENSOR_GATHER] = read_gather,
    [TENSOR_CONCAT] = read_concat, [TENSOR_STRIDED] = read_strided, [TENSOR_TILE] = read_view,
    [TENSOR_STEPS] = read_steps,
};

void tensor_read(const struct tensor *t, uint64_t first, uint64_t count, void *out) {
    uint64_t end;
    if (!checked_add(first, count, &end) || end > tensor_count(t))
        fatal_bug("a read past the end of a tensor");
    if (count > 0)
        readers[t->kind](t, first, count, out);
}

void tensor_read_doubles(const struct tensor *t, uint64_t first, uint64_t count, double *out) {
    if (t->type == DT_F64) {
        tensor_read(t, first, count, out);
        return;
    }
    uint64_t block[BLOCK];
    while (count > 0) {
        uint64_t run = least(count, BLOCK);
        tensor_read(t, first, run, block);
        dtype_convert(t->type, block, DT_F64, out, run);
        out += run;
        first += run;
        count -= run;
    }
}

bool tensor_direct(const struct tensor *t, struct slice *out) {
    if (t->kind != TENSOR_BYTES)
        return false;
    *out = t->bytes;
    return true;
}

const void *tensor_materialize(struct arena *arena, const struct tensor *t) {
    uint64_t size = tensor_bytes(t), element = dtype_size(t->type);
    if (t->kind == TENSOR_BYTES && element > 0 && (uintptr_t)t->bytes.data % element == 0)
        return t->bytes.data;
    if (size > limits.arena_tensor_bytes)
        return NULL;
    void *bytes = arena_alloc(arena, size);
    tensor_read(t, 0, tensor_count(t), bytes);
    return bytes;
}

const int64_t *tensor_as_i64(struct arena *arena, const struct tensor *t) {
    if (t->type == DT_I64)
        return tensor_materialize(arena, t);
    uint64_t count = tensor_count(t), size;
    if (!checked_mul(count, sizeof(int64_t), &size) || size > limits.arena_tensor_bytes)
        return NULL;
    const void *bytes = tensor_materialize(arena, t);
    if (bytes == NULL)
        return NULL;
    int64_t *numbers = arena_array_of(arena, count, int64_t);
    dtype_convert(t->type, bytes, DT_I64, numbers, count);
    return numbers;
}

const double *tensor_as_doubles(struct arena *arena, const struct tensor *t) {
    if (t->type == DT_F64)
        return tensor_materialize(arena, t);
    uint64_t count = tensor_count(t), size;
    if (!checked_mul(count, sizeof(double), &size) || size > limits.arena_tensor_bytes)
        return NULL;
    double *numbers = arena_array_of(arena, count, double);
    tensor_read_doubles(t, 0, count, numbers);
    return numbers;
}

static bool all_equal(const uint8_t *element, const uint8_t *bytes, uint64_t count, size_t size) {
    return count == 0 || (memcmp(element, bytes, size) == 0 &&
                          memcmp(bytes, bytes + size, (count - 1) * size) == 0);
}

bool tensor_uniform(const struct tensor *t, double *value) {
    uint64_t count = tensor_count(t);
    size_t size = dtype_size(t->type);
    uint64_t element, block[BLOCK];
    if (count == 0 || size == 0)
        return false;
    tensor_read(t, 0, 1, &element);
    *value = dtype_load(t->type, &element, 0);
    if (t->kind == TENSOR_SPLAT)
        return true;
    if (t->kind == TENSOR_BYTES)
        return all_equal((const uint8_t *)&element, t->bytes.data, count, size);
    for (uint64_t i = 0, run; i < count; i += run) {
        run = least(count - i, BLOCK);
        tensor_read(t, i, run, block);
        if (!all_equal((const uint8_t *)&element, (const uint8_t *)block, run, size))
            return false;
    }
    return true;
}
