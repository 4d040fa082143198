// SPDX-License-Identifier: Apache-2.0
// The list of a zoo's models and variants, .zooc/zoo.list: what reports need to know of the plan
// without reading the manifests again. Lines of fields parted by tabs:
//
//   model NAME FRAMEWORK           framework "-": the files tell
//   archive NAME                   as the manifest calls it
//   sources                        instead of an archive
//   variant FOLDER PRECISION VERSION GOLDENS
#ifndef ZOOC_BATCH_LIST_H
#define ZOOC_BATCH_LIST_H

#include <stdbool.h>

#include "compiler/base/strbuf.h"
#include "rules/ninja/plan.h"

struct list_variant {
    const char *name, *precision, *version;
    unsigned goldens; // that are verified
};

struct list_model {
    const char *name, *framework; // framework NULL: unknown
    const char *archive;          // or NULL
    bool has_folder;              // made from an archive or from sources
    struct list_variant *variants;
    uint32_t variant_count;
};

struct list {
    struct list_model *models;
    uint32_t count;
};

void list_write(struct arena *arena, struct strbuf *to, const struct plan_request *request);

// NULL with errno set when there is none or it is damaged (EINVAL).
struct list *list_read(struct arena *arena, const char *folder);

#endif
