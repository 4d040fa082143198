// SPDX-License-Identifier: Apache-2.0
// SHA-256 and SHA-384, for what must be trusted: downloads, archives, shared caches. Their text is
// lower-case hexadecimal.
#ifndef ZOOC_CACHE_DIGEST_H
#define ZOOC_CACHE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum digest_kind { DIGEST_SHA256, DIGEST_SHA384, DIGEST_KIND_COUNT };

enum { SHA256_TEXT_SIZE = 65, SHA384_TEXT_SIZE = 97 }; // digits and NUL
enum { DIGEST_TEXT_SIZE = SHA384_TEXT_SIZE };          // room for either

// Before anything else uses OpenSSL; the functions below do it themselves.
void digest_start(void);

const char *digest_name(enum digest_kind kind); // "SHA-256"
// Is `text` the text of a digest of this kind?
bool digest_is_text(enum digest_kind kind, const char *text);

// Piece by piece. `text` has the room that the kind needs; digester_end and _drop free the
// digester.
struct digester;
struct digester *digester_new(enum digest_kind kind);
void digester_add(struct digester *digester, const void *data, size_t size);
void digester_end(struct digester *digester, char *text);
void digester_drop(struct digester *digester);

void digest_bytes(enum digest_kind kind, const void *data, size_t size, char *text);
// From where the file stands to its end. False with errno set when it cannot be read.
bool digest_open_file(enum digest_kind kind, int fd, char *text);
bool digest_file(enum digest_kind kind, const char *path, char *text);

#endif
