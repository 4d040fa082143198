// SPDX-License-Identifier: Apache-2.0
// What the steps of one build told, in the order in which they ended. .zooc/events.jsonl has one
// line of JSON for each:
//
//   model, step, variant, golden   which one it was; step is unpack, convert or verify
//   outcome    same (nothing to do), done, cached (taken from the cache), failed
//   because    why it had to run
//   cause, log                     of a failure
//   milliseconds, memory, bytes    it took; peak of its program; size of its outputs
#ifndef ZOOC_BATCH_EVENTS_H
#define ZOOC_BATCH_EVENTS_H

#include <stdint.h>

#include "compiler/base/names.h"

enum event_outcome { EVENT_SAME, EVENT_DONE, EVENT_CACHED, EVENT_FAILED, EVENT_OUTCOME_COUNT };

extern const char *const event_outcome_names[EVENT_OUTCOME_COUNT];

struct step_event {
    const struct step_event *next;
    const char *step, *variant; // variant "" of unpacking
    unsigned golden;            // of verifying, from 1
    enum event_outcome outcome;
    const char *because, *cause; // "" when not told
    const char *log;             // from the build folder; ""
    double seconds;
    uint64_t bytes;
};

struct model_events {
    const struct step_event *first, **last;
};

// Model name -> struct model_events. Lines that cannot be read are passed over.
struct names *events_read(struct arena *arena, const char *path);

// The last event of a step, NULL when there is none.
const struct step_event *events_find(const struct model_events *events, const char *step,
                                     const char *variant, unsigned golden);

#endif
