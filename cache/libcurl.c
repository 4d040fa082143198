// SPDX-License-Identifier: Apache-2.0
#include "cache/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

static struct libcurl functions;
static bool is_open;
static char fault[512];

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
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL || !look_up(library)) {
        const char *why = dlerror();
        snprintf(fault, sizeof fault, "%s", why == NULL ? "libcurl.so.4 is too old" : why);
    } else if (functions.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
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
