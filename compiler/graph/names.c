// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "compiler/base/names.h"
#include "compiler/graph/graph.h"

// The first "NAME_k" that no node has. `used` keeps for every name the next k to try.
static const char *fresh_name(struct arena *arena, struct names *used, const char *name) {
    uintptr_t *next = (uintptr_t *)names_slot(used, name);
    for (;; ++*next) {
        const char *candidate = arena_printf(arena, "%s_%" PRIuPTR, name, *next);
        if (names_find(used, candidate) == NULL) {
            ++*next;
            return candidate;
        }
    }
}

void graph_finish_names(struct graph *g) {
    struct arena *scratch = arena_new();
    struct names *used = names_new(scratch);
    // Two rounds: a name that a source gave is kept even when a derived one came first.
    GRAPH_EACH(g, n) {
        uintptr_t *slot = (uintptr_t *)names_slot(used, n->name);
        n->mark = *slot == 0; // the first of its name
        if (*slot == 0)
            *slot = 1;
    }
    GRAPH_EACH(g, n) {
        if (n->mark)
            continue;
        n->name = fresh_name(g->arena, used, n->name);
        *(uintptr_t *)names_slot(used, n->name) = 1;
    }
    arena_free(scratch);
}
