// SPDX-License-Identifier: Apache-2.0
// Objects: putting and getting them, and the stamps that tell whether somebody touched them.
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "cache/store_files.h"
#include "compiler/base/fatal.h"

enum { COPY_BLOCK = 256 * 1024 };

static void object_path(const struct store *store, const char *key, struct strbuf *out) {
    strbuf_printf(out, "%s/objects/%.2s/%s", store->folder, key, key + 2);
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

// ---- Putting ----

// The file at `temporary` becomes the object, in place of one that may be damaged.
static bool finish_object(struct store *store, int fd, const char *temporary, const char *key) {
    struct strbuf path = STRBUF_INIT;
    object_path(store, key, &path);
    bool done =
        fsync(fd) == 0 && set_stamp(fd, key) && store_rename_into(store, temporary, path.data);
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
    if (!store_may_put(store))
        return NULL;
    struct store_writer *writer = malloc(sizeof *writer);
    if (writer == NULL)
        fatal_out_of_memory();
    *writer = (struct store_writer){.store = store, .path = STRBUF_INIT};
    writer->fd = store_create_temporary(store, &writer->path);
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
    if (writer->error == 0 && !store_write_all(writer->fd, data, size))
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
    bool done = writer->error == 0 || store_fail(writer->error);
    if (done && expected != NULL && strcmp(expected, key) != 0)
        done = store_fail(EBADMSG);
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
        if (got > 0 && !store_write_all(to, block, (size_t)got))
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
           store_fail(EBUSY);
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
    return store_fail(EBUSY);
}

static bool put_linked(struct store *store, int from, const char *path, char key[STORE_KEY_SIZE],
                       struct stat *status) {
    struct strbuf temporary = STRBUF_INIT;
    store_temporary_path(store, &temporary);
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
    int to = store_create_temporary(store, &temporary);
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
    int from = store_may_put(store) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    if (from < 0)
        return false;
    bool done = fstat(from, &status) == 0 && (S_ISREG(status.st_mode) || store_fail(EINVAL));
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
    int fd = store_may_put(store) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
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
        return store_fail(EINVAL);
    object_path(store, key, &path);
    bool has = lstat(path.data, &status) == 0 && S_ISREG(status.st_mode);
    if (has && size != NULL)
        *size = (uint64_t)status.st_size;
    strbuf_free(&path);
    return has || store_fail(ENOENT);
}

bool store_drop(struct store *store, const char *key) {
    struct strbuf path = STRBUF_INIT;
    if (!digest_is_text(DIGEST_SHA256, key))
        return store_fail(EINVAL);
    if (store->read_only)
        return store_fail(EROFS);
    object_path(store, key, &path);
    bool done = unlink(path.data) == 0;
    free_text(&path);
    return done;
}

static bool is_sound(struct store *store, int fd, const char *key, enum store_check check) {
    struct stat status;
    char now[STORE_KEY_SIZE];
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return store_fail(EBADMSG);
    if (check == STORE_BY_STAMP && has_stamp(&status, key))
        return true;
    if (!hash_open(fd, now, &status) || lseek(fd, 0, SEEK_SET) != 0)
        return false;
    if (strcmp(now, key) != 0)
        return store_fail(EBADMSG);
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
        store_note_use(store, fd);
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
