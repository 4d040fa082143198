// SPDX-License-Identifier: Apache-2.0
// Regular expressions for nodes' names, in Python's dialect, matched at the start of a name. What a
// hostile pattern may cost is bounded.
#ifndef ZOOC_REPLACE_PATTERN_H
#define ZOOC_REPLACE_PATTERN_H

#include <stdbool.h>

#include "compiler/base/arena.h"

struct pattern;

// NULL, with *wrong saying why, when it is none.
struct pattern *pattern_new(struct arena *arena, const char *text, const char **wrong);

// Whether `name` starts with it; *length is what it matched. A match that costs too much is none.
bool pattern_starts(const struct pattern *p, const char *name, size_t *length);

#endif
