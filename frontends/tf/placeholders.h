// SPDX-License-Identifier: Apache-2.0
// What the graph says of its inputs.
#ifndef ZOOC_TF_PLACEHOLDERS_H
#define ZOOC_TF_PLACEHOLDERS_H

#include "frontends/tf/index.h"

// By node: does what it gives come to an operator that wants axes before it meets any that may give
// it some?
const bool *tf_axes_wanted(const struct tf_graph *g);

// Type and shape of output `output` of a node where data enters.
void tf_placeholder(const struct tf_graph *g, const struct tf_node *node, uint32_t output,
                    bool wants_axes, enum dtype *type, struct shape *shape);
// A shape that is not known, of a node that takes its data from a queue.
void tf_queue_shape(const struct tf_graph *g, uint32_t index, const struct tf_node *queue,
                    uint32_t output, struct shape *shape);

#endif
