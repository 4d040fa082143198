// SPDX-License-Identifier: Apache-2.0
// Steps and the conversion cache.
#ifndef ZOOC_BATCH_CACHED_H
#define ZOOC_BATCH_CACHED_H

#include "cache/digest.h"
#include "cache/memo.h"
#include "compiler/batch/work.h"

// Can what comes of the step serve others?
bool cached_is_shared(const struct work *work);

// The sums of a large input that has not changed since they were taken; `status` is what it is now.
bool cached_recall(struct work *work, const struct stat *status, struct memo *memo);

// The answer of a step from the cache; false when it must be worked out. Adds the sums of the
// inputs to the record.
bool cached_take(struct work *work);
// Puts the answer. Failing costs nothing but the next time.
void cached_keep(struct work *work);
// Tells of a remote that failed.
void cached_end(struct work *work);

// Is the answer there? `key` is "" when the cache is not asked.
bool cached_knows(struct work *work, char key[SHA256_TEXT_SIZE]);

#endif
