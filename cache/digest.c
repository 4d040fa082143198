// SPDX-License-Identifier: Apache-2.0
#include "cache/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/fatal.h"

enum { BLOCK_SIZE = 256 * 1024 };

static const struct {
    const char *name;
    const EVP_MD *(*algorithm)(void);
    unsigned text_size;
} kinds[DIGEST_KIND_COUNT] = {
    [DIGEST_SHA256] = {"SHA-256", EVP_sha256, SHA256_TEXT_SIZE},
    [DIGEST_SHA384] = {"SHA-384", EVP_sha384, SHA384_TEXT_SIZE},
};

struct digester {
    EVP_MD_CTX *context;
    enum digest_kind kind;
};

// OpenSSL without memory crashes in its own start: it never hears of a lack.

static void *sure_malloc(size_t size, const char *file, int line) {
    (void)file;
    (void)line;
    void *memory = malloc(size);
    if (memory == NULL && size > 0)
        fatal_out_of_memory();
    return memory;
}

static void *sure_realloc(void *old, size_t size, const char *file, int line) {
    (void)file;
    (void)line;
    void *memory = realloc(old, size);
    if (memory == NULL && size > 0)
        fatal_out_of_memory();
    return memory;
}

static void plain_free(void *memory, const char *file, int line) {
    (void)file;
    (void)line;
    free(memory);
}

static void start_openssl(void) {
    // False when something has been allocated already; then it stays as it is.
    (void)CRYPTO_set_mem_functions(sure_malloc, sure_realloc, plain_free);
}

void digest_start(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_openssl);
}

const char *digest_name(enum digest_kind kind) {
    return kinds[kind].name;
}

bool digest_is_text(enum digest_kind kind, const char *text) {
    size_t digits = kinds[kind].text_size - 1;
    return strspn(text, "0123456789abcdef") == digits && text[digits] == '\0';
}

struct digester *digester_new(enum digest_kind kind) {
    digest_start();
    struct digester *digester = malloc(sizeof *digester);
    if (digester == NULL || (digester->context = EVP_MD_CTX_new()) == NULL ||
        EVP_DigestInit_ex(digester->context, kinds[kind].algorithm(), NULL) != 1)
        fatal_out_of_memory();
    digester->kind = kind;
    return digester;
}

void digester_add(struct digester *digester, const void *data, size_t size) {
    if (EVP_DigestUpdate(digester->context, data, size) != 1)
        fatal_bug("%s takes no more bytes", kinds[digester->kind].name);
}

void digester_drop(struct digester *digester) {
    EVP_MD_CTX_free(digester->context);
    free(digester);
}

void digester_end(struct digester *digester, char *text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (EVP_DigestFinal_ex(digester->context, digest, &length) != 1 ||
        length * 2 + 1 != kinds[digester->kind].text_size)
        fatal_bug("%s gave %u bytes", kinds[digester->kind].name, length);
    for (unsigned i = 0; i < length; i++)
        snprintf(text + (size_t)i * 2, 3, "%02x", digest[i]);
    digester_drop(digester);
}

void digest_bytes(enum digest_kind kind, const void *data, size_t size, char *text) {
    struct digester *digester = digester_new(kind);
    digester_add(digester, data, size);
    digester_end(digester, text);
}

bool digest_open_file(enum digest_kind kind, int fd, char *text) {
    unsigned char *block = malloc(BLOCK_SIZE);
    if (block == NULL)
        fatal_out_of_memory();
    struct digester *digester = digester_new(kind);
    ssize_t got;
    do {
        got = read(fd, block, BLOCK_SIZE);
        if (got > 0)
            digester_add(digester, block, (size_t)got);
    } while (got > 0 || (got < 0 && errno == EINTR));
    int error = errno;
    digester_end(digester, text);
    free(block);
    errno = error;
    return got == 0;
}

bool digest_file(enum digest_kind kind, const char *path, char *text) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool done = digest_open_file(kind, fd, text);
    int error = errno;
    close(fd);
    errno = error;
    return done;
}
