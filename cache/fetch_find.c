// SPDX-License-Identifier: Apache-2.0
// What was fetched, as the store has it.
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/fetch.h"

// The key that the sums lead to, or NULL.
static const char *known_key(struct arena *arena, struct store *store,
                             const struct fetch_item *item) {
    struct slice note;
    if (item->sha256 != NULL)
        return item->sha256;
    if (!store_note_read(arena, store, STORE_ROOM_SHA384, item->sha384, &note))
        return NULL;
    const char *key = arena_strndup(arena, (const char *)note.data, note.size);
    return digest_is_text(DIGEST_SHA256, key) ? key : NULL;
}

bool fetch_find(struct arena *arena, struct store *store, struct fetch_item *item) {
    const char *key = known_key(arena, store, item);
    int fd = key == NULL ? -1 : store_open_object(store, key, STORE_BY_STAMP);
    if (fd < 0)
        return false;
    struct stat status;
    if (fstat(fd, &status) == 0)
        item->bytes = (uint64_t)status.st_size;
    close(fd);
    memcpy(item->key, key, STORE_KEY_SIZE);
    item->state = FETCH_PRESENT;
    return true;
}

bool fetch_note_sha384(struct store *store, const char *key, const char *sha384) {
    return store_note_write(store, STORE_ROOM_SHA384, sha384, key, STORE_KEY_SIZE - 1);
}

bool fetch_name_by_sha384(struct arena *arena, struct store *store, const char *key,
                          const char *sha384) {
    struct fetch_item item = {.sha384 = sha384};
    const char *known = known_key(arena, store, &item);
    if (known != NULL && strcmp(known, key) == 0)
        return true;
    char sum[SHA384_TEXT_SIZE] = "";
    int fd = store_open_object(store, key, STORE_BY_STAMP);
    if (fd < 0)
        return false;
    bool right = digest_open_file(DIGEST_SHA384, fd, sum) && strcmp(sum, sha384) == 0;
    close(fd);
    return right && fetch_note_sha384(store, key, sha384);
}

void fetch_mark(struct store *store, const char *key) {
    if (!store_note_has(store, STORE_ROOM_FETCHED, key))
        (void)store_note_write(store, STORE_ROOM_FETCHED, key, "", 0);
}
