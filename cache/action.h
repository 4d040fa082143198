// SPDX-License-Identifier: Apache-2.0
// The conversion cache: what a step answered once, kept for every folder and machine that asks the
// same. Its key is the SHA-256 of the question: kind of step, model, the compiler's build id,
// options, names and SHA-256 of the inputs. No path, time or machine is in it.
//
// The entry under a key is a record. It is believed when the question in it gives that very key;
// its outputs are objects of the store and checked there. An entry that cannot be used is removed.
#ifndef ZOOC_CACHE_ACTION_H
#define ZOOC_CACHE_ACTION_H

#include "cache/record.h"
#include "cache/remote.h"
#include "cache/store.h"

struct action_cache {
    struct store *store;    // NULL: none
    struct remote *remote;  // NULL: none
    bool read_only;         // nothing is put, neither here nor there
    bool remote_is_damaged; // seen: what it holds is put again
};

// False when the record lacks the SHA-256 of an input.
bool action_key(const struct record *record, char key[SHA256_TEXT_SIZE]);

struct record *action_find(struct arena *arena, const struct action_cache *cache, const char *key);

// Output `name` of the entry as file `path`. False with errno; then the entry is of no use.
bool action_take(struct action_cache *cache, const struct record *entry, const char *name,
                 const char *path);
void action_drop(const struct action_cache *cache, const char *key);

// Puts file `path` as an output; adds its SHA-256 to the record.
bool action_put(const struct action_cache *cache, struct record *record, const char *name,
                const char *path);
// Puts the record under its key: the last thing, when all outputs have been put.
bool action_keep(const struct action_cache *cache, const struct record *record, const char *key);

// SHA-256 of a file, or of a folder: the names and SHA-256 of all files below it in the order of
// their names. False with errno set.
bool action_sum(const char *path, char sum[SHA256_TEXT_SIZE]);

#endif
