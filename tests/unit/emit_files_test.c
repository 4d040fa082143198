// SPDX-License-Identifier: Apache-2.0
// The files appear together or not at all, and the same graph gives the same bytes.
#include "tests/unit/emit_support.h"

static struct arena *arena;
static struct diag *diag;
static char top[SCRATCH_SIZE];

static int set_up(void **state) {
    (void)state;
    arena = arena_new();
    diag = diag_new(arena);
    return scratch_make(top) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    arena_free(arena);
    return tree_remove(top) ? 0 : -1;
}

static const char *path_of(const char *name) {
    return arena_printf(arena, "%s/%s", top, name);
}

static bool emit_into(const char *folder, int version) {
    return emit_case(arena, diag, CASES "/small_net/graph.txt", version, DT_F16, path_of(folder));
}

static void two_runs_give_the_same_bytes(void **state) {
    (void)state;
    static const char *const suffixes[] = {"xml", "bin", "mapping"};
    static const int versions[] = {11, 10, 4, 2};
    for (size_t v = 0; v < COUNT_OF(versions); v++) {
        assert_true(emit_into("a", versions[v]));
        assert_true(emit_into("other place", versions[v]));
        for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
            struct slice a = contents(arena, arena_printf(arena, "%s/a/out.%s", top, suffixes[i]));
            struct slice b =
                contents(arena, arena_printf(arena, "%s/other place/out.%s", top, suffixes[i]));
            assert_true(a.size > 0 && slice_equal(a, b));
        }
    }
}

static void a_folder_that_is_a_file_is_reported(void **state) {
    (void)state;
    FILE *file = fopen(path_of("file"), "wb");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_false(emit_into("file", 11));
    assert_true(diag_has(diag, D_OUTPUT_WRITE));
}

// The last of the three cannot be put in place: the others must not stay either.
static void a_late_failure_leaves_nothing(void **state) {
    (void)state;
    assert_int_equal(mkdir(path_of("b"), 0777), 0);
    assert_int_equal(mkdir(path_of("b/out.mapping"), 0777), 0);
    assert_int_equal(mkdir(path_of("b/out.mapping/full"), 0777), 0);
    assert_false(emit_into("b", 4));
    assert_true(diag_has(diag, D_OUTPUT_WRITE));
    assert_int_equal(access(path_of("b/out.xml"), F_OK), -1);
    assert_int_equal(access(path_of("b/out.bin"), F_OK), -1);
    rmdir(path_of("b/out.mapping/full"));
    rmdir(path_of("b/out.mapping"));
    assert_int_equal(rmdir(path_of("b")), 0); // nothing else was in it
}

// What one dialect cannot say is found before a file is opened.
static void what_cannot_be_said_opens_no_file(void **state) {
    (void)state;
    assert_false(emit_case(arena, diag, CASES "/no_form/graph.txt", 4, DT_F32, path_of("c")));
    assert_int_equal(access(path_of("c"), F_OK), -1);
}

static void versions_have_dialects(void **state) {
    (void)state;
    assert_int_equal(dialect_of_version(11), DIALECT_OPSET);
    assert_int_equal(dialect_of_version(10), DIALECT_OPSET);
    assert_int_equal(dialect_of_version(4), DIALECT_CLASSIC);
    assert_int_equal(dialect_of_version(2), DIALECT_CLASSIC);
    assert_int_equal(dialect_of_version(3), DIALECT_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_runs_give_the_same_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_a_file_is_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_failure_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_said_opens_no_file, set_up, tear_down),
        cmocka_unit_test(versions_have_dialects),
    };
    return cmocka_run_group_tests_name("emit_files", tests, NULL, NULL);
}
