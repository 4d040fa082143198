// SPDX-License-Identifier: Apache-2.0
// Files that a step reads without naming each: those whose paths begin alike, those of a folder.
#ifndef ZOOC_NINJA_WATCH_H
#define ZOOC_NINJA_WATCH_H

#include <stdbool.h>

#include "cache/hash.h"
#include "compiler/base/arena.h"

struct watched {
    struct watched *next;
    const char *tail; // behind the path that was asked for
    bool folder;
};

// Every file and folder whose path begins with `path`, and those in folders among them, sorted in
// each folder. A folder's time tells when something comes into it or goes.
struct watched *watch_begins(struct arena *arena, const char *path);

// The names of them all.
struct hash watch_names(const struct watched *first);

#endif
