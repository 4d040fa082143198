// SPDX-License-Identifier: Apache-2.0
// Private to manifests/: what the readers of values share. A reader reports a wrong value and
// leaves its field alone.
#ifndef ZOOC_MANIFESTS_READ_H
#define ZOOC_MANIFESTS_READ_H

#include "manifests/manifest.h"
#include "manifests/yaml.h"

struct reading {
    struct arena *arena;
    struct diag *diag;
    const struct yaml_file *file;
    struct model_draft *draft;  // the model or defaults being read
    const struct key_row *keys; // of all objects
    size_t key_count;
};

// A model on its way: what its keys say, before they are put together.
struct model_draft {
    struct manifest_model *model;
    const char *name;
    struct manifest_archive *archive;
    struct manifest_sources sources;
    struct manifest_preparations prepare;
    struct text_list files, model_files;
    struct manifest_goldens goldens;
    struct option_values options;
    // input_shape by name: one text of dimensions for each name.
    struct text_list shape_names, shapes;
    struct place shapes_at;
    bool is_defaults;
};

typedef void read_value(struct reading *r, const char *key, const struct yaml *node, void *field);

struct key_row { // of keys.def
    enum manifest_object object;
    const char *name;
    read_value *read;
    size_t offset; // of the field in the object's struct
};

// `wanted` in words: "a list of paths".
void report_type(struct reading *r, const char *key, const struct yaml *node, const char *wanted);
void report_value(struct reading *r, const char *key, const struct yaml *node, const char *why);
void report_missing(struct reading *r, const struct yaml *node, const char *what, const char *key);

// Without control characters, which cannot stand in a ninja file and would be no help elsewhere.
// False after a report.
bool take_text(struct reading *r, const char *key, const struct yaml *node, const char *wanted,
               const char **out);
// One value or a list of them: the values.
const struct yaml *const *read_one_or_list(const struct yaml *const *node, uint32_t *count);
// The name of an input that is a key of a map inside the value of `key`.
bool check_map_key(struct reading *r, const char *key, const struct yaml *map_key);

// Reads every key of `node` into the struct at `base` (the object's of keys.def). `what` names the
// object in messages. False when the node is no map.
bool read_object(struct reading *r, enum manifest_object object, const char *what, const char *key,
                 const struct yaml *node, void *base);
// Reading on would only repeat what is known.
bool too_many_errors(const struct reading *r);

// The fields of each are in the comment.
read_value read_text;        // const char *
read_value read_path;        // const char *
read_value read_paths;       // struct text_list: one text or a list
read_value read_name;        // const char *
read_value read_sha256;      // const char *
read_value read_sha384;      // const char *
read_value read_urls;        // struct text_list
read_value read_count;       // uint64_t
read_value read_share;       // double, 0 to 1
read_value read_tolerance;   // double[PRECISION_COUNT]
read_value read_archive;     // struct manifest_archive *
read_value read_sources;     // struct manifest_sources
read_value read_prepare;     // struct manifest_preparations
read_value read_replacement; // const char *, may be empty
read_value read_limits;      // struct manifest_limits
read_value read_goldens;     // struct manifest_goldens
read_value read_shapes;      // of the draft
read_value read_scale;       // of the draft
read_value read_pipeline;    // of the draft
read_value read_node;        // const struct yaml *: read later

// A conversion option under its own name.
void read_option(struct reading *r, const struct option_def *def, const struct yaml *node);

// Puts the keys of a draft together and checks what only shows then.
void finish_model(struct reading *r, const struct yaml *node, struct model_draft *draft);

// A path in the model's own folder must stay inside; one that begins with `/`, `./` or `../` lies
// elsewhere.
void check_inside(struct reading *r, const struct place *at, const char *key, const char *path);
// What is wrong with sources and preparations as a whole.
void check_sources(struct reading *r, const struct yaml *node, const struct model_draft *draft);

#endif
