// SPDX-License-Identifier: Apache-2.0
// Members of a while loop, imported into one graph on demand: an edge is asked for, what it needs
// is imported before it. Where the walk ends (at the loop's variables, its sources, what the loop
// does otherwise) is for the scope's owner to say.
#ifndef ZOOC_TF_SCOPE_H
#define ZOOC_TF_SCOPE_H

#include "frontends/tf/layers.h"
#include "frontends/tf/loops.h"

struct tf_scope {
    const struct tf_graph *g;
    const struct tf_loop *loop;
    struct graph *graph;    // that members are imported into
    struct value ***values; // by place in loop->nodes: outputs, once imported
    void *owner;
    struct value *(*variable)(void *owner, uint32_t index);
    struct value *(*source)(void *owner, uint32_t index);
    // What stands for a member, or NULL when it is to be imported. Optional.
    struct value *(*instead)(void *owner, uint32_t node);
};

void tf_scope_init(struct tf_scope *s, const struct tf_graph *g, const struct tf_loop *loop,
                   struct graph *graph, void *owner);
// Poison after a report.
struct value *tf_scope_value(struct tf_scope *s, struct tf_edge edge);

#endif
