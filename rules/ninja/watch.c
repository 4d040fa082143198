// SPDX-License-Identifier: Apache-2.0
#include "rules/ninja/watch.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 8, MOST = 10000 };

struct watch {
    struct arena *arena;
    struct watched **end;
    unsigned count;
    size_t asked; // length of the path that was asked for
};

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void look_into(struct watch *w, const char *folder, const char *begin, unsigned depth);

static void add(struct watch *w, const char *path, bool folder) {
    *w->end = arena_new_of(w->arena, struct watched);
    **w->end = (struct watched){.tail = path + w->asked, .folder = folder};
    w->end = &(*w->end)->next;
    w->count++;
}

static void look_at(struct watch *w, const char *path, unsigned depth) {
    struct stat status;
    if (w->count == MOST || stat(path, &status) != 0)
        return;
    if (S_ISDIR(status.st_mode) && depth < DEEPEST) {
        add(w, path, true);
        look_into(w, arena_printf(w->arena, "%s/", path), "", depth + 1);
    } else if (S_ISREG(status.st_mode)) {
        add(w, path, false);
    }
}

// `folder` is "" or ends in a slash.
static void look_into(struct watch *w, const char *folder, const char *begin, unsigned depth) {
    struct dirent **entries;
    int count = scandir(*folder == '\0' ? "." : folder, &entries, NULL, by_bytes);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strncmp(name, begin, strlen(begin)) == 0 && strcmp(name, ".") != 0 &&
            strcmp(name, "..") != 0)
            look_at(w, arena_printf(w->arena, "%s%s", folder, name), depth);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

struct watched *watch_begins(struct arena *arena, const char *path) {
    struct watched *first = NULL;
    struct watch w = {.arena = arena, .end = &first, .asked = strlen(path)};
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    look_into(&w, arena_strndup(arena, path, (size_t)(name - path)), name, 0);
    return first;
}

struct hash watch_names(const struct watched *first) {
    struct hasher *hasher = hasher_new();
    for (; first != NULL; first = first->next)
        hasher_add(hasher, first->tail, strlen(first->tail) + 1);
    return hasher_end(hasher);
}
