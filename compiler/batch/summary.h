// SPDX-License-Identifier: Apache-2.0
// The last lines of a build: accuracies and differences, failures, and how many models came to
// what.
#ifndef ZOOC_BATCH_SUMMARY_H
#define ZOOC_BATCH_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "compiler/base/arena.h"
#include "compiler/batch/list.h"

struct summary {
    const char *folder; // of the build
    const struct list *list;
    bool nothing_ran; // ninja had nothing to do
    bool all_well;    // ninja says so
    double seconds;
};

// Returns the number of models that failed.
unsigned build_summary_print(struct arena *arena, const struct summary *summary, FILE *to);

#endif
