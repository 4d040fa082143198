// SPDX-License-Identifier: Apache-2.0
#include "compiler/emit/emitter.h"
#include "compiler/ops/ops.h"

struct node **emit_order(struct graph *g, uint32_t *count) {
    uint32_t all, filled = 0;
    struct node **order = graph_order(g, &all);
    struct node **out = arena_array_of(g->arena, all, struct node *);
    for (uint32_t i = 0; i < g->parameters.count; i++)
        out[filled++] = g->parameters.items[i];
    for (uint32_t i = 0; i < all; i++)
        if (order[i]->op != &op_Parameter && order[i]->op != &op_Result)
            out[filled++] = order[i];
    for (uint32_t i = 0; i < g->results.count; i++)
        out[filled++] = g->results.items[i];
    *count = filled;
    return out;
}

// ---- Ports ----

void emit_dims(struct emitter *e, const struct shape *shape) {
    for (int32_t i = 0; i < shape->rank; i++)
        xml_number(&e->xml, "dim", shape->dims[i]);
}

void emit_port(struct emitter *e, const struct value *v, uint32_t id, bool is_output) {
    xml_open(&e->xml, "port");
    xml_attr_number(&e->xml, "id", id);
    e->dialect->port_attributes(e, v, is_output);
    emit_dims(e, &v->shape);
    xml_close(&e->xml, "port");
}

static uint32_t input_ports(const struct emitter *e, const struct node *n) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->input_count; i++)
        count += e->dialect->is_port(n, i);
    return count;
}

uint32_t emit_output_port(const struct emitter *e, const struct value *v) {
    bool chain = e->dialect->layer_count(e, v->producer) == 2; // its last layer has one input
    return (chain ? 1 : input_ports(e, v->producer)) + v->index;
}

void emit_inputs(struct emitter *e, const struct node *n) {
    if (input_ports(e, n) == 0)
        return;
    uint32_t id = 0;
    xml_open(&e->xml, "input");
    for (uint32_t i = 0; i < n->input_count; i++)
        if (e->dialect->is_port(n, i))
            emit_port(e, n->inputs[i].value, id++, false);
    xml_close(&e->xml, "input");
}

void emit_outputs(struct emitter *e, const struct node *n) {
    if (n->output_count == 0)
        return;
    xml_open(&e->xml, "output");
    for (uint32_t i = 0; i < n->output_count; i++)
        emit_port(e, &n->outputs[i], emit_output_port(e, &n->outputs[i]), true);
    xml_close(&e->xml, "output");
}

// ---- Edges ----

static void put_edge(struct emitter *e, uint32_t from, uint32_t from_port, uint32_t to,
                     uint32_t to_port) {
    xml_open(&e->xml, "edge");
    xml_attr_number(&e->xml, "from-layer", from);
    xml_attr_number(&e->xml, "from-port", from_port);
    xml_attr_number(&e->xml, "to-layer", to);
    xml_attr_number(&e->xml, "to-port", to_port);
    xml_close(&e->xml, "edge");
}

static void put_edges(struct emitter *e, const struct node *n) {
    uint32_t layers = e->dialect->layer_count(e, n), port = 0;
    if (layers == 0)
        return;
    if (layers == 2)
        put_edge(e, n->mark - 1, 0, n->mark, 0);
    for (uint32_t i = 0; i < n->input_count; i++) {
        const struct value *v = n->inputs[i].value;
        if (!e->dialect->is_port(n, i))
            continue;
        // What is no layer is connected from outside (body.c).
        if (e->dialect->layer_count(e, v->producer) > 0)
            put_edge(e, v->producer->mark, emit_output_port(e, v), n->mark, port);
        port++;
    }
}

void emit_network(struct emitter *e, struct graph *g) {
    uint32_t count;
    struct node **order = emit_order(g, &count);
    xml_open(&e->xml, "layers");
    for (uint32_t i = 0; i < count; i++)
        if (e->dialect->layer_count(e, order[i]) > 0)
            e->dialect->write_layer(e, order[i]);
    xml_close(&e->xml, "layers");
    xml_open(&e->xml, "edges");
    for (uint32_t i = 0; i < count; i++)
        put_edges(e, order[i]);
    xml_close(&e->xml, "edges");
}

void emit_meta(struct emitter *e) {
    for (uint32_t i = 0; i < e->options->meta_count; i++) {
        const struct meta_entry *entry = &e->options->meta[i];
        if (entry->unset)
            continue;
        xml_open(&e->xml, entry->name);
        xml_attr(&e->xml, "value", entry->value);
        xml_close(&e->xml, entry->name);
    }
}
