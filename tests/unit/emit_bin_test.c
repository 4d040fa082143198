// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_scratch.h"

// base_scratch.h brings <dirent.h>, whose DT_UNKNOWN is not ours.
#undef DT_UNKNOWN
#define DT_UNKNOWN ZOOC_DT_UNKNOWN
#include "compiler/emit/bin.h"

#include <math.h>

static struct arena *arena;
static struct diag *diag;

static int set_up(void **state) {
    arena = arena_new();
    diag = diag_new(arena);
    return enter_scratch(state);
}

static int tear_down(void **state) {
    arena_free(arena);
    return leave_scratch(state);
}

static struct tensor *floats(uint32_t count, const float *values) {
    return tensor_f32(arena, SHAPE(count), values);
}

static size_t write_bin(struct bin *bin, char *data, size_t size) {
    struct outset *files = outset_new();
    assert_true(bin_layout(bin));
    struct outfile *file = outset_open(files, "a.bin");
    bin_write(bin, file, diag);
    assert_int_equal(outfile_size(file), bin->size);
    assert_true(outset_commit(files, NULL));
    size_t got = read_file("a.bin", data, size);
    assert_int_equal(got, bin->size);
    return got;
}

static void blobs_are_aligned(void **state) {
    (void)state;
    static const uint64_t alignments[] = {1, 4, 64};
    for (size_t i = 0; i < COUNT_OF(alignments); i++) {
        char data[256];
        struct bin bin;
        bin_init(&bin, arena, alignments[i]);
        const uint8_t odd[3] = {1, 2, 3};
        struct bin_blob *a =
            bin_add(&bin, tensor_of_slice(arena, DT_U8, SHAPE(3), slice_of(odd, 3)), DT_U8, "a");
        struct bin_blob *b = bin_add(&bin, floats(2, (float[]){1, 2}), DT_F32, "b");
        write_bin(&bin, data, sizeof data);
        assert_int_equal(a->offset, 0);
        assert_int_equal(b->offset, alignments[i] == 1 ? 3 : alignments[i]);
        assert_int_equal(b->size, 8);
        assert_memory_equal(data + b->offset, ((float[]){1, 2}), 8);
        for (uint64_t at = 3; at < b->offset; at++)
            assert_int_equal(data[at], 0);
    }
}

static void identical_blobs_are_written_once(void **state) {
    (void)state;
    char data[4096];
    float values[200] = {0}, other[200] = {0};
    other[100] = 1; // same ends, other middle
    struct bin bin;
    bin_init(&bin, arena, 1);
    struct bin_blob *a = bin_add(&bin, floats(200, values), DT_F32, "a");
    struct bin_blob *b = bin_add(&bin, floats(200, other), DT_F32, "b");
    struct bin_blob *c = bin_add(&bin, floats(200, values), DT_F32, "c");
    struct bin_blob *d = bin_add(&bin, tensor_splat(arena, DT_F32, SHAPE(10, 20), 0), DT_F32, "d");
    struct bin_blob *e = bin_add(&bin, floats(199, values), DT_F32, "e");
    assert_int_equal(write_bin(&bin, data, sizeof data), 800 + 800 + 796);
    assert_null(a->same);
    assert_null(b->same);
    assert_ptr_equal(c->same, a);
    assert_ptr_equal(d->same, a); // other shape and a recipe, same bytes
    assert_null(e->same);
    assert_int_equal(c->offset, a->offset);
    assert_int_equal(e->offset, 1600);
    assert_memory_equal(data + b->offset, other, sizeof other);
}

// Sources that look alike may differ as they are written, and the other way round.
static void written_bytes_decide(void **state) {
    (void)state;
    char data[256];
    struct bin bin;
    bin_init(&bin, arena, 1);
    struct tensor *t = floats(2, (float[]){1, 1.0001f}), *u = floats(2, (float[]){1, 1.0002f});
    struct bin_blob *a = bin_add(&bin, t, DT_F32, "a"), *b = bin_add(&bin, t, DT_F16, "b");
    struct bin_blob *c = bin_add(&bin, u, DT_F16, "c");
    assert_int_equal(write_bin(&bin, data, sizeof data), 8 + 4);
    assert_null(a->same);
    assert_null(b->same);
    assert_ptr_equal(c->same, b);
    assert_memory_equal(data + 8, ((uint16_t[]){0x3c00, 0x3c00}), 4);
}

static void long_recipes_pass_through_blocks(void **state) {
    (void)state;
    enum { COUNT = 100001 };
    float *values = arena_array_of(arena, COUNT, float);
    double minus = -1;
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)i;
    struct tensor *plain = tensor_f32(arena, SHAPE(1, COUNT), values);
    struct bin bin;
    bin_init(&bin, arena, 64);
    bin_add(&bin, tensor_affine(arena, plain, 0, &minus, NULL), DT_F32, "a");
    bin_add(&bin, tensor_affine(arena, plain, 0, &minus, NULL), DT_F32, "b");
    char *data = arena_alloc(arena, COUNT * sizeof(float));
    assert_int_equal(write_bin(&bin, data, COUNT * sizeof(float)), COUNT * sizeof(float));
    const float *written = (const float *)(const void *)data;
    for (int i = 0; i < COUNT; i++)
        assert_true(written[i] == -(float)i);
}

static void clipped_numbers_are_counted(void **state) {
    (void)state;
    char data[256];
    struct bin bin;
    bin_init(&bin, arena, 1);
    const float values[] = {1e6f, -1e9f, 1e-9f, 0, -0.0f, INFINITY, 65504, 6e-8f, NAN};
    bin_add(&bin, floats(COUNT_OF(values), values), DT_F16, "conv1");
    const double wide[] = {1e300, 1e-300, 1};
    bin_add(&bin, tensor_of_doubles(arena, DT_F64, SHAPE(3), wide), DT_F32, "fc");
    bin_add(&bin, floats(2, (float[]){1, 0}), DT_F16, "good");
    write_bin(&bin, data, sizeof data);
    assert_int_equal(diag_count(diag, DIAG_NOTE), 4);
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    diag_print(diag, to, DIAG_PLAIN, DIAG_NOTE);
    fclose(to);
    assert_non_null(strstr(text, "2 elements of 9 were clipped to infinity while converting a blob "
                                 "for node 'conv1' to FP16"));
    assert_non_null(strstr(text, "1 elements of 9 were clipped to zero"));
    assert_non_null(strstr(text, "1 elements of 3 were clipped to infinity while converting a blob "
                                 "for node 'fc' to FP32"));
    assert_null(strstr(text, "good"));
    free(text);
}

static void nothing_is_a_file_too(void **state) {
    (void)state;
    char data[8];
    struct bin bin;
    bin_init(&bin, arena, 64);
    assert_int_equal(write_bin(&bin, data, sizeof data), 0);
    bin_add(&bin, tensor_of_slice(arena, DT_F32, SHAPE(0), slice_of(data, 0)), DT_F32, "a");
    bin_add(&bin, tensor_of_slice(arena, DT_F32, SHAPE(0), slice_of(data, 0)), DT_F32, "b");
    assert_int_equal(write_bin(&bin, data, sizeof data), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blobs_are_aligned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(identical_blobs_are_written_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(written_bytes_decide, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_recipes_pass_through_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clipped_numbers_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_a_file_too, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("emit_bin", tests, NULL, NULL);
}
