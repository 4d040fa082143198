// SPDX-License-Identifier: Apache-2.0
// SHA-256 of a file, for what must be trusted: an archive against the sum in its manifest.
#ifndef ZOOC_CACHE_SHA256_H
#define ZOOC_CACHE_SHA256_H

#include <stdbool.h>

enum { SHA256_TEXT_SIZE = 65 }; // 64 lower-case hexadecimal digits and NUL

// False with errno set when the file cannot be read.
bool sha256_file(const char *path, char text[SHA256_TEXT_SIZE]);

#endif
