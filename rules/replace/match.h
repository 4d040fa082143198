// SPDX-License-Identifier: Apache-2.0
// Finds the sub-graphs that replacements speak of, in any graph of named nodes: a front end shows
// its index before anything is imported, so what is replaced needs no support.
//
//     scope    the nodes whose names start with a pattern
//     points   what lies between start and end nodes, found along the edges from the start nodes;
//              then, against the edges from all but those, what these nodes need besides
#ifndef ZOOC_REPLACE_MATCH_H
#define ZOOC_REPLACE_MATCH_H

#include "rules/replace/config.h"

enum { MATCH_NONE = UINT32_MAX };

struct match_edge { // output `output` of node `node`; MATCH_NONE: of none
    uint32_t node, output;
};

struct match_node {
    const char *name;
    const struct match_edge *inputs;
    uint32_t input_count;
    bool is_input; // of the whole model
};

struct match_net {
    struct arena *arena;
    struct diag *diag;
    const char *file; // the configuration
    const struct match_node *nodes;
    uint32_t count;
};

struct match {
    const struct replacement *replacement;
    const char *scope;                   // what the pattern matched; points: ""
    const bool *members;                 // by node
    struct match_edge *inputs, *outputs; // tensors that enter and leave, in the order that is asked
    uint32_t input_count, output_count;
};

// Instance `index` of a replacement by scope. False after a report.
bool match_scope(const struct match_net *net, const struct replacement *r, uint32_t index,
                 struct match *out);
// The one instance of a replacement by points: input i is what start node i reads first, output i
// is what end node i gives. False after a report.
bool match_points(const struct match_net *net, const struct replacement *r, struct match *out);

// Who reads the tensors that enter, and what leaves, with names behind the scope: what `inputs` and
// `outputs` of a replacement by scope would say.
struct json_object *match_describe_inputs(const struct match_net *net, const struct match *m);
struct json_object *match_describe_outputs(const struct match_net *net, const struct match *m);

#endif
