// SPDX-License-Identifier: Apache-2.0
// What most tests of readers need: an arena, messages, and bytes to be put together by hand. The
// state of a test is its world.
#ifndef ZOOC_WORLD_H
#define ZOOC_WORLD_H

#include "tests/unit/base_scratch.h"

#include "compiler/base/diag.h"
#include "compiler/base/strbuf.h"

struct world {
    struct arena *arena;
    struct diag *diag;
    struct strbuf bytes;
};

static inline int enter_world(void **state) {
    struct arena *arena = arena_new();
    struct world *world = arena_new_of(arena, struct world);
    *world = (struct world){.arena = arena, .diag = diag_new(arena), .bytes = STRBUF_INIT};
    *state = world;
    return 0;
}

static inline int leave_world(void **state) {
    struct world *world = *state;
    strbuf_free(&world->bytes);
    arena_free(world->arena);
    return 0;
}

// A world whose working directory is a fresh folder.
static inline int enter_world_of_files(void **state) {
    return enter_scratch(state) == 0 ? enter_world(state) : -1;
}

static inline int leave_world_of_files(void **state) {
    leave_world(state);
    return leave_scratch(state);
}

#endif
