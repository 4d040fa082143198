// SPDX-License-Identifier: Apache-2.0
#include "cache/store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/tree.h"
#include "compiler/base/fatal.h"
#include "compiler/base/map.h"
#include "compiler/base/strbuf.h"

struct store {
    const char *folder;
    bool read_only;
    atomic_bool cannot_clone; // seen: spares the file system the question
};

enum { COPY_BLOCK = 256 * 1024 };

// ---- Small things ----

static bool fail(int error) {
    errno = error;
    return false;
}

static void free_text(struct strbuf *text) {
    int error = errno;
    strbuf_free(text);
    errno = error;
}

static void close_keeping_errno(int fd) {
    int error = errno;
    close(fd);
    errno = error;
}

static void unlink_keeping_errno(const char *path) {
    int error = errno;
    unlink(path);
    errno = error;
}

static bool write_all(int fd, const void *data, size_t size) {
    const unsigned char *at = data;
    while (size > 0) {
        ssize_t written = write(fd, at, size);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            at += written;
            size -= (size_t)written;
        }
    }
    return true;
}

// ---- Where things lie ----

const char *store_folder(struct arena *arena, const char *given) {
    static const struct {
        const char *variable, *below;
    } places[] = {{"ZOOC_CACHE", ""}, {"XDG_CACHE_HOME", "/zooc"}, {"HOME", "/.cache/zooc"}};
    if (given != NULL)
        return given;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const char *value = getenv(places[i].variable);
        if (value != NULL && value[0] != '\0' && (i == 0 || value[0] == '/'))
            return arena_printf(arena, "%s%s", value, places[i].below);
    }
    return NULL;
}

// Says to backup programs that this folder can be made again (bford.info/cachedir).
static void write_tag(const char *folder) {
    static const char tag[] =
        "Signature: 8a477f597d28d172789f06886806bc55\n"
        "# This file marks a cache of zooc: what lies here can be made again.\n";
    struct strbuf path = STRBUF_INIT;
    strbuf_printf(&path, "%s/CACHEDIR.TAG", folder);
    int fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) {
        (void)write_all(fd, tag, sizeof tag - 1); // a hint: without it all works too
        close(fd);
    }
    strbuf_free(&path);
}

struct store *store_open(struct arena *arena, const char *folder, bool read_only) {
    struct store *store = arena_new_of(arena, struct store);
    store->folder = arena_strdup(arena, folder);
    store->read_only = read_only;
    if (!read_only) {
        if (!tree_make_folders(arena_printf(arena, "%s/tmp", folder)))
            return NULL;
        write_tag(folder);
    }
    return store;
}

const char *store_path(const struct store *store) {
    return store->folder;
}

static void object_path(const struct store *store, const char *key, struct strbuf *out) {
    strbuf_printf(out, "%s/objects/%.2s/%s", store->folder, key, key + 2);
}

// In tmp/, unlike any other of this moment; a dead process with our number may have left one.
static void temporary_path(const struct store *store, struct strbuf *out) {
    static atomic_uint counter;
    char host[65] = "";
    gethostname(host, sizeof host - 1);
    strbuf_reset(out);
    strbuf_printf(out, "%s/tmp/%s-%ld-%u", store->folder, host, (long)getpid(),
                  atomic_fetch_add(&counter, 1));
}

// Open and locked, so that store_collect sees that somebody is at work.
static int create_temporary(const struct store *store, struct strbuf *path) {
    int fd;
    do {
        temporary_path(store, path);
        fd = open(path->data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EEXIST);
    if (fd >= 0)
        (void)flock(fd, LOCK_SH | LOCK_NB); // where there are no locks, age protects
    return fd;
}

// A folder in the place of a file: it goes where nobody looks for it.
static void remove_folder(const struct store *store, const char *path) {
    struct strbuf away = STRBUF_INIT;
    temporary_path(store, &away);
    if (rename(path, away.data) == 0)
        (void)tree_remove(away.data);
    strbuf_free(&away);
}

// Makes the folder of `to` when it is not there yet. The temporary name is gone afterwards.
static bool rename_into(const struct store *store, const char *from, const char *to) {
    bool done = rename(from, to) == 0;
    if (!done && errno == EISDIR) {
        remove_folder(store, to);
        done = rename(from, to) == 0;
    }
    if (!done && errno == ENOENT) {
        struct strbuf folder = STRBUF_INIT;
        strbuf_add(&folder, to, (size_t)(strrchr(to, '/') - to));
        done = tree_make_folders(folder.data) && rename(from, to) == 0;
        free_text(&folder);
    }
    // Two links to one file: rename does nothing and leaves both.
    unlink_keeping_errno(from);
    return done;
}

// ---- Stamps ----

static long stamp_of(const char *key) {
    char digits[9] = {0};
    memcpy(digits, key, 8);
    return (long)(strtoul(digits, NULL, 16) % 1000000000UL);
}

static bool has_stamp(const struct stat *status, const char *key) {
    return status->st_mtim.tv_nsec == stamp_of(key) && (status->st_mode & 0222) == 0;
}

// The file is whole: nobody shall write it, and its time tells its name.
static bool set_stamp(int fd, const char *key) {
    struct stat status;
    if (fchmod(fd, 0444) != 0 || fstat(fd, &status) != 0)
        return false;
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW},
                                {.tv_sec = status.st_mtim.tv_sec, .tv_nsec = stamp_of(key)}};
    return futimens(fd, times) == 0;
}

// Others' objects in a shared store cannot be touched by us; then reading them must do.
static void note_use(const struct store *store, int fd) {
    static const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    int error = errno;
    if (!store->read_only)
        (void)futimens(fd, times);
    errno = error;
}

// ---- Putting ----

static bool may_put(const struct store *store) {
    return !store->read_only || fail(EROFS);
}

// The file at `temporary` becomes the object, in place of one that may be damaged.
static bool finish_object(struct store *store, int fd, const char *temporary, const char *key) {
    struct strbuf path = STRBUF_INIT;
    object_path(store, key, &path);
    bool done = fsync(fd) == 0 && set_stamp(fd, key) && rename_into(store, temporary, path.data);
    free_text(&path);
    return done;
}

struct store_writer {
    struct store *store;
    struct strbuf path;
    struct digester *digester;
    int fd, error;
};

struct store_writer *store_writer_new(struct store *store) {
    if (!may_put(store))
        return NULL;
    struct store_writer *writer = malloc(sizeof *writer);
    if (writer == NULL)
        fatal_out_of_memory();
    *writer = (struct store_writer){.store = store, .path = STRBUF_INIT};
    writer->fd = create_temporary(store, &writer->path);
    if (writer->fd < 0) {
        free_text(&writer->path);
        free(writer);
        return NULL;
    }
    writer->digester = digester_new(DIGEST_SHA256);
    return writer;
}

void store_write(struct store_writer *writer, const void *data, size_t size) {
    digester_add(writer->digester, data, size);
    if (writer->error == 0 && !write_all(writer->fd, data, size))
        writer->error = errno;
}

static void free_writer(struct store_writer *writer) {
    int error = errno;
    unlink(writer->path.data);
    close(writer->fd);
    strbuf_free(&writer->path);
    free(writer);
    errno = error;
}

bool store_writer_end(struct store_writer *writer, const char *expected, char key[STORE_KEY_SIZE]) {
    digester_end(writer->digester, key);
    bool done = writer->error == 0 || fail(writer->error);
    if (done && expected != NULL && strcmp(expected, key) != 0)
        done = fail(EBADMSG);
    done = done && finish_object(writer->store, writer->fd, writer->path.data, key);
    free_writer(writer);
    return done;
}

void store_writer_drop(struct store_writer *writer) {
    digester_drop(writer->digester);
    free_writer(writer);
}

bool store_put_bytes(struct store *store, const void *data, size_t size, char key[STORE_KEY_SIZE]) {
    struct store_writer *writer = store_writer_new(store);
    if (writer == NULL)
        return false;
    store_write(writer, data, size);
    return store_writer_end(writer, NULL, key);
}

// ---- Sharing blocks ----

static bool clone_blocks(struct store *store, int from, int to) {
    if (atomic_load(&store->cannot_clone))
        return false;
    if (ioctl(to, FICLONE, from) == 0)
        return true;
    atomic_store(&store->cannot_clone, true);
    return false;
}

// The kernel copies where it can.
static bool copy_blocks(int from, int to) {
    ssize_t got;
    do {
        got = copy_file_range(from, NULL, to, NULL, (size_t)1 << 30, 0);
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got == 0)
        return true;
    char *block = malloc(COPY_BLOCK);
    if (block == NULL)
        fatal_out_of_memory();
    do {
        got = read(from, block, COPY_BLOCK);
        if (got > 0 && !write_all(to, block, (size_t)got))
            got = -1;
    } while (got > 0 || (got < 0 && errno == EINTR));
    int error = errno;
    free(block);
    errno = error;
    return got == 0;
}

// Hashes what is open; its size, and whether nobody wrote meanwhile.
static bool hash_open(int fd, char key[STORE_KEY_SIZE], struct stat *status) {
    struct stat before;
    if (fstat(fd, &before) != 0 || lseek(fd, 0, SEEK_SET) != 0 ||
        !digest_open_file(DIGEST_SHA256, fd, key) || fstat(fd, status) != 0)
        return false;
    return (before.st_mtim.tv_sec == status->st_mtim.tv_sec &&
            before.st_mtim.tv_nsec == status->st_mtim.tv_nsec) ||
           fail(EBUSY);
}

// A second name for an open file, which lies at `path`; false when it moved meanwhile.
static bool link_open(int fd, const char *path, const char *to) {
    struct stat opened, linked;
    if (link(path, to) != 0)
        return false;
    if (fstat(fd, &opened) == 0 && lstat(to, &linked) == 0 && opened.st_ino == linked.st_ino &&
        opened.st_dev == linked.st_dev)
        return true;
    unlink(to);
    return fail(EBUSY);
}

static bool put_linked(struct store *store, int from, const char *path, char key[STORE_KEY_SIZE],
                       struct stat *status) {
    struct strbuf temporary = STRBUF_INIT;
    temporary_path(store, &temporary);
    unlink(temporary.data); // of a dead process
    bool linked = link_open(from, path, temporary.data);
    bool done =
        linked && hash_open(from, key, status) && finish_object(store, from, temporary.data, key);
    if (linked && !done)
        unlink_keeping_errno(temporary.data);
    free_text(&temporary);
    return done;
}

// With or without copying what cannot be cloned.
static bool put_copied(struct store *store, int from, bool copy, char key[STORE_KEY_SIZE],
                       struct stat *status) {
    struct strbuf temporary = STRBUF_INIT;
    int to = create_temporary(store, &temporary);
    bool done = to >= 0 && lseek(from, 0, SEEK_SET) == 0 &&
                (clone_blocks(store, from, to) || (copy && copy_blocks(from, to))) &&
                hash_open(to, key, status) && finish_object(store, to, temporary.data, key);
    if (to >= 0 && !done)
        unlink_keeping_errno(temporary.data);
    if (to >= 0)
        close_keeping_errno(to);
    free_text(&temporary);
    return done;
}

bool store_put_file(struct store *store, const char *path, enum store_share share,
                    char key[STORE_KEY_SIZE], uint64_t *size) {
    struct stat status;
    int from = may_put(store) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (from < 0)
        return false;
    bool done = fstat(from, &status) == 0 && (S_ISREG(status.st_mode) || fail(EINVAL));
    bool link = share == STORE_LINK, clone = link && !atomic_load(&store->cannot_clone);
    done = done && ((clone && put_copied(store, from, false, key, &status)) ||
                    (link && put_linked(store, from, path, key, &status)) ||
                    put_copied(store, from, true, key, &status));
    close_keeping_errno(from);
    if (done && size != NULL)
        *size = (uint64_t)status.st_size;
    return done;
}

bool store_adopt(struct store *store, const char *path, const char *key) {
    int fd = may_put(store) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return false;
    bool done = finish_object(store, fd, path, key);
    close_keeping_errno(fd);
    return done;
}

// ---- Getting ----

bool store_has(const struct store *store, const char *key, uint64_t *size) {
    struct stat status;
    struct strbuf path = STRBUF_INIT;
    if (!digest_is_text(DIGEST_SHA256, key))
        return fail(EINVAL);
    object_path(store, key, &path);
    bool has = lstat(path.data, &status) == 0 && S_ISREG(status.st_mode);
    if (has && size != NULL)
        *size = (uint64_t)status.st_size;
    strbuf_free(&path);
    return has || fail(ENOENT);
}

bool store_drop(struct store *store, const char *key) {
    struct strbuf path = STRBUF_INIT;
    if (!digest_is_text(DIGEST_SHA256, key))
        return fail(EINVAL);
    if (store->read_only)
        return fail(EROFS);
    object_path(store, key, &path);
    bool done = unlink(path.data) == 0;
    free_text(&path);
    return done;
}

static bool is_sound(struct store *store, int fd, const char *key, enum store_check check) {
    struct stat status;
    char now[STORE_KEY_SIZE];
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return fail(EBADMSG);
    if (check == STORE_BY_STAMP && has_stamp(&status, key))
        return true;
    if (!hash_open(fd, now, &status) || lseek(fd, 0, SEEK_SET) != 0)
        return false;
    if (strcmp(now, key) != 0)
        return fail(EBADMSG);
    // Somebody touched it, or a file system without nanoseconds lost the stamp.
    if (!store->read_only && !has_stamp(&status, key))
        (void)set_stamp(fd, key);
    return true;
}

// Without taking it for used.
static int open_object(struct store *store, const char *key, enum store_check check) {
    struct strbuf path = STRBUF_INIT;
    int fd = -1;
    if (!digest_is_text(DIGEST_SHA256, key)) {
        errno = EINVAL;
        return -1;
    }
    object_path(store, key, &path);
    fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && !is_sound(store, fd, key, check)) {
        if (errno == EBADMSG && !store->read_only)
            unlink_keeping_errno(path.data);
        close_keeping_errno(fd);
        fd = -1;
    }
    free_text(&path);
    return fd;
}

int store_open_object(struct store *store, const char *key, enum store_check check) {
    int fd = open_object(store, key, check);
    if (fd >= 0)
        note_use(store, fd);
    return fd;
}

// To look at everything is not to use it, though file systems may think so.
bool store_is_sound(struct store *store, const char *key) {
    struct stat was;
    struct strbuf path = STRBUF_INIT;
    object_path(store, key, &path);
    bool known = stat(path.data, &was) == 0;
    strbuf_free(&path);
    int fd = open_object(store, key, STORE_BY_HASH);
    const struct timespec times[2] = {was.st_atim, {.tv_nsec = UTIME_OMIT}};
    if (fd >= 0 && known && !store->read_only)
        (void)futimens(fd, times);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

// A name beside `path`, of its own length.
static void beside(const char *path, struct strbuf *out) {
    static atomic_uint counter;
    const char *slash = strrchr(path, '/');
    if (slash != NULL)
        strbuf_add(out, path, (size_t)(slash - path) + 1);
    strbuf_printf(out, ".zooc-%ld-s%u", (long)getpid(), atomic_fetch_add(&counter, 1));
}

static bool copy_out(struct store *store, int from, const char *to, enum store_share share,
                     const char *object) {
    // A link costs nothing; a clone is as cheap, and writing it harms nobody.
    bool clone = !atomic_load(&store->cannot_clone);
    if (share == STORE_LINK && !clone && link_open(from, object, to))
        return true;
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return false;
    bool done = clone_blocks(store, from, fd);
    if (!done && share == STORE_LINK && clone)
        done = unlink(to) == 0 && link_open(from, object, to);
    if (!done) // the links are all used up, or it is another file system
        done = ftruncate(fd, 0) == 0 && copy_blocks(from, fd);
    if (close(fd) != 0)
        done = false;
    return done;
}

bool store_get(struct store *store, const char *key, const char *path, enum store_share share,
               enum store_check check) {
    int from = store_open_object(store, key, check);
    if (from < 0)
        return false;
    struct strbuf object = STRBUF_INIT, fresh = STRBUF_INIT;
    object_path(store, key, &object);
    beside(path, &fresh);
    unlink(fresh.data); // of a dead process
    bool done =
        copy_out(store, from, fresh.data, share, object.data) && rename(fresh.data, path) == 0;
    unlink_keeping_errno(fresh.data);
    close_keeping_errno(from);
    free_text(&object);
    free_text(&fresh);
    return done;
}

// ---- Notes ----

static bool note_path(const struct store *store, const char *room, const char *key,
                      struct strbuf *out) {
    if (room[0] == '\0' || room[strspn(room, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0' ||
        !(digest_is_text(DIGEST_SHA256, key) || digest_is_text(DIGEST_SHA384, key)))
        return fail(EINVAL);
    strbuf_printf(out, "%s/notes/%s/%.2s/%s", store->folder, room, key, key + 2);
    return true;
}

static bool write_note(struct store *store, const char *path, const void *data, size_t size) {
    char sum[SHA256_TEXT_SIZE];
    struct strbuf temporary = STRBUF_INIT;
    int fd = create_temporary(store, &temporary);
    digest_bytes(DIGEST_SHA256, data, size, sum);
    sum[SHA256_TEXT_SIZE - 1] = '\n';
    // Not flushed to the disk: a note that a power cut damages is noticed and missing.
    bool done = fd >= 0 && write_all(fd, sum, sizeof sum) && write_all(fd, data, size) &&
                rename_into(store, temporary.data, path);
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
    bool done = may_put(store) && note_path(store, room, key, &path) &&
                write_note(store, path.data, data, size);
    free_text(&path);
    return done;
}

static bool open_note(struct slice all, struct slice *out) {
    char sum[SHA256_TEXT_SIZE];
    struct slice first;
    if (!slice_take(&all, SHA256_TEXT_SIZE, &first))
        return fail(EBADMSG);
    digest_bytes(DIGEST_SHA256, all.data, all.size, sum);
    sum[SHA256_TEXT_SIZE - 1] = '\n';
    if (memcmp(sum, first.data, sizeof sum) != 0)
        return fail(EBADMSG);
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
        note_use(store, fd);
        close(fd);
    }
    free_text(&path);
    return done;
}

bool store_note_drop(struct store *store, const char *room, const char *key) {
    struct strbuf path = STRBUF_INIT;
    bool done = may_put(store) && note_path(store, room, key, &path) && unlink(path.data) == 0;
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
    if (!may_put(store))
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
