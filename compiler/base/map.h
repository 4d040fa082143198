// SPDX-License-Identifier: Apache-2.0
// A whole file mapped read-only. The mapping belongs to the arena and lives as long as it does; its
// pages are the kernel's (file-backed), so a model's weights cost no anonymous memory.
//
// Whoever reads bytes that are no longer there, since somebody has cut the file meanwhile, ends in
// fatal_file_changed (fatal.h) instead of dying of SIGBUS.
#ifndef ZOOC_MAP_H
#define ZOOC_MAP_H

#include "compiler/base/arena.h"
#include "compiler/base/slice.h"

// Maps regular file `path`. On failure returns false with errno set (EISDIR for a folder, ...).
// An empty file gives an empty slice with non-NULL data.
bool map_file(struct arena *arena, const char *path, struct slice *out);

// The open file that these bytes are mapped from, and where in it they start; false when no one
// mapping holds them all. With it the kernel can copy them without anybody looking at them.
bool map_find(const void *data, uint64_t size, int *fd, uint64_t *offset);

// The path of a mapped file that was written or cut since it was mapped, or NULL: what was read of
// it is neither the old file nor the new one.
const char *map_changed(void);

#endif
