// SPDX-License-Identifier: Apache-2.0
// Replacements of --tensorflow_use_custom_operations_config, done in the index before anything
// else: a matched sub-graph becomes one node, whose layer function builds what takes its place.
// What only the sub-graph needed is not reached any more, so it needs no support.
//
// A new replacement is a row of the table in replace.c and a row of the table of layers, under its
// id. By scope or points, the node reads the tensors that enter the sub-graph, and its outputs are
// those that leave; a general one has a function that changes the index itself.
#ifndef ZOOC_TF_REPLACE_H
#define ZOOC_TF_REPLACE_H

#include "frontends/frontend.h"
#include "frontends/tf/index.h"
#include "rules/replace/match.h"

struct tf_replaced { // of a node that stands for a sub-graph
    const struct replacement *rule;
    uint32_t instance;    // which of the rule's
    uint32_t input_count; // tensors that enter; behind them stand those that left
    bool channels_first;  // the sub-graph's data
};

// Where the options name a configuration: changes the graph, and *options where outputs move. False
// after a report.
bool tf_replace(struct tf_graph *g, struct import_options *options);

// Writes the inputs and outputs of each sub-graph by scope into the configuration
// (--tensorflow_custom_operations_config_update). False after a report.
bool tf_update_replacements(struct tf_graph *g, const char *path);

// --- for functions of general replacements -------------------------------------------------------

typedef bool tf_rewrite_function(struct tf_graph *g, struct import_options *options,
                                 const struct replacement *rule);

tf_rewrite_function tf_regions_at_outputs, tf_regions_at_points;

#endif
