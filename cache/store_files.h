// SPDX-License-Identifier: Apache-2.0
// What the files of the store share. Functions keep errno where they only tidy up.
#ifndef ZOOC_CACHE_STORE_FILES_H
#define ZOOC_CACHE_STORE_FILES_H

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "cache/store.h"
#include "compiler/base/strbuf.h"

struct store {
    const char *folder;
    bool read_only;
    atomic_bool cannot_clone; // seen: spares the file system the question
};

static inline bool store_fail(int error) {
    errno = error;
    return false;
}

static inline void free_text(struct strbuf *text) {
    int error = errno;
    strbuf_free(text);
    errno = error;
}

static inline void close_keeping_errno(int fd) {
    int error = errno;
    close(fd);
    errno = error;
}

static inline void unlink_keeping_errno(const char *path) {
    int error = errno;
    unlink(path);
    errno = error;
}

bool store_write_all(int fd, const void *data, size_t size);

// May it be written? False with errno.
bool store_may_put(const struct store *store);

// A path in tmp/, unlike any other of this moment; a dead process with our number may have left a
// file there.
void store_temporary_path(const struct store *store, struct strbuf *out);
// Open and locked, so that store_collect sees that somebody is at work.
int store_create_temporary(const struct store *store, struct strbuf *path);
// Makes the folder of `to` when it is not there yet. The temporary name is gone afterwards.
bool store_rename_into(const struct store *store, const char *from, const char *to);

// Sets the time of last use.
void store_note_use(const struct store *store, int fd);

#endif
