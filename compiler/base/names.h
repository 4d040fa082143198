// SPDX-License-Identifier: Apache-2.0
// Names to pointers. It rests on the C library's balanced tree, so no choice of names by a hostile
// input makes it slow, and there is no order in it that could leak into an output.
#ifndef ZOOC_NAMES_H
#define ZOOC_NAMES_H

#include "compiler/base/arena.h"

struct names;

// Freed with the arena.
struct names *names_new(struct arena *arena);

// The place where `name`'s pointer is kept, made (holding NULL) when it is new. The text of `name`
// must live as long as the arena. Valid as long as the arena.
void **names_slot(struct names *names, const char *name);

// The pointer kept for `name`, NULL when there is none.
void *names_find(const struct names *names, const char *name);

#endif
