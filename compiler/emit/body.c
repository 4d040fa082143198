// SPDX-License-Identifier: Apache-2.0
// Graphs inside a layer: TensorIterator, Loop and If.
//
// In v10 and v11 the outside meets the body's Parameters and Results, which are layers. In v4 a
// body has neither: the outside meets the ports that read a Parameter, and the port that feeds a
// Result.
#include <string.h>

#include "compiler/emit/emitter.h"
#include "compiler/ops/loop.h"
#include "compiler/ops/ops.h"

struct end { // of a connection inside the body
    const struct node *layer;
    int64_t port; // -1: the layer has only one
};

static const struct port whole = {.axis = -1};

static void put_signed(struct emitter *e, const char *name, int64_t value) {
    xml_attr(&e->xml, name, arena_printf(e->arena, "%lld", (long long)value));
}

// v4's writer left out what its reader takes for granted.
static void put_range(struct emitter *e, const char *tag, const struct port *port) {
    bool all = e->options->ir_version >= 10;
    put_signed(e, "axis", port->axis);
    if (all || port->start != 0 || strcmp(tag, "input") == 0)
        put_signed(e, "start", port->start);
    if (all || port->end != -1)
        put_signed(e, "end", port->end);
    if (all || port->stride != 1)
        put_signed(e, "stride", port->stride);
    if (all || port->part != 1)
        put_signed(e, "part_size", port->part);
}

// An entry of a port map. external -1: the loop's own.
static void put_entry(struct emitter *e, const char *tag, int64_t external, struct end inside,
                      const struct port *port, const char *purpose) {
    xml_open(&e->xml, tag);
    put_signed(e, "external_port_id", external);
    xml_attr_number(&e->xml, "internal_layer_id", inside.layer->mark);
    if (inside.port >= 0)
        put_signed(e, "internal_port_id", inside.port);
    if (port->axis >= 0)
        put_range(e, tag, port);
    if (purpose != NULL)
        xml_attr(&e->xml, "purpose", purpose);
    xml_close(&e->xml, tag);
}

static struct end end_of(const struct node *n) {
    return (struct end){.layer = n, .port = -1};
}

// ---- Ends in v4 ----

static bool is_layer(const struct emitter *e, const struct node *n) {
    return e->dialect->layer_count(e, n) > 0;
}

// The next port that reads the Parameter, from use `from` on; NULL behind the last.
static struct use *next_reader(const struct emitter *e, struct use *from) {
    while (from != NULL &&
           !(is_layer(e, from->user) && e->dialect->is_port(from->user, from->index)))
        from = from->next;
    return from;
}

static struct end reader_end(const struct emitter *e, const struct use *use) {
    struct end end = end_of(use->user);
    end.port = 0;
    for (uint32_t i = 0; i < use->index; i++)
        end.port += e->dialect->is_port(use->user, i);
    return end;
}

static struct end source_end(const struct emitter *e, const struct node *result) {
    const struct value *v = result->inputs[0].value;
    return (struct end){.layer = v->producer, .port = emit_output_port(e, v)};
}

// ---- Loops ----

static void put_input(struct emitter *e, int64_t external, const struct node *parameter,
                      const struct port *port, const char *purpose) {
    if (is_layer(e, parameter)) {
        put_entry(e, "input", external, end_of(parameter), port, purpose);
        return;
    }
    for (struct use *use = next_reader(e, parameter->outputs[0].first_use); use != NULL;
         use = next_reader(e, use->next))
        put_entry(e, "input", external, reader_end(e, use), port, purpose);
}

static void put_output(struct emitter *e, int64_t external, const struct node *result,
                       const struct port *port, const char *purpose) {
    struct end end = is_layer(e, result) ? end_of(result) : source_end(e, result);
    put_entry(e, "output", external, end, port, purpose);
}

static void put_loop_map(struct emitter *e, const struct node *n, const struct loop *a) {
    struct node *const *parameters = a->body->parameters.items;
    struct node *const *results = a->body->results.items;
    xml_open(&e->xml, "port_map");
    for (uint32_t i = 0; i < port_count(a->inputs); i++) {
        struct port p = port_at(a->inputs, i);
        put_input(e, loop_first_input(n) + i, parameters[p.place], &p, NULL);
    }
    for (uint32_t i = 0; i < port_count(a->outputs); i++) {
        struct port p = port_at(a->outputs, i);
        put_output(e, emit_output_port(e, &n->outputs[i]), results[p.place], &p, NULL);
    }
    if (a->current_iteration >= 0)
        put_input(e, -1, parameters[a->current_iteration], &whole, "current_iteration");
    if (a->condition >= 0)
        put_output(e, -1, results[a->condition], &whole, "execution_condition");
    xml_close(&e->xml, "port_map");
}

static void put_back_edge(struct emitter *e, struct end from, struct end to) {
    xml_open(&e->xml, "edge");
    xml_attr_number(&e->xml, "from-layer", from.layer->mark);
    if (from.port >= 0)
        put_signed(e, "from-port", from.port);
    xml_attr_number(&e->xml, "to-layer", to.layer->mark);
    if (to.port >= 0)
        put_signed(e, "to-port", to.port);
    xml_close(&e->xml, "edge");
}

static void put_back_edges(struct emitter *e, const struct loop *a) {
    xml_open(&e->xml, "back_edges");
    for (uint32_t i = 0; i + 1 < a->back_edges.count; i += 2) {
        const struct node *from = a->body->results.items[a->back_edges.data[i]];
        const struct node *to = a->body->parameters.items[a->back_edges.data[i + 1]];
        if (is_layer(e, to)) {
            put_back_edge(e, end_of(from), end_of(to));
            continue;
        }
        for (struct use *use = next_reader(e, to->outputs[0].first_use); use != NULL;
             use = next_reader(e, use->next))
            put_back_edge(e, source_end(e, from), reader_end(e, use));
    }
    xml_close(&e->xml, "back_edges");
}

static void put_body(struct emitter *e, const char *tag, struct graph *body) {
    xml_open(&e->xml, tag);
    emit_network(e, body);
    xml_close(&e->xml, tag);
}

static void put_loop(struct emitter *e, const struct node *n) {
    const struct loop *a = n->attrs;
    put_loop_map(e, n, a);
    put_back_edges(e, a);
    put_body(e, "body", a->body);
}

// ---- Branches ----

static void put_branch_map(struct emitter *e, const struct node *n, const char *tag,
                           struct ints inputs, const struct graph *body) {
    xml_open(&e->xml, tag);
    for (uint32_t i = 0; i < inputs.count; i++)
        put_input(e, inputs.data[i], body->parameters.items[i], &whole, NULL);
    for (uint32_t i = 0; i < n->output_count; i++)
        put_output(e, emit_output_port(e, &n->outputs[i]), body->results.items[i], &whole, NULL);
    xml_close(&e->xml, tag);
}

static void put_branches(struct emitter *e, const struct node *n) {
    const struct if_else *a = n->attrs;
    put_branch_map(e, n, "then_port_map", a->then_inputs, a->then_body);
    put_branch_map(e, n, "else_port_map", a->else_inputs, a->else_body);
    put_body(e, "then_body", a->then_body);
    put_body(e, "else_body", a->else_body);
}

void emit_bodies(struct emitter *e, const struct node *n) {
    if (n->op == &op_TensorIterator || n->op == &op_Loop)
        put_loop(e, n);
    else if (n->op == &op_If)
        put_branches(e, n);
}
