// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include <math.h>

#include "compiler/base/dtype.h"

// ---- A second, slow definition of the 16-bit floats, straight from IEEE 754 ----

struct format {
    int exponent_bits, mantissa_bits;
    float (*widen)(uint16_t bits);
    uint16_t (*narrow)(float value);
};

static const struct format formats[] = {
    {5, 10, dtype_half_to_float, dtype_float_to_half},
    {8, 7, dtype_bfloat16_to_float, dtype_float_to_bfloat16},
};

static double reference(const struct format *format, uint16_t bits) {
    int bias = (1 << (format->exponent_bits - 1)) - 1, places = format->mantissa_bits;
    int exponent = bits >> places & ((1 << format->exponent_bits) - 1);
    int mantissa = bits & ((1 << places) - 1);
    double size;
    if (exponent == (1 << format->exponent_bits) - 1)
        size = mantissa ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        size = ldexp(mantissa, 1 - bias - places);
    else
        size = ldexp(mantissa + (1 << places), exponent - bias - places);
    return bits & 0x8000 ? -size : size;
}

// Nearest, ties to even, by comparing with every neighbour's distance.
static uint16_t reference_narrow(const struct format *format, double value) {
    uint16_t low = 0, high = 0x7fff; // positive numbers in order of their bits
    uint16_t infinity = (uint16_t)(((1 << format->exponent_bits) - 1) << format->mantissa_bits);
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    double size = fabs(value);
    high = infinity;
    while (high - low > 1) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        if (reference(format, middle) <= size)
            low = middle;
        else
            high = middle;
    }
    if (isinf(size))
        return sign | infinity;
    // Infinity stands where the next number would.
    double below = reference(format, low);
    double above = high == infinity ? 2 * below - reference(format, (uint16_t)(low - 1))
                                    : reference(format, high);
    double to_below = size - below, to_above = above - size;
    bool up = to_above < to_below || (to_above == to_below && (low & 1));
    return sign | (up ? high : low);
}

static void every_16_bit_pattern_widens(void **state) {
    (void)state;
    for (size_t f = 0; f < COUNT_OF(formats); f++)
        for (unsigned bits = 0; bits <= 0xffff; bits++) {
            double expected = reference(&formats[f], (uint16_t)bits);
            float got = formats[f].widen((uint16_t)bits);
            if (isnan(expected))
                assert_true(isnan(got));
            else
                assert_true((double)got == expected && !signbit(got) == !signbit(expected));
        }
}

static void every_16_bit_pattern_comes_back(void **state) {
    (void)state;
    for (size_t f = 0; f < COUNT_OF(formats); f++)
        for (unsigned bits = 0; bits <= 0xffff; bits++) {
            float wide = formats[f].widen((uint16_t)bits);
            uint16_t again = formats[f].narrow(wide);
            if (isnan(wide)) // quiet, its sign and upper payload kept
                assert_int_equal(again, bits | 1U << (formats[f].mantissa_bits - 1));
            else
                assert_int_equal(again, bits);
        }
}

// Every number, every middle between two, and the floats just beside each.
static void narrowing_rounds_to_nearest_even(void **state) {
    (void)state;
    for (size_t f = 0; f < COUNT_OF(formats); f++)
        for (unsigned bits = 0; bits < 0xffff; bits++) {
            double here = reference(&formats[f], (uint16_t)bits);
            double next = reference(&formats[f], (uint16_t)(bits + 1));
            if (!isfinite(here) || isnan(next))
                continue;
            float middle = isinf(next) ? (float)here * 1.0001F : (float)((here + next) / 2);
            float probes[] = {(float)here, nextafterf((float)here, INFINITY), middle,
                              nextafterf(middle, INFINITY), nextafterf(middle, -INFINITY)};
            for (size_t p = 0; p < COUNT_OF(probes); p++)
                assert_int_equal(formats[f].narrow(probes[p]),
                                 reference_narrow(&formats[f], (double)probes[p]));
        }
}

static void narrowing_knows_the_ends(void **state) {
    (void)state;
    assert_int_equal(dtype_float_to_half(65504.0F), 0x7bff);
    assert_int_equal(dtype_float_to_half(65519.996F), 0x7bff);
    assert_int_equal(dtype_float_to_half(65520.0F), 0x7c00);
    assert_int_equal(dtype_float_to_half(-1e30F), 0xfc00);
    assert_int_equal(dtype_float_to_half(0x1p-25F), 0x0000); // a tie, to even
    assert_int_equal(dtype_float_to_half(0x1.8p-25F), 0x0001);
    assert_int_equal(dtype_float_to_half(-0.0F), 0x8000);
    assert_int_equal(dtype_float_to_bfloat16(3.4028235e38F), 0x7f80);
}

// ---- Names and sizes ----

static void names_lead_back_to_their_types(void **state) {
    (void)state;
    for (enum dtype type = DT_UNKNOWN + 1; type < DT_COUNT; type++) {
        assert_int_equal(dtype_from_opset_name(dtype_opset_name(type)), type);
        assert_int_equal(dtype_from_classic_name(dtype_classic_name(type)), type);
    }
    assert_int_equal(dtype_from_classic_name("half"), DT_F16);
    assert_int_equal(dtype_from_classic_name("float"), DT_F32);
    assert_int_equal(dtype_from_classic_name("f32"), DT_UNKNOWN);
    assert_int_equal(dtype_from_opset_name("FP32"), DT_UNKNOWN);
    assert_string_equal(dtype_opset_name(DT_BOOL), "boolean");
    assert_string_equal(dtype_classic_name(DT_F16), "FP16");
}

static void sizes_and_kinds(void **state) {
    (void)state;
    static const struct {
        enum dtype type;
        size_t size;
        bool is_float, is_integer, is_signed;
    } kinds[] = {
        {DT_UNKNOWN, 0, false, false, false}, {DT_F16, 2, true, false, true},
        {DT_BF16, 2, true, false, true},      {DT_F32, 4, true, false, true},
        {DT_F64, 8, true, false, true},       {DT_I8, 1, false, true, true},
        {DT_I16, 2, false, true, true},       {DT_I32, 4, false, true, true},
        {DT_I64, 8, false, true, true},       {DT_U8, 1, false, true, false},
        {DT_U16, 2, false, true, false},      {DT_U32, 4, false, true, false},
        {DT_U64, 8, false, true, false},      {DT_BOOL, 1, false, false, false},
        {DT_STRING, 0, false, false, false},
    };
    assert_int_equal(COUNT_OF(kinds), DT_COUNT);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        assert_int_equal(dtype_size(kinds[i].type), kinds[i].size);
        assert_int_equal(dtype_is_float(kinds[i].type), kinds[i].is_float);
        assert_int_equal(dtype_is_integer(kinds[i].type), kinds[i].is_integer);
        assert_int_equal(dtype_is_signed(kinds[i].type), kinds[i].is_signed);
    }
}

// ---- Conversion between all pairs ----

#define CONVERT(from_type, from_value, to_type, to_c_type)                                         \
    __extension__({                                                                                \
        unsigned char in_[9], out_[9]; /* one byte in: unaligned on purpose */                     \
        __typeof__(from_value) value_ = (from_value);                                              \
        memcpy(in_ + 1, &value_, sizeof value_);                                                   \
        dtype_convert((from_type), in_ + 1, (to_type), out_ + 1, 1);                               \
        to_c_type result_;                                                                         \
        memcpy(&result_, out_ + 1, sizeof result_);                                                \
        result_;                                                                                   \
    })

static void floats_truncate_and_saturate(void **state) {
    (void)state;
    assert_int_equal(CONVERT(DT_F32, 3.99F, DT_I32, int32_t), 3);
    assert_int_equal(CONVERT(DT_F32, -3.99F, DT_I32, int32_t), -3);
    assert_int_equal(CONVERT(DT_F32, -3.99F, DT_U8, uint8_t), 0);
    assert_int_equal(CONVERT(DT_F32, 300.0F, DT_U8, uint8_t), 255);
    assert_int_equal(CONVERT(DT_F32, -300.0F, DT_I8, int8_t), -128);
    assert_int_equal(CONVERT(DT_F32, (float)NAN, DT_I32, int32_t), 0);
    assert_int_equal(CONVERT(DT_F32, (float)NAN, DT_U64, uint64_t), 0);
    assert_true(CONVERT(DT_F32, (float)INFINITY, DT_I64, int64_t) == INT64_MAX);
    assert_true(CONVERT(DT_F64, -1e300, DT_I64, int64_t) == INT64_MIN);
    assert_true(CONVERT(DT_F64, 0x1p63, DT_I64, int64_t) == INT64_MAX);
    assert_true(CONVERT(DT_F64, -0x1p63, DT_I64, int64_t) == INT64_MIN);
    assert_true(CONVERT(DT_F64, 0x1p64, DT_U64, uint64_t) == UINT64_MAX);
    assert_true(CONVERT(DT_F64, 0x1p63, DT_U64, uint64_t) == UINT64_C(1) << 63);
}

static void integers_saturate(void **state) {
    (void)state;
    assert_int_equal(CONVERT(DT_I64, INT64_MAX, DT_I32, int32_t), INT32_MAX);
    assert_int_equal(CONVERT(DT_I64, INT64_MIN, DT_I32, int32_t), INT32_MIN);
    assert_int_equal(CONVERT(DT_I32, (int32_t)-1, DT_U16, uint16_t), 0);
    assert_int_equal(CONVERT(DT_U32, UINT32_MAX, DT_I16, int16_t), INT16_MAX);
    assert_true(CONVERT(DT_U64, UINT64_MAX, DT_I64, int64_t) == INT64_MAX);
    assert_int_equal(CONVERT(DT_I8, (int8_t)-5, DT_I64, int64_t), -5);
    assert_int_equal(CONVERT(DT_U8, (uint8_t)200, DT_I16, int16_t), 200);
}

static void bool_is_not_zero(void **state) {
    (void)state;
    assert_int_equal(CONVERT(DT_F32, 0.001F, DT_BOOL, uint8_t), 1);
    assert_int_equal(CONVERT(DT_F32, -0.0F, DT_BOOL, uint8_t), 0);
    assert_int_equal(CONVERT(DT_F64, (double)NAN, DT_BOOL, uint8_t), 1);
    assert_int_equal(CONVERT(DT_I64, INT64_C(1) << 40, DT_BOOL, uint8_t), 1);
    assert_int_equal(CONVERT(DT_U64, UINT64_C(0), DT_BOOL, uint8_t), 0);
    assert_int_equal(CONVERT(DT_BOOL, (uint8_t)2, DT_I32, int32_t), 1);
    assert_true(CONVERT(DT_BOOL, (uint8_t)2, DT_F32, float) == 1.0F);
}

// Through float to half would round twice: 1 + 2^-11 + 2^-40 is above the tie that its float is.
static void narrow_floats_round_once(void **state) {
    (void)state;
    assert_int_equal(CONVERT(DT_F64, 1 + 0x1p-11, DT_F16, uint16_t), 0x3c00);
    assert_int_equal(CONVERT(DT_F64, 1 + 0x1p-11 + 0x1p-40, DT_F16, uint16_t), 0x3c01);
    assert_int_equal(CONVERT(DT_F64, -1 - 0x1p-11 - 0x1p-40, DT_F16, uint16_t), 0xbc01);
    assert_int_equal(CONVERT(DT_F64, 1 + 0x3p-11 - 0x1p-40, DT_F16, uint16_t), 0x3c01);
    assert_int_equal(CONVERT(DT_F64, 65520 - 0x1p-30, DT_F16, uint16_t), 0x7bff);
    assert_int_equal(CONVERT(DT_F64, 1e300, DT_F16, uint16_t), 0x7c00);
    assert_int_equal(CONVERT(DT_F64, 0x1p-25 + 0x1p-70, DT_F16, uint16_t), 0x0001);
    assert_int_equal(CONVERT(DT_F64, 1e-300, DT_BF16, uint16_t), 0x0000);
    assert_int_equal(CONVERT(DT_F64, 3.4e38, DT_BF16, uint16_t), 0x7f80);
    // 2^62 + 2^54 is a tie of bfloat16; one more decides it.
    int64_t tie = (INT64_C(1) << 62) + (INT64_C(1) << 54);
    assert_int_equal(CONVERT(DT_I64, tie, DT_BF16, uint16_t), 0x5e80);
    assert_int_equal(CONVERT(DT_I64, tie + 1, DT_BF16, uint16_t), 0x5e81);
    assert_int_equal(CONVERT(DT_I64, -tie - 1, DT_BF16, uint16_t), 0xde81);
    assert_int_equal(CONVERT(DT_I64, INT64_MIN, DT_BF16, uint16_t), 0xdf00);
    // 2^24 + 1 does not fit a float, and neither does it go through another type.
    assert_true(CONVERT(DT_I32, (int32_t)16777217, DT_F32, float) == 16777216.0F);
    assert_true(CONVERT(DT_U64, UINT64_MAX, DT_F32, float) == 0x1p64F);
}

static void random_doubles_round_as_the_reference(void **state) {
    (void)state;
    static const enum dtype types[] = {DT_F16, DT_BF16};
    uint64_t seed = 3;
    for (int i = 0; i < 100000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double mantissa = 1 + ldexp((double)(seed >> 12), -52);
        double value = ldexp(i & 1 ? mantissa : -mantissa, (int)(seed % 48) - 28);
        if (i % 3 == 0) // close to a tie
            value = (double)(float)ldexp(trunc(ldexp(value, 12)), -12) * (1 + 0x1p-45);
        for (size_t t = 0; t < COUNT_OF(types); t++)
            assert_int_equal(CONVERT(DT_F64, value, types[t], uint16_t),
                             reference_narrow(&formats[t], value));
    }
}

// Small whole numbers survive every way through every type.
static void small_numbers_survive_all_pairs(void **state) {
    (void)state;
    enum { COUNT = 5 };
    unsigned char first[COUNT * 8], second[COUNT * 8];
    for (enum dtype from = DT_F16; from < DT_STRING; from++)
        for (enum dtype to = DT_F16; to < DT_STRING; to++) {
            uint64_t largest = from == DT_BOOL || to == DT_BOOL ? 1 : COUNT;
            for (uint64_t i = 0; i < COUNT; i++)
                dtype_store(from, first, i, (double)(i % (largest + 1)));
            dtype_convert(from, first, to, second, COUNT);
            for (uint64_t i = 0; i < COUNT; i++) {
                assert_true(dtype_load(to, second, i) == (double)(i % (largest + 1)));
                assert_int_equal(dtype_load_i64(to, second, i), i % (largest + 1));
            }
        }
}

static void long_arrays_convert_as_single_elements(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    static float singles[COUNT], singles_again[COUNT];
    static uint16_t halves[COUNT];
    static double doubles[COUNT];
    for (int i = 0; i < COUNT; i++)
        singles[i] = (float)(i - 500) * 0.37F;
    dtype_convert(DT_F32, singles, DT_F16, halves, COUNT);
    dtype_convert(DT_F16, halves, DT_F32, singles_again, COUNT);
    dtype_convert(DT_F32, singles, DT_F64, doubles, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(halves[i], dtype_float_to_half(singles[i]));
        assert_true(singles_again[i] == dtype_half_to_float(halves[i]));
        assert_true(doubles[i] == (double)singles[i]);
    }
    dtype_convert(DT_F64, doubles, DT_F32, singles_again, COUNT);
    assert_memory_equal(singles, singles_again, sizeof singles);
    dtype_convert(DT_F32, singles, DT_F32, singles, COUNT); // the same place
    assert_memory_equal(singles, singles_again, sizeof singles);
    dtype_convert(DT_F32, NULL, DT_I8, NULL, 0);
}

static void load_of_64_bits_is_exact(void **state) {
    (void)state;
    int64_t whole = INT64_MAX - 1;
    uint64_t natural = UINT64_MAX;
    assert_true(dtype_load_i64(DT_I64, &whole, 0) == INT64_MAX - 1);
    assert_true(dtype_load_i64(DT_U64, &natural, 0) == INT64_MAX);
    assert_true(dtype_load(DT_U64, &natural, 0) == 0x1p64);
}

static void strings_have_no_number(void) {
    dtype_load(DT_STRING, "", 0);
}

static void what_has_no_number_is_our_fault(void **state) {
    (void)state;
    char errors[256];
    int status = run_child(strings_have_no_number, errors, sizeof errors);
    assert_int_equal(WEXITSTATUS(status), 70);
    assert_non_null(strstr(errors, "no number in an element of type string"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_16_bit_pattern_widens),
        cmocka_unit_test(every_16_bit_pattern_comes_back),
        cmocka_unit_test(narrowing_rounds_to_nearest_even),
        cmocka_unit_test(narrowing_knows_the_ends),
        cmocka_unit_test(names_lead_back_to_their_types),
        cmocka_unit_test(sizes_and_kinds),
        cmocka_unit_test(floats_truncate_and_saturate),
        cmocka_unit_test(integers_saturate),
        cmocka_unit_test(bool_is_not_zero),
        cmocka_unit_test(narrow_floats_round_once),
        cmocka_unit_test(random_doubles_round_as_the_reference),
        cmocka_unit_test(small_numbers_survive_all_pairs),
        cmocka_unit_test(long_arrays_convert_as_single_elements),
        cmocka_unit_test(load_of_64_bits_is_exact),
        cmocka_unit_test(what_has_no_number_is_our_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
