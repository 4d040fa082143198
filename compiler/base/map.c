// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/limits.h"

struct mapping {
    void *start;
    size_t size;
};

static void unmap(void *data) {
    struct mapping *mapping = data;
    munmap(mapping->start, mapping->size);
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

static bool map_descriptor(struct arena *arena, int fd, struct slice *out) {
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
    *mapping = (struct mapping){.start = start, .size = (size_t)size};
    arena_at_free(arena, unmap, mapping);
    *out = slice_of(start, size);
    return true;
}

bool map_file(struct arena *arena, const char *path, struct slice *out) {
    // O_NONBLOCK: opening a pipe that nobody writes must not hang.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool done = map_descriptor(arena, fd, out);
    int error = errno;
    close(fd);
    errno = error;
    return done;
}
