// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/dtype.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "compiler/base/fatal.h"

enum kind { KIND_NONE, KIND_FLOAT, KIND_SIGNED, KIND_UNSIGNED, KIND_BOOL };

static const struct dtype_info {
    const char *opset_name, *classic_name;
    uint8_t size;
    enum kind kind;
    int64_t lowest;    // of the integers
    uint64_t greatest; // of the integers
} infos[DT_COUNT] = {
    [DT_UNKNOWN] = {"dynamic", "UNSPECIFIED", 0, KIND_NONE, 0, 0},
    [DT_F16] = {"f16", "FP16", 2, KIND_FLOAT, 0, 0},
    [DT_BF16] = {"bf16", "BF16", 2, KIND_FLOAT, 0, 0},
    [DT_F32] = {"f32", "FP32", 4, KIND_FLOAT, 0, 0},
    [DT_F64] = {"f64", "FP64", 8, KIND_FLOAT, 0, 0},
    [DT_I8] = {"i8", "I8", 1, KIND_SIGNED, INT8_MIN, INT8_MAX},
    [DT_I16] = {"i16", "I16", 2, KIND_SIGNED, INT16_MIN, INT16_MAX},
    [DT_I32] = {"i32", "I32", 4, KIND_SIGNED, INT32_MIN, INT32_MAX},
    [DT_I64] = {"i64", "I64", 8, KIND_SIGNED, INT64_MIN, INT64_MAX},
    [DT_U8] = {"u8", "U8", 1, KIND_UNSIGNED, 0, UINT8_MAX},
    [DT_U16] = {"u16", "U16", 2, KIND_UNSIGNED, 0, UINT16_MAX},
    [DT_U32] = {"u32", "U32", 4, KIND_UNSIGNED, 0, UINT32_MAX},
    [DT_U64] = {"u64", "U64", 8, KIND_UNSIGNED, 0, UINT64_MAX},
    [DT_BOOL] = {"boolean", "BOOL", 1, KIND_BOOL, 0, 1},
    [DT_STRING] = {"string", "STRING", 0, KIND_NONE, 0, 0},
};

static const struct dtype_info *info_of(enum dtype type) {
    if ((unsigned)type >= DT_COUNT)
        fatal_bug("no element type %u", (unsigned)type);
    return &infos[type];
}

size_t dtype_size(enum dtype type) {
    return info_of(type)->size;
}

bool dtype_is_float(enum dtype type) {
    return info_of(type)->kind == KIND_FLOAT;
}

bool dtype_is_integer(enum dtype type) {
    enum kind kind = info_of(type)->kind;
    return kind == KIND_SIGNED || kind == KIND_UNSIGNED;
}

bool dtype_is_signed(enum dtype type) {
    enum kind kind = info_of(type)->kind;
    return kind == KIND_SIGNED || kind == KIND_FLOAT;
}

const char *dtype_opset_name(enum dtype type) {
    return info_of(type)->opset_name;
}

const char *dtype_classic_name(enum dtype type) {
    return info_of(type)->classic_name;
}

enum dtype dtype_from_opset_name(const char *name) {
    for (enum dtype type = DT_UNKNOWN; type < DT_COUNT; type++)
        if (strcmp(infos[type].opset_name, name) == 0)
            return type;
    return DT_UNKNOWN;
}

enum dtype dtype_from_classic_name(const char *name) {
    if (strcmp(name, "half") == 0)
        return DT_F16;
    if (strcmp(name, "float") == 0)
        return DT_F32;
    for (enum dtype type = DT_UNKNOWN; type < DT_COUNT; type++)
        if (strcmp(infos[type].classic_name, name) == 0)
            return type;
    return DT_UNKNOWN;
}

static uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float bits_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// binary32 as sign, exponent (bias 127), 23 bits; binary16 as sign, exponent (bias 15), 10 bits.
#define F32_SIGN 0x80000000U
#define F32_INFINITY 0x7f800000U
#define F32_HALF_OVERFLOW 0x47800000U // 2^16
#define F32_HALF_NORMAL 0x38800000U   // 2^-14, the least normal half
#define BIAS_STEP (112U << 23)        // 127 - 15 in the exponent's place

float dtype_half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000U) << 16;
    uint32_t rest = (uint32_t)(half & 0x7fffU) << 13;
    if (rest >= 0x7c00U << 13) // infinity, NaN: all ones in the wider exponent as well
        return bits_float(sign | rest | F32_INFINITY);
    if (rest >= 0x0400U << 13)
        return bits_float(sign | (rest + BIAS_STEP));
    // Subnormal: the integer mantissa times 2^-24, exact in binary32.
    float value = (float)(half & 0x3ffU) * 0x1p-24F;
    return bits_float(sign | float_bits(value));
}

uint16_t dtype_float_to_half(float value) {
    uint32_t bits = float_bits(value);
    uint32_t sign = (bits & F32_SIGN) >> 16;
    bits &= ~F32_SIGN;
    uint32_t half;
    if (bits > F32_INFINITY) { // NaN: quiet, with the payload's upper bits
        half = 0x7e00U | (bits >> 13 & 0x1ffU);
    } else if (bits >= F32_HALF_OVERFLOW) {
        half = 0x7c00U;
    } else if (bits >= F32_HALF_NORMAL) {
        // Adding just under half of the last place kept, plus that place's own bit, rounds to even;
        // a carry runs into the exponent, as far as infinity, as it should.
        half = (bits - BIAS_STEP + 0xfffU + (bits >> 13 & 1U)) >> 13;
    } else {
        // Subnormal: 0.5 has its last place at 2^-24, so the addition itself does the rounding.
        half = float_bits(bits_float(bits) + 0.5F) - float_bits(0.5F);
    }
    return (uint16_t)(sign | half);
}

float dtype_bfloat16_to_float(uint16_t value) {
    return bits_float((uint32_t)value << 16);
}

uint16_t dtype_float_to_bfloat16(float value) {
    uint32_t bits = float_bits(value);
    if ((bits & ~F32_SIGN) > F32_INFINITY)
        return (uint16_t)(bits >> 16 | 0x40U);
    return (uint16_t)((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

// A double on its way to a 16-bit float: rounded to odd, so that the second rounding sees whether
// anything was cut off.
static float double_to_odd_float(double value) {
    float nearest = (float)value;
    if (isnan(value) || (double)nearest == value)
        return nearest;
    uint32_t bits = float_bits(nearest);
    if (fabs((double)nearest) > fabs(value))
        bits--; // back towards zero; infinity becomes the greatest float
    return bits_float(bits | 1U);
}

// One element in the widest form of its kind.
struct wide {
    enum kind kind;
    double real;
    int64_t whole;
    uint64_t natural;
};

#define READ(type, data, index, out)                                                               \
    do {                                                                                           \
        type element_;                                                                             \
        memcpy(&element_, (const uint8_t *)(data) + (index) * sizeof element_, sizeof element_);   \
        (out) = element_;                                                                          \
    } while (0)

#define WRITE(type, data, index, value)                                                            \
    do {                                                                                           \
        type element_ = (type)(value);                                                             \
        memcpy((uint8_t *)(data) + (index) * sizeof element_, &element_, sizeof element_);         \
    } while (0)

static double load_real(enum dtype type, const void *data, uint64_t index) {
    uint16_t half;
    float single;
    double value;
    switch (type) {
    case DT_F16:
        READ(uint16_t, data, index, half);
        return (double)dtype_half_to_float(half);
    case DT_BF16:
        READ(uint16_t, data, index, half);
        return (double)dtype_bfloat16_to_float(half);
    case DT_F32:
        READ(float, data, index, single);
        return (double)single;
    default:
        READ(double, data, index, value);
        return value;
    }
}

static int64_t load_whole(enum dtype type, const void *data, uint64_t index) {
    int64_t value;
    switch (type) {
    case DT_I8:
        READ(int8_t, data, index, value);
        break;
    case DT_I16:
        READ(int16_t, data, index, value);
        break;
    case DT_I32:
        READ(int32_t, data, index, value);
        break;
    default:
        READ(int64_t, data, index, value);
        break;
    }
    return value;
}

static uint64_t load_natural(enum dtype type, const void *data, uint64_t index) {
    uint64_t value;
    switch (type) {
    case DT_U16:
        READ(uint16_t, data, index, value);
        break;
    case DT_U32:
        READ(uint32_t, data, index, value);
        break;
    case DT_U64:
        READ(uint64_t, data, index, value);
        break;
    default:
        READ(uint8_t, data, index, value);
        break;
    }
    return value;
}

static struct wide load(enum dtype type, const void *data, uint64_t index) {
    struct wide wide = {.kind = info_of(type)->kind};
    switch (wide.kind) {
    case KIND_FLOAT:
        wide.real = load_real(type, data, index);
        break;
    case KIND_SIGNED:
        wide.whole = load_whole(type, data, index);
        break;
    case KIND_UNSIGNED:
        wide.natural = load_natural(type, data, index);
        break;
    case KIND_BOOL:
        wide.kind = KIND_UNSIGNED;
        wide.natural = load_natural(type, data, index) != 0;
        break;
    case KIND_NONE:
        fatal_bug("no number in an element of type %s", dtype_opset_name(type));
    }
    return wide;
}

// Casting to a float rounds once from whatever form the number has.
#define AS(type, wide)                                                                             \
    ((wide).kind == KIND_FLOAT    ? (type)(wide).real                                              \
     : (wide).kind == KIND_SIGNED ? (type)(wide).whole                                             \
                                  : (type)(wide).natural)

// An integer of 64 bits may be exact in no double: what does not fit is marked in the last bit.
static double to_odd_double(struct wide wide) {
    if (wide.kind == KIND_FLOAT)
        return wide.real;
    bool negative = wide.kind == KIND_SIGNED && wide.whole < 0;
    uint64_t size = wide.kind == KIND_UNSIGNED ? wide.natural
                    : negative                 ? 0U - (uint64_t)wide.whole
                                               : (uint64_t)wide.whole;
    if (size >> 53) {
        uint64_t last_bit = size & 0xfffU ? 0x1000U : 0;
        size = (size & ~UINT64_C(0xfff)) | last_bit;
    }
    return negative ? -(double)size : (double)size;
}

static void store_real(enum dtype type, void *data, uint64_t index, struct wide wide) {
    switch (type) {
    case DT_F16:
        WRITE(uint16_t, data, index, dtype_float_to_half(double_to_odd_float(to_odd_double(wide))));
        break;
    case DT_BF16:
        WRITE(uint16_t, data, index,
              dtype_float_to_bfloat16(double_to_odd_float(to_odd_double(wide))));
        break;
    case DT_F32:
        WRITE(float, data, index, AS(float, wide));
        break;
    default:
        WRITE(double, data, index, AS(double, wide));
        break;
    }
}

static int64_t to_whole(struct wide wide, const struct dtype_info *info) {
    int64_t greatest = (int64_t)info->greatest;
    if (wide.kind == KIND_UNSIGNED)
        return wide.natural > info->greatest ? greatest : (int64_t)wide.natural;
    if (wide.kind == KIND_FLOAT) {
        if (isnan(wide.real))
            return 0;
        // 2^63 is the first double that does not fit; below it the cast is defined.
        if (wide.real >= 0x1p63)
            return greatest;
        if (wide.real < -0x1p63)
            return info->lowest;
        wide.whole = (int64_t)wide.real;
    }
    return wide.whole > greatest ? greatest : wide.whole < info->lowest ? info->lowest : wide.whole;
}

static uint64_t to_natural(struct wide wide, const struct dtype_info *info) {
    if (wide.kind == KIND_SIGNED)
        wide.natural = wide.whole < 0 ? 0 : (uint64_t)wide.whole;
    if (wide.kind == KIND_FLOAT) {
        if (!(wide.real > 0.0)) // NaN too
            return 0;
        if (wide.real >= 0x1p64)
            return info->greatest;
        wide.natural = (uint64_t)wide.real;
    }
    return wide.natural > info->greatest ? info->greatest : wide.natural;
}

static bool to_bool(struct wide wide) {
    return wide.kind == KIND_FLOAT    ? wide.real != 0.0
           : wide.kind == KIND_SIGNED ? wide.whole != 0
                                      : wide.natural != 0;
}

// Two's complement: signed and unsigned of one size are the same bytes.
static void store_bits(size_t size, void *data, uint64_t index, uint64_t bits) {
    switch (size) {
    case 1:
        WRITE(uint8_t, data, index, bits);
        break;
    case 2:
        WRITE(uint16_t, data, index, bits);
        break;
    case 4:
        WRITE(uint32_t, data, index, bits);
        break;
    default:
        WRITE(uint64_t, data, index, bits);
        break;
    }
}

static void store(enum dtype type, void *data, uint64_t index, struct wide wide) {
    const struct dtype_info *info = info_of(type);
    switch (info->kind) {
    case KIND_FLOAT:
        store_real(type, data, index, wide);
        break;
    case KIND_SIGNED:
        store_bits(info->size, data, index, (uint64_t)to_whole(wide, info));
        break;
    case KIND_UNSIGNED:
        store_bits(info->size, data, index, to_natural(wide, info));
        break;
    case KIND_BOOL:
        store_bits(1, data, index, to_bool(wide));
        break;
    case KIND_NONE:
        fatal_bug("no number in an element of type %s", dtype_opset_name(type));
    }
}

// The conversions that whole models go through get loops of their own.
static void single_to_half(const void *from, void *to, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        float value;
        READ(float, from, i, value);
        WRITE(uint16_t, to, i, dtype_float_to_half(value));
    }
}

static void half_to_single(const void *from, void *to, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        uint16_t value;
        READ(uint16_t, from, i, value);
        WRITE(float, to, i, dtype_half_to_float(value));
    }
}

static void double_to_single(const void *from, void *to, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        double value;
        READ(double, from, i, value);
        WRITE(float, to, i, value);
    }
}

void dtype_convert(enum dtype from_type, const void *from, enum dtype to_type, void *to,
                   uint64_t count) {
    if (count == 0)
        return;
    if (from_type == to_type)
        memmove(to, from, count * dtype_size(from_type));
    else if (from_type == DT_F32 && to_type == DT_F16)
        single_to_half(from, to, count);
    else if (from_type == DT_F16 && to_type == DT_F32)
        half_to_single(from, to, count);
    else if (from_type == DT_F64 && to_type == DT_F32)
        double_to_single(from, to, count);
    else
        for (uint64_t i = 0; i < count; i++)
            store(to_type, to, i, load(from_type, from, i));
}

double dtype_load(enum dtype type, const void *data, uint64_t index) {
    struct wide wide = load(type, data, index);
    return AS(double, wide);
}

int64_t dtype_load_i64(enum dtype type, const void *data, uint64_t index) {
    return to_whole(load(type, data, index), &infos[DT_I64]);
}

void dtype_store(enum dtype type, void *data, uint64_t index, double value) {
    store(type, data, index, (struct wide){.kind = KIND_FLOAT, .real = value});
}
