// SPDX-License-Identifier: Apache-2.0
// Conditions and loops that are functions (If, While and their Stateless forms) become what
// TensorFlow 1 has for them: calls, Switch and Merge, and the nodes of a loop's frame.
#ifndef ZOOC_TF_FUNCTIONAL_H
#define ZOOC_TF_FUNCTIONAL_H

#include "frontends/tf/index.h"

// Rewrites the node when it is one of these; new nodes, calls among them, come behind all others.
// The node itself stays as a PartitionedCall that hands on the results.
void tf_lower_functional(struct tf_graph *g, uint32_t node);

#endif
