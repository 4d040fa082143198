// SPDX-License-Identifier: Apache-2.0
// The .bin of an IR. Constants are added first, then laid out (aligned, identical ones once), then
// written in order. A blob that lies in a source file as it must lie in the .bin is written from
// the map at once; a recipe streams through one small block. Two blobs are hashed only when they
// have the same size, the same first and the same last elements, so a weight is nearly always
// touched once.
#ifndef ZOOC_BIN_H
#define ZOOC_BIN_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/outfile.h"
#include "compiler/graph/tensor.h"

struct bin_blob {
    const struct tensor *source; // as the graph has it
    const struct tensor *tensor; // as it is written
    const char *owner;           // node that it belongs to, for messages
    uint32_t index;              // in order of adding
    bool turned;                 // read as a transposed matrix: not joined with one that is not
    const struct bin_blob *same; // an earlier blob with the same bytes, or NULL
    uint64_t size, offset;       // offset: after bin_layout
    struct bin_blob *next;
};

struct bin {
    struct arena *arena;
    uint64_t alignment;
    struct bin_blob *first, **last;
    uint32_t count;
    uint64_t size; // of the file, after bin_layout
};

void bin_init(struct bin *bin, struct arena *arena, uint64_t alignment);
// `tensor` written as elements of `type`. The result is valid as long as the arena.
struct bin_blob *bin_add(struct bin *bin, const struct tensor *tensor, enum dtype type,
                         const char *owner);
// False when the file would be larger than any file can be.
bool bin_layout(struct bin *bin);
// Warns about numbers that a narrower type cannot hold (FAQ 75 and 76).
void bin_write(const struct bin *bin, struct outfile *to, struct diag *diag);

#endif
