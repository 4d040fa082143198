// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/parts/npyfile.h"

#include <string.h>

static const char *type_code(enum dtype type) {
    static const char *const codes[DT_COUNT] = {
        [DT_F16] = "<f2", [DT_F32] = "<f4", [DT_F64] = "<f8", [DT_I8] = "|i1",   [DT_I16] = "<i2",
        [DT_I32] = "<i4", [DT_I64] = "<i8", [DT_U8] = "|u1",  [DT_BOOL] = "|b1",
    };
    return codes[type];
}

enum dtype npyfile_type(const char *numpy) {
    static const struct {
        const char *name;
        enum dtype type;
    } types[] = {{"float16", DT_F16}, {"float32", DT_F32}, {"float64", DT_F64},
                 {"int8", DT_I8},     {"int16", DT_I16},   {"int32", DT_I32},
                 {"int64", DT_I64},   {"uint8", DT_U8},    {"bool", DT_BOOL}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].name, numpy) == 0)
            return types[i].type;
    return DT_UNKNOWN;
}

struct slice npyfile(struct arena *arena, enum dtype type, const char *shape, const void *data,
                     uint64_t count) {
    const char *header = arena_printf(
        arena, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type_code(type), shape);
    size_t size = 10 + strlen(header) + 1, padded = (size + 63) / 64 * 64;
    uint64_t bytes = count * dtype_size(type);
    uint8_t *file = arena_alloc(arena, padded + bytes);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (uint8_t)((padded - 10) & 0xFF);
    file[9] = (uint8_t)((padded - 10) >> 8);
    memset(file + 10, ' ', padded - 10);
    memcpy(file + 10, header, strlen(header));
    file[padded - 1] = '\n';
    memcpy(file + padded, data, bytes);
    return slice_of(file, padded + bytes);
}
