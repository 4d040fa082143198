// SPDX-License-Identifier: Apache-2.0
// Loops carry what their outputs and their condition need and nothing else: no output that nobody
// reads, no state that serves only itself, no state that never changes, no constant from outside.
#include <string.h>

#include "compiler/ops/build.h"
#include "compiler/ops/data.h"
#include "compiler/ops/loop.h"
#include "compiler/passes/pass.h"

struct cleaning {
    struct node *n;
    struct loop *a;
    struct graph *body;
    bool *results;                      // by place: needed
    bool *parameters;                   // by place: read by what is needed
    uint32_t *to_result, *to_parameter; // new places
};

static bool is_loop(const struct node *n) {
    return (n->op == &op_TensorIterator || n->op == &op_Loop) && !n->outputs[0].poison &&
           ((const struct loop *)n->attrs)->body != NULL;
}

static struct value *result_value(const struct loop *a, int64_t place) {
    return a->body->results.items[place]->inputs[0].value;
}

// Place of the Result that goes back to a Parameter; -1: none.
static int64_t back_to(const struct loop *a, int64_t parameter) {
    for (uint32_t i = 0; i + 1 < a->back_edges.count; i += 2)
        if (a->back_edges.data[i + 1] == parameter)
            return a->back_edges.data[i];
    return -1;
}

// --- what never changes --------------------------------------------------------------------------

static void drop_back_edge(struct graph *g, struct loop *a, int64_t parameter) {
    int64_t *kept = arena_array_of(g->arena, a->back_edges.count, int64_t);
    uint32_t count = 0;
    for (uint32_t i = 0; i + 1 < a->back_edges.count; i += 2)
        if (a->back_edges.data[i + 1] != parameter) {
            kept[count++] = a->back_edges.data[i];
            kept[count++] = a->back_edges.data[i + 1];
        }
    a->back_edges = (struct ints){kept, count};
}

// Outputs that are the last value of a Parameter that has one value only.
static bool hand_through(struct node *n, int64_t parameter, struct value *v) {
    const struct loop *a = n->attrs;
    const struct value *inside = &a->body->parameters.items[parameter]->outputs[0];
    bool progress = false;
    for (uint32_t i = 0; i < n->output_count; i++) {
        struct port p = port_at(a->outputs, i);
        if (p.axis >= 0 || result_value(a, p.place) != inside || n->outputs[i].first_use == NULL)
            continue;
        value_replace(&n->outputs[i], v);
        progress = true;
    }
    return progress;
}

static bool move_inside(struct graph *body, struct node *parameter, const struct tensor *t) {
    struct builder b = {.graph = body, .place = parameter->place};
    if (parameter->outputs[0].first_use == NULL)
        return false;
    value_replace(&parameter->outputs[0], build_constant(&b, parameter->name, t));
    return true;
}

static bool settle(struct node *n) {
    struct loop *a = n->attrs;
    bool progress = false;
    for (uint32_t i = 0; i < port_count(a->inputs); i++) {
        struct port p = port_at(a->inputs, i);
        struct node *parameter = a->body->parameters.items[p.place];
        struct value *v = n->inputs[loop_first_input(n) + i].value;
        int64_t back = back_to(a, p.place);
        if (p.axis >= 0 || p.place == a->current_iteration)
            continue;
        if (back >= 0 && result_value(a, back) == &parameter->outputs[0]) {
            drop_back_edge(n->graph, a, p.place);
            back = -1;
            progress = true;
        }
        if (back >= 0)
            continue;
        progress |= hand_through(n, p.place, v);
        if (v->constant != NULL && move_inside(a->body, parameter, v->constant))
            progress = true;
    }
    return progress;
}

// --- what is needed ------------------------------------------------------------------------------

static void need_result(struct cleaning *c, struct node_list *stack, int64_t place) {
    if (c->results[place])
        return;
    c->results[place] = true;
    node_list_add(c->n->graph->arena, stack, c->body->results.items[place]);
}

static void need_inputs(struct cleaning *c, struct node_list *stack, const struct node *n) {
    for (uint32_t i = 0; i < n->input_count; i++) {
        struct node *source = n->inputs[i].value == NULL ? NULL : n->inputs[i].value->producer;
        if (source == NULL || source->mark != 0)
            continue;
        source->mark = 1;
        node_list_add(c->n->graph->arena, stack, source);
    }
}

static void find_needs(struct cleaning *c) {
    struct node_list stack = {0};
    GRAPH_EACH(c->body, n) {
        n->mark = 0;
    }
    for (uint32_t i = 0; i < c->n->output_count; i++)
        if (c->n->outputs[i].first_use != NULL)
            need_result(c, &stack, port_at(c->a->outputs, i).place);
    if (c->a->condition >= 0)
        need_result(c, &stack, c->a->condition);
    for (;;) {
        while (stack.count > 0)
            need_inputs(c, &stack, stack.items[--stack.count]);
        for (uint32_t i = 0; i + 1 < c->a->back_edges.count; i += 2)
            if (c->body->parameters.items[c->a->back_edges.data[i + 1]]->mark != 0)
                need_result(c, &stack, c->a->back_edges.data[i]);
        if (stack.count == 0)
            break;
    }
    for (uint32_t i = 0; i < c->body->parameters.count; i++)
        c->parameters[i] = c->body->parameters.items[i]->mark != 0;
}

// A TensorIterator takes the number of its iterations from a slice.
static void keep_a_slice(struct cleaning *c) {
    int64_t first = -1;
    for (uint32_t i = 0; i < port_count(c->a->inputs); i++) {
        struct port p = port_at(c->a->inputs, i);
        if (p.axis >= 0 && c->parameters[p.place])
            return;
        if (p.axis >= 0 && first < 0)
            first = p.place;
    }
    if (c->n->op == &op_TensorIterator && first >= 0)
        c->parameters[first] = true;
}

static bool is_tidy(const struct cleaning *c) {
    for (uint32_t i = 0; i < c->body->results.count; i++)
        if (!c->results[i])
            return false;
    for (uint32_t i = 0; i < c->body->parameters.count; i++)
        if (!c->parameters[i])
            return false;
    for (uint32_t i = 0; i < c->n->output_count; i++)
        if (c->n->outputs[i].first_use == NULL)
            return false;
    return true;
}

// --- taking the rest out -------------------------------------------------------------------------

static void number_places(const bool *needed, uint32_t count, uint32_t *places) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        places[i] = at;
        at += needed[i];
    }
}

// Entries of a map whose ends stay, with new places. keep[i]: the port outside stays.
static struct ints new_map(struct arena *arena, struct ints map, const bool *keep,
                           const uint32_t *places) {
    int64_t *data = arena_array_of(arena, map.count, int64_t);
    uint32_t count = 0;
    for (uint32_t i = 0; i < port_count(map); i++) {
        if (!keep[i])
            continue;
        memcpy(data + count, map.data + (size_t)i * PORT_FIELDS, PORT_FIELDS * sizeof *data);
        data[count] = places[data[count]];
        count += PORT_FIELDS;
    }
    return (struct ints){data, count};
}

static struct ints new_back_edges(const struct cleaning *c) {
    struct ints old = c->a->back_edges;
    int64_t *data = arena_array_of(c->n->graph->arena, old.count, int64_t);
    uint32_t count = 0;
    for (uint32_t i = 0; i + 1 < old.count; i += 2) {
        if (!c->results[old.data[i]] || !c->parameters[old.data[i + 1]])
            continue;
        data[count++] = c->to_result[old.data[i]];
        data[count++] = c->to_parameter[old.data[i + 1]];
    }
    return (struct ints){data, count};
}

// Removes from last to first: a node's readers are gone before it. What stood between a Result and
// a Parameter is dead.
static void remove_from_body(const struct cleaning *c) {
    for (uint32_t i = c->body->results.count; i-- > 0;)
        if (!c->results[i])
            node_remove(c->body->results.items[i]);
    uint32_t count;
    struct node **order = graph_order(c->body, &count);
    while (count-- > 0) {
        struct node *n = order[count];
        bool used = n->mark != 0 || (n->op->flags & OP_EFFECT) != 0;
        for (uint32_t i = 0; i < n->output_count; i++)
            used |= n->outputs[i].first_use != NULL;
        if (!used && n->op != &op_Parameter)
            node_remove(n);
    }
    for (uint32_t i = c->body->parameters.count; i-- > 0;)
        if (!c->parameters[i])
            node_remove(c->body->parameters.items[i]);
}

static bool *kept_inputs(const struct cleaning *c) {
    uint32_t count = port_count(c->a->inputs);
    bool *keep = arena_array_of(c->n->graph->arena, count, bool);
    for (uint32_t i = 0; i < count; i++)
        keep[i] = c->parameters[port_at(c->a->inputs, i).place];
    return keep;
}

static bool *kept_outputs(const struct cleaning *c) {
    bool *keep = arena_array_of(c->n->graph->arena, c->n->output_count, bool);
    for (uint32_t i = 0; i < c->n->output_count; i++)
        keep[i] = c->n->outputs[i].first_use != NULL;
    return keep;
}

static void replace_outputs(struct node *from, struct node *to, const bool *keep) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < from->output_count; i++)
        if (keep[i])
            value_replace(&from->outputs[i], &to->outputs[at++]);
    node_remove(from);
}

static void rebuild(struct cleaning *c) {
    struct arena *arena = c->n->graph->arena;
    struct node *n = c->n, *made = node_new(n->graph, n->op, n->name, &n->place);
    bool *inputs = kept_inputs(c), *outputs = kept_outputs(c);
    struct loop *a = made->attrs;
    uint32_t first = loop_first_input(n);
    *a = *c->a;
    a->inputs = new_map(arena, c->a->inputs, inputs, c->to_parameter);
    a->outputs = new_map(arena, c->a->outputs, outputs, c->to_result);
    a->back_edges = new_back_edges(c);
    if (a->condition >= 0)
        a->condition = c->to_result[a->condition];
    if (a->current_iteration >= 0)
        a->current_iteration = c->parameters[a->current_iteration]
                                   ? (int64_t)c->to_parameter[a->current_iteration]
                                   : -1;
    for (uint32_t i = 0; i < n->input_count; i++)
        if (i < first || inputs[i - first])
            node_add_input(made, n->inputs[i].value);
    node_set_output_count(made, port_count(a->outputs));
    remove_from_body(c);
    node_finish(made);
    replace_outputs(n, made, outputs);
}

static bool is_read(const struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++)
        if (n->outputs[i].first_use != NULL)
            return true;
    return false;
}

static bool prune(struct node *n) {
    struct arena *arena = n->graph->arena;
    struct loop *a = n->attrs;
    uint32_t results = a->body->results.count, parameters = a->body->parameters.count;
    struct cleaning c = {.n = n,
                         .a = a,
                         .body = a->body,
                         .results = arena_array_of(arena, results, bool),
                         .parameters = arena_array_of(arena, parameters, bool),
                         .to_result = arena_array_of(arena, results, uint32_t),
                         .to_parameter = arena_array_of(arena, parameters, uint32_t)};
    find_needs(&c);
    keep_a_slice(&c);
    if (is_tidy(&c))
        return false;
    number_places(c.results, results, c.to_result);
    number_places(c.parameters, parameters, c.to_parameter);
    rebuild(&c);
    return true;
}

bool clean_loops(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool progress = false;
    GRAPH_EACH(g, n) {
        if (!is_loop(n) || !is_read(n)) // clean_dead takes the whole loop
            continue;
        progress |= settle(n);
        progress |= is_read(n) && prune(n);
    }
    return progress;
}
