// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include "compiler/base/checked.h"
#include "compiler/base/slice.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void ahead_and_advance_stay_inside(void **state) {
    (void)state;
    struct slice s = slice_of(bytes, sizeof bytes);
    assert_ptr_equal(slice_ahead(&s, 9), bytes);
    assert_null(slice_ahead(&s, 10));
    assert_null(slice_ahead(&s, UINT64_MAX));
    assert_true(slice_advance(&s, 4));
    assert_ptr_equal(s.data, bytes + 4);
    assert_false(slice_advance(&s, 6));
    assert_false(slice_advance(&s, UINT64_MAX));
    assert_int_equal(s.size, 5);
    assert_true(slice_advance(&s, 5));
    assert_non_null(slice_ahead(&s, 0));
    assert_null(slice_ahead(&s, 1));
}

static void take_cuts_a_part(void **state) {
    (void)state;
    struct slice s = slice_of(bytes, sizeof bytes), part;
    assert_true(slice_take(&s, 3, &part));
    assert_ptr_equal(part.data, bytes);
    assert_int_equal(part.size, 3);
    assert_int_equal(s.size, 6);
    assert_false(slice_take(&s, 7, &part));
    assert_int_equal(part.size, 3);
    assert_int_equal(s.size, 6);
}

static void sub_checks_offset_and_size(void **state) {
    (void)state;
    struct slice s = slice_of(bytes, sizeof bytes), part = {NULL, 0};
    assert_true(slice_sub(s, 9, 0, &part));
    assert_true(slice_sub(s, 2, 7, &part));
    assert_ptr_equal(part.data, bytes + 2);
    assert_false(slice_sub(s, 2, 8, &part));
    assert_false(slice_sub(s, 10, 0, &part));
    assert_false(slice_sub(s, UINT64_MAX, 2, &part)); // the sum would overflow
    assert_false(slice_sub(s, 2, UINT64_MAX, &part));
}

// At every alignment, and nothing moves when there is too little.
static void numbers_are_little_endian(void **state) {
    (void)state;
    struct slice s = slice_of(bytes + 1, 8);
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    assert_true(slice_u8(&s, &u8));
    assert_int_equal(u8, 2);
    assert_true(slice_u16le(&s, &u16));
    assert_int_equal(u16, 0x0403);
    assert_false(slice_u64le(&s, &u64));
    assert_true(slice_u32le(&s, &u32));
    assert_int_equal(u32, 0x08070605);
    assert_false(slice_u16le(&s, &u16));
    assert_int_equal(s.size, 1);
    s = slice_of(bytes + 1, 8);
    assert_true(slice_u64le(&s, &u64));
    assert_true(u64 == 0x0908070605040302);
    assert_false(slice_u8(&s, &u8));
}

static void comparisons_know_empty_slices(void **state) {
    (void)state;
    struct slice empty = slice_of(NULL, 0), s = slice_of("prototxt", 8);
    assert_true(slice_equal(empty, slice_of("", 0)));
    assert_true(slice_equal(s, slice_of("prototxt", 8)));
    assert_false(slice_equal(s, slice_of("prototex", 8)));
    assert_false(slice_equal(s, slice_of("prototxt", 7)));
    assert_true(slice_starts(s, "proto"));
    assert_true(slice_starts(s, "prototxt"));
    assert_false(slice_starts(s, "prototxt."));
    assert_true(slice_starts(empty, ""));
    assert_false(slice_starts(empty, "x"));
}

static void arithmetic_tells_overflow(void **state) {
    (void)state;
    uint64_t result;
    assert_true(checked_mul(UINT32_MAX, UINT32_MAX, &result));
    assert_true(result == UINT64_C(0xfffffffe00000001));
    assert_false(checked_mul(UINT64_C(1) << 32, UINT64_C(1) << 32, &result));
    assert_true(checked_mul(0, UINT64_MAX, &result));
    assert_true(result == 0);
    assert_true(checked_add(UINT64_MAX - 1, 1, &result));
    assert_true(result == UINT64_MAX);
    assert_false(checked_add(UINT64_MAX, 1, &result));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ahead_and_advance_stay_inside),
        cmocka_unit_test(take_cuts_a_part),
        cmocka_unit_test(sub_checks_offset_and_size),
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(comparisons_know_empty_slices),
        cmocka_unit_test(arithmetic_tells_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
