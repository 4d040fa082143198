// SPDX-License-Identifier: Apache-2.0
// From an MXNet symbol and its parameters to a graph: a light index of the nodes, the cut, then
// each node that is reached.
#include <stdlib.h>
#include <string.h>

#include "compiler/ops/data.h"
#include "frontends/importer.h"
#include "frontends/mxnet/files.h"
#include "frontends/mxnet/layers.h"
#include "frontends/source.h"

struct import {
    struct importer base; // its nodes are the symbol's
    struct mxnet_model model;
    const struct mxnet_layer_row **rows; // by node; NULL: a variable or an unknown operator
    struct custom_layer *custom;         // of -k
    const struct extensions *extensions;
};

// --- the index -----------------------------------------------------------------------------------

static bool is_variable(const struct mxnet_node *node) {
    return strcmp(node->op, "null") == 0;
}

// The outputs that an operator has, as far as they can be told: those counted by an attribute, else
// those that somebody reads (read[] of the node), at least one.
static uint32_t count_outputs(const struct mxnet_node *node, const struct mxnet_layer_row *row,
                              uint32_t read) {
    int64_t count = 0;
    if (row != NULL && row->outputs_by != NULL)
        mxnet_attr_int(node, row->outputs_by, 1, &count);
    if (count < 0 || count > UINT16_MAX)
        count = 0;
    return read > (uint32_t)count ? read : count == 0 ? 1 : (uint32_t)count;
}

static void index_node(struct import *im, struct cut_node *nodes, uint32_t i, uint32_t read) {
    const struct mxnet_node *node = &im->model.symbol.nodes[i];
    const struct mxnet_layer_row *row = im->rows[i];
    uint32_t used = node->input_count;
    if (row != NULL && row->data_inputs != 0 && row->data_inputs < used)
        used = row->data_inputs; // the others are labels
    struct cut_source *inputs = arena_array_of(im->base.graph->arena, used, struct cut_source);
    for (uint32_t k = 0; k < used; k++)
        inputs[k] = (struct cut_source){node->inputs[k].node, node->inputs[k].output};
    bool is_constant = is_variable(node) && mxnet_find_array(&im->model.params, node->name) != NULL;
    nodes[i] = (struct cut_node){.name = node->name,
                                 .inputs = inputs,
                                 .input_count = used,
                                 .output_count = count_outputs(node, row, read),
                                 .is_input = is_variable(node) && !is_constant,
                                 .is_constant = is_constant,
                                 .is_end = row != NULL && row->kind == MXNET_LOSS};
}

// NAME_output, or NAME_output0, NAME_output1, ...: what MXNet calls outputs.
static const char *output_name(struct import *im, uint32_t node, uint32_t output) {
    const struct cut_node *n = &im->base.cut.nodes[node];
    struct arena *arena = im->base.graph->arena;
    return n->output_count == 1 ? arena_printf(arena, "%s_output", n->name)
                                : arena_printf(arena, "%s_output%u", n->name, output);
}

static void add_aliases(struct import *im) {
    uint64_t count = 0;
    for (uint32_t i = 0; i < im->base.cut.node_count; i++)
        count += im->base.cut.nodes[i].output_count;
    struct cut_alias *aliases = arena_array_of(im->base.graph->arena, count, struct cut_alias);
    for (uint32_t i = 0; i < im->base.cut.node_count; i++)
        for (uint32_t k = 0;
             !im->base.cut.nodes[i].is_input && k < im->base.cut.nodes[i].output_count; k++)
            aliases[im->base.cut.alias_count++] =
                (struct cut_alias){.name = output_name(im, i, k), .source = {i, k}};
    im->base.cut.aliases = aliases;
}

// Extensions may import operators and what Custom calls so.
static const struct mxnet_layer_row *find_row(const struct import *im,
                                              const struct mxnet_node *node) {
    const char *custom = strcmp(node->op, "Custom") == 0 ? mxnet_attr(node, "op_type") : NULL;
    const struct mxnet_layer_row *added =
        extension_find(im->extensions, "mxnet", custom != NULL ? custom : node->op);
    return added != NULL ? added : mxnet_layer_find(node->op);
}

static void make_index(struct import *im) {
    struct arena *arena = im->base.graph->arena;
    const struct mxnet_symbol *symbol = &im->model.symbol;
    struct cut_node *nodes = arena_array_of(arena, symbol->count, struct cut_node);
    uint32_t *read = arena_array_of(arena, symbol->count, uint32_t);
    im->rows = arena_array_of(arena, symbol->count, const struct mxnet_layer_row *);
    for (uint32_t i = 0; i < symbol->count; i++) {
        const struct mxnet_node *node = &symbol->nodes[i];
        im->rows[i] = is_variable(node) ? NULL : find_row(im, node);
        for (uint32_t k = 0; k < node->input_count; k++)
            if (read[node->inputs[k].node] <= node->inputs[k].output)
                read[node->inputs[k].node] = node->inputs[k].output + 1;
    }
    for (uint32_t i = 0; i < symbol->count; i++)
        index_node(im, nodes, i, read[i]);
    im->base.cut =
        (struct cut){.graph = im->base.graph, .nodes = nodes, .node_count = symbol->count};
    add_aliases(im);
}

// --- variables -----------------------------------------------------------------------------------

static struct place place_of(const struct import *im, uint32_t node) {
    return (struct place){.file = im->model.symbol.file,
                          .layer = im->model.symbol.nodes[node].name,
                          .layer_type = im->model.symbol.nodes[node].op};
}

// The `__shape__` that a variable may carry; 0 stands for unknown.
static struct shape shape_of_variable(struct import *im, const struct mxnet_node *node) {
    struct ints dims;
    struct shape shape = SHAPE_UNKNOWN;
    if (!mxnet_attr_ints(im->base.graph->arena, node, "__shape__", 0, &dims) || dims.count == 0 ||
        dims.count > SHAPE_MAX_RANK)
        return shape;
    for (uint32_t i = 0; i < dims.count; i++)
        if (dims.data[i] <= 0)
            return shape;
    return shape_make((int32_t)dims.count, dims.data);
}

static void import_variable(struct import *im, uint32_t i) {
    const struct mxnet_node *node = &im->model.symbol.nodes[i];
    const struct tensor *t = mxnet_find_array(&im->model.params, node->name);
    struct place place = place_of(im, i);
    struct value *v;
    if (t != NULL) {
        v = graph_constant(im->base.graph, node->name,
                           dtype_is_float(t->type) ? tensor_cast(im->base.graph->arena, t, DT_F32)
                                                   : t);
    } else {
        struct shape shape = shape_of_variable(im, node);
        v = cut_placeholder(&im->base.cut, i, 0, DT_F32, shape, shape.rank == 4 ? "NCHW" : "",
                            &place);
    }
    value_add_name(v, node->name);
    im->base.values[i][0] = v;
}

// --- operators -----------------------------------------------------------------------------------

static void import_outputs(struct import *im, uint32_t node, struct mxnet_layer *l) {
    const struct mxnet_layer_row *row = im->rows[node];
    if (row == NULL) {
        mxnet_fail(l, UNKNOWN_LAYER, l->node->op);
        return;
    }
    l->inputs = arena_array_of(l->arena, l->input_count, struct value *);
    if (!importer_gather(&im->base, node, &l->builder.place, l->inputs))
        return;
    if (l->input_count < row->min_inputs)
        mxnet_fail(l, INPUT_COUNT, l->input_count,
                   arena_printf(l->arena, "%d or more", row->min_inputs));
    else if (row->import != NULL)
        row->import(l);
    else if (row->same != NULL) {
        struct node *n = build_node(&l->builder, row->same, l->name, l->input_count, l->inputs);
        node_finish(n);
        l->outputs[0] = &n->outputs[0];
    } else {
        l->outputs[0] = l->inputs[0];
    }
}

static void import_layer(struct import *im, uint32_t i) {
    const struct mxnet_node *node = &im->model.symbol.nodes[i];
    struct mxnet_layer l = {.builder = {.graph = im->base.graph, .place = place_of(im, i)},
                            .arena = im->base.graph->arena,
                            .name = node->name,
                            .node = node,
                            .params = &im->model.params,
                            .custom = im->custom,
                            .input_count = im->base.cut.nodes[i].input_count,
                            .outputs = im->base.values[i],
                            .output_count = im->base.cut.nodes[i].output_count};
    import_outputs(im, i, &l);
    for (uint32_t k = 0; k < l.output_count; k++) {
        if (l.outputs[k] == NULL || l.failed)
            l.outputs[k] = graph_poison(im->base.graph, l.name, &l.builder.place);
        else if (l.output_count == 1)
            value_add_name(l.outputs[k], l.name);
        value_add_name(l.outputs[k], output_name(im, i, k));
    }
}

// --- the whole -----------------------------------------------------------------------------------

static void import_node(struct importer *base, uint32_t node) {
    struct import *im = (struct import *)base;
    if (is_variable(&im->model.symbol.nodes[node]))
        import_variable(im, node);
    else
        import_layer(im, node);
}

static bool mxnet_import(const struct import_options *options, struct graph *g) {
    struct import im = {.base = {.graph = g}, .extensions = options->extensions};
    if (!custom_read(g->arena, g->diag, options, false, &im.custom) ||
        !mxnet_open(g->arena, g->diag, options, &im.model))
        return false;
    g->keep_split_convolutions = true;
    make_index(&im);
    return importer_run(&im.base, options, import_node);
}

static int mxnet_bid(const char *path, struct slice head) {
    enum { SURE = 95, SUFFIX = 60 };
    uint64_t magic = 0;
    bool is_container = slice_u64le(&head, &magic) && magic == 0x112;
    if (is_container)
        return SURE;
    return source_has_suffix(path, ".params") || source_has_suffix(path, "-symbol.json") ? SUFFIX
                                                                                         : 0;
}

static bool mxnet_layer(size_t index, struct frontend_layer *out) {
    static const char *const kinds[] = {
        [MXNET_IMPORT] = "several", [MXNET_PASS] = "dropped", [MXNET_LOSS] = "dropped"};
    if (index >= mxnet_layer_row_count)
        return false;
    const struct mxnet_layer_row *row = &mxnet_layer_rows[index];
    *out =
        (struct frontend_layer){.type = row->op,
                                .line = row->line,
                                .meaning = row->same != NULL ? row->same->name : kinds[row->kind]};
    return true;
}

const struct frontend frontend_mxnet = {.name = "mxnet",
                                        .title = "MXNet",
                                        .bid = mxnet_bid,
                                        .import = mxnet_import,
                                        .row_size = sizeof(struct mxnet_layer_row),
                                        .layer = mxnet_layer};
