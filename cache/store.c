// SPDX-License-Identifier: Apache-2.0
// The folder of a store, and how files come into it.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cache/store_files.h"
#include "cache/tree.h"

bool store_write_all(int fd, const void *data, size_t size) {
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
        (void)store_write_all(fd, tag, sizeof tag - 1); // a hint: without it all works too
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

void store_temporary_path(const struct store *store, struct strbuf *out) {
    static atomic_uint counter;
    char host[65] = "";
    gethostname(host, sizeof host - 1);
    strbuf_reset(out);
    strbuf_printf(out, "%s/tmp/%s-%ld-%u", store->folder, host, (long)getpid(),
                  atomic_fetch_add(&counter, 1));
}

int store_create_temporary(const struct store *store, struct strbuf *path) {
    int fd;
    do {
        store_temporary_path(store, path);
        fd = open(path->data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (fd < 0 && errno == EEXIST);
    if (fd >= 0)
        (void)flock(fd, LOCK_SH | LOCK_NB); // where there are no locks, age protects
    return fd;
}

// A folder in the place of a file: it goes where nobody looks for it.
static void remove_folder(const struct store *store, const char *path) {
    struct strbuf away = STRBUF_INIT;
    store_temporary_path(store, &away);
    if (rename(path, away.data) == 0)
        (void)tree_remove(away.data);
    strbuf_free(&away);
}

bool store_rename_into(const struct store *store, const char *from, const char *to) {
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

// ---- Using ----

bool store_may_put(const struct store *store) {
    return !store->read_only || store_fail(EROFS);
}

// Others' objects in a shared store cannot be touched by us; then reading them must do.
void store_note_use(const struct store *store, int fd) {
    static const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    int error = errno;
    if (!store->read_only)
        (void)futimens(fd, times);
    errno = error;
}
