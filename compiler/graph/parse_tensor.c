// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph/parse_tensor.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/base/checked.h"
#include "compiler/base/limits.h"

static bool parse_element(struct lexer *l, enum dtype type, uint8_t *out) {
    struct place place = l->now.place;
    int64_t i64;
    uint64_t u64;
    float f32;
    double f64;
    switch (type) {
    case DT_U64:
        if (!lex_u64(l, &u64))
            return false;
        memcpy(out, &u64, sizeof u64);
        return true;
    case DT_F64:
        if (!lex_f64(l, &f64))
            return false;
        memcpy(out, &f64, sizeof f64);
        return true;
    case DT_F16:
    case DT_BF16:
    case DT_F32:
        if (!lex_f32(l, &f32))
            return false;
        dtype_convert(DT_F32, &f32, type, out, 1);
        return true;
    default:
        if (!lex_i64(l, &i64))
            return false;
        dtype_convert(DT_I64, &i64, type, out, 1);
        return dtype_load_i64(type, out, 0) == i64 ||
               lex_error_at(l, &place, "%" PRId64 " is no %s", i64, dtype_opset_name(type));
    }
}

struct elements {
    uint8_t *data;
    uint64_t count, capacity;
    bool open; // "..." followed: the rest is not said
};

static bool parse_elements(struct lexer *l, enum dtype type, uint64_t most, struct elements *out) {
    size_t size = dtype_size(type);
    if (!lex_expect(l, "["))
        return false;
    while (!lex_accept(l, "]")) {
        if (out->count > 0 && !lex_expect(l, ","))
            return false;
        if (lex_accept(l, "...")) {
            out->open = true;
            return lex_expect(l, "]");
        }
        if (out->count == most)
            return lex_error(l, "more elements than the %" PRIu64 " of the shape", most);
        if (out->count == out->capacity) {
            out->capacity = out->capacity * 2 + 16;
            uint8_t *more = arena_array(l->arena, out->capacity, size);
            if (out->count > 0)
                memcpy(more, out->data, out->count * size);
            out->data = more;
        }
        if (!parse_element(l, type, out->data + out->count++ * size))
            return false;
    }
    return true;
}

// Elements that "..." leaves out are zeros: enough for shapes and for printing again.
static const struct tensor *fill_rest(struct arena *arena, enum dtype type, struct shape shape,
                                      uint64_t count, const struct elements *e) {
    struct tensor *said = tensor_of_slice(arena, type, SHAPE((int64_t)e->count),
                                          slice_of(e->data, e->count * dtype_size(type)));
    struct tensor *rest = tensor_splat(arena, type, SHAPE((int64_t)(count - e->count)), 0);
    return tensor_reshape(arena, tensor_concat(arena, 0, (const struct tensor *[]){said, rest}, 2),
                          shape);
}

// One number stands for every element.
static bool parse_uniform(struct lexer *l, enum dtype type, struct shape shape,
                          const struct tensor **out) {
    uint8_t *element = arena_alloc(l->arena, sizeof(uint64_t));
    struct shape ones = {.rank = shape.rank};
    if (!parse_element(l, type, element))
        return false;
    for (int32_t i = 0; i < shape.rank; i++)
        ones.dims[i] = 1;
    double number = dtype_load(type, element, 0);
    bool exact = number > -9e15 && number < 9e15; // and not a NaN
    if (exact && !(number == 0 && dtype_is_float(type)))
        *out = tensor_splat(l->arena, type, shape, number);
    else
        *out = tensor_tile(
            l->arena, tensor_of_slice(l->arena, type, ones, slice_of(element, dtype_size(type))),
            shape);
    return true;
}

bool parse_tensor(struct lexer *l, enum dtype type, struct shape shape, const struct tensor **out) {
    struct place place = l->now.place;
    struct elements e = {0};
    uint64_t count, bytes;
    if (dtype_size(type) == 0 || !shape_count(&shape, &count) ||
        !checked_mul(count, dtype_size(type), &bytes) || bytes > limits.tensor_bytes)
        return lex_error_at(l, &place, "a constant cannot have this type and shape");
    if (!lex_is(l, "["))
        return parse_uniform(l, type, shape, out);
    if (!parse_elements(l, type, count, &e))
        return false;
    if (!e.open && e.count != count)
        return lex_error_at(l, &place, "%" PRIu64 " elements, the shape has %" PRIu64, e.count,
                            count);
    uint8_t *data = e.data != NULL ? e.data : arena_alloc(l->arena, 1);
    e.data = data;
    *out = e.open ? fill_rest(l->arena, type, shape, count, &e)
                  : tensor_of_slice(l->arena, type, shape, slice_of(data, bytes));
    return true;
}
