// SPDX-License-Identifier: Apache-2.0
// IR v2 and v4: weights are blobs of their layer, every dimension is known, one precision for all.
#include <string.h>

#include "compiler/base/strbuf.h"
#include "compiler/emit/emitter.h"
#include "compiler/ops/data.h"

static bool is_layer(const struct node *n) {
    bool is_end = n->op == &op_Result || (n->op == &op_Parameter && n->graph->outer != NULL);
    if (is_end)
        return false;
    if (n->op != &op_Constant)
        return true;
    VALUE_EACH_USE(&n->outputs[0], use) {
        if (dialect_classic.is_port(use->user, use->index))
            return true;
    }
    return false;
}

static uint32_t layer_count(const struct emitter *e, const struct node *n) {
    (void)e;
    return is_layer(n);
}

// The name of the blob that an input is; NULL for a port, "" for one that stands in the attributes.
static const char *blob_name(const struct node *n, uint32_t input) {
    const struct classic_form *form = n->op->classic;
    if (n->op->classic_blob != NULL)
        return n->op->classic_blob(n, input);
    if (form == NULL || input >= sizeof form->blobs / sizeof *form->blobs)
        return NULL;
    return form->blobs[input];
}

static bool is_port(const struct node *n, uint32_t input) {
    return n->inputs[input].value != NULL && blob_name(n, input) == NULL;
}

// ---- What cannot be said ----

static bool refuse(struct emitter *e, const struct node *n, const char *what) {
    const char *version = arena_printf(e->arena, "%d", e->options->ir_version);
    diag_report(e->graph->diag, &n->place, NOT_EXPRESSIBLE,
                arena_printf(e->arena, "%s of node '%s'", what, n->name), version);
    return false;
}

// What is unknown because an input is unknown was reported there.
static bool inputs_are_static(const struct node *n) {
    for (uint32_t i = 0; i < n->input_count; i++)
        if (n->inputs[i].value != NULL && !shape_is_static(&n->inputs[i].value->shape))
            return false;
    return true;
}

static bool check_shape(struct emitter *e, const struct node *n, uint32_t output) {
    const struct shape *shape = &n->outputs[output].shape;
    if (!shape_is_static(shape)) {
        if (!inputs_are_static(n))
            return false;
        diag_report(e->graph->diag, &n->place, SHAPE_PARTLY_KNOWN, output, n->name,
                    shape_text(e->arena, shape));
        return false;
    }
    for (int32_t i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 1)
            return refuse(e, n, "an output without elements");
    return true;
}

// In a body, the outside meets ports of layers only.
static bool check_ends(struct emitter *e, const struct node *n) {
    const struct value *v =
        n->op == &op_Result && n->graph->outer != NULL ? node_input(n, 0) : NULL;
    return v == NULL || is_layer(v->producer) || refuse(e, n, "a value that passes through a body");
}

// Version 2 has words for windows over two axes only.
static bool check_window(struct emitter *e, const struct node *n) {
    const struct attr_def *row = op_find_attr(n->op, "strides");
    if (e->options->ir_version > 2 || row == NULL || row->kind != ATTR_INTS)
        return true;
    uint32_t axes = ((const struct ints *)attr_field_of(row, n->attrs))->count;
    return axes == 2 || refuse(e, n, arena_printf(e->arena, "the window over %u axes", axes));
}

static bool check(struct emitter *e, const struct node *n) {
    bool is_end = n->op == &op_Constant || n->op == &op_Result;
    if (n->op->classic == NULL && !is_end)
        return refuse(e, n, arena_printf(e->arena, "operator '%s'", n->op->name));
    for (uint32_t i = 0; i < n->input_count; i++)
        if (n->inputs[i].value != NULL && blob_name(n, i) != NULL && node_constant(n, i) == NULL)
            return refuse(e, n, arena_printf(e->arena, "input %u that is no constant", i));
    for (uint32_t i = 0; i < n->output_count && is_layer(n); i++)
        if (!check_shape(e, n, i))
            return false;
    return check_window(e, n) && check_ends(e, n);
}

// ---- Blobs ----

static enum dtype blob_type(const struct emitter *e, enum dtype type) {
    return dtype_is_float(type) ? e->options->data_type : DT_I32;
}

// One use of a constant as a blob or a layer is enough: its bytes stand in the file once.
static void add_blobs(struct emitter *e, struct node *n) {
    for (uint32_t i = 0; i < n->input_count; i++) {
        const char *name = n->inputs[i].value == NULL ? NULL : blob_name(n, i);
        struct node *constant = name == NULL ? NULL : n->inputs[i].value->producer;
        if (name == NULL || *name == '\0' || constant->scratch != NULL)
            continue;
        const struct tensor *t = n->inputs[i].value->constant;
        constant->scratch = bin_add(&e->bin, t, blob_type(e, t->type), n->name);
    }
    if (n->op == &op_Constant && is_layer(n) && n->scratch == NULL) {
        const struct tensor *t = n->outputs[0].constant;
        n->scratch = bin_add(&e->bin, t, blob_type(e, t->type), n->name);
    }
}

static void put_blob(struct emitter *e, const char *name, const struct bin_blob *blob) {
    xml_open(&e->xml, name);
    xml_attr_number(&e->xml, "offset", blob->offset);
    xml_attr_number(&e->xml, "size", blob->size);
    xml_close(&e->xml, name);
}

static void put_blobs(struct emitter *e, const struct node *n) {
    bool open = false;
    for (uint32_t i = 0; i < n->input_count; i++) {
        const char *name = n->inputs[i].value == NULL ? NULL : blob_name(n, i);
        if (name == NULL || *name == '\0')
            continue;
        if (!open)
            xml_open(&e->xml, "blobs");
        open = true;
        put_blob(e, name, n->inputs[i].value->producer->scratch);
    }
    if (open)
        xml_close(&e->xml, "blobs");
}

// ---- Attributes ----

// Up to version 2 each number of a two-dimensional window has an attribute of its own.
static const struct window_names {
    const char *list, *y, *x;
} windows[] = {
    {"strides", "stride-y", "stride-x"},
    {"kernel", "kernel-y", "kernel-x"},
    {"dilations", "dilation-y", "dilation-x"},
    {"pads_begin", "pad-y", "pad-x"},
    {"pads_end", "pad-b", "pad-r"},
};

static void put_window(struct emitter *e, const struct window_names *names, const char *value) {
    const char *comma = strchr(value, ',');
    size_t length = comma == NULL ? strlen(value) : (size_t)(comma - value);
    emit_put(e, names->y, arena_strndup(e->arena, value, length));
    if (comma != NULL)
        emit_put(e, names->x, comma + 1);
}

static void put_attribute(void *emitter, const char *name, const char *value) {
    struct emitter *e = emitter;
    for (size_t i = 0; i < sizeof windows / sizeof *windows && e->options->ir_version == 2; i++) {
        if (strcmp(windows[i].list, name) == 0) {
            put_window(e, &windows[i], value);
            return;
        }
    }
    emit_put(e, name, value);
}

// ---- Layers ----

static void port_attributes(struct emitter *e, const struct value *v, bool is_output) {
    (void)e, (void)v, (void)is_output;
}

static void open_layer(struct emitter *e, const struct node *n, const char *name,
                       enum dtype precision, const char *type) {
    xml_open(&e->xml, "layer");
    xml_attr_number(&e->xml, "id", n->mark);
    xml_attr(&e->xml, "name", name);
    xml_attr(&e->xml, "precision", dtype_classic_name(precision));
    xml_attr(&e->xml, "type", type);
}

static void put_constant(struct emitter *e, const struct node *n) {
    const struct bin_blob *blob = n->scratch;
    // The suffix is that of 2018: the layer stands for the data of a node.
    const char *name = arena_printf(e->arena, "%s/Output_0/Data__const", n->name);
    open_layer(e, n, name, blob->tensor->type, "Const");
    emit_outputs(e, n);
    xml_open(&e->xml, "blobs");
    put_blob(e, "custom", blob);
    xml_close(&e->xml, "blobs");
    xml_close(&e->xml, "layer");
}

static void write_layer(struct emitter *e, const struct node *n) {
    if (n->op == &op_Constant) {
        put_constant(e, n);
        return;
    }
    const struct op_def *op = n->op;
    open_layer(e, n, n->name, e->options->data_type,
               op->classic_type != NULL ? op->classic_type(n) : op->classic->type);
    emit_data(e, n, DIALECT_CLASSIC);
    emit_inputs(e, n);
    emit_outputs(e, n);
    put_blobs(e, n);
    emit_bodies(e, n);
    xml_close(&e->xml, "layer");
}

// ---- Around the layers ----

// What the runtime subtracts from an input before it runs the network (--move_to_preprocess).
static void write_preprocess(struct emitter *e, const struct node *parameter) {
    struct floats mean = ((const struct parameter *)parameter->attrs)->mean;
    struct strbuf text = STRBUF_INIT;
    if (mean.count == 0)
        return;
    xml_open(&e->xml, "pre-process");
    xml_attr(&e->xml, "reference-layer-name", xml_text(e->arena, parameter->name));
    for (uint32_t i = 0; i < mean.count; i++) {
        xml_open(&e->xml, "channel");
        xml_attr_number(&e->xml, "id", i);
        xml_open(&e->xml, "mean");
        strbuf_reset(&text);
        strbuf_float(&text, mean.data[i]);
        xml_attr(&e->xml, "value", text.data);
        xml_close(&e->xml, "mean");
        xml_close(&e->xml, "channel");
    }
    xml_close(&e->xml, "pre-process");
    strbuf_free(&text);
}

static void write_head(struct emitter *e) {
    xml_attr_number(&e->xml, "batch", 1);
    for (uint32_t i = 0; i < e->graph->parameters.count; i++)
        write_preprocess(e, e->graph->parameters.items[i]);
}

static void put_unset(struct emitter *e) {
    struct strbuf names = STRBUF_INIT;
    for (uint32_t i = 0; i < e->options->meta_count; i++)
        if (e->options->meta[i].unset)
            strbuf_printf(&names, "%s%s", names.length == 0 ? "" : ", ", e->options->meta[i].name);
    xml_open(&e->xml, "unset");
    xml_attr(&e->xml, "unset_cli_parameters", names.data);
    xml_close(&e->xml, "unset");
    strbuf_free(&names);
}

static void write_tail(struct emitter *e) {
    xml_open(&e->xml, "meta_data");
    xml_open(&e->xml, "MO_version");
    xml_attr(&e->xml, "value", "zooc");
    xml_close(&e->xml, "MO_version");
    xml_open(&e->xml, "cli_parameters");
    emit_meta(e);
    put_unset(e);
    xml_close(&e->xml, "cli_parameters");
    xml_close(&e->xml, "meta_data");
}

const struct dialect dialect_classic = {
    .alignment = 1,
    .needed = OP_CLASSIC,
    .check = check,
    .add_blobs = add_blobs,
    .layer_count = layer_count,
    .is_port = is_port,
    .port_attributes = port_attributes,
    .put_attribute = put_attribute,
    .write_layer = write_layer,
    .write_head = write_head,
    .write_tail = write_tail,
};
