// SPDX-License-Identifier: Apache-2.0
// Where a source model is cut. A front end makes a light index of its nodes; cut_plan finds, from
// --input, --input_shape, --output and the values to freeze, where data enters and leaves and which
// nodes must be imported. What lies outside needs no support.
//
//     for each node i that is reached, in order:
//         a placeholder: its outputs are cut_placeholder(cut, i, output, ...)
//         another:       its input k is cut_feed(cut, i, k, the value of inputs[k])
//     a Result for each of cut->outputs: cut_end(cut, output, the value of its source)
//     cut_finish(cut)
//
// An input of --input without a shape takes the shape of what it replaces; so what lies before it
// is imported too, and removed again by cut_finish.
#ifndef ZOOC_CUT_H
#define ZOOC_CUT_H

#include "frontends/frontend.h"

enum { CUT_NONE = UINT32_MAX };

struct cut_source { // output `output` of node `node`; CUT_NONE: nothing in the model
    uint32_t node, output;
};

struct cut_node { // sources come before their users
    const char *name;
    const struct cut_source *inputs;
    const char *const *input_names; // as the source spells them, for reports; may be NULL
    uint32_t input_count, output_count;
    bool is_input;    // the source model's own placeholder
    bool is_constant; // weights: keep feeding a node all whose inputs are cut
    bool is_end;      // never an output of the model of its own accord
};

struct cut_alias { // another name of an output
    const char *name;
    struct cut_source source;
};

struct cut_output {
    const char *name;
    struct cut_source source;
};

struct cut_input;  // where data enters
struct cut_lookup; // names to nodes

struct cut {
    // Set by the front end.
    struct graph *graph;
    const struct cut_node *nodes;
    uint32_t node_count;
    const struct cut_alias *aliases;
    uint32_t alias_count;
    bool any_rank; // a Parameter may have an unknown shape
    // Set by cut_plan.
    const struct import_options *options;
    bool *reached; // by node: import it
    struct cut_output *outputs;
    uint32_t output_count;
    struct cut_input **inputs; // by node: a list
    struct cut_lookup *lookup;
};

// False after a report.
bool cut_plan(struct cut *cut, const struct import_options *options);

// Whether an output of a placeholder that is reached matters.
bool cut_is_used(const struct cut *cut, uint32_t node, uint32_t output);

// An output of a placeholder: a Parameter of what the user said, else of `type` and `shape`, with
// --batch applied, and of `layout` where its letters are as many as the dimensions; or the constant
// that it is frozen to. Poison after a report.
struct value *cut_placeholder(struct cut *cut, uint32_t node, uint32_t output, enum dtype type,
                              struct shape shape, const char *layout, const struct place *place);

// What input `port` of `node` reads: `value`, or the Parameter that stands in its place. `value` is
// NULL when its source was not imported.
struct value *cut_feed(struct cut *cut, uint32_t node, uint32_t port, struct value *value);

// What an output of the model reads.
struct value *cut_end(struct cut *cut, const struct cut_output *output, struct value *value);

// After the Results are made: removes nodes that no Result needs, and their Parameters.
void cut_finish(struct cut *cut);

#endif
