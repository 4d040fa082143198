// SPDX-License-Identifier: Apache-2.0
// The store as a whole: what there is, and making room.
#include "cache/store.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct listing {
    struct arena *arena;
    struct store_list *out;
    uint32_t capacity;
};

static void add_entry(struct listing *l, struct store_entry entry) {
    struct store_list *out = l->out;
    ARENA_ROOM(l->arena, out->entries, out->count, &l->capacity);
    out->entries[out->count++] = entry;
    out->bytes += entry.size;
}

static int64_t nanoseconds(struct timespec time) {
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// .../ab/cdef...: the key is the last two names put together. Strangers' files are left alone.
static void add_file(struct listing *l, const char *room, const FTSENT *entry) {
    const char *folder = entry->fts_parent->fts_name;
    const char *key = arena_printf(l->arena, "%s%s", folder, entry->fts_name);
    const struct stat *status = entry->fts_statp;
    bool sha256 = digest_is_text(DIGEST_SHA256, key);
    if (strlen(folder) != 2 || !(sha256 || (room != NULL && digest_is_text(DIGEST_SHA384, key))))
        return;
    add_entry(l, (struct store_entry){.room = room,
                                      .key = key,
                                      .size = (uint64_t)status->st_size,
                                      .used = nanoseconds(status->st_atim)});
}

// Objects lie two levels down, notes three: their room is above.
static void add_found(struct listing *l, const FTSENT *entry, bool notes) {
    if (entry->fts_info != FTS_F || entry->fts_level != (notes ? 3 : 2))
        return;
    const char *room = NULL;
    if (notes)
        room = arena_strdup(l->arena, entry->fts_parent->fts_parent->fts_name);
    add_file(l, room, entry);
}

static bool list_folder(struct listing *l, const char *path, bool notes) {
    char *paths[] = {arena_strdup(l->arena, path), NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL)
        return false;
    const FTSENT *entry;
    errno = 0;
    while ((entry = fts_read(walk)) != NULL)
        add_found(l, entry, notes); // what went away meanwhile has another fts_info
    int error = errno;
    fts_close(walk);
    errno = error;
    return error == 0 || error == ENOENT;
}

static int by_room_and_key(const void *a, const void *b) {
    const struct store_entry *x = a, *y = b;
    int order = strcmp(x->room == NULL ? "" : x->room, y->room == NULL ? "" : y->room);
    return order != 0 ? order : strcmp(x->key, y->key);
}

bool store_list(struct arena *arena, const struct store *store, struct store_list *out) {
    struct listing l = {.arena = arena, .out = out};
    *out = (struct store_list){.count = 0};
    if (!list_folder(&l, arena_printf(arena, "%s/objects", store_path(store)), false) ||
        !list_folder(&l, arena_printf(arena, "%s/notes", store_path(store)), true))
        return false;
    if (out->count > 0)
        qsort(out->entries, out->count, sizeof *out->entries, by_room_and_key);
    return true;
}

// ---- Making room ----

static int by_use(const void *a, const void *b) {
    const struct store_entry *x = a, *y = b;
    if (x->used != y->used)
        return x->used < y->used ? -1 : 1;
    return by_room_and_key(a, b);
}

// Of a list in the order of rooms and keys.
static bool is_fetched(const struct store_list *list, const struct store_entry *entry) {
    struct store_entry mark = {.room = STORE_ROOM_FETCHED, .key = entry->key};
    if (entry->room != NULL)
        return strcmp(entry->room, STORE_ROOM_FETCHED) == 0 ||
               strcmp(entry->room, STORE_ROOM_SHA384) == 0;
    return bsearch(&mark, list->entries, list->count, sizeof mark, by_room_and_key) != NULL;
}

static void leave_fetched(struct arena *arena, struct store_list *list) {
    struct store_list made = {.entries = arena_array_of(arena, list->count, struct store_entry)};
    for (uint32_t i = 0; i < list->count; i++) {
        if (is_fetched(list, &list->entries[i]))
            continue;
        made.entries[made.count++] = list->entries[i];
        made.bytes += list->entries[i].size;
    }
    *list = made;
}

static bool drop_entry(struct store *store, const struct store_entry *entry) {
    bool done = entry->room == NULL ? store_drop(store, entry->key)
                                    : store_note_drop(store, entry->room, entry->key);
    return done || errno == ENOENT;
}

// A file on its way that nobody has locked, old enough to have been locked by now.
static bool is_left(const char *path, const struct stat *status, int64_t age) {
    if (nanoseconds(status->st_mtim) > age)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool left = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (fd >= 0)
        close(fd);
    return left;
}

static void remove_left(const char *folder, int64_t age) {
    char *paths[] = {(char *)(uintptr_t)folder, NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    const FTSENT *entry;
    while (walk != NULL && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info == FTS_F && is_left(entry->fts_path, entry->fts_statp, age))
            unlink(entry->fts_path);
        else if (entry->fts_info == FTS_DP && entry->fts_level > 0)
            rmdir(entry->fts_path); // of a folder that lay in an object's place
    }
    if (walk != NULL)
        fts_close(walk);
}

static void remove_unfinished(struct arena *arena, const struct store *store) {
    // An interrupted download may be taken up again for a week.
    const int64_t second = 1000000000, minute = second * 60, day = minute * 1440;
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    int64_t now = nanoseconds(time);
    remove_left(arena_printf(arena, "%s/tmp", store_path(store)), now - 10 * minute);
    remove_left(arena_printf(arena, "%s/partial", store_path(store)), now - 7 * day);
}

bool store_collect(struct store *store, enum store_part part, uint64_t most,
                   struct store_swept *out) {
    struct arena *arena = arena_new();
    struct store_list list;
    *out = (struct store_swept){.count = 0};
    bool done = store_list(arena, store, &list);
    if (done) {
        remove_unfinished(arena, store);
        if (part == STORE_MADE)
            leave_fetched(arena, &list);
        out->kept_bytes = list.bytes;
        if (list.count > 0)
            qsort(list.entries, list.count, sizeof *list.entries, by_use);
    }
    for (uint32_t i = 0; done && i < list.count && out->kept_bytes > most; i++) {
        done = drop_entry(store, &list.entries[i]);
        out->count += done;
        out->bytes += done ? list.entries[i].size : 0;
        out->kept_bytes -= done ? list.entries[i].size : 0;
    }
    int error = errno;
    arena_free(arena);
    errno = error;
    return done;
}
