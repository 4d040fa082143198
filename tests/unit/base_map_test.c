// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_scratch.h"

#include <errno.h>

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_mapped_until_its_arena_dies),
        cmocka_unit_test(an_empty_file_is_an_empty_slice),
        cmocka_unit_test(mapped_bytes_know_their_file),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(the_limit_on_size_holds),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
