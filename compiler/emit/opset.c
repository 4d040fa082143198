// SPDX-License-Identifier: Apache-2.0
// IR v10 and v11: operators of opset1 and later.
#include <string.h>

#include "compiler/base/strbuf.h"
#include "compiler/emit/emitter.h"
#include "compiler/ops/matmul.h"
#include "compiler/ops/ops.h"

// Processors load vectors of at most 64 bytes: a blob that starts there needs no copy.
#define ALIGNMENT 64

static bool is_constant(const struct node *n) {
    return n->op == &op_Constant;
}

// As a half, what is below 2^-18 keeps fewer than seven of its eleven bits, or none.
enum { ROUGH_HALF = 0x40 };

// How many of `count` elements from `first` on are no halves: too large, or vanishing.
static uint64_t count_lost(const struct tensor *t, uint64_t first, uint64_t count) {
    float block[1024];
    uint64_t lost = 0;
    while (count > 0) {
        uint64_t some = count < 1024 ? count : 1024;
        tensor_read(t, first, some, block);
        for (uint64_t i = 0; i < some; i++) {
            uint16_t half = dtype_float_to_half(block[i]);
            lost += (half & 0x7fff) >= 0x7c00 || ((half & 0x7fff) < ROUGH_HALF && block[i] != 0);
        }
        first += some;
        count -= some;
    }
    return lost;
}

// Weights of which three quarters would be lost stay as they are, as in today's tools: a network
// whose values grow from layer to layer may end in weights of 1e-12. Mostly a look at the first few
// tells.
static bool survives_as_half(const struct tensor *t) {
    uint64_t all = tensor_count(t), some = all < 1024 ? all : 1024;
    return count_lost(t, 0, some) * 2 <= some || count_lost(t, 0, all) < all - all / 4;
}

// The bounds of quantizers stay as they are: halves would shift every step.
static bool is_bound(const struct value *v) {
    for (const struct use *u = v->first_use; u != NULL; u = u->next)
        if (u->user->op == &op_FakeQuantize && u->index > 0)
            return true;
    return false;
}

// With FP16, weights are kept as halves behind a Convert that readers know as decompression.
static bool can_compress(const struct emitter *e, const struct node *n) {
    return e->options->data_type == DT_F16 && n->outputs[0].type == DT_F32 &&
           n->outputs[0].constant->type == DT_F32 && !is_bound(&n->outputs[0]) &&
           survives_as_half(n->outputs[0].constant);
}

static bool is_compressed(const struct node *n) {
    const struct bin_blob *blob = n->scratch;
    return is_constant(n) && blob->tensor->type != n->outputs[0].type;
}

static bool check(struct emitter *e, const struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++) {
        if (n->outputs[i].type != DT_UNKNOWN && n->outputs[i].type != DT_STRING)
            continue;
        diag_report(e->graph->diag, &n->place, NOT_EXPRESSIBLE, "an output of unknown type", "11");
        return false;
    }
    return true;
}

static void add_blobs(struct emitter *e, struct node *n) {
    if (!is_constant(n))
        return;
    enum dtype type = can_compress(e, n) ? DT_F16 : n->outputs[0].type;
    struct bin_blob *blob = bin_add(&e->bin, n->outputs[0].constant, type, n->name);
    for (const struct use *u = n->outputs[0].first_use; u != NULL; u = u->next)
        blob->turned |= matmul_turns(u);
    n->scratch = blob;
}

static uint32_t layer_count(const struct emitter *e, const struct node *n) {
    (void)e;
    return is_compressed(n) ? 2 : 1;
}

static bool is_port(const struct node *n, uint32_t input) {
    return n->inputs[input].value != NULL;
}

// ---- Ports ----

static void put_names(struct emitter *e, const char *attribute, const struct value *v) {
    if (v->names == NULL)
        return;
    struct strbuf text = STRBUF_INIT;
    for (const struct source_name *name = v->names; name != NULL; name = name->next) {
        strbuf_puts(&text, name == v->names ? "" : ",");
        for (const char *c = name->name; *c != '\0'; c++) {
            if (*c == ',')
                strbuf_putc(&text, '\\');
            strbuf_putc(&text, *c);
        }
    }
    xml_attr(&e->xml, attribute, text.data);
    strbuf_free(&text);
}

static void put_precision(struct emitter *e, enum dtype type) {
    xml_attr(&e->xml, "precision", dtype_classic_name(type));
}

static void port_attributes(struct emitter *e, const struct value *v, bool is_output) {
    put_precision(e, v->type);
    if (is_output)
        put_names(e, "names", v);
}

// The port between a compressed constant and its Convert.
static void put_half_port(struct emitter *e, const char *side, const struct value *v) {
    xml_open(&e->xml, side);
    xml_open(&e->xml, "port");
    xml_attr_number(&e->xml, "id", 0);
    put_precision(e, DT_F16);
    emit_dims(e, &v->shape);
    xml_close(&e->xml, "port");
    xml_close(&e->xml, side);
}

// ---- Layers ----

static void open_layer(struct emitter *e, uint32_t id, const char *name, const char *type,
                       const char *version) {
    xml_open(&e->xml, "layer");
    xml_attr_number(&e->xml, "id", id);
    xml_attr(&e->xml, "name", name);
    xml_attr(&e->xml, "type", type);
    xml_attr(&e->xml, "version", version);
}

static void put_constant_data(struct emitter *e, const struct node *n) {
    const struct bin_blob *blob = n->scratch;
    struct strbuf shape = STRBUF_INIT;
    for (int32_t i = 0; i < blob->tensor->shape.rank; i++)
        strbuf_printf(&shape, "%s%lld", i == 0 ? "" : ",", (long long)blob->tensor->shape.dims[i]);
    xml_open(&e->xml, "data");
    xml_attr(&e->xml, "element_type", dtype_opset_name(blob->tensor->type));
    xml_attr(&e->xml, "shape", shape.data);
    xml_attr_number(&e->xml, "offset", blob->offset);
    xml_attr_number(&e->xml, "size", blob->size);
    xml_close(&e->xml, "data");
    strbuf_free(&shape);
}

static void put_constant(struct emitter *e, const struct node *n) {
    open_layer(e, n->mark, n->name, op_opset_type(n->op), node_opset(n));
    put_constant_data(e, n);
    emit_outputs(e, n);
    xml_close(&e->xml, "layer");
}

static void put_decompression_mark(struct emitter *e) {
    xml_open(&e->xml, "rt_info");
    xml_open(&e->xml, "attribute");
    xml_attr(&e->xml, "name", "decompression");
    xml_attr(&e->xml, "version", "0");
    xml_close(&e->xml, "attribute");
    xml_close(&e->xml, "rt_info");
}

static void put_compressed(struct emitter *e, const struct node *n) {
    const struct value *v = &n->outputs[0];
    const char *name = arena_printf(e->arena, "%s_compressed", n->name);
    open_layer(e, n->mark - 1, name, op_opset_type(n->op), node_opset(n));
    put_constant_data(e, n);
    put_half_port(e, "output", v);
    xml_close(&e->xml, "layer");

    open_layer(e, n->mark, n->name, "Convert", "opset1");
    xml_open(&e->xml, "data");
    xml_attr(&e->xml, "destination_type", dtype_opset_name(v->type));
    xml_close(&e->xml, "data");
    put_decompression_mark(e);
    put_half_port(e, "input", v);
    emit_outputs(e, n);
    xml_close(&e->xml, "layer");
}

static void write_layer(struct emitter *e, const struct node *n) {
    if (is_compressed(n)) {
        put_compressed(e, n);
        return;
    }
    if (is_constant(n)) {
        put_constant(e, n);
        return;
    }
    open_layer(e, n->mark, n->name, op_opset_type(n->op), node_opset(n));
    if (n->op == &op_Result)
        put_names(e, "output_names", n->inputs[0].value);
    emit_data(e, n, DIALECT_OPSET);
    emit_inputs(e, n);
    emit_outputs(e, n);
    emit_bodies(e, n);
    xml_close(&e->xml, "layer");
}

static void write_tail(struct emitter *e) {
    bool modern = e->options->ir_version >= 11;
    const char *outer = modern ? "rt_info" : "meta_data";
    const char *inner = modern ? "conversion_parameters" : "cli_parameters";
    xml_open(&e->xml, outer);
    xml_open(&e->xml, "MO_version");
    xml_attr(&e->xml, "value", "zooc");
    xml_close(&e->xml, "MO_version");
    xml_open(&e->xml, inner);
    emit_meta(e);
    xml_close(&e->xml, inner);
    xml_close(&e->xml, outer);
}

const struct dialect dialect_opset = {
    .alignment = ALIGNMENT,
    .needed = OP_OPSET,
    .check = check,
    .add_blobs = add_blobs,
    .layer_count = layer_count,
    .is_port = is_port,
    .port_attributes = port_attributes,
    .put_attribute = emit_put,
    .write_layer = write_layer,
    .write_tail = write_tail,
};
