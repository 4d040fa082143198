// SPDX-License-Identifier: Apache-2.0
// The last lines of a build: accuracies and differences, failures, and how many models came to
// what.
#ifndef ZOOC_BATCH_SUMMARY_H
#define ZOOC_BATCH_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "compiler/batch/tally.h"

struct summary {
    const struct tally *tally;
    bool nothing_ran; // ninja had nothing to do
};

void build_summary_print(struct arena *arena, const struct summary *summary, FILE *to);

#endif
