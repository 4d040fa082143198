// SPDX-License-Identifier: Apache-2.0
// Brings files whose sums are known into the store: by http and https (libcurl), or from this
// machine (file:). A file is in the store only when its sums are right.
//
// What breaks off is taken up where it ended, in this run or a later one; what may pass is tried
// again after a pause that doubles; then the next address is tried. Redirects go to http and https
// only, never from https back to http, and certificates are verified. Several processes may fetch
// into one store: a file is brought once.
#ifndef ZOOC_CACHE_FETCH_H
#define ZOOC_CACHE_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/store.h"

enum fetch_state {
    FETCH_WAITS,
    FETCH_PRESENT, // was in the store
    FETCH_BROUGHT,
    FETCH_MISSING, // not in the store, and no socket may be opened
    FETCH_FAILED,
};

struct fetch_item {
    const char *const *urls; // tried in this order
    uint32_t url_count;
    const char *sha256, *sha384; // at least one; NULL: not known
    uint64_t size;               // 0: not known
    // The answer:
    enum fetch_state state;
    char key[STORE_KEY_SIZE]; // in the store
    uint64_t bytes;           // of the file so far
    const char *cause;        // of a failure: each address and what was wrong with it
};

enum fetch_event { FETCH_STARTS, FETCH_GROWS, FETCH_PAUSES, FETCH_ENDS };

struct fetch_request {
    struct store *store;
    struct fetch_item *items;
    uint32_t count;
    bool offline;
    unsigned jobs;       // at a time
    unsigned retries;    // of one address when nothing arrives
    unsigned pause;      // milliseconds before the first retry
    unsigned patience;   // seconds without a byte
    uint64_t most_bytes; // of a file whose size is not known
    // `text`: the address at the start, the cause of a pause. NULL: nobody listens.
    void (*tell)(void *context, enum fetch_event event, const struct fetch_item *item,
                 const char *text);
    void *context;
};

// Is it in the store? Then `key` says where; no sockets, no listeners.
bool fetch_find(struct arena *arena, struct store *store, struct fetch_item *item);

// Makes an object known by its SHA-384 too; it has that.
bool fetch_note_sha384(struct store *store, const char *key, const char *sha384);
// The same, when it has that.
bool fetch_name_by_sha384(struct arena *arena, struct store *store, const char *key,
                          const char *sha384);

// An object that was fetched: conversions do not drive it out of the store. fetch_all marks its
// own; should marking fail, the object is one among others.
void fetch_mark(struct store *store, const char *key);

// What a person would wait for: sets jobs, retries, pause, patience and most_bytes.
void fetch_defaults(struct fetch_request *request);

// True when every item is present or brought.
bool fetch_all(struct arena *arena, const struct fetch_request *request);

// The address without user and password, for messages.
const char *fetch_shown_url(struct arena *arena, const char *url);

#endif
