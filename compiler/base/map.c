// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/limits.h"

struct mapping {
    struct mapping *next, **link; // in `mappings`
    const uint8_t *start;
    size_t size;
    int fd;
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

static bool check_kind(int fd, uint64_t *size) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    if (!S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return false;
    }
    *size = (uint64_t)status.st_size;
    if (*size > limits.file_bytes || *size > SIZE_MAX) {
        errno = EFBIG;
        return false;
    }
    return true;
}

// Takes the descriptor over when *kept becomes true.
static bool map_descriptor(struct arena *arena, int fd, struct slice *out, bool *kept) {
    static const uint8_t nothing[1];
    uint64_t size;
    if (!check_kind(fd, &size))
        return false;
    if (size == 0) { // mmap refuses it
        *out = slice_of(nothing, 0);
        return true;
    }
    void *start = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (start == MAP_FAILED)
        return false;
    struct mapping *mapping = arena_new_of(arena, struct mapping);
    *mapping = (struct mapping){.start = start, .size = (size_t)size, .fd = fd};
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
    bool done = map_descriptor(arena, fd, out, &kept);
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
