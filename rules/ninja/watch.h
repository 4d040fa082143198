// SPDX-License-Identifier: Apache-2.0
// Files that a step reads without naming each: those whose paths begin alike, those of a folder.
#ifndef ZOOC_NINJA_WATCH_H
#define ZOOC_NINJA_WATCH_H

#include "compiler/base/arena.h"

struct watched {
    struct watched *next;
    const char *tail; // behind the path that was asked for
};

// Every file whose path begins with `path`, and those of folders among them, sorted in each folder.
struct watched *watch_begins(struct arena *arena, const char *path);

#endif
