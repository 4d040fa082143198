// SPDX-License-Identifier: Apache-2.0
// SHA-256 of a file: an archive against the sum in its manifest.
#ifndef ZOOC_CACHE_SHA256_H
#define ZOOC_CACHE_SHA256_H

#include "cache/digest.h"

// False with errno set when the file cannot be read.
static inline bool sha256_file(const char *path, char text[SHA256_TEXT_SIZE]) {
    return digest_file(DIGEST_SHA256, path, text);
}

#endif
