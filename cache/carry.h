// SPDX-License-Identifier: Apache-2.0
// Objects of a store as one file, to carry them to a machine without a network: a tar.zst whose
// first member, zooc-cache/index, lists what follows. The same objects give the same bytes.
#ifndef ZOOC_CACHE_CARRY_H
#define ZOOC_CACHE_CARRY_H

#include "cache/store.h"
#include "compiler/base/diag.h"

struct carry_object {
    const char *key;    // SHA-256
    const char *sha384; // under which it is known too, or NULL
    uint64_t size;      // filled in by carry_out
};

// Sorts the objects and leaves out doubles. False after a report; then no file is left.
bool carry_out(struct arena *arena, struct store *store, struct carry_object *objects,
               uint32_t count, const char *path, struct diag *diag);

struct carry_count {
    uint32_t objects;
    uint64_t bytes;
};

// Everything is hashed on its way in. False after a report; what came before the fault is kept.
bool carry_in(struct arena *arena, struct store *store, const char *path, struct carry_count *out,
              struct diag *diag);

#endif
