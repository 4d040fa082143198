// SPDX-License-Identifier: Apache-2.0
// Replacement configurations: JSON files that say which sub-graphs of a source model another takes
// the place of (--tensorflow_use_custom_operations_config). A list of objects with the keys
//
//     id                 who replaces: a function of the front end, or any name where `op` is given
//     match_kind         scope, points or general (the function finds its nodes itself)
//     instances          scope: patterns that nodes' names start with, one for each sub-graph;
//                        points: one object of start_points and end_points, names of nodes
//     op                 type of the one layer that takes the sub-graph's place
//     inputs, outputs    scope: which tensors enter and leave, in order; patterns behind the
//     scope's custom_attributes  an object for the function, or the attributes of the layer
//
// Patterns are Python's regular expressions. Other keys are for other tools and are let be.
#ifndef ZOOC_REPLACE_CONFIG_H
#define ZOOC_REPLACE_CONFIG_H

#include <json-c/json.h>

#include "compiler/base/diag.h"

enum match_kind { MATCH_SCOPE, MATCH_POINTS, MATCH_GENERAL };

extern const char *const match_kinds[]; // their names, NULL at the end

struct text_list {
    const char **items;
    uint32_t count;
};

struct pattern_port { // one input or output of the node that a pattern finds
    const char *pattern;
    uint32_t port;
};

struct pattern_ports {
    struct pattern_port *items;
    uint32_t count;
};

struct replacement {
    const char *id;
    const char *op; // or NULL
    enum match_kind kind;
    struct text_list instances;                // scope
    struct text_list start_points, end_points; // points
    struct pattern_ports *inputs;              // by tensor: all that read it
    uint32_t input_count;
    struct pattern_ports outputs;
    bool has_inputs, has_outputs;
    struct json_object *attributes; // an object, or NULL; the arena's
};

struct replacements {
    const char *file;
    struct replacement *items;
    uint32_t count;
    struct json_object *root; // what was read
};

// False after a report.
bool replacements_read(struct arena *arena, struct diag *diag, const char *path,
                       struct replacements *out);

#endif
