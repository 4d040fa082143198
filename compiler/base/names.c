// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/names.h"

#include <search.h>
#include <string.h>

#include "compiler/base/fatal.h"

struct named {
    const char *name;
    void *value;
};

struct names {
    struct arena *arena;
    void *root;
};

static int compare(const void *a, const void *b) {
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static void keep(void *entry) {
    (void)entry; // the arena owns it
}

static void clean(void *data) {
    struct names *names = data;
    tdestroy(names->root, keep);
}

struct names *names_new(struct arena *arena) {
    struct names *names = arena_new_of(arena, struct names);
    names->arena = arena;
    arena_at_free(arena, clean, names);
    return names;
}

void **names_slot(struct names *names, const char *name) {
    struct named wanted = {.name = name};
    struct named **found = tfind(&wanted, &names->root, compare);
    if (found == NULL) {
        struct named *entry = arena_new_of(names->arena, struct named);
        entry->name = name;
        found = tsearch(entry, &names->root, compare);
    }
    if (found == NULL)
        fatal_out_of_memory();
    return &(*found)->value;
}

void *names_find(const struct names *names, const char *name) {
    struct named wanted = {.name = name};
    struct named **found = tfind(&wanted, &names->root, compare);
    return found == NULL ? NULL : (*found)->value;
}
