// SPDX-License-Identifier: Apache-2.0
// Element types of tensors, their two spellings and conversions between them.
//
// Half and bfloat16 follow IEEE 754-2008 binary16 and the upper half of binary32; conversions round
// to nearest, ties to even.
#ifndef ZOOC_DTYPE_H
#define ZOOC_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dtype {
    DT_UNKNOWN,
    DT_F16,
    DT_BF16,
    DT_F32,
    DT_F64,
    DT_I8,
    DT_I16,
    DT_I32,
    DT_I64,
    DT_U8,
    DT_U16,
    DT_U32,
    DT_U64,
    DT_BOOL,   // one byte each, 0 or 1
    DT_STRING, // only in source graphs; no IR carries it
    DT_COUNT
};

// Bytes of one element; 0 for DT_UNKNOWN and DT_STRING.
size_t dtype_size(enum dtype type);
bool dtype_is_float(enum dtype type);
bool dtype_is_integer(enum dtype type); // signed or unsigned; not DT_BOOL
bool dtype_is_signed(enum dtype type);

const char *dtype_opset_name(enum dtype type);        // "f32", "i64", "boolean" (IR v10/v11)
const char *dtype_classic_name(enum dtype type);      // "FP32", "I64", "BOOL" (IR v2 to v7)
enum dtype dtype_from_opset_name(const char *name);   // DT_UNKNOWN when there is none
enum dtype dtype_from_classic_name(const char *name); // "half" and "float" too

float dtype_half_to_float(uint16_t half);
uint16_t dtype_float_to_half(float value); // overflow gives infinity
float dtype_bfloat16_to_float(uint16_t value);
uint16_t dtype_float_to_bfloat16(float value);

// Converts `count` elements. Float to integer truncates (NaN gives 0); integers saturate; to bool
// is
// != 0. Every conversion rounds once.
// `from` and `to` need no alignment and must not overlap unless the types are equal.
void dtype_convert(enum dtype from_type, const void *from, enum dtype to_type, void *to,
                   uint64_t count);

// One element as a number and back; integers beyond 2^53 lose bits through the double form.
double dtype_load(enum dtype type, const void *data, uint64_t index);
int64_t dtype_load_i64(enum dtype type, const void *data, uint64_t index);
void dtype_store(enum dtype type, void *data, uint64_t index, double value);

#endif
