// SPDX-License-Identifier: Apache-2.0
#include "cache/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache/digest.h"
#include "compiler/base/fatal.h"

static struct libcurl functions;
static bool is_open;
static char fault[512];

// As everywhere: without memory the process ends.

static void *sure(void *memory) {
    if (memory == NULL)
        fatal_out_of_memory();
    return memory;
}

static void *sure_malloc(size_t size) {
    return sure(malloc(size > 0 ? size : 1));
}

static void *sure_realloc(void *old, size_t size) {
    return sure(realloc(old, size > 0 ? size : 1));
}

static char *sure_strdup(const char *text) {
    return sure(strdup(text));
}

static void *sure_calloc(size_t count, size_t size) {
    return sure(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

static bool look_up(void *library) {
    bool all = true;
#define FUNCTION(function)                                                                         \
    *(void **)&functions.function = dlsym(library, "curl_" #function);                             \
    all = all && functions.function != NULL;
    LIBCURL_FUNCTIONS(FUNCTION)
#undef FUNCTION
    return all;
}

static void open_once(void) {
    digest_start();
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL || !look_up(library)) {
        const char *why = dlerror();
        snprintf(fault, sizeof fault, "%s", why == NULL ? "libcurl.so.4 is too old" : why);
    } else if (functions.global_init_mem(CURL_GLOBAL_DEFAULT, sure_malloc, free, sure_realloc,
                                         sure_strdup, sure_calloc) != CURLE_OK) {
        snprintf(fault, sizeof fault, "libcurl cannot start");
    } else {
        is_open = true;
    }
}

const struct libcurl *libcurl_open(const char **why) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_once);
    *why = fault;
    return is_open ? &functions : NULL;
}
