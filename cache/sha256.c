// SPDX-License-Identifier: Apache-2.0
#include "cache/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compiler/base/fatal.h"

enum { BLOCK_SIZE = 256 * 1024 };

static void finish(EVP_MD_CTX *context, char text[SHA256_TEXT_SIZE]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (EVP_DigestFinal_ex(context, digest, &length) != 1 || length * 2 + 1 != SHA256_TEXT_SIZE)
        fatal_bug("SHA-256 gave %u bytes", length);
    for (unsigned i = 0; i < length; i++)
        snprintf(text + (size_t)i * 2, 3, "%02x", digest[i]);
}

static bool digest_file(int fd, EVP_MD_CTX *context) {
    unsigned char *block = malloc(BLOCK_SIZE);
    if (block == NULL)
        fatal_out_of_memory();
    ssize_t got;
    do {
        got = read(fd, block, BLOCK_SIZE);
        if (got > 0)
            EVP_DigestUpdate(context, block, (size_t)got);
    } while (got > 0 || (got < 0 && errno == EINTR));
    int error = errno;
    free(block);
    errno = error;
    return got == 0;
}

bool sha256_file(const char *path, char text[SHA256_TEXT_SIZE]) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        fatal_out_of_memory();
    bool done = digest_file(fd, context);
    int error = errno;
    if (done)
        finish(context, text);
    EVP_MD_CTX_free(context);
    close(fd);
    errno = error;
    return done;
}
