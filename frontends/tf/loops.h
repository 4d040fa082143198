// SPDX-License-Identifier: Apache-2.0
// While loops in the index, before import. TensorFlow 1 spells a loop as a cycle of Enter, Merge,
// Switch, NextIteration and Exit nodes (a frame). Each frame becomes one node: its LoopCond, which
// then reads all that enters the loop and gives one output for each of the loop's variables. Exits
// become Identities of it; the nodes in between stand in the index no more, but tf_loop keeps them.
#ifndef ZOOC_TF_LOOPS_H
#define ZOOC_TF_LOOPS_H

#include "frontends/frontend.h"
#include "frontends/tf/index.h"

struct tf_variable {                         // nodes; TF_NONE: there is none
    uint32_t enter, merge, turn, next, exit; // turn: the Switch; next: the NextIteration
    // It counts: each iteration adds `step`.
    bool counts;
    int64_t step;
};

struct tf_loop {
    const char *name; // of the frame
    struct tf_edge condition;
    struct tf_variable *variables;
    uint32_t variable_count;
    // What members read from outside, and constant Enters: source i is input i of the loop's node.
    // The first variable_count are the Enters of the variables.
    struct tf_edge *sources;
    uint32_t source_count;
    uint32_t *nodes; // members and the nodes of sources, ascending
    uint32_t node_count;
    uint32_t *read;         // by place in nodes: outputs that are read inside
    uint32_t *variable_at;  // by place in nodes: index + 1 of the variable
    uint32_t *source_first; // by place in nodes: index + 1 of a source that is one of its outputs
    uint32_t *source_next;  // by source: the next one of the same node
};

// False after a report: a frame is malformed.
bool tf_collapse_loops(struct tf_graph *g, const struct import_options *options);

// The edge that `edge` hands on, through Identities.
struct tf_edge tf_behind(const struct tf_graph *g, struct tf_edge edge);
// The variable that an edge is inside an iteration; TF_NONE when it is none.
uint32_t tf_variable_of(const struct tf_graph *g, const struct tf_loop *loop, struct tf_edge edge);
// Source of the loop that an edge is; TF_NONE when it is computed inside.
uint32_t tf_source_of(const struct tf_graph *g, const struct tf_loop *loop, struct tf_edge edge);
// The scalar number of a Const node, behind Identities and an Enter.
bool tf_constant_number(const struct tf_graph *g, struct tf_edge edge, double *number);
// Place among loop->nodes; TF_NONE when it is not there.
uint32_t tf_loop_place(const struct tf_loop *loop, uint32_t node);

#endif
