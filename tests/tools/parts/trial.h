// SPDX-License-Identifier: Apache-2.0
// One topology, start to end: remake it, convert it to IR v11 and v4 in FP32 and FP16, run v11 on
// the real runtime against the framework's numbers, compare v4 with the Model Optimizer 2018 R5's
// network, and delete everything again.
#ifndef ZOOC_TESTS_TRIAL_H
#define ZOOC_TESTS_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/tools/parts/rules.h"

struct trial_setting {
    const char *zooc;
    const char *folder;        // where cases are made
    const char *extensions;    // where they are, or NULL
    struct rules *tolerances;  // case, FP32, FP16, rows in FP32, rows in FP16, reason
    struct rules *differences; // case, layer, type, difference, reason
    struct rules *transposes;  // case, most of them in v11, reason
    uint64_t memory_limit;     // anonymous bytes a conversion may take
    unsigned threads;          // of the runtime
    bool keep;                 // the case's folder
};

enum { TRIAL_PROBLEMS = 12 };

// Plain data: it is sent from the process that runs the trial.
struct trial_result {
    char name[128];
    uint64_t weight_bytes;
    double seconds;          // everything
    double convert_seconds;  // v11 FP32
    uint64_t peak_anonymous; // of the four conversions
    double difference[2];    // v11 FP32 and FP16, relative; negative: not known
    unsigned layers, alike;  // of the peer's v4
    unsigned justified;      // differences that a rule allows
    bool no_peer;            // the Model Optimizer 2018 R5 cannot convert it
    unsigned problem_count;  // may be more than are kept
    char problems[TRIAL_PROBLEMS][256];
    unsigned char rule_used[1024]; // lines of the table of differences, as flags
};

void trial_run(const struct trial_setting *setting, const char *name, const char *archive,
               struct trial_result *out);

#endif
