// SPDX-License-Identifier: Apache-2.0
// Opening a source file, with the answers that every format needs: missing, empty, too large, a Git
// LFS pointer, a web page that a download left behind.
#ifndef ZOOC_SOURCE_H
#define ZOOC_SOURCE_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/slice.h"

// Maps `path`; the bytes live as long as the arena. False after a report.
bool source_open(struct arena *arena, struct diag *diag, const char *path, struct slice *out);

bool source_exists(const char *path);
bool source_is_folder(const char *path);
bool source_is_empty(const char *path);

// Whether the last component of `path` ends in `suffix` (".prototxt"), whatever the case.
bool source_has_suffix(const char *path, const char *suffix);

// `path` with the part from the last dot of its last component on replaced by `suffix`.
const char *source_beside(struct arena *arena, const char *path, const char *suffix);

// The names of what lies in `folder`, sorted by their bytes, NULL behind the last; those that begin
// with a dot are left out. Empty when it cannot be read.
const char **source_list(struct arena *arena, const char *folder);

// The file of `folder` ("" is the current one) that `accept` takes and whose name sorts last; its
// name without the folder, or NULL.
const char *source_last_of(struct arena *arena, const char *folder,
                           bool (*accept)(const char *file, const void *to), const void *to);

#endif
