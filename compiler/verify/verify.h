// SPDX-License-Identifier: Apache-2.0
// Runs an IR on the OpenVINO runtime and holds its outputs against expected ones.
#ifndef ZOOC_VERIFY_H
#define ZOOC_VERIFY_H

#include "compiler/verify/compare.h"

// An accuracy may be this much below the expected one: rounding moves a row in a few hundred.
#define VERIFY_ACCURACY_SLACK 0.005

struct verify_job {
    const char *model;        // .xml
    const char *input;        // .npz or .npy: an array per input, by name, else in order
    const char *golden;       // the same for outputs; may be NULL when labels are given
    const char *labels;       // .npy of the right class of each row, or NULL
    const char *library;      // of the runtime, or NULL
    double tolerance;         // on the difference relative to the largest golden value
    double rows_alike;        // share of a golden's rows that need be within it: 1 for all
    double expected_accuracy; // negative: none
    unsigned threads;         // 0: all
};

struct verify_output {
    const char *name; // of the golden
    const char *port; // of the model's output it was compared with
    struct difference difference;
    bool within; // the tolerance
};

struct verify_result {
    const char *runtime; // version
    struct verify_output *outputs;
    size_t output_count;
    uint64_t rows;   // labelled rows
    double accuracy; // negative when there are no labels
};

// False when it could not be run, or was not within what is expected: every cause is reported.
bool verify_run(struct arena *arena, struct diag *diag, const struct verify_job *job,
                struct verify_result *result);

#endif
