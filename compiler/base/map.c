// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"

struct mapping {
    struct mapping *next, **link; // in `mappings`
    const uint8_t *start;
    size_t size;
    int fd;
    struct timespec written;
    const char *path;
};

static struct mapping *mappings;
static pthread_mutex_t mappings_lock = PTHREAD_MUTEX_INITIALIZER;

static void list(struct mapping *mapping) {
    pthread_mutex_lock(&mappings_lock);
    mapping->next = mappings;
    mapping->link = &mappings;
    if (mappings)
        mappings->link = &mapping->next;
    mappings = mapping;
    pthread_mutex_unlock(&mappings_lock);
}

static void unlist(struct mapping *mapping) {
    pthread_mutex_lock(&mappings_lock);
    *mapping->link = mapping->next;
    if (mapping->next)
        mapping->next->link = mapping->link;
    pthread_mutex_unlock(&mappings_lock);
}

static void unmap(void *data) {
    struct mapping *mapping = data;
    unlist(mapping);
    munmap((void *)mapping->start, mapping->size);
    close(mapping->fd);
}

// ---- Files that are cut ----

static const struct mapping *mapping_of(uintptr_t address) {
    const struct mapping *m = mappings;
    while (m && (address < (uintptr_t)m->start || address - (uintptr_t)m->start >= m->size))
        m = m->next;
    return m;
}

// The signal comes from the very instruction that read, never while the list is being changed by
// this thread.
static void on_lost_page(int number, siginfo_t *info, void *context) {
    (void)context;
    pthread_mutex_lock(&mappings_lock);
    const struct mapping *lost = info->si_code <= 0 ? NULL : mapping_of((uintptr_t)info->si_addr);
    pthread_mutex_unlock(&mappings_lock);
    if (lost)
        fatal_file_changed(lost->path);
    signal(number, SIG_DFL); // not ours: the instruction is tried again and ends the process
    if (info->si_code <= 0)  // somebody has sent it
        raise(number);
}

static void watch_pages(void) {
    struct sigaction action = {.sa_sigaction = on_lost_page, .sa_flags = SA_SIGINFO};
    sigfillset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

const char *map_changed(void) {
    const char *path = NULL;
    pthread_mutex_lock(&mappings_lock);
    for (const struct mapping *m = mappings; m && !path; m = m->next) {
        struct stat now;
        if (fstat(m->fd, &now) != 0 || (uint64_t)now.st_size != m->size ||
            now.st_mtim.tv_sec != m->written.tv_sec || now.st_mtim.tv_nsec != m->written.tv_nsec)
            path = m->path;
    }
    pthread_mutex_unlock(&mappings_lock);
    return path;
}

// ---- Mapping ----

static bool check_kind(int fd, struct stat *status) {
    if (fstat(fd, status) != 0)
        return false;
    if (!S_ISREG(status->st_mode)) {
        errno = S_ISDIR(status->st_mode) ? EISDIR : EINVAL;
        return false;
    }
    uint64_t size = (uint64_t)status->st_size;
    if (size > limits.file_bytes || size > SIZE_MAX) {
        errno = EFBIG;
        return false;
    }
    return true;
}

// Takes the descriptor over when *kept becomes true.
static bool map_descriptor(struct arena *arena, const char *path, int fd, struct slice *out,
                           bool *kept) {
    static const uint8_t nothing[1];
    struct stat status;
    if (!check_kind(fd, &status))
        return false;
    size_t size = (size_t)status.st_size;
    if (size == 0) { // mmap refuses it
        *out = slice_of(nothing, 0);
        return true;
    }
    void *start = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (start == MAP_FAILED)
        return false;
    struct mapping *mapping = arena_new_of(arena, struct mapping);
    *mapping = (struct mapping){.start = start,
                                .size = size,
                                .fd = fd,
                                .written = status.st_mtim,
                                .path = arena_strdup(arena, path)};
    watch_pages();
    list(mapping);
    arena_at_free(arena, unmap, mapping);
    *out = slice_of(start, size);
    *kept = true;
    return true;
}

bool map_file(struct arena *arena, const char *path, struct slice *out) {
    // O_NONBLOCK: opening a pipe that nobody writes must not hang.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool kept = false;
    bool done = map_descriptor(arena, path, fd, out, &kept);
    int error = errno;
    if (!kept)
        close(fd);
    errno = error;
    return done;
}

bool map_find(const void *data, uint64_t size, int *fd, uint64_t *offset) {
    uintptr_t wanted = (uintptr_t)data;
    bool found = false;
    pthread_mutex_lock(&mappings_lock);
    for (const struct mapping *m = mappings; m && !found; m = m->next) {
        uintptr_t start = (uintptr_t)m->start;
        found = wanted >= start && wanted - start <= m->size && size <= m->size - (wanted - start);
        if (found) {
            *fd = m->fd;
            *offset = wanted - start;
        }
    }
    pthread_mutex_unlock(&mappings_lock);
    return found;
}
