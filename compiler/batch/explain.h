// SPDX-License-Identifier: Apache-2.0
// Why a step of a build will run, or need not: the input or option that changed.
#ifndef ZOOC_BATCH_EXPLAIN_H
#define ZOOC_BATCH_EXPLAIN_H

#include <stdio.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"

// All steps of the named models (of all when there is none) as the manifests are now. Goes into the
// build folder, which then is the working directory.
void explain_models(struct arena *arena, const char *folder, const char *const *models,
                    uint32_t count, FILE *to, struct diag *diag);

#endif
