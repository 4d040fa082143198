// SPDX-License-Identifier: Apache-2.0
// From manifests to a build folder: build.ninja, the list of models, and a link to this program
// under the name by which the rules call it.
#ifndef ZOOC_BATCH_GEN_H
#define ZOOC_BATCH_GEN_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "rules/ninja/plan.h"

struct gen_request {
    const char *const *manifests; // as the user wrote them
    uint32_t manifest_count;
    const char *folder;  // the build folder, made when it does not exist
    const char *program; // NULL: the running one
    uint64_t memory;     // for all steps together; 0: what is free
    bool no_verify;      // goldens are left alone
};

enum gen_outcome {
    GEN_FAILED, // after a report; no file has changed
    GEN_SAME,   // nothing to write
    GEN_WRITTEN,
};

// Files that would not change are left untouched.
enum gen_outcome gen_write(struct arena *arena, const struct gen_request *request,
                           struct diag *diag);

// In a build folder: the plan of its manifests as they are now, with the settings of the last gen.
// NULL after a report.
struct plan *gen_plan(struct arena *arena, struct diag *diag);

#endif
