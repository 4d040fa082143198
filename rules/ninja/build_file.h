// SPDX-License-Identifier: Apache-2.0
// A plan as the text of build.ninja: the rules of rules/*.ninja, pools, one edge for each step, the
// report, and the edge that makes the file anew when a manifest has changed.
#ifndef ZOOC_BUILD_FILE_H
#define ZOOC_BUILD_FILE_H

#include "compiler/base/strbuf.h"
#include "rules/ninja/plan.h"

struct build_file {
    const struct plan *plan;
    const char *build_id;
    uint64_t memory;               // bytes that all steps together may use
    struct ninja_paths manifests;  // from the build folder: what the regenerate edge reads
    struct ninja_paths regenerate; // words of `zooc gen` behind `-o .`
};

void build_file_write(struct strbuf *to, const struct build_file *file);

// The command of a step as ninja hands it to the shell.
void build_file_command(struct strbuf *to, const struct plan_step *step, const char *build_id);

// Bytes that are free now, or what the control group leaves, rounded down to a power of two so that
// the file does not change with every breath of the machine.
uint64_t build_file_memory(void);

#endif
