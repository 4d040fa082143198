// SPDX-License-Identifier: Apache-2.0
// What the steps of one build told: for each model the worst that came of its steps.
#ifndef ZOOC_BATCH_EVENTS_H
#define ZOOC_BATCH_EVENTS_H

#include <stdbool.h>

#include "compiler/base/names.h"

struct model_events {
    bool built;        // it was unpacked or converted
    const char *cause; // of its first failure; NULL: none
    const char *step;  // that failed: "convert FP32"
    const char *log;   // of that failure, from the build folder
};

// Model name -> struct model_events. Lines that cannot be read are passed over.
struct names *events_read(struct arena *arena, const char *path);

#endif
