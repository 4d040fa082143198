// SPDX-License-Identifier: Apache-2.0
// Inside compiler/graph only.
#ifndef ZOOC_WALK_H
#define ZOOC_WALK_H

#include "compiler/graph/graph.h"

// As graph_order, but a graph with a cycle gives fewer nodes than it has.
struct node **graph_order_reached(struct graph *g, uint32_t *count);

#endif
