// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"
#include "compiler/base/map.h"

static void a_file_is_mapped_until_its_arena_dies(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct slice s;
    write_file("weights", "abc", 3);
    assert_true(map_file(arena, "weights", &s));
    assert_int_equal(remove("weights"), 0); // the pages stay
    assert_true(slice_equal(s, slice_of("abc", 3)));
    arena_free(arena);
}

static void an_empty_file_is_an_empty_slice(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct slice s = {NULL, 1};
    write_file("empty", "", 0);
    assert_true(map_file(arena, "empty", &s));
    assert_int_equal(s.size, 0);
    assert_non_null(s.data);
    arena_free(arena);
}

static void mapped_bytes_know_their_file(void **state) {
    (void)state;
    struct arena *first = arena_new(), *second = arena_new();
    struct slice a, b;
    int fd = -1;
    uint64_t offset = 77;
    write_file("a", "abcdef", 6);
    write_file("b", "ghijkl", 6);
    assert_true(map_file(first, "a", &a));
    assert_true(map_file(second, "b", &b));
    assert_true(map_find(b.data + 2, 4, &fd, &offset));
    char letter;
    assert_int_equal(offset, 2);
    assert_int_equal(pread(fd, &letter, 1, 2), 1);
    assert_int_equal(letter, 'i');
    assert_false(map_find(b.data + 2, 5, &fd, &offset));
    assert_false(map_find(b.data + 2, UINT64_MAX, &fd, &offset));
    assert_false(map_find(&letter, 1, &fd, &offset));
    arena_free(second);
    assert_false(map_find(b.data, 1, &fd, &offset));
    assert_true(map_find(a.data, 6, &fd, &offset));
    assert_int_equal(offset, 0);
    arena_free(first);
    assert_false(map_find(a.data, 6, &fd, &offset));
}

static void assert_refused(const char *path, int error) {
    struct arena *arena = arena_new();
    struct slice s = {NULL, 77};
    errno = 0;
    assert_false(map_file(arena, path, &s));
    assert_int_equal(errno, error);
    assert_int_equal(s.size, 77);
    arena_free(arena);
}

static void what_is_no_file_is_refused(void **state) {
    (void)state;
    assert_refused("missing", ENOENT);
    assert_refused(".", EISDIR);
    assert_refused("/dev/zero", EINVAL);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_refused("pipe", EINVAL); // and does not wait for a writer
}

static void the_limit_on_size_holds(void **state) {
    (void)state;
    uint64_t usual = limits.file_bytes;
    write_file("four", "1234", 4);
    limits.file_bytes = 3;
    assert_refused("four", EFBIG);
    limits.file_bytes = usual;
}

// ---- Files that somebody writes while they are mapped ----

static const char changed[] = "[ ERROR ]  'weights' was changed while it was read\n"
                              "           run it again when nobody writes the file\n";

static struct slice map_then_cut(void) {
    static char zeros[400000];
    struct slice s;
    write_file("weights", zeros, sizeof zeros);
    assert_true(map_file(arena_new(), "weights", &s));
    assert_int_equal(truncate("weights", 5000), 0);
    return s;
}

static void read_what_is_gone(void) {
    struct slice s = map_then_cut();
    _exit(s.data[300000]);
}

static void a_file_that_is_cut_ends_the_process_with_its_name(void **state) {
    (void)state;
    assert_exit(read_what_is_gone, EXIT_INPUT, changed);
}

static void die_elsewhere(void) {
    (void)map_then_cut();
    raise(SIGBUS);
}

static void other_reasons_for_the_signal_are_not_hidden(void **state) {
    (void)state;
    char errors[4096];
    int status = run_child(die_elsewhere, errors, sizeof errors);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void files_that_are_written_are_noticed(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct slice a, b;
    write_file("a", "abcdef", 6);
    write_file("b", "ghijkl", 6);
    assert_true(map_file(arena, "a", &a) && map_file(arena, "b", &b));
    assert_null(map_changed());
    write_file("c", "mnopqr", 6);
    assert_int_equal(rename("c", "a"), 0); // another file: the old one is whole
    assert_null(map_changed());
    assert_int_equal(truncate("b", 5), 0);
    assert_string_equal(map_changed(), "b");
    arena_free(arena);
    assert_null(map_changed());
    arena = arena_new();
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000}};
    assert_true(map_file(arena, "a", &a));
    assert_int_equal(utimensat(AT_FDCWD, "a", times, 0), 0);
    assert_string_equal(map_changed(), "a");
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_mapped_until_its_arena_dies),
        cmocka_unit_test(an_empty_file_is_an_empty_slice),
        cmocka_unit_test(mapped_bytes_know_their_file),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(the_limit_on_size_holds),
        cmocka_unit_test(a_file_that_is_cut_ends_the_process_with_its_name),
        cmocka_unit_test(other_reasons_for_the_signal_are_not_hidden),
        cmocka_unit_test(files_that_are_written_are_noticed),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
