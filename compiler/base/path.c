// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/path.h"

#include <stdbool.h>
#include <stdlib.h>

#include "compiler/base/strbuf.h"

const char *path_absolute(struct arena *arena, const char *path) {
    char *real = realpath(path[0] == '\0' ? "." : path, NULL);
    if (real == NULL)
        return NULL;
    const char *copy = arena_strdup(arena, real);
    free(real);
    return copy;
}

const char *path_relative(struct arena *arena, const char *from, const char *to) {
    size_t same = 0; // bytes of the common folders
    for (size_t i = 0;; i++) {
        bool from_ends = from[i] == '/' || from[i] == '\0';
        bool to_ends = to[i] == '/' || to[i] == '\0';
        if (from_ends && to_ends)
            same = i;
        if (from[i] != to[i] || from[i] == '\0')
            break;
    }
    struct strbuf path = STRBUF_INIT;
    for (const char *rest = from + same; *rest != '\0'; rest++) {
        if (*rest == '/' && rest[1] != '\0')
            strbuf_puts(&path, "../");
    }
    const char *down = to + same + (to[same] == '/');
    if (*down != '\0')
        strbuf_printf(&path, "%s/", down);
    const char *copy = arena_strdup(arena, path.data);
    strbuf_free(&path);
    return copy;
}
