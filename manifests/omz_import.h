// SPDX-License-Identifier: Apache-2.0
// Private to manifests/: a description of the Open Model Zoo on its way into a manifest.
#ifndef ZOOC_MANIFESTS_OMZ_IMPORT_H
#define ZOOC_MANIFESTS_OMZ_IMPORT_H

#include "compiler/base/names.h"
#include "manifests/omz.h"
#include "manifests/yaml.h"

struct importing {
    struct arena *arena;
    struct diag *diag;
    const struct omz_request *request;
    struct names *names; // of models written so far
    // The model at hand:
    const struct yaml_file *file;
    const char *name, *folder; // of model.yml
    struct strbuf *out;
    bool left_out, has_prepare;
};

// Tells why the model is left out, once.
void omz_leave_out(struct importing *m, const struct yaml *node, const char *why);

// The text of a key that must be there; NULL when the model is left out for its lack.
const char *omz_text(struct importing *m, const struct yaml *map, const char *key);
// Whatever YAML takes for the end of a line, or does not take at all, would let a text say more
// than it is.
bool omz_is_line(const char *text);

// A text as one YAML scalar, within braces, too.
void omz_put_text(struct strbuf *to, const char *text);
// "KEY: TEXT" as a line of the manifest.
void omz_put_line(struct strbuf *to, const char *indent, const char *key, const char *text);

// The Model Optimizer's arguments and the description of inputs become options.
void omz_import_arguments(struct importing *m, const struct yaml *root);

#endif
