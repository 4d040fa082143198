// SPDX-License-Identifier: Apache-2.0
// Archives of every kind are made here with libarchive's writer, good and hostile ones, and
// unpacked.
#include "tests/unit/base_scratch.h"

#include <archive.h>
#include <archive_entry.h>

#include "cache/tree.h"
#include "cache/unpack.h"
#include "compiler/base/limits.h"

struct member {
    const char *name, *content; // content NULL: none
    mode_t kind;                // 0: a regular file
    mode_t mode;                // 0: 0644
    const char *link, *hardlink;
    bool raw; // the name is not UTF-8 text
};

struct kind {
    const char *name;
    int format, filter;
    bool links; // it can hold hard links
};

static const struct kind kinds[] = {
    {"tar", ARCHIVE_FORMAT_TAR_PAX_RESTRICTED, ARCHIVE_FILTER_NONE, true},
    {"tar.gz", ARCHIVE_FORMAT_TAR_GNUTAR, ARCHIVE_FILTER_GZIP, true},
    {"tar.bz2", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_BZIP2, true},
    {"tar.xz", ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, ARCHIVE_FILTER_XZ, true},
    {"tar.zst", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_ZSTD, true},
    {"zip", ARCHIVE_FORMAT_ZIP, ARCHIVE_FILTER_NONE, false},
    {"7z", ARCHIVE_FORMAT_7ZIP, ARCHIVE_FILTER_NONE, false},
};

static void write_member(struct archive *archive, const struct member *member) {
    struct archive_entry *entry = archive_entry_new();
    size_t size = member->content == NULL ? 0 : strlen(member->content);
    archive_entry_set_pathname(entry, member->name);
    if (!member->raw)
        archive_entry_set_pathname_utf8(entry, member->name);
    archive_entry_set_filetype(entry, member->kind == 0 ? AE_IFREG : member->kind);
    archive_entry_set_perm(entry, member->mode == 0 ? 0644 : member->mode);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_mtime(entry, 1000000000, 0);
    if (member->link != NULL)
        archive_entry_set_symlink(entry, member->link);
    if (member->hardlink != NULL)
        archive_entry_set_hardlink(entry, member->hardlink);
    assert_true(archive_write_header(archive, entry) >= ARCHIVE_WARN);
    if (size > 0)
        assert_int_equal(archive_write_data(archive, member->content, size), size);
    archive_entry_free(entry);
}

static void make_archive(const struct kind *kind, const struct member *members, size_t count) {
    struct archive *archive = archive_write_new();
    assert_int_equal(archive_write_set_format(archive, kind->format), ARCHIVE_OK);
    assert_int_equal(archive_write_add_filter(archive, kind->filter), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(archive, 1);
    assert_int_equal(archive_write_open_filename(archive, "archive"), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++)
        write_member(archive, &members[i]);
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
}

// Unpacks "archive" into "out"; gives the messages, "" when there are none.
static char *unpack(struct arena *arena, const char *prefix, struct unpack_limits wanted,
                    struct unpacked *out) {
    struct unpack_request request = {.archive = "archive",
                                     .said = "archive",
                                     .prefix = prefix,
                                     .destination = "out",
                                     .limits = wanted};
    struct diag *diag = diag_new(arena);
    char *text = NULL;
    size_t size = 0;
    bool done = unpack_archive(&request, arena, out, diag);
    assert_int_equal(done, diag_count(diag, DIAG_WARNING) == 0);
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    diag_print(diag, to, DIAG_PLAIN, DIAG_NOTE);
    fclose(to);
    char *copy = arena_strdup(arena, text);
    free(text);
    return copy;
}

static void assert_nothing_left(void) {
    assert_int_not_equal(access("out", F_OK), 0);
    assert_int_not_equal(access("out.new", F_OK), 0);
}

static const struct member good[] = {
    {.name = "model/", .kind = AE_IFDIR, .mode = 02777},
    {.name = "model/net.prototxt", .content = "layer {}\n"},
    {.name = "./model/run.sh", .content = "#!/bin/sh\n", .mode = 06755},
    {.name = "model/deep/er/net.bin", .content = "weights"},
    {.name = "model/empty"},
};

static void every_kind_is_unpacked(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct arena *arena = arena_new();
        struct unpacked out;
        struct stat status;
        make_archive(&kinds[i], good, COUNT_OF(good));
        assert_string_equal(unpack(arena, NULL, (struct unpack_limits){0}, &out), "");
        assert_int_equal(out.count, 4);
        assert_string_equal(out.files[0].name, "model/deep/er/net.bin");
        assert_true(hash_equal(out.files[0].hash, hash_bytes("weights", 7)));
        assert_int_equal(out.files[0].size, 7);
        assert_string_equal(out.files[1].name, "model/empty");
        assert_file("out/model/net.prototxt", "layer {}\n");
        assert_file("out/model/deep/er/net.bin", "weights");
        assert_file("out/model/empty", "");
        assert_int_equal(stat("out/model/run.sh", &status), 0);
        assert_int_equal(status.st_mode & 07777, 0755); // no set-user-id
        assert_true(status.st_mtime > 1500000000);      // made now
        assert_int_equal(stat("out/model/net.prototxt", &status), 0);
        assert_int_equal(status.st_mode & 07777, 0644);
        assert_int_equal(stat("out/model", &status), 0);
        assert_int_equal(status.st_mode & 07777, 0755);
        assert_int_not_equal(access("out.new", F_OK), 0);
        assert_true(tree_remove("out"));
        arena_free(arena);
    }
}

static void a_prefix_is_taken_away(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct unpacked out;
    make_archive(&kinds[1], good, COUNT_OF(good));
    assert_string_equal(unpack(arena, "./model/deep/", (struct unpack_limits){0}, &out), "");
    assert_int_equal(out.count, 1);
    assert_string_equal(out.files[0].name, "er/net.bin");
    assert_file("out/er/net.bin", "weights");
    assert_true(tree_remove("out"));
    const char *text = unpack(arena, "mod", (struct unpack_limits){0}, &out);
    assert_non_null(strstr(text, "it has no file below 'mod'"));
    text = unpack(arena, "../x", (struct unpack_limits){0}, &out);
    assert_non_null(strstr(text, "prefix '../x' leads out of its folder with '..'"));
    assert_nothing_left();
    arena_free(arena);
}

static void an_older_folder_is_replaced_or_kept(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct unpacked out;
    assert_true(tree_make_folders("out/old/er"));
    write_file("out/old/er/file", "x", 1);
    make_archive(&kinds[0], (struct member[]){{.name = "/etc/passwd", .content = "x"}}, 1);
    assert_string_not_equal(unpack(arena, NULL, (struct unpack_limits){0}, &out), "");
    assert_file("out/old/er/file", "x");
    make_archive(&kinds[0], good, COUNT_OF(good));
    assert_string_equal(unpack(arena, NULL, (struct unpack_limits){0}, &out), "");
    assert_int_not_equal(access("out/old", F_OK), 0);
    assert_int_not_equal(access("out.new", F_OK), 0);
    assert_file("out/model/empty", "");
    assert_true(tree_remove("out"));
    arena_free(arena);
}

// Made where the locale is UTF-8, which a writer needs: one file of this name and the content "x".
static const char unicode_name[] = "gr\303\274n/\346\250\241.onnx";
static const char unicode_zip[] = "\x50\x4b\x03\x04\x0a\x00\x08\x08\x00\x00\x00\x00\x21\x00\x00\x00"
                                  "\x00\x00\x01\x00\x00\x00\x01\x00"
                                  "\x00\x00\x0e\x00\x14\x00\x67\x72\xc3\xbc\x6e\x2f\xe6\xa8\xa1\x2e"
                                  "\x6f\x6e\x6e\x78\x55\x54\x01\x00"
                                  "\x00\x75\x78\x0b\x00\x01\x04\x00\x00\x00\x00\x04\x00\x00\x00\x00"
                                  "\x78\x50\x4b\x07\x08\x83\x16\xdc"
                                  "\x8c\x01\x00\x00\x00\x01\x00\x00\x00\x50\x4b\x01\x02\x0a\x03\x0a"
                                  "\x00\x08\x08\x00\x00\x00\x00\x21"
                                  "\x00\x83\x16\xdc\x8c\x01\x00\x00\x00\x01\x00\x00\x00\x0e\x00\x14"
                                  "\x00\x00\x00\x00\x00\x00\x00\x00"
                                  "\x00\xa4\x81\x00\x00\x00\x00\x67\x72\xc3\xbc\x6e\x2f\xe6\xa8\xa1"
                                  "\x2e\x6f\x6e\x6e\x78\x55\x54\x01"
                                  "\x00\x00\x75\x78\x0b\x00\x01\x04\x00\x00\x00\x00\x04\x00\x00\x00"
                                  "\x00\x50\x4b\x05\x06\x00\x00\x00"
                                  "\x00\x01\x00\x01\x00\x50\x00\x00\x00\x51\x00\x00\x00\x00\x00";
static const char unicode_7z[] = "\x37\x7a\xbc\xaf\x27\x1c\x00\x03\xc0\x8b\x59\xdc\x01\x00\x00\x00"
                                 "\x00\x00\x00\x00\x42\x00\x00\x00"
                                 "\x00\x00\x00\x00\x9a\xd3\x7c\xfc\x78\x01\x04\x06\x00\x01\x09\x01"
                                 "\x00\x07\x0b\x01\x00\x01\x01\x00"
                                 "\x0c\x01\x00\x08\x0a\x01\x83\x16\xdc\x8c\x00\x00\x05\x01\x11\x19"
                                 "\x00\x67\x00\x72\x00\xfc\x00\x6e"
                                 "\x00\x2f\x00\x21\x6a\x2e\x00\x6f\x00\x6e\x00\x6e\x00\x78\x00\x00"
                                 "\x00\x15\x06\x01\x00\x20\x80\xa4"
                                 "\x81\x00\x00";

static void assert_unicode_name(void) {
    struct arena *arena = arena_new();
    struct unpacked out;
    assert_string_equal(unpack(arena, NULL, (struct unpack_limits){0}, &out), "");
    assert_string_equal(out.files[0].name, unicode_name);
    assert_file(arena_printf(arena, "out/%s", unicode_name), "x");
    assert_true(tree_remove("out"));
    arena_free(arena);
}

static void names_beyond_ascii_are_kept(void **state) {
    (void)state;
    make_archive(&kinds[1], (struct member[]){{unicode_name, "x", .raw = true}}, 1);
    assert_unicode_name();
    write_file("archive", unicode_zip, sizeof unicode_zip - 1);
    assert_unicode_name();
    write_file("archive", unicode_7z, sizeof unicode_7z - 1);
    assert_unicode_name();
}

static void links_inside_are_made(void **state) {
    (void)state;
    static const struct member members[] = {
        {.name = "a/file", .content = "data"},
        {.name = "a/soft", .kind = AE_IFLNK, .link = "../a/file"},
        {.name = "b/hard", .hardlink = "a/file"},
        {.name = "b/again", .hardlink = "b/hard"},
    };
    struct arena *arena = arena_new();
    struct unpacked out;
    make_archive(&kinds[0], members, COUNT_OF(members));
    assert_string_equal(unpack(arena, NULL, (struct unpack_limits){0}, &out), "");
    assert_file("out/a/soft", "data");
    assert_file("out/b/hard", "data");
    assert_int_equal(out.count, 3);
    assert_true(hash_equal(out.files[2].hash, hash_bytes("data", 4)));
    assert_true(tree_remove("out"));
    arena_free(arena);
}

#define BAD(text, ...)                                                                             \
    {                                                                                              \
        text, {                                                                                    \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

// Each is refused with this text, and nothing is left.
static const struct {
    const char *text;
    struct member members[3];
} hostile[] = {
    BAD("member '/abs' has an absolute path", {.name = "/abs", .content = "x"}),
    BAD("member '../up' leads out of its folder with '..'", {.name = "../up", .content = "x"}),
    BAD("member 'a/../../up' leads out", {.name = "a/../../up", .content = "x"}),
    BAD("member 'a\\b' has a backslash", {.name = "a\\b", .content = "x"}),
    BAD("member 'dev' is a device", {.name = "dev", .kind = AE_IFCHR}),
    BAD("member 'disk' is a device", {.name = "disk", .kind = AE_IFBLK}),
    BAD("member 'pipe' is a named pipe", {.name = "pipe", .kind = AE_IFIFO}),
    BAD("member 'link' is a link out of the archive",
        {.name = "link", .kind = AE_IFLNK, .link = "/etc/passwd"}),
    BAD("member 'd/link' is a link out of the archive",
        {.name = "d/link", .kind = AE_IFLNK, .link = "../../x"}),
    BAD("member 'd/x' lies below 'd', which is no folder",
        {.name = "d", .kind = AE_IFLNK, .link = "e"}, {.name = "d/x", .content = "x"}),
    BAD("member 'hard' is a hard link to no earlier file",
        {.name = "hard", .hardlink = "/etc/passwd"}),
    BAD("member 'hard' is a hard link to no earlier file", {.name = "hard", .hardlink = "../x"}),
    BAD("member 'hard' is a hard link to no earlier file", {.name = "hard", .hardlink = "later"},
        {.name = "later", .content = "x"}),
    BAD("member 'hard' is a hard link to no earlier file",
        {.name = "soft", .kind = AE_IFLNK, .link = "x"}, {.name = "hard", .hardlink = "soft"}),
    BAD("member 'a' occurs twice", {.name = "a", .content = "x"}, {.name = "a", .content = "y"}),
    BAD("member './a' occurs twice", {.name = "a", .content = "x"},
        {.name = "./a", .content = "y"}),
    BAD("member 'a/' occurs twice", {.name = "a", .content = "x"}, {.name = "a", .kind = AE_IFDIR}),
    BAD("member 'A' differs from 'a' only in case", {.name = "a", .content = "x"},
        {.name = "A", .content = "y"}),
    BAD("member 'a/b' lies below 'a', which is no folder", {.name = "a", .content = "x"},
        {.name = "a/b", .content = "y"}),
    BAD("it has no file", {.name = "folder", .kind = AE_IFDIR}),
};

static void hostile_archives_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        struct arena *arena = arena_new();
        struct unpacked out;
        size_t count = 0;
        while (count < 3 && hostile[i].members[count].name != NULL)
            count++;
        make_archive(&kinds[0], hostile[i].members, count);
        const char *text = unpack(arena, NULL, (struct unpack_limits){0}, &out);
        if (strstr(text, hostile[i].text) == NULL)
            fail_msg("'%s' is not in: %s", hostile[i].text, text);
        assert_nothing_left();
        arena_free(arena);
    }
}

static void limits_hold(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct unpacked out;
    make_archive(&kinds[1], good, COUNT_OF(good));
    const char *text = unpack(arena, NULL, (struct unpack_limits){.bytes = 25}, &out);
    assert_non_null(strstr(text, "at member 'model/deep/er/net.bin' the unpacked size exceeds the "
                                 "limit of 25"));
    assert_string_equal(unpack(arena, NULL, (struct unpack_limits){.bytes = 26}, &out), "");
    assert_true(tree_remove("out"));
    text = unpack(arena, NULL, (struct unpack_limits){.members = 4}, &out);
    assert_non_null(strstr(text, "at member 'model/empty' the number of members exceeds the limit "
                                 "of 4"));
    // What lies outside the prefix has to be unpacked to be skipped, and counts.
    text = unpack(arena, "model/deep", (struct unpack_limits){.bytes = 10}, &out);
    assert_non_null(strstr(text, "the unpacked size exceeds the limit of 10"));
    assert_nothing_left();
    arena_free(arena);
}

static void a_bomb_is_stopped(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct unpacked out;
    size_t size = 80UL * 1000 * 1000;
    char *zeros = calloc(1, size + 1);
    assert_non_null(zeros);
    memset(zeros, '0', size);
    make_archive(&kinds[4], (struct member[]){{.name = "bomb", .content = zeros}}, 1);
    free(zeros);
    const char *text = unpack(arena, NULL, (struct unpack_limits){0}, &out);
    assert_non_null(strstr(text,
                           "at member 'bomb' the ratio of unpacked to packed size exceeds the "
                           "limit of 1000"));
    assert_nothing_left();
    struct unpack_limits more = {.ratio = 100000};
    assert_string_equal(unpack(arena, NULL, more, &out), "");
    assert_int_equal(out.files[0].size, size);
    assert_true(tree_remove("out"));
    arena_free(arena);
}

static void what_is_no_archive_is_told(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct unpacked out;
    const char *text = unpack(arena, NULL, (struct unpack_limits){0}, &out);
    assert_non_null(strstr(text, "cannot open 'archive': No such file or directory"));
    write_file("archive", "", 0);
    text = unpack(arena, NULL, (struct unpack_limits){0}, &out);
    assert_non_null(strstr(text, "'archive' is empty"));
    write_file("archive", "<html>not found</html>\n", 23);
    text = unpack(arena, NULL, (struct unpack_limits){0}, &out);
    assert_non_null(strstr(text, "cannot unpack 'archive': "));
    remove("archive");
    assert_int_equal(mkdir("archive", 0700), 0);
    text = unpack(arena, NULL, (struct unpack_limits){0}, &out);
    assert_non_null(strstr(text, "cannot open 'archive': "));
    assert_nothing_left();
    arena_free(arena);
}

// Cut or damaged anywhere: refused without a trace, or (a bit that nobody checks) unpacked as a
// whole.
static void damage_leaves_nothing_half(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        static char data[20000], copy[20000];
        make_archive(&kinds[i], good, COUNT_OF(good));
        size_t size = read_file("archive", data, sizeof data);
        size_t step = size / 97 + 1;
        for (size_t at = 0; at < size; at += step) {
            for (int flip = 0; flip < 2; flip++) {
                struct arena *arena = arena_new();
                struct unpacked out;
                memcpy(copy, data, size);
                copy[at] = (char)(copy[at] ^ 0x10);
                write_file("archive", copy, flip ? size : at);
                if (unpack(arena, NULL, (struct unpack_limits){0}, &out)[0] != '\0')
                    assert_nothing_left();
                assert_true(tree_remove("out"));
                arena_free(arena);
            }
        }
    }
}

// Half of a tar's files is no tar: what is cut off between two members must not pass for the whole.
static void truncated_streams_fail(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        static char data[20000];
        struct arena *arena = arena_new();
        struct unpacked out;
        make_archive(&kinds[i], good, COUNT_OF(good));
        size_t size = read_file("archive", data, sizeof data);
        write_file("archive", data, size / 2);
        const char *text = unpack(arena, NULL, (struct unpack_limits){0}, &out);
        if (strstr(text, "cannot unpack 'archive'") == NULL)
            fail_msg("%s cut in half: '%s'", kinds[i].name, text);
        assert_nothing_left();
        arena_free(arena);
    }
}

static int enter(void **state) {
    umask(022);
    return enter_scratch(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_is_unpacked, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(a_prefix_is_taken_away, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(an_older_folder_is_replaced_or_kept, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(names_beyond_ascii_are_kept, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(links_inside_are_made, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(hostile_archives_are_refused, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(limits_hold, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(a_bomb_is_stopped, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(what_is_no_archive_is_told, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(damage_leaves_nothing_half, enter, leave_scratch),
        cmocka_unit_test_setup_teardown(truncated_streams_fail, enter, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
