// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/fatal.h"
#include "compiler/base/map.h"
#include "compiler/base/strbuf.h"

#define BUFFER_SIZE ((size_t)1 << 16)
#define LARGEST_WRITE ((size_t)1 << 30) // the kernel takes less than 2 GiB at a time

struct outfile {
    struct outfile *next;               // in its set, in order of opening
    struct outfile *previous_temporary; // in `temporaries`
    struct outfile *next_temporary;
    char *path, *temporary;
    int fd;
    int error; // the first errno
    bool in_place, replaced;
    bool flushing; // by `flusher`
    pthread_t flusher;
    uint64_t size;
    uint64_t started; // bytes whose way to the disk has been started
    size_t buffered;
    uint8_t buffer[BUFFER_SIZE];
};

struct outset {
    struct outfile *first, **last;
    int error; // a file that could not be opened
    char *error_path;
};

// ---- Temporary files that must vanish if the process dies ----
// The list is changed with signals blocked and the flag held, so a handler that waits for the flag
// waits for another thread, never for the one it interrupted. All of it is async-signal-safe.

static struct outfile *temporaries;
static atomic_flag temporaries_lock = ATOMIC_FLAG_INIT;

static void lock_temporaries(sigset_t *old) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, old);
    while (atomic_flag_test_and_set_explicit(&temporaries_lock, memory_order_acquire))
        ;
}

static void unlock_temporaries(const sigset_t *old) {
    atomic_flag_clear_explicit(&temporaries_lock, memory_order_release);
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

static void remove_temporaries(void) {
    sigset_t old;
    lock_temporaries(&old);
    for (struct outfile *file = temporaries; file; file = file->next_temporary)
        unlink(file->temporary);
    unlock_temporaries(&old);
}

static void on_signal(int number) {
    remove_temporaries();
    // SA_RESETHAND has put the default action back; it ends the process when this handler returns.
    raise(number);
}

static void install_handlers(void) {
    static const int deadly[] = {SIGINT, SIGTERM, SIGHUP};
    fatal_set_clean_up(remove_temporaries);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
        struct sigaction old, new = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        sigfillset(&new.sa_mask);
        // nohup and the like have set it to be ignored: leave that.
        if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(deadly[i], &new, NULL);
    }
}

// Creates the file and lists it in one step, so that no signal comes between.
static bool create_temporary(struct outfile *file) {
    sigset_t old;
    lock_temporaries(&old);
    file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int error = errno;
    if (file->fd >= 0) {
        file->next_temporary = temporaries;
        if (temporaries)
            temporaries->previous_temporary = file;
        temporaries = file;
    }
    unlock_temporaries(&old);
    errno = error;
    return file->fd >= 0;
}

// With the lock held.
static void forget_temporary(struct outfile *file) {
    if (file->previous_temporary)
        file->previous_temporary->next_temporary = file->next_temporary;
    else
        temporaries = file->next_temporary;
    if (file->next_temporary)
        file->next_temporary->previous_temporary = file->previous_temporary;
}

// ---- Opening ----

static void *must_have(void *memory) {
    if (!memory)
        fatal_out_of_memory();
    return memory;
}

// Makes every folder above `path`; what cannot be made is told by errno.
static bool make_parents(const char *path) {
    char *folder = must_have(strdup(path));
    bool made = true;
    for (char *slash = strchr(folder + 1, '/'); made && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = mkdir(folder, 0777) == 0 || errno == EEXIST;
        *slash = '/';
    }
    int error = errno;
    free(folder);
    errno = error;
    return made;
}

// A name of its own length, for that of the final file may already be the longest allowed.
static char *temporary_name(const char *path) {
    static atomic_uint counter;
    const char *slash = strrchr(path, '/');
    struct strbuf name = STRBUF_INIT;
    if (slash)
        strbuf_add(&name, path, (size_t)(slash - path) + 1);
    strbuf_printf(&name, ".zooc-%ld-%u", (long)getpid(), atomic_fetch_add(&counter, 1));
    return name.data;
}

static void free_outfile(struct outfile *file) {
    int error = errno;
    free(file->path);
    free(file->temporary);
    free(file);
    errno = error;
}

static struct outfile *new_outfile(const char *path) {
    // Not zeroed: the buffer is large and need not be.
    struct outfile *file = must_have(malloc(sizeof *file));
    memset(file, 0, offsetof(struct outfile, buffer));
    file->path = must_have(strdup(path));
    bool made_parents = false;
    for (;;) {
        file->temporary = temporary_name(path);
        if (create_temporary(file))
            return file;
        bool again = errno == EEXIST; // left by a dead process that had our number
        if (errno == ENOENT && !made_parents)
            again = made_parents = make_parents(path);
        if (!again)
            break;
        free(file->temporary);
    }
    free_outfile(file);
    return NULL;
}

struct outset *outset_new(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_handlers);
    struct outset *set = must_have(calloc(1, sizeof *set));
    set->last = &set->first;
    return set;
}

struct outfile *outset_open(struct outset *set, const char *path) {
    struct outfile *file = new_outfile(path);
    if (file) {
        *set->last = file;
        set->last = &file->next;
    } else if (!set->error) {
        int error = errno;
        set->error = error;
        set->error_path = must_have(strdup(path));
        errno = error;
    }
    return file;
}

// ---- Writing ----

static void write_through(struct outfile *file, const uint8_t *data, uint64_t size) {
    while (size > 0 && !file->error) {
        size_t part = size < LARGEST_WRITE ? (size_t)size : LARGEST_WRITE;
        ssize_t written = write(file->fd, data, part);
        if (written > 0) {
            data += written;
            size -= (uint64_t)written;
        } else if (written == 0) {
            file->error = EIO;
        } else if (errno != EINTR) {
            file->error = errno;
        }
    }
}

static void flush_buffer(struct outfile *file) {
    write_through(file, file->buffer, file->buffered);
    file->buffered = 0;
}

// Bytes of a mapped file go from page cache to page cache, twice as fast as through our address
// space. Returns how many went; the rest is written in the usual way, which also finds out what is
// wrong.
static uint64_t copy_in_kernel(struct outfile *file, const void *data, uint64_t size) {
    int source;
    uint64_t start, copied = 0;
    if (!map_find(data, size, &source, &start))
        return 0;
    off_t offset = (off_t)start;
    while (copied < size && !file->error) {
        size_t part = size - copied < LARGEST_WRITE ? (size_t)(size - copied) : LARGEST_WRITE;
        ssize_t got = copy_file_range(source, &offset, file->fd, NULL, part, 0);
        if (got <= 0)
            break;
        copied += (uint64_t)got;
    }
    return copied;
}

// Sets the disk to work while the rest is still being written: less is left for the fsync.
static void start_writeback(struct outfile *file, uint64_t end) {
    enum { WORTH_IT = 16 << 20 };
    if (end - file->started < WORTH_IT)
        return;
    int error = errno; // only a hint: what goes wrong here, fsync will tell
    sync_file_range(file->fd, (off_t)file->started, (off_t)(end - file->started),
                    SYNC_FILE_RANGE_WRITE);
    errno = error;
    file->started = end;
}

void outfile_write(struct outfile *file, const void *data, uint64_t size) {
    if (size == 0)
        return;
    file->size += size;
    if (size > BUFFER_SIZE - file->buffered)
        flush_buffer(file);
    if (size >= BUFFER_SIZE) {
        uint64_t copied = copy_in_kernel(file, data, size);
        write_through(file, (const uint8_t *)data + copied, size - copied);
        start_writeback(file, file->size);
        return;
    }
    memcpy(file->buffer + file->buffered, data, (size_t)size);
    file->buffered += (size_t)size;
}

void outfile_puts(struct outfile *file, const char *text) {
    outfile_write(file, text, strlen(text));
}

void outfile_printf(struct outfile *file, const char *format, ...) {
    struct strbuf text = STRBUF_INIT;
    va_list args;
    va_start(args, format);
    strbuf_vprintf(&text, format, args);
    va_end(args);
    outfile_write(file, text.data, text.length);
    strbuf_free(&text);
}

void outfile_align(struct outfile *file, uint64_t alignment) {
    static const uint8_t zeros[64];
    uint64_t excess = alignment ? file->size % alignment : 0;
    for (uint64_t left = excess ? alignment - excess : 0; left > 0;) {
        uint64_t part = left < sizeof zeros ? left : sizeof zeros;
        outfile_write(file, zeros, part);
        left -= part;
    }
}

uint64_t outfile_size(const struct outfile *file) {
    return file->size;
}

// ---- Ending ----

static void flush_to_disk(struct outfile *file) {
    if (!file->error && fsync(file->fd) != 0)
        file->error = errno;
}

static void *flush_thread(void *file) {
    flush_to_disk(file);
    return NULL;
}

// All at the same time: the file system then writes its journal once for the set, not once a file.
static void flush_all(struct outset *set) {
    for (struct outfile *file = set->first; file; file = file->next) {
        flush_buffer(file);
        file->flushing =
            file->next && pthread_create(&file->flusher, NULL, flush_thread, file) == 0;
    }
    for (struct outfile *file = set->first; file; file = file->next)
        if (!file->flushing)
            flush_to_disk(file);
    for (struct outfile *file = set->first; file; file = file->next)
        if (file->flushing)
            pthread_join(file->flusher, NULL);
}

static bool finish(struct outfile *file) {
    if (close(file->fd) != 0 && !file->error)
        file->error = errno;
    file->fd = -1;
    errno = file->error;
    return !file->error;
}

// An older file at the path changes places with ours, so that it can be put back if another file of
// the set fails.
static bool put_in_place(struct outfile *file) {
    struct stat status;
    if (lstat(file->path, &status) == 0) {
        if (S_ISDIR(status.st_mode)) {
            errno = EISDIR;
            return false;
        }
        file->replaced =
            renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->path, RENAME_EXCHANGE) == 0;
        file->in_place = file->replaced;
    }
    // No older file, or a file system that cannot exchange.
    if (!file->in_place)
        file->in_place = rename(file->temporary, file->path) == 0;
    return file->in_place;
}

static void take_back(struct outfile *file) {
    if (!file->in_place)
        return;
    if (!file->replaced ||
        renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->path, RENAME_EXCHANGE) != 0)
        unlink(file->path);
    file->in_place = false;
}

// Renames all or nothing, with signals blocked. Returns the file at fault.
static struct outfile *rename_all(struct outset *set) {
    sigset_t old;
    struct outfile *failed = NULL;
    int error = 0;
    lock_temporaries(&old);
    for (struct outfile *file = set->first; file && !failed; file = file->next)
        if (!put_in_place(file)) {
            failed = file;
            error = errno;
        }
    for (struct outfile *file = set->first; file; file = file->next) {
        if (failed)
            take_back(file);
        if (file->replaced || !file->in_place)
            unlink(file->temporary);
        forget_temporary(file);
    }
    unlock_temporaries(&old);
    errno = error;
    return failed;
}

static void free_set(struct outset *set) {
    int error = errno;
    for (struct outfile *file = set->first, *next; file; file = next) {
        next = file->next;
        if (file->fd >= 0)
            close(file->fd);
        free_outfile(file);
    }
    free(set->error_path);
    free(set);
    errno = error;
}

void outset_abort(struct outset *set) {
    if (!set)
        return;
    sigset_t old;
    lock_temporaries(&old);
    for (struct outfile *file = set->first; file; file = file->next) {
        unlink(file->temporary);
        forget_temporary(file);
    }
    unlock_temporaries(&old);
    free_set(set);
}

static void tell_failed(const char **failed, const char *path) {
    static _Thread_local char kept[PATH_MAX];
    int error = errno;
    snprintf(kept, sizeof kept, "%s", path);
    if (failed)
        *failed = kept;
    errno = error;
}

static bool fail_set(struct outset *set, const char **failed, const char *path, int error) {
    tell_failed(failed, path);
    outset_abort(set);
    errno = error;
    return false;
}

bool outset_commit(struct outset *set, const char **failed) {
    if (set->error)
        return fail_set(set, failed, set->error_path, set->error);
    flush_all(set);
    for (struct outfile *file = set->first; file; file = file->next)
        if (!finish(file))
            return fail_set(set, failed, file->path, file->error);
    struct outfile *at_fault = rename_all(set);
    if (at_fault)
        tell_failed(failed, at_fault->path);
    free_set(set);
    return !at_fault;
}

// ---- A whole small file ----

static bool has_bytes(const char *path, const uint8_t *data, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    struct stat status;
    bool same =
        fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (uint64_t)status.st_size == size;
    uint8_t part[4096];
    for (size_t done = 0; same && done < size;) {
        ssize_t got = read(fd, part, sizeof part);
        same = got > 0 && (size_t)got <= size - done && memcmp(part, data + done, (size_t)got) == 0;
        done += same ? (size_t)got : 0;
    }
    close(fd);
    return same;
}

bool outfile_replace(const char *path, const void *data, size_t size, bool *changed) {
    bool same = has_bytes(path, data, size);
    if (changed)
        *changed = !same;
    if (same)
        return true;
    struct outset *set = outset_new();
    struct outfile *file = outset_open(set, path);
    if (file)
        outfile_write(file, data, size);
    return outset_commit(set, NULL);
}
