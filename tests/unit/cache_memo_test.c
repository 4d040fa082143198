// SPDX-License-Identifier: Apache-2.0
// A file is known again only while everything that the file system says of it is the same.
#include "tests/unit/base_scratch.h"

#include "cache/memo.h"

enum { LARGE = 1024 * 1024 };

static struct store *a_store(struct arena *arena) {
    return store_open(arena, "store", false);
}

// As if `path` had been there for a minute.
static struct stat settled(off_t size) {
    return (struct stat){.st_mode = S_IFREG | 0644,
                         .st_dev = 5,
                         .st_ino = 7,
                         .st_size = size,
                         .st_mtim = {time(NULL) - 60, 11},
                         .st_ctim = {time(NULL) - 60, 13}};
}

static struct memo a_memo(void) {
    struct memo memo = {.hash = {3, 4}};
    digest_bytes(DIGEST_SHA256, "x", 1, memo.sha256);
    return memo;
}

static void what_was_kept_is_found(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct store *store = a_store(arena);
    const struct stat status = settled(LARGE);
    const struct memo memo = a_memo();
    struct memo found;
    assert_false(memo_find(arena, store, &status, &found));
    memo_keep(store, &status, &memo);
    assert_true(memo_find(arena, store, &status, &found));
    assert_true(hash_equal(found.hash, memo.hash));
    assert_string_equal(found.sha256, memo.sha256);
    arena_free(arena);
}

static void any_difference_makes_it_another_file(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct store *store = a_store(arena);
    const struct stat status = settled(LARGE);
    const struct memo memo = a_memo();
    memo_keep(store, &status, &memo);
    struct stat others[7];
    for (size_t i = 0; i < COUNT_OF(others); i++)
        others[i] = status;
    others[0].st_dev++;
    others[1].st_ino++;
    others[2].st_size++;
    others[3].st_mtim.tv_sec--;
    others[4].st_mtim.tv_nsec++;
    others[5].st_ctim.tv_sec--;
    others[6].st_ctim.tv_nsec++;
    assert_true(memo_is_same_file(&status, &status));
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct memo found;
        assert_false(memo_find(arena, store, &others[i], &found));
        assert_false(memo_is_same_file(&status, &others[i]));
    }
    arena_free(arena);
}

static void small_fresh_and_strange_files_are_not_kept(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct store *store = a_store(arena);
    struct stat files[4];
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        files[i] = settled(LARGE);
        files[i].st_ino = 100 + i;
    }
    files[0].st_size = LARGE - 1;
    files[1].st_mtim.tv_sec = time(NULL);
    files[2].st_ctim.tv_sec = time(NULL);
    files[3].st_mode = S_IFDIR | 0755;
    const struct memo memo = a_memo();
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct memo found;
        memo_keep(store, &files[i], &memo);
        assert_false(memo_find(arena, store, &files[i], &found));
    }
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_kept_is_found, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(any_difference_makes_it_another_file, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(small_fresh_and_strange_files_are_not_kept, enter_scratch,
                                        leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
