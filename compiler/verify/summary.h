// SPDX-License-Identifier: Apache-2.0
// What a model is, in a few lines: `zooc inspect`.
#ifndef ZOOC_SUMMARY_H
#define ZOOC_SUMMARY_H

#include <stdio.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"

struct summary_value {
    const char *name, *type, *shape; // "data", "f32", "[1,3,224,224]"
};

struct summary_layer {
    const char *name, *type;
    const char *shapes; // of its outputs, blanks between
};

struct summary_count {
    const char *type;
    uint64_t count;
};

struct summary_list { // of any of the above
    void *items;
    size_t count;
    uint32_t capacity;
};

struct model_summary {
    struct arena *arena;
    const char *name, *format;           // "squeezenet", "IR version 11"
    struct summary_list inputs, outputs; // struct summary_value
    struct summary_list layers;          // struct summary_layer, constants not among them
    struct summary_list counts;          // struct summary_count, by type
    uint64_t constants, constant_bytes;
};

// Strings are kept, not copied.
void summary_add_value(struct arena *arena, struct summary_list *list, struct summary_value value);
void summary_add_layer(struct model_summary *s, struct summary_layer layer);

// `layers`: a line for each. As JSON it is one object.
void summary_print(const struct model_summary *s, bool layers, FILE *to);
void summary_print_json(const struct model_summary *s, bool layers, FILE *to);

// Of an IR of any version. Network access and external entities are off. False after a report.
bool summary_of_ir(struct arena *arena, struct diag *diag, const char *path,
                   struct model_summary *out);

#endif
