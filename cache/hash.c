// SPDX-License-Identifier: Apache-2.0
#include "cache/hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"
#include "compiler/base/strbuf.h"

struct hasher {
    XXH3_state_t *state;
};

enum { BLOCK_SIZE = 256 * 1024 };

static struct hash from_xxh(XXH128_hash_t value) {
    return (struct hash){.high = value.high64, .low = value.low64};
}

struct hash hash_bytes(const void *data, size_t size) {
    return from_xxh(XXH3_128bits(data, size));
}

bool hash_equal(struct hash a, struct hash b) {
    return a.high == b.high && a.low == b.low;
}

void hash_to_text(struct hash hash, char text[HASH_TEXT_SIZE]) {
    snprintf(text, HASH_TEXT_SIZE, "%016llx%016llx", (unsigned long long)hash.high,
             (unsigned long long)hash.low);
}

static bool hex_u64(const char *text, uint64_t *out) {
    *out = 0;
    for (int i = 0; i < 16; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            *out = *out << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *out = *out << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    return true;
}

bool hash_from_text(const char *text, struct hash *out) {
    return strlen(text) == HASH_TEXT_SIZE - 1 && hex_u64(text, &out->high) &&
           hex_u64(text + 16, &out->low);
}

struct hasher *hasher_new(void) {
    struct hasher *hasher = malloc(sizeof *hasher);
    if (hasher == NULL || (hasher->state = XXH3_createState()) == NULL)
        fatal_out_of_memory();
    XXH3_128bits_reset(hasher->state);
    return hasher;
}

void hasher_add(struct hasher *hasher, const void *data, size_t size) {
    XXH3_128bits_update(hasher->state, data, size);
}

struct hash hasher_end(struct hasher *hasher) {
    struct hash result = from_xxh(XXH3_128bits_digest(hasher->state));
    XXH3_freeState(hasher->state);
    free(hasher);
    return result;
}

static bool hash_open_file(int fd, struct hash *out, uint64_t *size) {
    unsigned char *block = malloc(BLOCK_SIZE);
    if (block == NULL)
        fatal_out_of_memory();
    struct hasher *hasher = hasher_new();
    ssize_t got;
    *size = 0;
    do {
        got = read(fd, block, BLOCK_SIZE);
        if (got > 0) {
            hasher_add(hasher, block, (size_t)got);
            *size += (uint64_t)got;
        }
    } while (got > 0 || (got < 0 && errno == EINTR));
    int error = errno;
    *out = hasher_end(hasher);
    free(block);
    errno = error;
    return got == 0;
}

static bool hash_folder(const char *path, unsigned depth, struct hash *out, uint64_t *size);

static bool hash_at_depth(const char *path, unsigned depth, struct hash *out, uint64_t *size) {
    // Not blocking: a FIFO must not stop us for ever.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    struct stat status;
    bool done = fstat(fd, &status) == 0;
    bool folder = done && S_ISDIR(status.st_mode);
    if (done && !folder) {
        errno = EINVAL;
        done = S_ISREG(status.st_mode) && hash_open_file(fd, out, size);
    }
    int error = errno;
    close(fd);
    errno = error;
    return folder ? hash_folder(path, depth + 1, out, size) : done;
}

static int skip_dots(const struct dirent *entry) {
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool hash_entry(const char *folder, const char *name, unsigned depth, struct hasher *hasher,
                       uint64_t *total) {
    struct strbuf path = STRBUF_INIT;
    strbuf_printf(&path, "%s/%s", folder, name);
    struct hash hash;
    uint64_t size = 0;
    bool done = hash_at_depth(path.data, depth, &hash, &size);
    if (done) {
        char line[HASH_TEXT_SIZE];
        hash_to_text(hash, line);
        hasher_add(hasher, name, strlen(name) + 1);
        hasher_add(hasher, line, sizeof line);
        *total += size;
    }
    int error = errno;
    strbuf_free(&path);
    errno = error;
    return done;
}

static bool hash_folder(const char *path, unsigned depth, struct hash *out, uint64_t *size) {
    if (depth > limits.nesting) {
        errno = ELOOP;
        return false;
    }
    struct dirent **entries;
    int count = scandir(path, &entries, skip_dots, by_bytes);
    if (count < 0)
        return false;
    struct hasher *hasher = hasher_new();
    bool done = true;
    *size = 0;
    for (int i = 0; i < count; i++) {
        done = done && hash_entry(path, entries[i]->d_name, depth, hasher, size);
        free(entries[i]);
    }
    int error = errno;
    free(entries);
    *out = hasher_end(hasher);
    errno = error;
    return done;
}

bool hash_path(const char *path, struct hash *out, uint64_t *size) {
    return hash_at_depth(path, 0, out, size);
}
