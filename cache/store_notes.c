// SPDX-License-Identifier: Apache-2.0
// Notes, and files on their way.
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cache/store_files.h"
#include "cache/tree.h"
#include "compiler/base/map.h"

// ---- Notes ----

static bool note_path(const struct store *store, const char *room, const char *key,
                      struct strbuf *out) {
    if (room[0] == '\0' || room[strspn(room, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0' ||
        !(digest_is_text(DIGEST_SHA256, key) || digest_is_text(DIGEST_SHA384, key)))
        return store_fail(EINVAL);
    strbuf_printf(out, "%s/notes/%s/%.2s/%s", store->folder, room, key, key + 2);
    return true;
}

static bool write_note(struct store *store, const char *path, const void *data, size_t size) {
    char sum[SHA256_TEXT_SIZE];
    struct strbuf temporary = STRBUF_INIT;
    int fd = store_create_temporary(store, &temporary);
    digest_bytes(DIGEST_SHA256, data, size, sum);
    sum[SHA256_TEXT_SIZE - 1] = '\n';
    // Not flushed to the disk: a note that a power cut damages is noticed and missing.
    bool done = fd >= 0 && store_write_all(fd, sum, sizeof sum) &&
                store_write_all(fd, data, size) && store_rename_into(store, temporary.data, path);
    if (fd >= 0 && !done)
        unlink_keeping_errno(temporary.data);
    if (fd >= 0)
        close_keeping_errno(fd);
    free_text(&temporary);
    return done;
}

bool store_note_write(struct store *store, const char *room, const char *key, const void *data,
                      size_t size) {
    struct strbuf path = STRBUF_INIT;
    bool done = store_may_put(store) && note_path(store, room, key, &path) &&
                write_note(store, path.data, data, size);
    free_text(&path);
    return done;
}

static bool open_note(struct slice all, struct slice *out) {
    char sum[SHA256_TEXT_SIZE];
    struct slice first;
    if (!slice_take(&all, SHA256_TEXT_SIZE, &first))
        return store_fail(EBADMSG);
    digest_bytes(DIGEST_SHA256, all.data, all.size, sum);
    sum[SHA256_TEXT_SIZE - 1] = '\n';
    if (memcmp(sum, first.data, sizeof sum) != 0)
        return store_fail(EBADMSG);
    *out = all;
    return true;
}

bool store_note_read(struct arena *arena, struct store *store, const char *room, const char *key,
                     struct slice *out) {
    struct slice all;
    struct strbuf path = STRBUF_INIT;
    bool done = note_path(store, room, key, &path) && map_file(arena, path.data, &all);
    if (done && !open_note(all, out)) {
        done = false;
        if (!store->read_only)
            unlink_keeping_errno(path.data);
    }
    int fd = done && !store->read_only ? open(path.data, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        store_note_use(store, fd);
        close(fd);
    }
    free_text(&path);
    return done;
}

bool store_note_drop(struct store *store, const char *room, const char *key) {
    struct strbuf path = STRBUF_INIT;
    bool done =
        store_may_put(store) && note_path(store, room, key, &path) && unlink(path.data) == 0;
    free_text(&path);
    return done;
}

bool store_note_has(const struct store *store, const char *room, const char *key) {
    struct strbuf path = STRBUF_INIT;
    struct stat status;
    bool has = note_path(store, room, key, &path) && lstat(path.data, &status) == 0;
    free_text(&path);
    return has;
}

// ---- Unfinished files ----

// The file we locked may have been renamed or removed by its last owner while we opened it.
static bool still_there(int fd, const char *path) {
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

int store_partial(struct store *store, const char *name, const char **path, struct arena *arena) {
    if (!store_may_put(store))
        return -1;
    *path = arena_printf(arena, "%s/partial/%s", store->folder, name);
    if (!tree_make_folders(arena_printf(arena, "%s/partial", store->folder)))
        return -1;
    for (;;) {
        int fd = open(*path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0)
            return -1;
        bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (locked && still_there(fd, *path))
            return fd;
        close_keeping_errno(fd);
        if (!locked)
            return -1;
    }
}
