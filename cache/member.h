// SPDX-License-Identifier: Apache-2.0
// What an archive may ask for: the names and links of its members, judged before anything is made.
// All functions work on text; cache/tree.h is the second wall, at the file system.
#ifndef ZOOC_CACHE_MEMBER_H
#define ZOOC_CACHE_MEMBER_H

#include <stdbool.h>

#include "compiler/base/arena.h"
#include "compiler/base/names.h"

// The name without `.` and empty components, or NULL with *fault saying why it is refused ("has an
// absolute path", ...). The root itself ("./") gives "".
const char *member_clean(struct arena *arena, const char *name, const char **fault);

// `name` (clean) below `prefix` (clean): the rest, or NULL when it lies elsewhere.
const char *member_below(const char *name, const char *prefix);

// NULL when symbolic link `name` to `target` cannot lead out of the tree, whatever other links the
// tree holds; else what is wrong. Allowed are `..` components at the start only, no more of them
// than there are folders above the link, then plain names.
const char *member_link_fault(const char *name, const char *target);

// Every name seen so far, folders on the way included. NULL when `name` may join them; else what is
// wrong: it occurs twice, differs from another only in case, or lies below a file.
struct member_set;
struct member_set *member_set_new(struct arena *arena);
const char *member_set_add(struct member_set *set, const char *name, bool folder);

#endif
