// SPDX-License-Identifier: Apache-2.0
// cache/store: objects and notes, damage, links, many processes at once, making room.
#include "tests/unit/base_scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <time.h>

#include "cache/fetch.h"
#include "cache/store.h"
#include "cache/tree.h"

static const char abc_key[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char abc_object[] =
    "store/objects/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static struct arena *arena;

static struct store *new_store(void) {
    struct store *store = store_open(arena, "store", false);
    assert_non_null(store);
    return store;
}

static void put_text(struct store *store, const char *text, char key[STORE_KEY_SIZE]) {
    assert_true(store_put_bytes(store, text, strlen(text), key));
}

static void change(const char *path, const char *text) {
    assert_int_equal(chmod(path, 0644), 0);
    write_file(path, text, strlen(text));
}

static void an_object_is_found_under_its_sum(void **state) {
    (void)state;
    struct store *store = new_store();
    char key[STORE_KEY_SIZE];
    uint64_t size;
    assert_false(store_has(store, abc_key, &size));
    assert_int_equal(errno, ENOENT);
    put_text(store, "abc", key);
    assert_string_equal(key, abc_key);
    assert_true(store_has(store, abc_key, &size));
    assert_int_equal(size, 3);
    assert_file(abc_object, "abc");
    assert_int_equal(access("store/CACHEDIR.TAG", F_OK), 0);
    put_text(store, "abc", key); // again: nothing is wrong with that
    assert_true(store_get(store, abc_key, "out", STORE_COPY, STORE_BY_HASH));
    assert_file("out", "abc");
    assert_true(store_drop(store, abc_key));
    assert_false(store_get(store, abc_key, "out", STORE_COPY, STORE_BY_HASH));
    assert_int_equal(errno, ENOENT);
}

static void wrong_keys_are_refused(void **state) {
    (void)state;
    struct store *store = new_store();
    static const char *const keys[] = {
        "", "abc", "../../../etc/passwd",
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct slice content;
        assert_false(store_has(store, keys[i], NULL));
        assert_int_equal(errno, EINVAL);
        assert_int_equal(store_open_object(store, keys[i], STORE_BY_HASH), -1);
        assert_int_equal(errno, EINVAL);
        assert_false(store_drop(store, keys[i]));
        assert_int_equal(errno, EINVAL);
        assert_false(store_note_read(arena, store, "room", keys[i], &content));
        assert_int_equal(errno, EINVAL);
    }
    assert_false(store_note_write(store, "../room", abc_key, "x", 1));
    assert_int_equal(errno, EINVAL);
}

static void a_stream_must_be_what_is_expected(void **state) {
    (void)state;
    struct store *store = new_store();
    char key[STORE_KEY_SIZE];
    struct store_writer *writer = store_writer_new(store);
    assert_non_null(writer);
    store_write(writer, "ab", 2);
    store_write(writer, "c", 1);
    assert_true(store_writer_end(writer, abc_key, key));
    writer = store_writer_new(store);
    assert_non_null(writer);
    store_write(writer, "abd", 3);
    assert_false(store_writer_end(writer, abc_key, key));
    assert_int_equal(errno, EBADMSG);
    assert_false(store_has(store, key, NULL));
    writer = store_writer_new(store);
    assert_non_null(writer);
    store_writer_drop(writer);
    assert_int_equal(chdir("store/tmp"), 0);
    unsigned left = files_here();
    assert_int_equal(chdir("../.."), 0);
    assert_int_equal(left, 0);
}

static void files_are_put_by_link_and_by_copy(void **state) {
    (void)state;
    struct store *store = new_store();
    char key[STORE_KEY_SIZE];
    uint64_t size;
    static const enum store_share ways[] = {STORE_COPY, STORE_LINK, STORE_LINK};
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        write_file("file", "abc", 3);
        assert_true(store_put_file(store, "file", ways[i], key, &size));
        assert_string_equal(key, abc_key);
        assert_int_equal(size, 3);
        assert_true(store_get(store, key, "out", ways[i], STORE_BY_STAMP));
        assert_file("out", "abc");
        // A link over a link to the same file, which rename leaves as it is.
        assert_true(store_get(store, key, "out", ways[i], STORE_BY_STAMP));
        assert_int_equal(files_here(), 3); // store, file, out
        assert_int_equal(unlink("file"), 0);
    }
    assert_false(store_put_file(store, "nothing", STORE_LINK, key, &size));
    assert_int_equal(errno, ENOENT);
    assert_false(store_put_file(store, "store", STORE_LINK, key, &size));
}

// An output that shares its blocks with an object by a hard link is changed by its owner.
static void a_change_through_a_link_is_noticed(void **state) {
    (void)state;
    struct store *store = new_store();
    char key[STORE_KEY_SIZE];
    put_text(store, "abc", key);
    assert_int_equal(link(abc_object, "out"), 0);
    change("out", "abd");
    assert_int_equal(store_open_object(store, key, STORE_BY_STAMP), -1);
    assert_int_equal(errno, EBADMSG);
    assert_int_equal(store_open_object(store, key, STORE_BY_STAMP), -1);
    assert_int_equal(errno, ENOENT); // dropped
    put_text(store, "abc", key);
    assert_true(store_get(store, key, "out", STORE_LINK, STORE_BY_STAMP));
    assert_file("out", "abc");
}

// The same bytes with another time are hashed, found right, and stamped again.
static void a_touched_object_is_hashed_again(void **state) {
    (void)state;
    struct store *store = new_store();
    struct stat before, after;
    char key[STORE_KEY_SIZE];
    put_text(store, "abc", key);
    assert_int_equal(stat(abc_object, &before), 0);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1, .tv_nsec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, abc_object, times, 0), 0);
    int fd = store_open_object(store, key, STORE_BY_STAMP);
    char bytes[4] = {0};
    assert_int_equal(read(fd, bytes, 4), 3);
    assert_string_equal(bytes, "abc");
    close(fd);
    assert_int_equal(stat(abc_object, &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

// The stamp says nothing about a disk that forgets; a hash does.
static void silent_damage_is_found_by_hash(void **state) {
    (void)state;
    struct store *store = new_store();
    struct stat status;
    char key[STORE_KEY_SIZE];
    put_text(store, "abc", key);
    assert_int_equal(stat(abc_object, &status), 0);
    change(abc_object, "abd");
    struct timespec times[2] = {status.st_atim, status.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, abc_object, times, 0), 0);
    assert_int_equal(chmod(abc_object, 0444), 0);
    int fd = store_open_object(store, key, STORE_BY_STAMP);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(store_open_object(store, key, STORE_BY_HASH), -1);
    assert_int_equal(errno, EBADMSG);
    assert_false(store_has(store, key, NULL));
}

static void a_link_in_place_of_an_object_is_not_followed(void **state) {
    (void)state;
    struct store *store = new_store();
    write_file("secret", "abc", 3);
    assert_true(tree_make_folders("store/objects/ba"));
    assert_int_equal(symlink("../../../secret", abc_object), 0);
    assert_int_equal(store_open_object(store, abc_key, STORE_BY_HASH), -1);
    assert_false(store_has(store, abc_key, NULL));
}

static void a_read_only_store_is_left_alone(void **state) {
    (void)state;
    char key[STORE_KEY_SIZE];
    put_text(new_store(), "abc", key);
    struct store *store = store_open(arena, "store", true);
    assert_true(store_get(store, abc_key, "out", STORE_COPY, STORE_BY_HASH));
    assert_false(store_put_bytes(store, "x", 1, key));
    assert_int_equal(errno, EROFS);
    assert_false(store_drop(store, abc_key));
    assert_false(store_note_write(store, "room", abc_key, "x", 1));
    change(abc_object, "abd");
    assert_int_equal(store_open_object(store, abc_key, STORE_BY_STAMP), -1);
    assert_int_equal(errno, EBADMSG);
    assert_file(abc_object, "abd");
    store = store_open(arena, "nowhere", true);
    assert_non_null(store);
    assert_false(store_has(store, abc_key, NULL));
    assert_int_equal(access("nowhere", F_OK), -1);
}

static void notes_are_checked_when_read(void **state) {
    (void)state;
    struct store *store = new_store();
    struct slice content;
    const char *path = arena_printf(arena, "store/notes/room/ba/%s", abc_key + 2);
    assert_false(store_note_read(arena, store, "room", abc_key, &content));
    assert_int_equal(errno, ENOENT);
    assert_true(store_note_write(store, "room", abc_key, "hello", 5));
    assert_true(store_note_read(arena, store, "room", abc_key, &content));
    assert_true(slice_equal(content, slice_of("hello", 5)));
    assert_false(store_note_read(arena, store, "other", abc_key, &content));
    char text[128];
    size_t size = read_file(path, text, sizeof text);
    assert_int_equal(size, SHA256_TEXT_SIZE + 5);
    text[size - 1] ^= 1;
    write_file(path, text, size);
    assert_false(store_note_read(arena, store, "room", abc_key, &content));
    assert_int_equal(errno, EBADMSG);
    assert_false(store_note_read(arena, store, "room", abc_key, &content));
    assert_int_equal(errno, ENOENT);
    assert_true(store_note_write(store, "room", abc_key, "", 0));
    assert_true(store_note_read(arena, store, "room", abc_key, &content));
    assert_int_equal(content.size, 0);
    assert_true(store_note_drop(store, "room", abc_key));
}

static void set_used(const char *path, time_t when) {
    struct timespec times[2] = {{.tv_sec = when}, {.tv_nsec = UTIME_OMIT}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void the_longest_unused_goes_first(void **state) {
    (void)state;
    struct store *store = new_store();
    char keys[4][STORE_KEY_SIZE];
    static const char *const texts[4] = {"first", "second", "third", "fourth"};
    for (int i = 0; i < 4; i++) {
        put_text(store, texts[i], keys[i]);
        set_used(arena_printf(arena, "store/objects/%.2s/%s", keys[i], keys[i] + 2), 1000 + i);
    }
    write_file("store/objects/stranger", "x", 1);
    struct store_list list;
    assert_true(store_list(arena, store, &list));
    assert_int_equal(list.count, 4);
    assert_int_equal(list.bytes, 5 + 6 + 5 + 6);
    int fd = store_open_object(store, keys[0], STORE_BY_STAMP); // now the latest
    close(fd);
    struct store_swept swept;
    assert_true(store_collect(store, STORE_ALL, 11, &swept));
    assert_int_equal(swept.count, 2);
    assert_int_equal(swept.kept_bytes, 11);
    assert_true(store_has(store, keys[0], NULL));
    assert_false(store_has(store, keys[1], NULL));
    assert_false(store_has(store, keys[2], NULL));
    assert_true(store_has(store, keys[3], NULL));
    assert_true(store_collect(store, STORE_ALL, 0, &swept));
    assert_int_equal(swept.kept_bytes, 0);
    assert_int_equal(access("store/objects/stranger", F_OK), 0);
}

static void looking_is_no_use(void **state) {
    (void)state;
    struct store *store = new_store();
    char key[STORE_KEY_SIZE];
    struct stat status;
    put_text(store, "abc", key);
    set_used(abc_object, 1000);
    assert_true(store_is_sound(store, abc_key));
    assert_int_equal(stat(abc_object, &status), 0);
    assert_int_equal(status.st_atim.tv_sec, 1000);
}

static void what_was_fetched_stays(void **state) {
    (void)state;
    struct store *store = new_store();
    char made[STORE_KEY_SIZE], fetched[STORE_KEY_SIZE];
    char sha384[SHA384_TEXT_SIZE];
    struct slice note;
    put_text(store, "fetched", fetched);
    put_text(store, "made", made);
    digest_bytes(DIGEST_SHA384, "fetched", 7, sha384);
    assert_false(store_note_has(store, STORE_ROOM_FETCHED, fetched));
    assert_true(fetch_name_by_sha384(arena, store, fetched, sha384));
    fetch_mark(store, fetched);
    assert_true(store_note_has(store, STORE_ROOM_FETCHED, fetched));
    assert_true(store_note_write(store, "actions", made, "x", 1));
    struct store_swept swept;
    assert_true(store_collect(store, STORE_MADE, 4 + SHA256_TEXT_SIZE + 1, &swept));
    assert_int_equal(swept.count, 0);
    assert_int_equal(swept.kept_bytes, 4 + SHA256_TEXT_SIZE + 1);
    assert_true(store_collect(store, STORE_MADE, 0, &swept));
    assert_int_equal(swept.count, 2);
    assert_false(store_has(store, made, NULL));
    assert_true(store_has(store, fetched, NULL));
    assert_true(store_note_read(arena, store, STORE_ROOM_SHA384, sha384, &note));
    assert_true(store_collect(store, STORE_ALL, 0, &swept));
    assert_false(store_has(store, fetched, NULL));
    assert_false(store_note_has(store, STORE_ROOM_FETCHED, fetched));
}

static void folders_in_the_way_are_removed(void **state) {
    (void)state;
    struct store *store = new_store();
    const char *note = arena_printf(arena, "store/notes/room/ba/%s", abc_key + 2);
    const char *places[] = {abc_object, note};
    for (size_t i = 0; i < COUNT_OF(places); i++)
        assert_true(tree_make_folders(arena_printf(arena, "%s/with/more", places[i])));
    char key[STORE_KEY_SIZE];
    struct slice content;
    assert_int_equal(store_open_object(store, abc_key, STORE_BY_STAMP), -1);
    put_text(store, "abc", key);
    assert_true(store_is_sound(store, abc_key));
    assert_false(store_note_read(arena, store, "room", abc_key, &content));
    assert_true(store_note_write(store, "room", abc_key, "hello", 5));
    assert_true(store_note_read(arena, store, "room", abc_key, &content));
    assert_int_equal(rmdir("store/tmp"), 0); // nothing is left there
}

static void dead_processes_files_are_removed(void **state) {
    (void)state;
    struct store *store = new_store();
    const char *path;
    write_file("store/tmp/dead", "x", 1);
    write_file("store/tmp/young", "x", 1);
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, "store/tmp/dead", times, 0), 0);
    int fd = store_partial(store, "download", &path, arena);
    assert_true(fd >= 0);
    assert_int_equal(futimens(fd, times), 0);
    assert_int_equal(store_partial(store, "download", &path, arena), -1);
    assert_int_equal(errno, EAGAIN);
    struct store_swept swept;
    assert_true(store_collect(store, STORE_ALL, 0, &swept));
    assert_int_equal(access("store/tmp/dead", F_OK), -1);
    assert_int_equal(access("store/tmp/young", F_OK), 0);
    assert_int_equal(access(path, F_OK), 0); // locked
    close(fd);
    assert_true(store_collect(store, STORE_ALL, 0, &swept));
    assert_int_equal(access(path, F_OK), -1);
}

static void a_hashed_partial_is_adopted(void **state) {
    (void)state;
    struct store *store = new_store();
    const char *path;
    int fd = store_partial(store, "download", &path, arena);
    assert_int_equal(write(fd, "abc", 3), 3);
    assert_true(store_adopt(store, path, abc_key));
    close(fd);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(store_get(store, abc_key, "out", STORE_COPY, STORE_BY_HASH));
}

enum { PROCESSES = 4, ROUNDS = 60, OBJECTS = 5 };

static int work_in_store(int process) {
    struct store *store = store_open(arena, "store", false);
    char key[STORE_KEY_SIZE], text[4096], back[4096];
    for (int round = 0; round < ROUNDS; round++) {
        int number = (round + process) % OBJECTS;
        memset(text, 'a' + number, sizeof text);
        const char *out = arena_printf(arena, "out-%d", process);
        if (!store_put_bytes(store, text, sizeof text, key))
            return 1;
        if (store_get(store, key, out, round % 2 ? STORE_LINK : STORE_COPY, STORE_BY_HASH)) {
            if (read_file(out, back, sizeof back) != sizeof back ||
                memcmp(text, back, sizeof back) != 0)
                return 2;
        } else if (errno != ENOENT) {
            return 3;
        }
        struct store_swept swept;
        if (round % 7 == process && !store_collect(store, STORE_ALL, sizeof text * 2, &swept))
            return 4;
    }
    return 0;
}

// Putting, getting, dropping and collecting the same few objects: whatever is got is right.
static void processes_do_not_disturb_each_other(void **state) {
    (void)state;
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(work_in_store(i));
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

static void the_folder_is_found(void **state) {
    (void)state;
    setenv("HOME", "/home/me", 1);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("ZOOC_CACHE");
    assert_string_equal(store_folder(arena, NULL), "/home/me/.cache/zooc");
    setenv("XDG_CACHE_HOME", "relative", 1); // the specification wants it ignored
    assert_string_equal(store_folder(arena, NULL), "/home/me/.cache/zooc");
    setenv("XDG_CACHE_HOME", "/fast", 1);
    assert_string_equal(store_folder(arena, NULL), "/fast/zooc");
    setenv("ZOOC_CACHE", "here", 1);
    assert_string_equal(store_folder(arena, NULL), "here");
    assert_string_equal(store_folder(arena, "given"), "given");
    unsetenv("ZOOC_CACHE");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    assert_null(store_folder(arena, NULL));
}

static int set_up(void **state) {
    arena = arena_new();
    return enter_scratch(state);
}

static int tear_down(void **state) {
    arena_free(arena);
    tree_remove("store");
    return leave_scratch(state);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_object_is_found_under_its_sum),
        TEST(wrong_keys_are_refused),
        TEST(a_stream_must_be_what_is_expected),
        TEST(files_are_put_by_link_and_by_copy),
        TEST(a_change_through_a_link_is_noticed),
        TEST(a_touched_object_is_hashed_again),
        TEST(silent_damage_is_found_by_hash),
        TEST(a_link_in_place_of_an_object_is_not_followed),
        TEST(a_read_only_store_is_left_alone),
        TEST(notes_are_checked_when_read),
        TEST(the_longest_unused_goes_first),
        TEST(looking_is_no_use),
        TEST(what_was_fetched_stays),
        TEST(folders_in_the_way_are_removed),
        TEST(dead_processes_files_are_removed),
        TEST(a_hashed_partial_is_adopted),
        TEST(processes_do_not_disturb_each_other),
        TEST(the_folder_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
