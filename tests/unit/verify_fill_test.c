// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include "compiler/verify/fill.h"

// The values that the rule's description gives.
static void rule_of_the_recipes(void **state) {
    (void)state;
    const float wanted[] = {0.37414312F, 0.19955468F, -0.5454886F, 0.7648637F};
    float got[4];
    struct fill fill;
    assert_true(fill_start(&fill, "a", 0, 0, 1));
    fill_next(&fill, got, 4);
    assert_memory_equal(got, wanted, sizeof(wanted));
}

static void parts_make_the_whole(void **state) {
    (void)state;
    float whole[1000], parts[1000];
    struct fill fill;
    assert_true(fill_start(&fill, "conv1/0", 7, 0.5, 0.25));
    fill_next(&fill, whole, 1000);
    assert_true(fill_start(&fill, "conv1/0", 7, 0.5, 0.25));
    for (uint64_t done = 0, n = 1; done < 1000; done += n, n = (n * 7) % 31 + 1) {
        n = n < 1000 - done ? n : 1000 - done;
        fill_next(&fill, parts + done, n);
    }
    assert_memory_equal(whole, parts, sizeof(whole));
    for (size_t i = 0; i < 1000; i++)
        assert_true(whole[i] >= 0.25F && whole[i] < 0.75F);
}

static void name_seed_and_range_matter(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint64_t seed;
        double scale;
    } cases[] = {{"a", 0, 1}, {"b", 0, 1}, {"a", 1, 1}, {"a", 0, 2}};
    float first[4];
    for (size_t i = 0; i < 4; i++) {
        struct fill fill;
        assert_true(fill_start(&fill, cases[i].name, cases[i].seed, 0, cases[i].scale));
        fill_next(&fill, &first[i], 1);
    }
    assert_true(first[0] != first[1] && first[0] != first[2]);
    assert_true(first[3] == 2 * first[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_of_the_recipes),
        cmocka_unit_test(parts_make_the_whole),
        cmocka_unit_test(name_seed_and_range_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
