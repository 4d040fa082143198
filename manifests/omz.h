// SPDX-License-Identifier: Apache-2.0
// The Open Model Zoo's descriptions of models (model.yml) as a manifest. Where a file comes from,
// its size and sum, what is unpacked and replaced, and the Model Optimizer's arguments become the
// manifest's own keys. What a manifest cannot say (a Python script that has to run first, a
// framework that is not read) leaves out that model and is told.
#ifndef ZOOC_MANIFESTS_OMZ_H
#define ZOOC_MANIFESTS_OMZ_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/strbuf.h"

struct omz_request {
    const char *const *folders; // every model.yml below them is read
    uint32_t folder_count;
    const char *manifest_folder;   // where the manifest will lie
    const char *const *frameworks; // that are wanted, ended by NULL
    // "google_drive=https://...": how the address of a file begins that such a service knows by an
    // id; ended by NULL.
    const char *const *services;
    bool standalone; // no model that needs a file of the folders themselves
};

struct omz_count {
    uint32_t models, left_out;
};

// Writes the manifest's text. False when a file could not be read or is malformed; the other models
// are written all the same.
bool omz_import(struct arena *arena, const struct omz_request *request, struct strbuf *out,
                struct omz_count *count, struct diag *diag);

#endif
