// SPDX-License-Identifier: Apache-2.0
// What a large file sums up to, remembered in the store, so that a model of a gigabyte that has not
// changed is not read only to say so. A file is known again by what the file system says of it:
// device, inode, size, time of modification, and time of change, which no program can set. A file
// that changed in the last two seconds is not remembered: it might do so again within one tick of
// the clock.
#ifndef ZOOC_CACHE_MEMO_H
#define ZOOC_CACHE_MEMO_H

#include <sys/stat.h>

#include "cache/digest.h"
#include "cache/hash.h"
#include "cache/store.h"

struct memo {
    struct hash hash;
    char sha256[SHA256_TEXT_SIZE];
};

// `status` is of the file as it is now; false when nothing is known of it, and of small files,
// which are read as quickly as a memo.
bool memo_find(struct arena *arena, struct store *store, const struct stat *status,
               struct memo *out);

// `status` is of the file before its sums were taken, and it still is what the file is.
void memo_keep(struct store *store, const struct stat *status, const struct memo *memo);

// Do both tell of the same content?
bool memo_is_same_file(const struct stat *a, const struct stat *b);

#endif
