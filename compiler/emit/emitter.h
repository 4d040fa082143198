// SPDX-License-Identifier: Apache-2.0
// What the two dialects share while a graph is written; private to compiler/emit.
//
// While emitting, node->mark is the id of the node's layer (of its last one, when it becomes
// several) and the node->scratch of a constant is its struct bin_blob.
#ifndef ZOOC_EMITTER_H
#define ZOOC_EMITTER_H

#include "compiler/emit/bin.h"
#include "compiler/emit/dialect.h"
#include "compiler/emit/xml.h"

struct dialect;

struct emitter {
    struct graph *graph;
    const struct emit_options *options;
    const struct dialect *dialect;
    struct arena *arena;
    struct bin bin;
    struct xml xml;
    uint32_t layers;
    bool in_data; // <data> of the layer is open
};

struct dialect {
    uint64_t alignment;   // of blobs in the .bin
    enum op_flags needed; // flag of the operators that it knows
    // Reports what the dialect cannot say about a node.
    bool (*check)(struct emitter *e, const struct node *n);
    // Adds to the .bin what the node keeps there.
    void (*add_blobs)(struct emitter *e, struct node *n);
    // How many layers the node becomes: 0, 1, or 2 in a row, of which others meet the last.
    uint32_t (*layer_count)(const struct emitter *e, const struct node *n);
    // Is this input a port, or does it stand in the layer in another way?
    bool (*is_port)(const struct node *n, uint32_t input);
    void (*port_attributes)(struct emitter *e, const struct value *v, bool is_output);
    // `emitter` is the struct emitter, as op.h wants it.
    void (*put_attribute)(void *emitter, const char *name, const char *value);
    void (*write_layer)(struct emitter *e, const struct node *n);
    void (*write_head)(struct emitter *e); // attributes of <net> and what stands before the layers
    void (*write_tail)(struct emitter *e); // behind the edges
};

extern const struct dialect dialect_opset, dialect_classic;

// ---- Preparing (emit.c) ----
// Checks a graph and the bodies in it; gives layer ids and collects blobs. False after a report.
bool emit_prepare(struct emitter *e, struct graph *g);

// ---- A network: the emitter's own or a body (network.c) ----
// Nodes in the order in which they are written: parameters, the rest, results.
struct node **emit_order(struct graph *g, uint32_t *count);
// <layers> and <edges>.
void emit_network(struct emitter *e, struct graph *g);
// <input> and <output> of a layer. Input and output ports of a layer share one row of ids.
void emit_inputs(struct emitter *e, const struct node *n);
void emit_outputs(struct emitter *e, const struct node *n);
void emit_port(struct emitter *e, const struct value *v, uint32_t id, bool is_output);
void emit_dims(struct emitter *e, const struct shape *shape);
uint32_t emit_output_port(const struct emitter *e, const struct value *v);
// Options of the conversion that were given: <name value="..."/>.
void emit_meta(struct emitter *e);

// ---- Graphs inside a layer (body.c) ----
// Port maps and bodies of loops and branches; nothing for other operators.
void emit_bodies(struct emitter *e, const struct node *n);

// ---- <data> of a layer (attribute.c) ----
// The attributes that the dialect spells; no <data> when there are none.
void emit_data(struct emitter *e, const struct node *n, enum dialect_id dialect);
void emit_put(void *emitter, const char *name, const char *value);

// ---- .mapping (mapping.c) ----
void emit_mapping(struct emitter *e, struct outfile *to);

#endif
