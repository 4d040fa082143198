// SPDX-License-Identifier: Apache-2.0
// Conversions that the cache knows, taken before ninja starts. Ninja would run a process for each,
// which for a small model takes far longer than the links that are made; here a few workers take
// all of them and enter them into ninja's log.
//
// Nothing depends on it: what is left undone, for whatever reason, is ninja's.
#ifndef ZOOC_BATCH_RESTORE_H
#define ZOOC_BATCH_RESTORE_H

#include <stdbool.h>

#include "compiler/base/arena.h"

// Is the cache in use, and is the plan new or does a conversion lack its IR?
bool restore_is_due(struct arena *arena, const char *folder, bool is_new);

// In the build folder, in a process of its own. Prints "@3/12 restore lenet FP32" for each one.
// False when a worker did not come to its end.
bool restore_run(struct arena *arena, unsigned jobs);

#endif
