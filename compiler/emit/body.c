// SPDX-License-Identifier: Apache-2.0
// Graphs inside a layer of IR v10 and v11: TensorIterator, Loop and If.
#include "compiler/emit/emitter.h"
#include "compiler/ops/loop.h"
#include "compiler/ops/ops.h"

static void put_signed(struct emitter *e, const char *name, int64_t value) {
    xml_attr(&e->xml, name, arena_printf(e->arena, "%lld", (long long)value));
}

// An entry of a port map. `inside` is the body's Parameter or Result; external -1: the loop's own.
static void put_port(struct emitter *e, const char *tag, int64_t external,
                     const struct node *inside, const struct port *port, const char *purpose) {
    xml_open(&e->xml, tag);
    put_signed(e, "external_port_id", external);
    xml_attr_number(&e->xml, "internal_layer_id", inside->mark);
    if (port != NULL && port->axis >= 0) {
        put_signed(e, "axis", port->axis);
        put_signed(e, "start", port->start);
        put_signed(e, "end", port->end);
        put_signed(e, "stride", port->stride);
        put_signed(e, "part_size", port->part);
    }
    if (purpose != NULL)
        xml_attr(&e->xml, "purpose", purpose);
    xml_close(&e->xml, tag);
}

static void put_loop_map(struct emitter *e, const struct node *n, const struct loop *a) {
    xml_open(&e->xml, "port_map");
    for (uint32_t i = 0; i < port_count(a->inputs); i++) {
        struct port p = port_at(a->inputs, i);
        put_port(e, "input", loop_first_input(n) + i, a->body->parameters.items[p.place], &p, NULL);
    }
    for (uint32_t i = 0; i < port_count(a->outputs); i++) {
        struct port p = port_at(a->outputs, i);
        put_port(e, "output", emit_output_port(e, &n->outputs[i]), a->body->results.items[p.place],
                 &p, NULL);
    }
    if (a->current_iteration >= 0)
        put_port(e, "input", -1, a->body->parameters.items[a->current_iteration], NULL,
                 "current_iteration");
    if (a->condition >= 0)
        put_port(e, "output", -1, a->body->results.items[a->condition], NULL,
                 "execution_condition");
    xml_close(&e->xml, "port_map");
}

static void put_back_edges(struct emitter *e, const struct loop *a) {
    xml_open(&e->xml, "back_edges");
    for (uint32_t i = 0; i + 1 < a->back_edges.count; i += 2) {
        xml_open(&e->xml, "edge");
        xml_attr_number(&e->xml, "from-layer", a->body->results.items[a->back_edges.data[i]]->mark);
        xml_attr_number(&e->xml, "to-layer",
                        a->body->parameters.items[a->back_edges.data[i + 1]]->mark);
        xml_close(&e->xml, "edge");
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

static void put_branch_map(struct emitter *e, const struct node *n, const char *tag,
                           struct ints inputs, const struct graph *body) {
    xml_open(&e->xml, tag);
    for (uint32_t i = 0; i < inputs.count; i++)
        put_port(e, "input", inputs.data[i], body->parameters.items[i], NULL, NULL);
    for (uint32_t i = 0; i < n->output_count; i++)
        put_port(e, "output", emit_output_port(e, &n->outputs[i]), body->results.items[i], NULL,
                 NULL);
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
