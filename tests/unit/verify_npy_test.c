// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_scratch.h"

#include "compiler/base/diag.h"
#include "compiler/base/limits.h"
#include "compiler/base/strbuf.h"
#include "compiler/verify/npy.h"

// A .npy of the given format version, header text and elements. The bytes stand at the very end of
// their allocation, so that the sanitizers see a read beyond it.
static struct slice npy(struct arena *arena, unsigned version, const char *header, const void *data,
                        size_t size) {
    size_t length = strlen(header), fixed = version == 1 ? 10 : 12;
    uint8_t *file = malloc(fixed + length + size);
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (uint8_t)version;
    file[7] = 0;
    for (size_t i = 8; i < fixed; i++)
        file[i] = (uint8_t)(length >> (8 * (i - 8)));
    memcpy(file + fixed, header, length);
    if (size > 0)
        memcpy(file + fixed + length, data, size);
    arena_at_free(arena, free, file);
    return slice_of(file, fixed + length + size);
}

static bool parse(struct arena *arena, struct slice bytes, struct ndarray *out) {
    return npy_parse(arena, diag_new(arena), NULL, bytes, out);
}

static void every_version_is_read(void **state) {
    (void)state;
    const float values[] = {1, 2.5F, -3, 4, 5, 6};
    for (unsigned version = 1; version <= 3; version++) {
        struct arena *arena = arena_new();
        struct ndarray a;
        struct slice file =
            npy(arena, version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }  \n",
                values, sizeof(values));
        assert_true(parse(arena, file, &a));
        assert_int_equal(a.type, DT_F32);
        assert_int_equal(a.rank, 2);
        assert_int_equal(a.shape[0], 2);
        assert_int_equal(a.shape[1], 3);
        assert_int_equal(a.count, 6);
        assert_memory_equal(a.data, values, sizeof(values));
        arena_free(arena);
    }
}

static void every_type_is_read(void **state) {
    (void)state;
    static const struct {
        const char *code;
        enum dtype type;
    } cases[] = {{"<f2", DT_F16}, {"<f4", DT_F32}, {"<f8", DT_F64}, {"|i1", DT_I8},
                 {"<i2", DT_I16}, {"<i4", DT_I32}, {"<i8", DT_I64}, {"|u1", DT_U8},
                 {"<u2", DT_U16}, {"<u4", DT_U32}, {"<u8", DT_U64}, {"|b1", DT_BOOL},
                 {"=i4", DT_I32}, {"i4", DT_I32}};
    const uint8_t zeros[8] = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena *arena = arena_new();
        struct ndarray a;
        const char *header =
            arena_printf(arena, "{\"shape\": (1L,), \"descr\": \"%s\", \"fortran_order\": False}",
                         cases[i].code);
        struct slice file = npy(arena, 1, header, zeros, dtype_size(cases[i].type));
        assert_true(parse(arena, file, &a));
        assert_int_equal(a.type, cases[i].type);
        assert_int_equal(a.count, 1);
        arena_free(arena);
    }
}

static void scalars_and_empty_arrays(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct ndarray a;
    const double one = 1;
    assert_true(
        parse(arena,
              npy(arena, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': ()}", &one, 8), &a));
    assert_int_equal(a.rank, 0);
    assert_int_equal(a.count, 1);
    assert_true(parse(
        arena, npy(arena, 1, "{'descr': '<f8', 'fortran_order': True, 'shape': (0, 3)}", NULL, 0),
        &a));
    assert_int_equal(a.count, 0);
    arena_free(arena);
}

// 2 x 3 in column-major order.
static void fortran_order_is_turned(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct ndarray a;
    const int16_t stored[] = {1, 4, 2, 5, 3, 6}, wanted[] = {1, 2, 3, 4, 5, 6};
    assert_true(parse(
        arena,
        npy(arena, 1, "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3)}", stored, 12), &a));
    assert_memory_equal(a.data, wanted, sizeof(wanted));
    arena_free(arena);
}

static void big_endian_is_turned(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct ndarray a;
    const uint8_t stored[] = {0, 0, 1, 2, 0, 0, 3, 4};
    const uint32_t wanted[] = {0x102, 0x304};
    assert_true(parse(
        arena, npy(arena, 1, "{'descr': '>u4', 'fortran_order': False, 'shape': (2,)}", stored, 8),
        &a));
    assert_memory_equal(a.data, wanted, sizeof(wanted));
    arena_free(arena);
}

static void bad_headers_are_refused(void **state) {
    (void)state;
    static const char *const headers[] = {
        "",
        "{",
        "{}",
        "[1]",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 4}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4 4)}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (4,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '<U8', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), 'more': 1}",
        "{'descr': '<f4 , 'fortran_order': False, 'shape': (4,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,)}",
        "__import__('os').system('true')",
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct arena *arena = arena_new();
        struct diag *diag = diag_new(arena);
        struct ndarray a;
        const uint8_t data[16] = {0};
        if (npy_parse(arena, diag, NULL, npy(arena, 1, headers[i], data, 16), &a))
            fail_msg("taken: %s", headers[i]);
        assert_true(diag_has(diag, D_MALFORMED));
        arena_free(arena);
    }
}

// Cut at every byte it is refused, and nothing beyond the cut is read.
static void cut_files_are_refused(void **state) {
    (void)state;
    const float values[] = {1, 2, 3, 4};
    struct arena *arena = arena_new();
    struct slice whole = npy(arena, 2, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}",
                             values, sizeof(values));
    for (uint64_t n = 0; n < whole.size; n++) {
        struct ndarray a;
        uint8_t *copy = malloc(n + 1);
        memcpy(copy + 1, whole.data, n);
        assert_false(parse(arena, slice_of(copy + 1, n), &a));
        free(copy);
    }
    arena_free(arena);
}

// No change of one byte does harm; the sanitizers watch.
static void changed_files_do_no_harm(void **state) {
    (void)state;
    const float values[] = {1, 2, 3, 4};
    struct arena *arena = arena_new();
    struct slice whole = npy(arena, 1, "{'descr': '>f4', 'fortran_order': True, 'shape': (2, 2)}",
                             values, sizeof(values));
    uint8_t *bytes = (uint8_t *)(uintptr_t)whole.data;
    unsigned taken = 0;
    for (uint64_t i = 0; i < whole.size; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct arena *scratch = arena_new();
            struct ndarray a;
            bytes[i] = (uint8_t)(bytes[i] ^ (1U << bit));
            taken += parse(scratch, whole, &a);
            bytes[i] = (uint8_t)(bytes[i] ^ (1U << bit));
            arena_free(scratch);
        }
    assert_true(taken >= sizeof(values) * 8); // the elements themselves may be anything
    arena_free(arena);
}

static void archives_that_are_none_are_refused(void **state) {
    (void)state;
    static const char garbage[] = "PK\x03\x04 this is no archive";
    write_file("garbage.npz", garbage, sizeof garbage);
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct ndarray_list list;
    assert_false(npy_read(arena, diag, "garbage.npz", &list));
    assert_true(diag_has(diag, D_MALFORMED));
    assert_false(npy_read(arena, diag, "/nonexistent.npz", &list));
    assert_true(diag_has(diag, D_FILE_OPEN));
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_is_read),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(scalars_and_empty_arrays),
        cmocka_unit_test(fortran_order_is_turned),
        cmocka_unit_test(big_endian_is_turned),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(changed_files_do_no_harm),
        cmocka_unit_test_setup_teardown(archives_that_are_none_are_refused, enter_scratch,
                                        leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
