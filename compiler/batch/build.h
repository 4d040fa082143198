// SPDX-License-Identifier: Apache-2.0
// A whole build: manifests are read, ninja runs the steps, and the user sees what came of it.
#ifndef ZOOC_BATCH_BUILD_H
#define ZOOC_BATCH_BUILD_H

#include "compiler/batch/gen.h"
#include "compiler/batch/settings.h"

struct build_request {
    struct gen_request gen;
    unsigned jobs; // 0: ninja decides
    bool offline;  // nothing is fetched
    struct cache_settings cache;
    const char *junit, *markdown; // files to write, NULL: none
};

// Prints progress and summary on standard output: a line that changes on a terminal, plain lines
// elsewhere. Returns an exit code: 1 when a model failed.
int build_run(struct arena *arena, const struct build_request *request, struct diag *diag);

#endif
