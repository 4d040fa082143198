// SPDX-License-Identifier: Apache-2.0
// What the graph says of its inputs.
#ifndef ZOOC_TF_PLACEHOLDERS_H
#define ZOOC_TF_PLACEHOLDERS_H

#include "frontends/tf/index.h"

// Type and shape of output `output` of a node where data enters.
void tf_placeholder(const struct tf_graph *g, uint32_t index, uint32_t output, enum dtype *type,
                    struct shape *shape);
// A shape that is not known, of a node that takes its data from a queue.
void tf_queue_shape(const struct tf_graph *g, uint32_t index, const struct tf_node *queue,
                    uint32_t output, struct shape *shape);

#endif
