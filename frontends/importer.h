// SPDX-License-Identifier: Apache-2.0
// The walk that all front ends share: plan the cut, import each node that is reached, make the
// Results. A front end embeds a struct importer as its first member and brings one function.
#ifndef ZOOC_IMPORTER_H
#define ZOOC_IMPORTER_H

#include "frontends/cut.h"

struct importer {
    struct graph *graph;
    struct cut cut;         // its front-end half set before importer_run
    struct value ***values; // by node: its outputs; NULL: the node is not reached
};

// Sets im->values[node][...], every output; poison where something was reported.
typedef void import_node_function(struct importer *im, uint32_t node);

// False after a report.
bool importer_run(struct importer *im, const struct import_options *options,
                  import_node_function *import_node);

// What `node` reads, by input, with the cut's Parameters in place. False after a report (an input
// names nothing), or when an input is poison.
bool importer_gather(struct importer *im, uint32_t node, const struct place *place,
                     struct value **inputs);

#endif
