// SPDX-License-Identifier: Apache-2.0
// Loaded before a program (LD_PRELOAD), makes one call of the C library fail, so that every way of
// failing can be walked:
//
//   ENEMY=memory:7        the 7th allocation gives NULL
//   ENEMY=write:3         the 3rd call that changes a file fails as on a full disk
//   ENEMY=read:2          the 2nd call that opens, maps or reads a file fails
//   ENEMY=memory:7+       that call and all later ones
//   ENEMY_COUNT=FILE      writes the number of calls of that kind into FILE at the end
//
// Standard output and error are left alone, and so is all that happens before main.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { NOTHING, MEMORY, WRITE, READ };

static enum kind kind;
static unsigned long first, last;
static atomic_ulong calls;

// glibc's own names of what we replace: looking them up with dlsym would itself allocate.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static bool fails(enum kind of, int error) {
    if (of != kind)
        return false;
    unsigned long number = atomic_fetch_add(&calls, 1) + 1;
    if (number < first || number > last)
        return false;
    errno = error;
    return true;
}

__attribute__((constructor)) static void begin(void) {
    static const char *const names[] = {"", "memory:", "write:", "read:"};
    const char *enemy = getenv("ENEMY");
    for (unsigned i = MEMORY; enemy && i <= READ; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(enemy, names[i], length) != 0)
            continue;
        char *end;
        first = strtoul(enemy + length, &end, 10);
        last = *end == '+' ? (unsigned long)-1 : first;
        kind = (enum kind)i;
    }
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("ENEMY_COUNT");
    unsigned long total = atomic_load(&calls);
    kind = NOTHING;
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file)
        return;
    fprintf(file, "%lu\n", total);
    fclose(file);
}

void *malloc(size_t size) {
    return fails(MEMORY, ENOMEM) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails(MEMORY, ENOMEM) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    return fails(MEMORY, ENOMEM) ? NULL : __libc_realloc(old, size);
}

// The function that would have been called without us.
#define REAL(name)                                                                                 \
    static __typeof__(&(name)) real;                                                               \
    if (!real)                                                                                     \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    return fd > STDERR_FILENO && fails(WRITE, ENOSPC) ? -1 : real(fd, data, size);
}

ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t size,
                        unsigned flags) {
    REAL(copy_file_range);
    if (fails(WRITE, ENOSPC))
        return -1;
    return real(from, from_offset, to, to_offset, size, flags);
}

int close(int fd) {
    REAL(close);
    if (fd <= STDERR_FILENO || !fails(WRITE, EIO))
        return real(fd);
    real(fd);
    errno = EIO;
    return -1;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    return fails(WRITE, EACCES) ? -1 : real(from, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    REAL(renameat2);
    return fails(WRITE, EACCES) ? -1 : real(from_folder, from, to_folder, to, flags);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    return fails(WRITE, EACCES) ? -1 : real(path, mode);
}

ssize_t read(int fd, void *data, size_t size) {
    REAL(read);
    return fd > STDERR_FILENO && fails(READ, EIO) ? -1 : real(fd, data, size);
}

void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
    REAL(mmap);
    if (fd > STDERR_FILENO && fails(READ, ENOMEM))
        return MAP_FAILED;
    return real(address, size, protection, flags, fd, offset);
}

int open(const char *path, int flags, ...) {
    REAL(open);
    va_list args;
    va_start(args, flags);
    mode_t mode = va_arg(args, mode_t); // harmless when it was not given
    va_end(args);
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    return fails(writes ? WRITE : READ, writes ? ENOSPC : EIO) ? -1 : real(path, flags, mode);
}
