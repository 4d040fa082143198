// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include <math.h>

#include "compiler/verify/compare.h"

#define assert_near(got, want, slack) assert_true(fabs((got) - (want)) <= (slack))

static struct ndarray floats(unsigned rank, const uint64_t *shape, const float *values) {
    struct ndarray a = {.name = "x", .type = DT_F32, .rank = rank, .count = 1};
    for (unsigned d = 0; d < rank; d++) {
        a.shape[d] = shape[d];
        a.count *= shape[d];
    }
    a.data = (const uint8_t *)values;
    return a;
}

static struct golden whole(unsigned rank, const uint64_t *shape, const double *values) {
    struct golden g = {.name = "x", .rank = rank, .count = 1, .value = values};
    for (unsigned d = 0; d < rank; d++) {
        g.shape[d] = shape[d];
        g.count *= shape[d];
    }
    g.samples = g.count;
    return g;
}

static void difference_is_relative_to_the_largest(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const uint64_t shape[] = {4};
    const float got[] = {1, -10, 3, 4.5F};
    const double want[] = {1, -10, 3, 4};
    struct ndarray a = floats(1, shape, got);
    struct golden g = whole(1, shape, want);
    struct difference d = golden_compare(arena, &a, &g, 1);
    assert_true(d.comparable);
    assert_near(d.absolute, 0.5, 1e-12);
    assert_near(d.relative, 0.05, 1e-12);
    assert_near(d.largest, 10, 0);
    assert_int_equal(d.compared, 4);
    arena_free(arena);
}

static void another_size_is_not_comparable(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const uint64_t three[] = {3}, four[] = {2, 2};
    const float got[] = {1, 2, 3};
    const double want[] = {1, 2, 3, 4};
    struct ndarray a = floats(1, three, got);
    struct golden g = whole(2, four, want);
    assert_false(golden_compare(arena, &a, &g, 1).comparable);
    arena_free(arena);
}

// What is not a number is infinitely far from a number, and equal to its like.
static void what_is_not_a_number(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const uint64_t shape[] = {2};
    const float nan_got[] = {1, NAN}, inf_got[] = {1, INFINITY};
    const double number[] = {1, 2}, nan_want[] = {1, (double)NAN},
                 inf_want[] = {1, (double)INFINITY};
    struct ndarray a = floats(1, shape, nan_got), b = floats(1, shape, inf_got);
    struct golden g = whole(1, shape, number), h = whole(1, shape, nan_want);
    struct golden i = whole(1, shape, inf_want);
    assert_true(isinf(golden_compare(arena, &a, &g, 1).relative));
    assert_true(isinf(golden_compare(arena, &b, &g, 1).relative));
    assert_true(golden_compare(arena, &a, &h, 1).relative == 0);
    assert_true(golden_compare(arena, &b, &i, 1).relative == 0);
    assert_true(isinf(golden_compare(arena, &b, &h, 1).relative));
    arena_free(arena);
}

// The model gives [1, C=2, H=1, W=3], the golden is [1, 1, 3, 2].
static void channels_may_stand_last(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const uint64_t nchw[] = {1, 2, 1, 3}, nhwc[] = {1, 1, 3, 2};
    const float first[] = {1, 2, 3, 4, 5, 6}, last[] = {1, 4, 2, 5, 3, 6};
    const double first_want[] = {1, 2, 3, 4, 5, 6}, last_want[] = {1, 4, 2, 5, 3, 6};
    struct ndarray a = floats(4, nchw, first), b = floats(4, nhwc, last);
    struct golden last_golden = whole(4, nhwc, last_want),
                  first_golden = whole(4, nchw, first_want);
    assert_true(golden_compare(arena, &a, &last_golden, 1).absolute == 0);
    assert_true(golden_compare(arena, &b, &first_golden, 1).absolute == 0);
    arena_free(arena);
}

static struct ndarray_list samples(struct arena *arena, const int64_t *index, size_t count,
                                   const float *value, const int64_t *shape, uint64_t rank) {
    struct ndarray_list list = {.items = arena_array_of(arena, 3, struct ndarray), .count = 3};
    list.items[0] = (struct ndarray){.name = "y@index", .type = DT_I64, .rank = 1, .count = count};
    list.items[0].data = (const uint8_t *)index;
    list.items[1] = (struct ndarray){.name = "y@value", .type = DT_F32, .rank = 1, .count = count};
    list.items[1].data = (const uint8_t *)value;
    list.items[2] = (struct ndarray){.name = "y@shape", .type = DT_I64, .rank = 1, .count = rank};
    list.items[2].data = (const uint8_t *)shape;
    return list;
}

static void samples_stand_for_an_array(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const int64_t index[] = {0, 5}, shape[] = {2, 3};
    const float value[] = {10, 60}, got[] = {10, -1, -1, -1, -1, 61};
    const uint64_t got_shape[] = {2, 3};
    struct ndarray_list list = samples(arena, index, 2, value, shape, 2);
    struct golden_list goldens;
    assert_true(golden_collect(arena, diag_new(arena), "g.npz", &list, &goldens));
    assert_int_equal(goldens.count, 1);
    assert_string_equal(goldens.items[0].name, "y");
    assert_int_equal(goldens.items[0].count, 6);
    struct ndarray a = floats(2, got_shape, got);
    struct difference d = golden_compare(arena, &a, &goldens.items[0], 1);
    assert_int_equal(d.compared, 2);
    assert_near(d.absolute, 1, 0);
    arena_free(arena);
}

static void samples_outside_are_refused(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const int64_t inside[] = {0}, outside[] = {6}, before[] = {-1}, shape[] = {2, 3};
    const int64_t huge[] = {INT64_MAX, INT64_MAX, 2};
    const float value[] = {1};
    struct golden_list goldens;
    struct ndarray_list bad[] = {samples(arena, outside, 1, value, shape, 2),
                                 samples(arena, before, 1, value, shape, 2),
                                 samples(arena, inside, 1, value, huge, 3)};
    for (size_t i = 0; i < 3; i++) {
        struct diag *diag = diag_new(arena);
        assert_false(golden_collect(arena, diag, "g.npz", &bad[i], &goldens));
        assert_true(diag_has(diag, D_MALFORMED));
    }
    arena_free(arena);
}

static void detections_match_in_any_order(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const uint64_t shape[] = {1, 1, 3, 7};
    const float got[] = {0,   2,   0.75F, .1F, .1F, .5F, .5F, 0, 1, 0.5F, .2F,
                         .2F, .4F, .4F,   -1,  0,   0,   0,   0, 0, 0};
    const double want[] = {0,  1,  0.5,  .2, .2, .4, .4, 0, 2, 0.75, .1,
                           .1, .5, .625, -1, 9,  9,  9,  9, 9, 9};
    const double other_label[] = {0,  1,  0.5, .2, .2, .4, .4, 0, 3, 0.75, .1,
                                  .1, .5, .5,  -1, 0,  0,  0,  0, 0, 0};
    const double fewer[] = {0, 1, 0.5, .2, .2, .4, .4, -1, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0};
    struct ndarray a = floats(4, shape, got);
    struct golden g = whole(4, shape, want), h = whole(4, shape, other_label);
    struct golden i = whole(4, shape, fewer);
    struct difference d = golden_compare(arena, &a, &g, 1);
    assert_int_equal(d.compared, 2);
    assert_near(d.absolute, 0.125, 1e-6);
    assert_true(isinf(golden_compare(arena, &a, &h, 1).absolute));
    assert_true(isinf(golden_compare(arena, &a, &i, 1).absolute));
    arena_free(arena);
}

// Of five rows in another order one is missing and one is new.
// MXNet's rows have no image, and stay in the list with the label -1 when they are dropped.
static void detections_of_mxnet(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const uint64_t shape[] = {1, 1, 3, 7}, golden_shape[] = {1, 3, 6};
    const float got[] = {0,   2,   0.75F, .1F, .1F, .5F, .5F, 0, 1, 0.5F, .2F,
                         .2F, .4F, .4F,   -1,  0,   0,   0,   0, 0, 0};
    const double want[] = {1, 0.5, .2, .2, .4, .4, -1, 0.7, 0, 0, 1, 1, 2, 0.75, .1, .1, .5, .625};
    struct ndarray a = floats(4, shape, got);
    struct golden g = whole(3, golden_shape, want);
    struct difference d = golden_compare(arena, &a, &g, 1);
    assert_int_equal(d.compared, 2);
    assert_near(d.absolute, 0.125, 1e-6);
    arena_free(arena);
}

static void a_share_of_the_rows(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const uint64_t shape[] = {5, 2};
    const float got[] = {5, 5, 3, 3, 9, 9, 2, 2, 1, 1.5F};
    const double want[] = {1, 1, 2, 2, 3, 3, 4, 4, 5, 5};
    struct ndarray a = floats(2, shape, got);
    struct golden g = whole(2, shape, want);
    assert_near(golden_compare(arena, &a, &g, 0.8).relative, 0.1, 1e-9);
    assert_near(golden_compare(arena, &a, &g, 0.6).relative, 0, 0);
    assert_near(golden_compare(arena, &a, &g, 0.9).relative, 0.8, 1e-9);
    arena_free(arena);
}

static void a_share_of_the_detections(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const uint64_t shape[] = {1, 1, 2, 7};
    const float got[] = {0, 1, 0.5F, 0, 0, 1, 1, -1, 0, 0, 0, 0, 0, 0};
    const double want[] = {0, 2, 0.5, 0, 0, 1, 1, 0, 1, 0.5, 0, 0, 1, 1};
    struct ndarray a = floats(4, shape, got);
    struct golden g = whole(4, shape, want);
    assert_true(golden_compare(arena, &a, &g, 0.5).absolute == 0);
    assert_true(isinf(golden_compare(arena, &a, &g, 0.6).absolute));
    arena_free(arena);
}

static void accuracy_counts_rows(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const uint64_t shape[] = {4, 3};
    const float scores[] = {1, 2, 3, 3, 2, 1, 1, 3, 2, 0, 0, 0};
    const int64_t right[] = {2, 0, 1, 0}, half[] = {2, 1, 1, 2};
    struct ndarray a = floats(2, shape, scores);
    struct ndarray labels = {.type = DT_I64, .rank = 1, .shape = {4}, .count = 4};
    labels.data = (const uint8_t *)right;
    assert_near(top1_accuracy(arena, &a, &labels), 1, 0);
    labels.data = (const uint8_t *)half;
    assert_near(top1_accuracy(arena, &a, &labels), 0.5, 0);
    labels.count = 3;
    assert_near(top1_accuracy(arena, &a, &labels), 0, 0);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(difference_is_relative_to_the_largest),
        cmocka_unit_test(another_size_is_not_comparable),
        cmocka_unit_test(what_is_not_a_number),
        cmocka_unit_test(channels_may_stand_last),
        cmocka_unit_test(samples_stand_for_an_array),
        cmocka_unit_test(samples_outside_are_refused),
        cmocka_unit_test(detections_match_in_any_order),
        cmocka_unit_test(detections_of_mxnet),
        cmocka_unit_test(a_share_of_the_rows),
        cmocka_unit_test(a_share_of_the_detections),
        cmocka_unit_test(accuracy_counts_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
