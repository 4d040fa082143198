// SPDX-License-Identifier: Apache-2.0
// The plan of a zoo: the steps of each model with all that they read and write. Paths are relative
// to the build folder, in which ninja and the steps run.
//
//   .zooc/models/MODEL/src/           what an archive unpacks to, or sources
//   .zooc/models/MODEL/STEP.record    why the step need not run again
//   MODEL/VARIANT/MODEL.xml .bin .mapping
//
// The variant of a model's first IR version is its precision (FP32), that of another one is
// FP32-v4.
#ifndef ZOOC_PLAN_H
#define ZOOC_PLAN_H

#include "cache/hash.h"
#include "manifests/manifest.h"
#include "rules/ninja/ninja.h"

enum plan_kind { PLAN_UNPACK, PLAN_CONVERT, PLAN_VERIFY };

struct plan_step {
    enum plan_kind kind;
    const char *model;
    const char *variant; // "" of an unpack step
    struct text_list inputs, implicit_inputs, outputs, implicit_outputs;
    struct text_list words; // of its command, behind model and variant (compiler/batch/parse.c)
    uint64_t memory;        // bytes it may need, page cache included
};

// Files that a step reads are known by the beginning of their paths: their names when it was
// planned (watch.h). With other names it is planned anew.
struct plan_watch {
    const char *path; // from the build folder
    struct hash names;
};

struct plan {
    struct plan_step *steps;
    uint32_t count;
    struct text_list outside; // files that no step makes, each once
    struct plan_watch *watches;
    uint32_t watch_count;
    struct text_list folders; // that these files lie in, from the build folder
};

struct plan_request {
    const struct zoo *zoo;
    bool no_verify;
    // How to reach a manifest's folder from the build folder; "" or ending in '/'.
    const char *(*folder_path)(void *context, const char *folder);
    void *context;
};

struct plan *plan_zoo(struct arena *arena, const struct plan_request *request, struct diag *diag);

// "FP32", or "FP32-v4" when version number `version` of the model is not its first.
const char *plan_variant(struct arena *arena, const struct manifest_model *model,
                         const char *precision, uint32_t version);

// How many goldens are verified with version number `version` of the model. The runtime of today
// reads no IR version below 10.
uint32_t plan_goldens(const struct plan_request *request, const struct manifest_model *model,
                      uint32_t version);

// Where a step keeps its record; a step is "unpack", a variant, or what plan_verify_step says.
const char *plan_record(struct arena *arena, const char *model, const char *step);
const char *plan_verify_step(struct arena *arena, const char *variant, unsigned golden);
// Ends in '/'.
const char *plan_source_folder(struct arena *arena, const char *model);

// When option `option` names the file of a SavedModel: the folder of its variables, which need not
// be there. Else NULL.
const char *plan_saved_variables(struct arena *arena, const char *option, const char *path);

// `folder` and `path` joined, with `.` and what `..` undoes taken out.
const char *plan_join(struct arena *arena, const char *folder, const char *path);

#endif
