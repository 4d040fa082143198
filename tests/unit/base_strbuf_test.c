// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include <float.h>
#include <math.h>

#include "compiler/base/strbuf.h"

static void text_grows_and_ends_in_nul(void **state) {
    (void)state;
    struct strbuf sb = STRBUF_INIT;
    assert_string_equal(sb.data, "");
    for (int i = 0; i < 1000; i++) {
        strbuf_putc(&sb, 'x');
        assert_int_equal(strlen(sb.data), i + 1);
    }
    strbuf_reset(&sb);
    assert_string_equal(sb.data, "");
    strbuf_puts(&sb, "dims");
    strbuf_printf(&sb, "=%d,%s", 3, "224");
    strbuf_add(&sb, "\0!", 2);
    assert_int_equal(sb.length, 12);
    assert_memory_equal(sb.data, "dims=3,224\0!", 13);
    strbuf_free(&sb);
    assert_string_equal(sb.data, "");
    assert_int_equal(sb.length, 0);
}

static void an_empty_buffer_can_be_reset_and_freed(void **state) {
    (void)state;
    struct strbuf sb = STRBUF_INIT;
    strbuf_reset(&sb);
    strbuf_add(&sb, NULL, 0);
    strbuf_free(&sb);
    strbuf_free(&sb);
    assert_string_equal(strbuf_empty, "");
}

static void long_texts_are_whole(void **state) {
    (void)state;
    struct strbuf sb = STRBUF_INIT;
    strbuf_printf(&sb, "%0100000d", 5);
    assert_int_equal(sb.length, 100000);
    assert_int_equal(sb.data[99999], '5');
    strbuf_free(&sb);
}

static const struct {
    float value;
    const char *text;
} floats[] = {
    {0.0F, "0"},
    {-0.0F, "-0"},
    {1.0F, "1"},
    {0.1F, "0.1"},
    {0.3F, "0.3"},
    {1e-05F, "1e-05"},
    {0.0001F, "0.0001"},
    {0.999F, "0.999"},
    {104.00699F, "104.00699"},
    {1000000.0F, "1000000"},
    {9999999.0F, "9999999"},
    {1e7F, "1e+07"},
    {16777216.0F, "16777216"},
    {1.0F / 3, "0.33333334"},
    {FLT_MAX, "3.4028235e+38"},
    {FLT_MIN, "1.1754944e-38"},
    {1e-45F, "1e-45"},
    {(float)INFINITY, "inf"},
    {-(float)INFINITY, "-inf"},
    {(float)NAN, "nan"},
};

static void floats_are_short(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(floats); i++) {
        struct strbuf sb = STRBUF_INIT;
        strbuf_float(&sb, floats[i].value);
        assert_string_equal(sb.data, floats[i].text);
        strbuf_free(&sb);
    }
}

static uint64_t next_random(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 32 ^ *seed << 32;
}

static int digits_in(const char *text) {
    int digits = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (digits + zeros == 0 && *text == '0'))
            continue;
        zeros = *text == '0' ? zeros + 1 : 0;
        digits++;
    }
    return digits - zeros;
}

// Reads back the same, and one digit less does not.
static void check_float(struct strbuf *sb, float value) {
    char shorter[400];
    strbuf_reset(sb);
    strbuf_float(sb, value);
    if (isnan(value))
        return;
    float again = strtof(sb->data, NULL);
    assert_memory_equal(&again, &value, sizeof value);
    int digits = digits_in(sb->data);
    if (digits < 2 || isinf(value))
        return;
    snprintf(shorter, sizeof shorter, "%.*g", digits - 1, (double)value);
    assert_true(strtof(shorter, NULL) != value);
}

static void any_float_reads_back_the_same(void **state) {
    (void)state;
    struct strbuf sb = STRBUF_INIT;
    uint64_t seed = 1;
    for (int i = 0; i < 200000; i++) {
        uint32_t bits = (uint32_t)next_random(&seed);
        float value;
        memcpy(&value, &bits, sizeof value);
        check_float(&sb, value);
        check_float(&sb, (float)(bits % 100000) / 1000); // the kind that people write
    }
    strbuf_free(&sb);
}

static void any_double_reads_back_the_same(void **state) {
    (void)state;
    struct strbuf sb = STRBUF_INIT;
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next_random(&seed);
        double value, again;
        memcpy(&value, &bits, sizeof value);
        if (i % 2)
            value = (double)(bits % 1000000) / 10000;
        strbuf_reset(&sb);
        strbuf_double(&sb, value);
        again = strtod(sb.data, NULL);
        if (!isnan(value))
            assert_memory_equal(&again, &value, sizeof value);
    }
    strbuf_free(&sb);
}

static const struct {
    double value;
    const char *text;
} doubles[] = {
    {0.1, "0.1"},
    {1e-3, "0.001"},
    {123456789012.0, "123456789012"},
    {1e15, "1e+15"},
    {DBL_MAX, "1.7976931348623157e+308"},
    {5e-324, "5e-324"},
    {1.0 / 3, "0.3333333333333333"},
    {(double)NAN, "nan"},
    {-(double)INFINITY, "-inf"},
};

static void doubles_are_short(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(doubles); i++) {
        struct strbuf sb = STRBUF_INIT;
        strbuf_double(&sb, doubles[i].value);
        assert_string_equal(sb.data, doubles[i].text);
        strbuf_free(&sb);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows_and_ends_in_nul),
        cmocka_unit_test(an_empty_buffer_can_be_reset_and_freed),
        cmocka_unit_test(long_texts_are_whole),
        cmocka_unit_test(floats_are_short),
        cmocka_unit_test(doubles_are_short),
        cmocka_unit_test(any_float_reads_back_the_same),
        cmocka_unit_test(any_double_reads_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
