// SPDX-License-Identifier: Apache-2.0
#include "cache/memo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char room[] = "sums";

enum { SMALL = 1024 * 1024, TICK = 2 };

static bool is_large_file(const struct stat *status) {
    return S_ISREG(status->st_mode) && status->st_size >= SMALL;
}

static bool is_settled(const struct stat *status) {
    time_t limit = time(NULL) - TICK;
    return status->st_mtim.tv_sec < limit && status->st_ctim.tv_sec < limit;
}

static void key_of(const struct stat *status, char key[SHA256_TEXT_SIZE]) {
    char text[256];
    int length = snprintf(
        text, sizeof text, "%ju %ju %jd %jd.%09ld %jd.%09ld", (uintmax_t)status->st_dev,
        (uintmax_t)status->st_ino, (intmax_t)status->st_size, (intmax_t)status->st_mtim.tv_sec,
        status->st_mtim.tv_nsec, (intmax_t)status->st_ctim.tv_sec, status->st_ctim.tv_nsec);
    digest_bytes(DIGEST_SHA256, text, (size_t)length, key);
}

// HASH BLANK SHA256
static bool parse(struct slice text, struct memo *out) {
    char hash[HASH_TEXT_SIZE];
    if (text.size != HASH_TEXT_SIZE + SHA256_TEXT_SIZE - 1)
        return false;
    memcpy(hash, text.data, HASH_TEXT_SIZE - 1);
    hash[HASH_TEXT_SIZE - 1] = '\0';
    memcpy(out->sha256, text.data + HASH_TEXT_SIZE, SHA256_TEXT_SIZE - 1);
    out->sha256[SHA256_TEXT_SIZE - 1] = '\0';
    return hash_from_text(hash, &out->hash) && digest_is_text(DIGEST_SHA256, out->sha256);
}

bool memo_find(struct arena *arena, struct store *store, const struct stat *status,
               struct memo *out) {
    char key[SHA256_TEXT_SIZE];
    struct slice text;
    if (!is_large_file(status))
        return false;
    key_of(status, key);
    return store_note_read(arena, store, room, key, &text) && parse(text, out);
}

void memo_keep(struct store *store, const struct stat *status, const struct memo *memo) {
    char key[SHA256_TEXT_SIZE], hash[HASH_TEXT_SIZE], text[HASH_TEXT_SIZE + SHA256_TEXT_SIZE];
    if (!is_large_file(status) || !is_settled(status))
        return;
    key_of(status, key);
    hash_to_text(memo->hash, hash);
    int length = snprintf(text, sizeof text, "%s %s", hash, memo->sha256);
    store_note_write(store, room, key, text, (size_t)length);
}

bool memo_is_same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}
