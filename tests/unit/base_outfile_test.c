// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "compiler/base/fatal.h"
#include "compiler/base/map.h"
#include "compiler/base/outfile.h"

static int empty_scratch(void **state) {
    (void)state;
    // Every test ends as it began; a file left behind fails the next one.
    return files_here() == 0 ? 0 : -1;
}

static void a_set_appears_at_its_commit(void **state) {
    (void)state;
    struct outset *set = outset_new();
    struct outfile *xml = outset_open(set, "net.xml"), *bin = outset_open(set, "net.bin");
    outfile_puts(xml, "<net");
    outfile_printf(xml, " version=\"%d\"/>", 11);
    outfile_write(bin, "abc", 3);
    outfile_align(bin, 8);
    outfile_align(bin, 8);
    outfile_write(bin, "d", 1);
    assert_int_equal(outfile_size(bin), 9);
    assert_int_not_equal(access("net.xml", F_OK), 0);
    assert_true(outset_commit(set, NULL));
    char data[16];
    assert_file("net.xml", "<net version=\"11\"/>");
    assert_int_equal(read_file("net.bin", data, sizeof data), 9);
    assert_memory_equal(data, "abc\0\0\0\0\0d", 9);
    assert_int_equal(files_here(), 2);
    remove("net.xml");
    remove("net.bin");
}

static void an_abort_leaves_nothing(void **state) {
    (void)state;
    struct outset *set = outset_new();
    outfile_puts(outset_open(set, "net.xml"), "<net/>");
    assert_non_null(outset_open(set, "net.bin"));
    assert_int_equal(files_here(), 2);
    outset_abort(set);
    assert_int_equal(files_here(), 0);
    outset_abort(NULL);
    outset_abort(outset_new());
    assert_true(outset_commit(outset_new(), NULL));
}

static void an_abort_leaves_the_older_file(void **state) {
    (void)state;
    write_file("net.xml", "old", 3);
    struct outset *set = outset_new();
    outfile_puts(outset_open(set, "net.xml"), "new");
    outset_abort(set);
    assert_file("net.xml", "old");
    remove("net.xml");
}

static void an_older_file_is_replaced(void **state) {
    (void)state;
    write_file("net.xml", "much older", 10);
    struct outset *set = outset_new();
    outfile_puts(outset_open(set, "net.xml"), "new");
    assert_true(outset_commit(set, NULL));
    assert_file("net.xml", "new");
    assert_int_equal(files_here(), 1);
    remove("net.xml");
}

// Blocks around the size of the buffer, and one that goes past it.
static void large_and_small_blocks_keep_their_order(void **state) {
    (void)state;
    static char data[300000];
    static const size_t sizes[] = {1, 65535, 65536, 10, 65537, 100000, 65536, 3};
    struct outset *set = outset_new();
    struct outfile *file = outset_open(set, "net.bin");
    size_t total = 0;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        memset(data, 'a' + (int)i, sizes[i]);
        outfile_write(file, data, sizes[i]);
        total += sizes[i];
    }
    assert_int_equal(outfile_size(file), total);
    assert_true(outset_commit(set, NULL));
    FILE *written = fopen("net.bin", "rb");
    assert_non_null(written);
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(fgetc(written), 'a' + (int)i);
    assert_int_equal(fgetc(written), EOF);
    fclose(written);
    remove("net.bin");
}

static void blocks_of_a_mapped_file_are_copied(void **state) {
    (void)state;
    static char data[200000], again[300000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 7 + i / 251);
    write_file("weights", data, sizeof data);
    struct arena *arena = arena_new();
    struct slice mapped;
    assert_true(map_file(arena, "weights", &mapped));
    struct outset *set = outset_new();
    struct outfile *file = outset_open(set, "net.bin");
    outfile_puts(file, "abc");
    outfile_write(file, mapped.data + 123, 150000);
    outfile_puts(file, "def");
    outfile_write(file, mapped.data + 1, 70000);
    assert_int_equal(outfile_size(file), 220006);
    assert_true(outset_commit(set, NULL));
    arena_free(arena);
    assert_int_equal(read_file("net.bin", again, sizeof again), 220006);
    assert_memory_equal(again, "abc", 3);
    assert_memory_equal(again + 3, data + 123, 150000);
    assert_memory_equal(again + 150003, "def", 3);
    assert_memory_equal(again + 150006, data + 1, 70000);
    remove("net.bin");
    remove("weights");
}

// Somebody cuts the source short while it is read: an error, not a signal and not a file of holes.
static void a_source_that_shrinks_is_an_error(void **state) {
    (void)state;
    static char data[200000];
    write_file("weights", data, sizeof data);
    struct arena *arena = arena_new();
    struct slice mapped;
    assert_true(map_file(arena, "weights", &mapped));
    assert_int_equal(truncate("weights", 100000), 0);
    struct outset *set = outset_new();
    outfile_write(outset_open(set, "net.bin"), mapped.data, sizeof data);
    assert_false(outset_commit(set, NULL));
    assert_int_equal(errno, EFAULT);
    arena_free(arena);
    assert_int_equal(files_here(), 1);
    remove("weights");
}

static void folders_are_made(void **state) {
    (void)state;
    struct outset *set = outset_new();
    outfile_puts(outset_open(set, "a/b/c/net.xml"), "x");
    assert_true(outset_commit(set, NULL));
    assert_file("a/b/c/net.xml", "x");
    remove("a/b/c/net.xml");
    rmdir("a/b/c");
    rmdir("a/b");
    rmdir("a");
}

static void the_longest_name_is_possible(void **state) {
    (void)state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    assert_true(outfile_replace(name, "x", 1, NULL));
    assert_int_equal(access(name, F_OK), 0);
    remove(name);
    char too_long[300];
    memset(too_long, 'n', 299);
    too_long[299] = '\0';
    errno = 0;
    assert_false(outfile_replace(too_long, "x", 1, NULL));
    assert_int_equal(errno, ENAMETOOLONG);
}

static void a_file_that_cannot_be_opened_fails_the_set(void **state) {
    (void)state;
    write_file("file", "", 0);
    struct outset *set = outset_new();
    const char *failed = NULL;
    outfile_puts(outset_open(set, "net.xml"), "x");
    assert_null(outset_open(set, "file/net.bin"));
    assert_int_equal(errno, ENOTDIR);
    assert_false(outset_commit(set, &failed));
    assert_int_equal(errno, ENOTDIR);
    assert_string_equal(failed, "file/net.bin");
    remove("file");
}

// The second rename fails: the first must be taken back, to nothing or to the older file.
static void check_taken_back(const char *older) {
    if (older)
        write_file("net.xml", older, strlen(older));
    assert_int_equal(mkdir("net.bin", 0777), 0);
    struct outset *set = outset_new();
    const char *failed = NULL;
    outfile_puts(outset_open(set, "net.xml"), "new");
    outfile_puts(outset_open(set, "net.bin"), "new");
    outfile_puts(outset_open(set, "net.mapping"), "new");
    assert_false(outset_commit(set, &failed));
    assert_int_equal(errno, EISDIR);
    assert_string_equal(failed, "net.bin");
    if (older)
        assert_file("net.xml", older);
    assert_int_equal(files_here(), older ? 2 : 1);
    remove("net.xml");
    rmdir("net.bin");
}

static void a_rename_that_fails_takes_back_the_others(void **state) {
    (void)state;
    check_taken_back(NULL);
    check_taken_back("old");
}

static void write_past_the_limit(void) {
    struct rlimit limit = {.rlim_cur = 100000, .rlim_max = 100000};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    static const char block[70000];
    struct outset *set = outset_new();
    struct outfile *small = outset_open(set, "net.xml"), *large = outset_open(set, "net.bin");
    outfile_puts(small, "x");
    for (int i = 0; i < 4; i++)
        outfile_write(large, block, sizeof block);
    const char *failed = NULL;
    bool done = outset_commit(set, &failed);
    _exit(!done && errno == EFBIG && strcmp(failed, "net.bin") == 0 ? 3 : 4);
}

static void a_write_that_fails_leaves_nothing(void **state) {
    (void)state;
    assert_exit(write_past_the_limit, 3, "");
    assert_int_equal(files_here(), 0);
}

static int signal_to_raise;

static void die_by_signal(void) {
    struct outset *set = outset_new();
    outfile_puts(outset_open(set, "net.xml"), "x");
    assert_non_null(outset_open(set, "net.bin"));
    raise(signal_to_raise);
}

static void die_of_memory(void) {
    struct outset *set = outset_new();
    assert_non_null(outset_open(set, "net.xml"));
    fatal_out_of_memory();
}

static void sudden_ends_leave_nothing(void **state) {
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    char errors[256];
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        signal_to_raise = signals[i];
        int status = run_child(die_by_signal, errors, sizeof errors);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
        assert_int_equal(files_here(), 0);
    }
    assert_exit(die_of_memory, 70, "[ ERROR ]  out of memory\n");
    assert_int_equal(files_here(), 0);
}

// Another process of our number died here without a clean-up.
static void names_left_behind_are_passed_over(void **state) {
    (void)state;
    char names[64][64];
    for (int i = 0; i < 64; i++) {
        snprintf(names[i], sizeof names[i], ".zooc-%ld-%d", (long)getpid(), i);
        write_file(names[i], "", 0);
    }
    assert_true(outfile_replace("net.xml", "x", 1, NULL));
    assert_file("net.xml", "x");
    remove("net.xml");
    for (int i = 0; i < 64; i++)
        assert_int_equal(remove(names[i]), 0);
}

static void replace_writes_only_what_differs(void **state) {
    (void)state;
    bool changed = false;
    struct stat before, after;
    assert_true(outfile_replace("build.ninja", "rule a\n", 7, &changed));
    assert_true(changed);
    assert_int_equal(stat("build.ninja", &before), 0);
    assert_true(outfile_replace("build.ninja", "rule a\n", 7, &changed));
    assert_false(changed);
    assert_int_equal(stat("build.ninja", &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    static const char *const others[] = {"rule b\n", "rule b", "rule b\n\n", ""};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_true(outfile_replace("build.ninja", others[i], strlen(others[i]), &changed));
        assert_true(changed);
        assert_file("build.ninja", others[i]);
    }
    assert_true(outfile_replace("build.ninja", "", 0, &changed));
    assert_false(changed);
    remove("build.ninja");
}

static void replace_compares_long_files(void **state) {
    (void)state;
    static char data[10000];
    bool changed;
    memset(data, 'x', sizeof data);
    assert_true(outfile_replace("long", data, sizeof data, NULL));
    assert_true(outfile_replace("long", data, sizeof data, &changed));
    assert_false(changed);
    data[9999] = 'y';
    assert_true(outfile_replace("long", data, sizeof data, &changed));
    assert_true(changed);
    remove("long");
}

static void *write_many(void *prefix) {
    char name[32], text[32];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "%s%d", (const char *)prefix, i % 5);
        snprintf(text, sizeof text, "%d", i);
        struct outset *set = outset_new();
        outfile_puts(outset_open(set, name), text);
        if (i % 2)
            outset_commit(set, NULL);
        else
            outset_abort(set);
    }
    return NULL;
}

static void threads_keep_their_files_apart(void **state) {
    (void)state;
    static char prefixes[4][2] = {"a", "b", "c", "d"};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, prefixes[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(files_here(), 20);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 5; j++) {
            char name[16];
            snprintf(name, sizeof name, "%s%d", prefixes[i], j);
            assert_int_equal(remove(name), 0);
        }
}

#define TEST(name) cmocka_unit_test_setup(name, empty_scratch)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_set_appears_at_its_commit),
        TEST(an_abort_leaves_nothing),
        TEST(an_abort_leaves_the_older_file),
        TEST(an_older_file_is_replaced),
        TEST(large_and_small_blocks_keep_their_order),
        TEST(blocks_of_a_mapped_file_are_copied),
        TEST(a_source_that_shrinks_is_an_error),
        TEST(folders_are_made),
        TEST(the_longest_name_is_possible),
        TEST(a_file_that_cannot_be_opened_fails_the_set),
        TEST(a_rename_that_fails_takes_back_the_others),
        TEST(a_write_that_fails_leaves_nothing),
        TEST(sudden_ends_leave_nothing),
        TEST(names_left_behind_are_passed_over),
        TEST(replace_writes_only_what_differs),
        TEST(replace_compares_long_files),
        TEST(threads_keep_their_files_apart),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
