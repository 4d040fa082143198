// SPDX-License-Identifier: Apache-2.0
#include "frontends/frontend.h"

#include <string.h>

#include "compiler/base/arena.h"
#include "frontends/source.h"

static const struct frontend *const frontends[] = {
#define FRONTEND(name) &frontend_##name,
#include "frontends/frontends.def"
#undef FRONTEND
};

enum { FRONTEND_COUNT = sizeof(frontends) / sizeof(frontends[0]) };

const struct frontend *frontend_find(const char *name) {
    for (size_t i = 0; i < FRONTEND_COUNT; i++)
        if (strcmp(frontends[i]->name, name) == 0)
            return frontends[i];
    return NULL;
}

static const struct frontend *best_bid(const char *path, struct slice head, struct diag *diag) {
    const struct frontend *best = NULL, *second = NULL;
    int best_bid = 0;
    for (size_t i = 0; i < FRONTEND_COUNT; i++) {
        int bid = frontends[i]->bid(path, head);
        if (bid > best_bid) {
            best = frontends[i];
            best_bid = bid;
            second = NULL;
        } else if (bid == best_bid && bid > 0) {
            second = frontends[i];
        }
    }
    if (best == NULL)
        diag_report(diag, NULL, FRAMEWORK_UNKNOWN, path);
    else if (second != NULL)
        diag_report(diag, NULL, FRAMEWORK_TIE, path, best->title, second->title);
    return second == NULL ? best : NULL;
}

// A folder (a SavedModel) has no bytes: bidders see its path.
const struct frontend *frontend_detect(const char *path, struct diag *diag) {
    struct arena *arena = arena_new();
    struct slice bytes = {.data = NULL, .size = 0};
    const struct frontend *found = NULL;
    if (source_is_folder(path) || source_open(arena, diag, path, &bytes))
        found = best_bid(path, bytes, diag);
    arena_free(arena);
    return found;
}
