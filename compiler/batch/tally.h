// SPDX-License-Identifier: Apache-2.0
// What one build came to, model by model: the ground of the summary, the JUnit and Markdown files,
// and the log of each model.
#ifndef ZOOC_BATCH_TALLY_H
#define ZOOC_BATCH_TALLY_H

#include <stdio.h>

#include "compiler/base/diag.h"
#include "compiler/batch/events.h"
#include "compiler/batch/list.h"

enum model_outcome { MODEL_BUILT, MODEL_CACHED, MODEL_SAME, MODEL_FAILED, MODEL_OUTCOME_COUNT };

// "built", "from cache", "up to date", "failed".
extern const char *const model_outcome_names[MODEL_OUTCOME_COUNT];

struct model_tally {
    const struct list_model *model;
    const struct model_events *events; // NULL: no step of it ran
    enum model_outcome outcome;
    const struct step_event *failure; // the first one; NULL: none was told
    const char *cause;                // of a failure
    double seconds;                   // of its steps, one after the other
    uint64_t bytes;                   // of the IRs that were written
};

struct tally {
    const char *folder; // of the build
    struct model_tally *models;
    uint32_t count;
    struct {
        unsigned models;
        double seconds;
        uint64_t bytes;
    } outcomes[MODEL_OUTCOME_COUNT];
    double seconds; // of the whole build
};

// `all_well`: ninja says that every step is. Else a model without a record has failed.
struct tally *tally_make(struct arena *arena, const char *folder, const struct list *list,
                         bool all_well);

// "convert FP32", "unpack".
const char *tally_step_name(struct arena *arena, const struct step_event *event);
// "1.2 kB", "34.5 MB"
const char *tally_size(struct arena *arena, uint64_t bytes);

// All steps of a model that the plan has, in the order in which they depend on each other.
typedef void tally_visit(void *context, const struct model_tally *model, const char *step,
                         const char *variant, unsigned golden);
void tally_steps(const struct model_tally *model, tally_visit *visit, void *context);

// Files for continuous integration. False after a report.
bool tally_write_junit(struct arena *arena, const struct tally *tally, const char *path,
                       struct diag *diag);
bool tally_write_markdown(struct arena *arena, const struct tally *tally, const char *path,
                          struct diag *diag);

// .zooc/logs/MODEL.log of each model that had something to do: its first line says what came of it,
// the logs of its steps follow.
bool tally_write_logs(struct arena *arena, const struct tally *tally, struct diag *diag);

// The log of a model, from the build folder.
const char *tally_log(struct arena *arena, const char *model);

#endif
