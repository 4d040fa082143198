// SPDX-License-Identifier: Apache-2.0
// XXH3-128 of contents: what "has this changed" rests on. It is no protection against an attacker;
// what must be trusted is checked with SHA-256 (digest.h).
#ifndef ZOOC_CACHE_HASH_H
#define ZOOC_CACHE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash {
    uint64_t high, low;
};

enum { HASH_TEXT_SIZE = 33 }; // 32 hexadecimal digits and NUL

struct hash hash_bytes(const void *data, size_t size);
bool hash_equal(struct hash a, struct hash b);
void hash_to_text(struct hash hash, char text[HASH_TEXT_SIZE]);
bool hash_from_text(const char *text, struct hash *out);

// Hashing piece by piece. hasher_end frees the hasher.
struct hasher;
struct hasher *hasher_new(void);
void hasher_add(struct hasher *hasher, const void *data, size_t size);
struct hash hasher_end(struct hasher *hasher);

// The content of a regular file, or of a folder (the names, sizes and hashes of all files below it,
// in the order of their names). False with errno set on failure; *size is the sum of the file
// sizes.
bool hash_path(const char *path, struct hash *out, uint64_t *size);

#endif
