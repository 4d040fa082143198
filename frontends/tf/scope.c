// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/scope.h"

void tf_scope_init(struct tf_scope *s, const struct tf_graph *g, const struct tf_loop *loop,
                   struct graph *graph, void *owner) {
    *s = (struct tf_scope){.g = g,
                           .loop = loop,
                           .graph = graph,
                           .owner = owner,
                           .values = arena_array_of(g->arena, loop->node_count, struct value **)};
}

// A source or variable stands for its node whatever the output.
static struct value *given(struct tf_scope *s, struct tf_edge edge, uint32_t place) {
    const struct tf_loop *loop = s->loop;
    if (loop->variable_at[place] != 0)
        return s->variable(s->owner, loop->variable_at[place] - 1);
    for (uint32_t i = loop->source_first[place]; i != 0; i = loop->source_next[i - 1])
        if (loop->sources[i - 1].output == edge.output)
            return s->source(s->owner, i - 1);
    if (s->values[place] != NULL)
        return s->values[place][edge.output];
    return s->instead == NULL ? NULL : s->instead(s->owner, edge.node);
}

static struct value *poison(struct tf_scope *s, uint32_t node) {
    struct place at = tf_place(s->g, node);
    return graph_poison(s->graph, s->g->nodes[node].name, &at);
}

static void import_member(struct tf_scope *s, uint32_t node, uint32_t place) {
    const struct tf_node *n = &s->g->nodes[node];
    struct tf_layer l = {.builder = {.graph = s->graph, .place = tf_place(s->g, node)},
                         .arena = s->g->arena,
                         .graph = s->g,
                         .name = n->name,
                         .node = n,
                         .input_count = n->input_count,
                         .output_count = tf_count_outputs(n, s->loop->read[place])};
    bool good = true;
    l.inputs = arena_array_of(l.arena, l.input_count, struct value *);
    l.outputs = arena_array_of(l.arena, l.output_count, struct value *);
    for (uint32_t i = 0; i < n->input_count; i++) {
        if (n->inputs[i].node == TF_NONE) {
            diag_report(s->graph->diag, &l.builder.place, EDGE_UNDEFINED, "?", n->name);
            good = false;
            continue;
        }
        l.inputs[i] = given(s, n->inputs[i], tf_loop_place(s->loop, n->inputs[i].node));
        good &= l.inputs[i] != NULL && !l.inputs[i]->poison;
    }
    if (good)
        tf_import_operator(&l);
    tf_finish_outputs(&l);
    s->values[place] = l.outputs;
}

struct visit {
    uint32_t node, place, input;
    struct visit *below;
};

static struct visit *push(struct tf_scope *s, struct visit *top, uint32_t node, uint32_t place) {
    struct visit *v = arena_new_of(s->g->arena, struct visit);
    *v = (struct visit){node, place, 0, top};
    return v;
}

struct value *tf_scope_value(struct tf_scope *s, struct tf_edge edge) {
    uint32_t place = edge.node == TF_NONE ? TF_NONE : tf_loop_place(s->loop, edge.node);
    if (place == TF_NONE)
        return poison(s, s->loop->nodes[0]);
    struct value *v = given(s, edge, place);
    if (v != NULL)
        return v;
    struct visit *top = push(s, NULL, edge.node, place);
    while (top != NULL) { // sources before users; tf_collapse_loops saw that there is no cycle
        const struct tf_node *n = &s->g->nodes[top->node];
        if (top->input == n->input_count) {
            import_member(s, top->node, top->place);
            top = top->below;
            continue;
        }
        struct tf_edge next = n->inputs[top->input++];
        uint32_t at = next.node == TF_NONE ? TF_NONE : tf_loop_place(s->loop, next.node);
        if (at != TF_NONE && given(s, next, at) == NULL)
            top = push(s, top, next.node, at);
    }
    return s->values[place][edge.output];
}
