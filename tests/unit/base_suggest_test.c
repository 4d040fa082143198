// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include "compiler/base/suggest.h"

static const char *const names[] = {"kernel_size", "kernel_h", "pad", "stride", "bias_term"};

static const struct {
    const char *wrong, *expected;
} cases[] = {
    {"kernel_sizee", "kernel_size"}, // one letter too many
    {"kernelsize", "kernel_size"},   // one too few
    {"kernle_size", "kernel_size"},  // two swapped count as one
    {"KERNEL_SIZE", "kernel_size"},  // case does not count
    {"kernel_w", "kernel_h"},        // one changed
    {"pd", "pad"},                   // a third of three letters
    {"pd_", NULL},                   // two of three
    {"strode", "stride"},
    {"stxxxe", NULL},
    {"", NULL},
    {"num_output", NULL},
};

static void the_nearest_name_is_found(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *found = suggest(cases[i].wrong, names, COUNT_OF(names));
        if (cases[i].expected)
            assert_string_equal(found ? found : "(nothing)", cases[i].expected);
        else
            assert_null(found);
    }
}

static void the_first_of_equals_wins(void **state) {
    (void)state;
    static const char *const equals[] = {"abcde1", "abcde2"};
    assert_string_equal(suggest("abcde3", equals, 2), "abcde1");
}

static void long_names_are_left_alone(void **state) {
    (void)state;
    char text[10000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *const long_names[] = {text, "aaaa"};
    assert_null(suggest(text, names, COUNT_OF(names)));
    assert_string_equal(suggest("aaab", long_names, 2), "aaaa");
    assert_null(suggest("pad", NULL, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(the_first_of_equals_wins),
        cmocka_unit_test(long_names_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
