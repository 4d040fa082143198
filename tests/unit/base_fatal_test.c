// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include "compiler/base/fatal.h"

static void say_bug(void) {
    fatal_bug_at("compiler/graph/edit.c", 12, "port %d of '%s'", 3, "conv1");
}

static void say_long_bug(void) {
    fatal_bug_at("a.c", 1, "%02000d", 0);
}

static void note_clean_up(void) {
    ssize_t written = write(STDERR_FILENO, "cleaned\n", 8);
    (void)written;
}

static void clean_then_die(void) {
    fatal_set_clean_up(note_clean_up);
    fatal_out_of_memory();
}

static void a_bug_names_our_place(void **state) {
    (void)state;
    assert_exit(say_bug, EXIT_BUG, "[ BUG ]  compiler/graph/edit.c:12: port 3 of 'conv1'\n");
}

static void a_long_bug_is_one_line(void **state) {
    (void)state;
    char errors[4096];
    int status = run_child(say_long_bug, errors, sizeof errors);
    assert_int_equal(WEXITSTATUS(status), EXIT_BUG);
    size_t length = strlen(errors);
    assert_true(length > 1000 && length < 1100);
    assert_ptr_equal(strchr(errors, '\n'), errors + length - 1);
}

static void clean_ups_run_after_the_message(void **state) {
    (void)state;
    assert_exit(clean_then_die, EXIT_BUG, "[ ERROR ]  out of memory\ncleaned\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bug_names_our_place),
        cmocka_unit_test(a_long_bug_is_one_line),
        cmocka_unit_test(clean_ups_run_after_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
