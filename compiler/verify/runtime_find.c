// SPDX-License-Identifier: Apache-2.0
// Where OpenVINO's C library is, and its functions.
#include "compiler/verify/runtime_find.h"

#include <dlfcn.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY "libopenvino_c.so"
// Inside a virtual environment, as PyPI's package lays it out.
#define IN_VENV "lib/python3*/site-packages/openvino/libs/" LIBRARY "*"

// The last match of a pattern (the newest version), or NULL.
static const char *match(struct arena *arena, const char *pattern) {
    glob_t found;
    const char *path = NULL;
    if (glob(pattern, 0, NULL, &found) == 0) {
        path = arena_strdup(arena, found.gl_pathv[found.gl_pathc - 1]);
        globfree(&found);
    }
    return path;
}

// What the user names: the library, its folder, or a virtual environment.
static const char *named(struct arena *arena, const char *place) {
    struct stat st;
    if (stat(place, &st) != 0 || !S_ISDIR(st.st_mode))
        return place;
    const char *path = match(arena, arena_printf(arena, "%s/" LIBRARY "*", place));
    return path != NULL ? path : match(arena, arena_printf(arena, "%s/" IN_VENV, place));
}

// `make setup` puts its environment into build/venv; the binary stands in build or below it.
static const char *beside_binary(struct arena *arena) {
    static const char *const up[] = {"", "../", "../../"};
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length <= 0)
        return NULL;
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++) {
        const char *pattern = arena_printf(arena, "%s/%svenv/" IN_VENV, self, up[i]);
        const char *path = match(arena, pattern);
        if (path != NULL)
            return path;
    }
    return NULL;
}

static const char *find(struct arena *arena, const char *library) {
    if (library == NULL || *library == '\0')
        library = getenv("ZOOC_OPENVINO");
    if (library != NULL && *library != '\0') {
        const char *path = named(arena, library);
        return path != NULL ? path : library;
    }
    const char *path = beside_binary(arena);
    if (path == NULL)
        path = match(arena, "build/venv/" IN_VENV);
    return path != NULL ? path : LIBRARY;
}

static const char *missing_function(void *handle, struct runtime_api *api) {
    void *address;
#define LOAD(result, name, arguments)                                                              \
    if ((address = dlsym(handle, #name)) == NULL)                                                  \
        return #name;                                                                              \
    memcpy(&api->name, &address, sizeof(address));
    OV_FUNCTIONS(LOAD)
#undef LOAD
    return NULL;
}

bool runtime_find(struct arena *arena, struct diag *diag, const char *library,
                  struct runtime_api *api) {
    const char *path = find(arena, library);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *why = dlerror();
        diag_report(diag, NULL, RUNTIME_MISSING, path, why != NULL ? why : "unknown error");
        return false;
    }
    const char *missing = missing_function(handle, api);
    if (missing != NULL)
        diag_report(diag, NULL, RUNTIME_MISSING, path, arena_printf(arena, "it lacks %s", missing));
    return missing == NULL;
}

// Only in builds with the address sanitizer, which ends the process when a library is opened with
// RTLD_DEEPBIND, as the runtime's thread library does: this dlopen goes before all others and drops
// the flag. What the runtime itself leaks is not ours to tell.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
void *dlopen(const char *file, int mode);
const char *__lsan_default_suppressions(void);

void *dlopen(const char *file, int mode) {
    static void *(*next)(const char *, int);
    if (next == NULL) {
        void *address = dlsym(RTLD_NEXT, "dlopen");
        memcpy(&next, &address, sizeof(address));
    }
    return next(file, mode & ~RTLD_DEEPBIND);
}

const char *__lsan_default_suppressions(void) {
    return "leak:libopenvino\nleak:libtbb\nleak:libhwloc\n";
}
#endif
