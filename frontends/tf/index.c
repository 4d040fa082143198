// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/index.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/limits.h"

void tf_graph_init(struct tf_graph *g, struct arena *arena, struct diag *diag, const char *file) {
    *g = (struct tf_graph){.arena = arena, .diag = diag, .file = file, .by_name = names_new(arena)};
}

static void reserve(struct tf_graph *g, uint32_t more) {
    if (g->capacity - g->count >= more)
        return;
    uint32_t capacity = g->count + (more > g->count ? more : g->count) + 16;
    struct tf_node *nodes = arena_array_of(g->arena, capacity, struct tf_node);
    if (g->count > 0)
        memcpy(nodes, g->nodes, g->count * sizeof *nodes);
    g->nodes = nodes;
    g->capacity = capacity;
}

struct tf_node *tf_graph_node(struct tf_graph *g, const char *name, const char *op,
                              uint32_t input_count) {
    reserve(g, 1);
    struct tf_node *n = &g->nodes[g->count];
    *n = (struct tf_node){.name = name,
                          .op = op,
                          .inputs = arena_array_of(g->arena, input_count, struct tf_edge),
                          .input_count = input_count};
    void **slot = names_slot(g->by_name, name);
    if (*slot == NULL)
        *slot = (void *)((uintptr_t)g->count + 1);
    g->count++;
    return n;
}

uint32_t tf_find(const struct tf_graph *g, const char *name) {
    uintptr_t found = (uintptr_t)names_find(g->by_name, name);
    return found == 0 ? TF_NONE : (uint32_t)(found - 1);
}

struct tf_edge tf_parse_edge(const struct tf_graph *g, const char *text) {
    struct tf_edge edge = {TF_NONE, 0};
    if (text[0] == '^')
        return edge;
    const char *colon = strrchr(text, ':');
    uint32_t whole = tf_find(g, text);
    if (colon == NULL || whole != TF_NONE) {
        edge.node = whole;
        return edge;
    }
    unsigned long output = 0;
    for (const char *c = colon + 1; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || output > UINT16_MAX)
            return edge;
        output = output * 10 + (unsigned long)(*c - '0');
    }
    edge.output = (uint32_t)output;
    edge.node = tf_find(g, arena_strndup(g->arena, text, (size_t)(colon - text)));
    return edge;
}

struct place tf_place(const struct tf_graph *g, uint32_t node) {
    return (struct place){
        .file = g->file, .layer = g->nodes[node].name, .layer_type = g->nodes[node].op};
}

static uint32_t count_data_inputs(const Tensorflow__NodeDef *def) {
    uint32_t count = 0;
    for (size_t i = 0; i < def->n_input; i++)
        count += def->input[i][0] != '^';
    return count;
}

static bool add_names(struct tf_graph *g, const Tensorflow__GraphDef *def) {
    for (size_t i = 0; i < def->n_node; i++) {
        const Tensorflow__NodeDef *n = def->node[i];
        if (n->name == NULL || n->op == NULL) {
            struct place at = {.file = g->file};
            diag_report(g->diag, &at, TF_CORRUPT, g->file, "a node has no name or no operator");
            return false;
        }
        struct tf_node *made = tf_graph_node(g, n->name, n->op, count_data_inputs(n));
        made->attrs = n->attr;
        made->attr_count = n->n_attr;
    }
    return true;
}

static void add_controls(struct tf_graph *g, const Tensorflow__NodeDef *n, struct tf_node *made) {
    made->controls = arena_array_of(g->arena, n->n_input, uint32_t);
    for (size_t i = 0; i < n->n_input; i++) {
        uint32_t node = tf_find(g, n->input[i] + 1);
        if (node != TF_NONE)
            made->controls[made->control_count++] = node;
    }
}

static void add_edges(struct tf_graph *g, const Tensorflow__GraphDef *def, uint32_t first) {
    for (size_t i = 0; i < def->n_node; i++) {
        const Tensorflow__NodeDef *n = def->node[i];
        struct tf_node *made = &g->nodes[first + i];
        uint32_t at = 0;
        for (size_t k = 0; k < n->n_input; k++)
            if (n->input[k][0] != '^')
                made->inputs[at++] = tf_parse_edge(g, n->input[k]);
        if (at == 0 && n->n_input > 0)
            add_controls(g, n, made);
    }
}

bool tf_graph_add(struct tf_graph *g, const Tensorflow__GraphDef *def) {
    uint32_t first = g->count;
    if (def->n_node > limits.nodes) {
        diag_report(g->diag, NULL, LIMIT, "number of nodes", g->file, "limits.nodes");
        return false;
    }
    reserve(g, (uint32_t)def->n_node);
    if (!add_names(g, def))
        return false;
    add_edges(g, def, first);
    if (def->library != NULL)
        g->library = def->library;
    g->producer = def->versions != NULL ? def->versions->producer : 0;
    return true;
}

void tf_redirect(struct tf_graph *g, struct tf_edge from, struct tf_edge to) {
    for (uint32_t i = 0; i < g->count; i++)
        for (uint32_t k = 0; k < g->nodes[i].input_count; k++) {
            struct tf_edge *e = &g->nodes[i].inputs[k];
            if (e->node == from.node && e->output == from.output)
                *e = to;
        }
}

// --- order ---------------------------------------------------------------------------------------

struct visit {
    uint32_t node, next; // next input to look at
};

enum { NEW, OPEN, DONE };

// Depth first without recursion: hostile graphs may be as deep as they are large.
static bool visit_from(const struct tf_graph *g, uint32_t start, struct visit *stack,
                       uint8_t *state, uint32_t *order, uint32_t *count, uint32_t *stuck) {
    uint32_t depth = 0;
    stack[depth++] = (struct visit){start, 0};
    state[start] = OPEN;
    while (depth > 0) {
        struct visit *v = &stack[depth - 1];
        const struct tf_node *n = &g->nodes[v->node];
        if (v->next == n->input_count) {
            state[v->node] = DONE;
            order[(*count)++] = v->node;
            depth--;
            continue;
        }
        uint32_t source = n->inputs[v->next++].node;
        if (source == TF_NONE || state[source] == DONE)
            continue;
        if (state[source] == OPEN) {
            *stuck = source;
            return false;
        }
        state[source] = OPEN;
        stack[depth++] = (struct visit){source, 0};
    }
    return true;
}

bool tf_order(const struct tf_graph *g, uint32_t *order, uint32_t *count, uint32_t *stuck) {
    struct visit *stack = arena_array_of(g->arena, g->count, struct visit);
    uint8_t *state = arena_array_of(g->arena, g->count, uint8_t);
    *count = 0;
    for (uint32_t i = 0; i < g->count; i++)
        if (state[i] == NEW && !g->nodes[i].removed &&
            !visit_from(g, i, stack, state, order, count, stuck))
            return false;
    return true;
}
