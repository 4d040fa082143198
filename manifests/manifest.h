// SPDX-License-Identifier: Apache-2.0
// A zoo: the models that one or several manifests describe, checked and with their defaults filled
// in. manifests/README.md is the format's documentation, keys.def the table of its keys.
//
// Everything belongs to the arena given to zoo_read.
#ifndef ZOOC_MANIFESTS_MANIFEST_H
#define ZOOC_MANIFESTS_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/slice.h"
#include "compiler/options/options.h"

struct text_list {
    const char **items;
    uint32_t count;
};

struct manifest_limits {
    uint64_t bytes, members, ratio; // 0: not given
};

// A file from beside the manifest or from elsewhere.
struct manifest_source {
    struct place at;
    const char *name; // in the model's folder; NULL of an archive
    const char *path; // relative to the manifest's folder; NULL when there are urls
    struct text_list urls;
    const char *sha256, *sha384; // lower-case digits, or NULL; one of them when there are urls
    uint64_t size;               // 0: not given
};

struct manifest_sources {
    struct manifest_source *items;
    uint32_t count;
};

struct manifest_archive {
    struct manifest_source file;
    const char *prefix; // or NULL
    struct manifest_limits limits;
};

// What is done in the model's folder before it is converted: one of unpack and replace.
struct manifest_preparation {
    struct place at;
    const char *unpack;  // an archive, into the folder where it lies; it is removed then
    const char *replace; // a text file: what matches the pattern is replaced
    const char *pattern, *with;
    uint64_t count; // as often, from the start; 0: all
};

struct manifest_preparations {
    struct manifest_preparation *items;
    uint32_t count;
};

enum manifest_precision { PRECISION_FP32, PRECISION_FP16, PRECISION_COUNT };

struct manifest_golden {
    struct place at;
    const char *inputs;                // .npz or .npy
    const char *outputs;               // or NULL when there are only labels
    const char *labels;                // or NULL
    double accuracy;                   // of the model's own framework, negative: not given
    double tolerance[PRECISION_COUNT]; // largest difference : largest output
};

struct manifest_goldens {
    struct manifest_golden *items;
    uint32_t count;
};

// Paths of a model with an archive or with sources lie in a folder that is made from these, unless
// they begin with `/`, `./` or `../`; those, and all paths of other models, are relative to
// `folder`.
struct manifest_model {
    struct place at;
    const char *folder; // of the manifest, "" or ending in '/'
    const char *name;
    const char *framework;            // or NULL when the files must tell
    struct manifest_archive *archive; // or NULL
    struct manifest_sources sources;  // only when there is no archive
    struct manifest_preparations preparations;
    struct text_list files;       // read besides those that options name
    struct option_values options; // without data_type and ir_version
    struct text_list precisions;  // "FP32", "FP16": at least one
    struct text_list versions;    // "11", ...: at least one; the first is the main one
    struct manifest_goldens goldens;
};

struct zoo {
    struct manifest_model **models; // in the order of reading
    uint32_t count;
    struct text_list files; // the manifests themselves, as paths that can be opened
    struct slice *contents; // of each, as it was read
};

// Reads the manifests and all that they include; each file once. NULL after reports, which name
// everything that is wrong and not only the first.
struct zoo *zoo_read(struct arena *arena, const char *const *paths, uint32_t count,
                     struct diag *diag);

// Would zoo_read take a manifest of this text? What it includes is not looked at.
bool zoo_takes_text(struct slice text);

// Has the model a folder of its own, made from an archive or from sources?
bool manifest_has_folder(const struct manifest_model *model);

// ---- The table of keys, for the schema's test ----

enum manifest_object {
    OBJECT_ZOO,
    OBJECT_MODEL,
    OBJECT_ARCHIVE,
    OBJECT_LIMITS,
    OBJECT_SOURCE,
    OBJECT_PREPARE,
    OBJECT_GOLDEN
};

// The keys of an object other than conversion options, ended by NULL.
const char *const *manifest_keys(enum manifest_object object);
// May a manifest give this conversion option?
bool manifest_takes_option(const struct option_def *def);

#endif
