// SPDX-License-Identifier: Apache-2.0
// From a Caffe net to a graph: a light index of the layers, the cut, then each layer that is
// reached.
#include <string.h>

#include "compiler/base/names.h"
#include "compiler/ops/data.h"
#include "frontends/caffe/custom.h"
#include "frontends/importer.h"
#include "frontends/source.h"
#include "frontends/wire/wire.h"

struct import {
    struct importer base; // nodes: the net's inputs, then its layers
    struct caffe_net net;
    const struct layer_row **rows; // by layer; NULL: an unknown type
    struct custom_layer *custom;   // of -k
    struct attribute_style style;  // of their attributes
    const struct extensions *extensions;
};

// --- the index ---------------------------------------------------------------

struct blob { // what a name means so far: in-place layers give it a new meaning
    struct cut_source source;
    bool is_read;
};

struct indexer {
    struct import *im;
    struct names *blobs; // name -> struct blob
    struct cut_node *nodes;
    struct cut_alias *aliases;
    uint32_t alias_count;
};

static struct cut_source latest(const struct indexer *x, const char *name) {
    const struct blob *blob = names_find(x->blobs, name);
    return blob != NULL ? blob->source : (struct cut_source){CUT_NONE, 0};
}

static void define(struct indexer *x, const char *name, struct cut_source source) {
    void **slot = names_slot(x->blobs, name);
    struct blob *blob = *slot;
    if (blob == NULL)
        *slot = blob = arena_new_of(x->im->base.graph->arena, struct blob);
    blob->source = source;
}

static bool is_dropped(const struct import *im, uint32_t layer) {
    return im->rows[layer] != NULL && im->rows[layer]->kind == LAYER_LOSS;
}

// A layer that overwrites what another made although it does not read it: Caffe itself refuses
// that.
static void check_twice(struct indexer *x, const struct caffe_layer *layer, const char *top) {
    const Caffe__LayerParameter *param = layer->param;
    if (names_find(x->blobs, top) == NULL)
        return;
    for (size_t i = 0; i < param->n_bottom; i++)
        if (strcmp(param->bottom[i], top) == 0)
            return;
    diag_report(x->im->base.graph->diag, &layer->place, TOP_TWICE, top);
}

static void index_layer(struct indexer *x, uint32_t layer) {
    struct import *im = x->im;
    const struct caffe_layer *source = &im->net.layers[layer];
    const Caffe__LayerParameter *param = source->param;
    const struct layer_row *row = im->rows[layer];
    uint32_t index = im->net.input_count + layer;
    struct cut_node *node = &x->nodes[index];
    *node = (struct cut_node){.name = source->name};
    if (is_dropped(im, layer))
        return;
    struct cut_source *inputs =
        arena_array_of(im->base.graph->arena, param->n_bottom, struct cut_source);
    for (size_t i = 0; i < param->n_bottom; i++)
        inputs[i] = latest(x, param->bottom[i]);
    node->inputs = inputs;
    node->input_names = (const char *const *)param->bottom;
    node->input_count = (uint32_t)param->n_bottom;
    node->output_count = (uint32_t)param->n_top;
    node->is_input = row != NULL && row->kind == LAYER_DATA;
    node->is_end = row != NULL && row->kind == LAYER_END;
    for (size_t i = 0; i < param->n_top; i++) {
        check_twice(x, source, param->top[i]);
        struct cut_source made = {index, (uint32_t)i};
        define(x, param->top[i], made);
        x->aliases[x->alias_count++] = (struct cut_alias){.name = param->top[i], .source = made};
    }
}

static const struct layer_row *find_row(const struct import *im, const char *type) {
    const struct layer_row *added = extension_find(im->extensions, "caffe", type);
    return added != NULL ? added : layer_find(type);
}

static void make_index(struct import *im) {
    struct arena *arena = im->base.graph->arena;
    uint32_t count = im->net.input_count + im->net.layer_count;
    uint64_t tops = 0;
    im->rows = arena_array_of(arena, im->net.layer_count, const struct layer_row *);
    for (uint32_t i = 0; i < im->net.layer_count; i++) {
        im->rows[i] = find_row(im, im->net.layers[i].type);
        tops += im->net.layers[i].param->n_top;
    }
    struct indexer x = {.im = im,
                        .blobs = names_new(arena),
                        .nodes = arena_array_of(arena, count, struct cut_node),
                        .aliases = arena_array_of(arena, tops, struct cut_alias)};
    for (uint32_t i = 0; i < im->net.input_count; i++) {
        x.nodes[i] =
            (struct cut_node){.name = im->net.inputs[i].name, .output_count = 1, .is_input = true};
        define(&x, im->net.inputs[i].name, (struct cut_source){i, 0});
    }
    for (uint32_t i = 0; i < im->net.layer_count; i++)
        index_layer(&x, i);
    im->base.cut = (struct cut){.graph = im->base.graph,
                                .nodes = x.nodes,
                                .node_count = count,
                                .aliases = x.aliases,
                                .alias_count = x.alias_count};
}

// --- inputs ------------------------------------------------------------------

static struct shape shape_of_input_layer(const Caffe__InputParameter *param, uint32_t top) {
    struct shape shape = SHAPE_UNKNOWN;
    if (param != NULL && param->n_shape > 0) {
        const Caffe__BlobShape *dims = param->shape[top < param->n_shape ? top : 0];
        if (!caffe_shape_of_dims(dims->n_dim, dims->dim, &shape))
            shape = SHAPE_UNKNOWN;
    }
    return shape;
}

// Data layers of training that stand in for an input: only MemoryData says its whole shape.
static struct shape shape_of_data_layer(const Caffe__LayerParameter *layer, uint32_t top) {
    const Caffe__MemoryDataParameter *memory = layer->memory_data_param;
    const Caffe__DummyDataParameter *dummy = layer->dummy_data_param;
    if (memory != NULL && top == 0)
        return SHAPE(memory->batch_size, memory->channels, memory->height, memory->width);
    struct shape shape = SHAPE_UNKNOWN;
    if (dummy != NULL && dummy->n_shape > 0) {
        const Caffe__BlobShape *dims = dummy->shape[top < dummy->n_shape ? top : 0];
        if (!caffe_shape_of_dims(dims->n_dim, dims->dim, &shape))
            shape = SHAPE_UNKNOWN;
    } else if (dummy != NULL && dummy->n_num > 0 && dummy->n_channels > 0 && dummy->n_height > 0 &&
               dummy->n_width > 0) {
        shape = SHAPE(dummy->num[top < dummy->n_num ? top : 0],
                      dummy->channels[top < dummy->n_channels ? top : 0],
                      dummy->height[top < dummy->n_height ? top : 0],
                      dummy->width[top < dummy->n_width ? top : 0]);
    }
    return shape;
}

static void import_placeholder(struct import *im, uint32_t node) {
    const struct caffe_layer *layer =
        node < im->net.input_count ? NULL : &im->net.layers[node - im->net.input_count];
    struct place place = {.file = im->net.proto_path, .layer = im->base.cut.nodes[node].name};
    for (uint32_t i = 0; i < im->base.cut.nodes[node].output_count; i++) {
        struct shape shape;
        if (layer == NULL)
            shape = im->net.inputs[node].shape;
        else if (layer->param->input_param != NULL)
            shape = shape_of_input_layer(layer->param->input_param, i);
        else
            shape = shape_of_data_layer(layer->param, i);
        if (!cut_is_used(&im->base.cut, node, i))
            continue;
        struct value *v = cut_placeholder(&im->base.cut, node, i, DT_F32, shape, "NCHW",
                                          layer == NULL ? &place : &layer->place);
        im->base.values[node][i] = v;
        if (im->base.cut.nodes[node].output_count == 1)
            value_add_name(v, im->base.cut.nodes[node].name);
    }
}

// --- layers ------------------------------------------------------------------

static void warn_unknown_of(struct import *im, const struct text_field *fields,
                            const struct caffe_layer *layer,
                            const ProtobufCMessageDescriptor *descriptor) {
    for (const struct text_field *f = fields; f != NULL; f = f->next) {
        struct place place = f->place;
        place.layer = layer->name;
        place.layer_type = layer->type;
        const char *near = text_nearest_field(im->base.graph->arena, descriptor, f->name);
        if (near != NULL)
            diag_report(im->base.graph->diag, &place, UNKNOWN_FIELD_NEAR, f->name, near);
        else
            diag_report(im->base.graph->diag, &place, UNKNOWN_FIELD, f->name);
    }
}

// Fields that Caffe's schema lacks, of the layer and of its parameter messages.
static void warn_unknown(struct import *im, const struct caffe_layer *layer) {
    const ProtobufCMessageDescriptor *descriptor = &caffe__layer_parameter__descriptor;
    warn_unknown_of(im, layer->unknown, layer, descriptor);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label != PROTOBUF_C_LABEL_OPTIONAL)
            continue;
        const ProtobufCMessage *param =
            *(ProtobufCMessage *const *)(const void *)((const char *)layer->param + field->offset);
        if (param != NULL)
            warn_unknown_of(im, text_note(param)->unknown, layer, param->descriptor);
    }
}

// The value of an output; NULL when it was not imported.
static struct value *value_of(const struct import *im, struct cut_source s) {
    return s.node == CUT_NONE || im->base.values[s.node] == NULL
               ? NULL
               : im->base.values[s.node][s.output];
}

static bool count_fits(struct layer *l, const struct layer_row *row) {
    if (l->bottom_count >= row->min_bottoms &&
        (row->max_bottoms == MANY || l->bottom_count <= row->max_bottoms))
        return true;
    layer_fail(l, INPUT_COUNT, l->bottom_count,
               row->min_bottoms == row->max_bottoms
                   ? arena_printf(l->arena, "%u", row->min_bottoms)
                   : arena_printf(l->arena, "at least %u", row->min_bottoms));
    return false;
}

static void import_same(struct layer *l, const struct layer_row *row) {
    struct node *n = build_node(&l->builder, row->op, l->name, l->bottom_count, l->bottoms);
    if (row->param != NULL)
        layer_copy_fields(l, n, layer_param(l, row->param), row->fields);
    if (l->failed)
        return;
    if (row->op->outputs == PORTS_VARIADIC)
        node_set_output_count(n, l->top_count);
    node_finish(n);
    for (uint32_t i = 0; i < l->top_count && i < n->output_count; i++)
        l->tops[i] = &n->outputs[i];
}

static void import_natively(struct layer *l, const void *data) {
    const struct layer_row *row = data;
    if (!count_fits(l, row))
        return;
    if (row->import != NULL)
        row->import(l);
    else
        import_same(l, row);
}

static void import_tops(struct import *im, struct layer *l, const struct layer_row *row,
                        uint32_t node) {
    const struct custom_layer *custom = custom_find(im->custom, l->source->type);
    if (row == NULL && custom == NULL) {
        layer_fail(l, UNKNOWN_LAYER, l->source->type);
        return;
    }
    l->bottoms = arena_array_of(l->arena, l->bottom_count, struct value *);
    if (!importer_gather(&im->base, node, &l->builder.place, l->bottoms))
        return;
    if (custom != NULL)
        import_custom(l, im->style, custom, import_natively, row);
    else
        import_natively(l, row);
}

static void import_layer(struct import *im, uint32_t index) {
    const struct caffe_layer *source = &im->net.layers[index];
    uint32_t node = im->net.input_count + index;
    struct layer l = {.builder = {.graph = im->base.graph, .place = source->place},
                      .arena = im->base.graph->arena,
                      .name = source->name,
                      .source = source,
                      .param = source->param,
                      .bottom_count = im->base.cut.nodes[node].input_count,
                      .tops = im->base.values[node],
                      .top_count = im->base.cut.nodes[node].output_count};
    if (custom_find(im->custom, source->type) == NULL)
        warn_unknown(im, source);
    import_tops(im, &l, im->rows[index], node);
    for (uint32_t i = 0; i < l.top_count; i++) {
        if (l.tops[i] == NULL)
            l.tops[i] = graph_poison(im->base.graph, l.name, &l.builder.place);
        else if (l.top_count == 1)
            value_add_name(l.tops[i], l.name);
    }
}

// --- the whole ---------------------------------------------------------------

// A blob's own name belongs to the last value that it held, unless a layer is called so.
static void name_blobs(struct import *im) {
    struct names *layers = names_new(im->base.graph->arena);
    struct names *blobs = names_new(im->base.graph->arena);
    for (uint32_t i = 0; i < im->base.cut.node_count; i++)
        *names_slot(layers, im->base.cut.nodes[i].name) = im;
    for (uint32_t i = im->base.cut.alias_count; i-- > 0;) {
        const struct cut_alias *alias = &im->base.cut.aliases[i];
        struct value *v = value_of(im, alias->source);
        void **slot = names_slot(blobs, alias->name);
        if (v != NULL && *slot == NULL && names_find(layers, alias->name) == NULL)
            value_add_name(v, alias->name);
        *slot = im;
    }
}

static bool has_input(const struct import *im) {
    for (uint32_t i = 0; i < im->base.cut.node_count; i++)
        if (im->base.cut.nodes[i].is_input)
            return true;
    return false;
}

static void import_node(struct importer *base, uint32_t node) {
    struct import *im = (struct import *)base;
    if (base->cut.nodes[node].is_input)
        import_placeholder(im, node);
    else
        import_layer(im, node - im->net.input_count);
}

static bool is_set(const struct import_options *options, const char *name) {
    return options->option != NULL && options->option(options->options, name) != NULL;
}

static bool caffe_import(const struct import_options *options, struct graph *g) {
    struct import im = {.base = {.graph = g},
                        .net = {.arena = g->arena, .diag = g->diag},
                        .extensions = options->extensions};
    im.style =
        (struct attribute_style){.all = is_set(options, "disable_omitting_optional"),
                                 .flatten = is_set(options, "enable_flattening_nested_params")};
    if (!custom_read(g->arena, g->diag, options, true, &im.custom) || !caffe_read(&im.net, options))
        return false;
    g->name = im.net.name;
    g->keep_split_convolutions = true;
    make_index(&im);
    if (!has_input(&im) && !options->inputs_given) {
        diag_report(g->diag, NULL, NO_INPUT_LAYER, im.net.proto_path);
        return false;
    }
    if (!importer_run(&im.base, options, import_node))
        return false;
    name_blobs(&im);
    return true;
}

static int caffe_bid(const char *path, struct slice head) {
    enum { SURE = 90, SUFFIX = 60, CONTENT = 30 };
    if (source_has_suffix(path, ".prototxt"))
        return SUFFIX;
    unsigned known = wire_match(head, &caffe__net_weights__descriptor, 4);
    if (source_has_suffix(path, ".caffemodel"))
        return known > 0 ? SURE : SUFFIX;
    unsigned layers = wire_match(head, &caffe__net_layers__descriptor, 4);
    return known > 1 && layers > 0 ? CONTENT : 0;
}

static bool caffe_layer(size_t index, struct frontend_layer *out) {
    static const char *const kinds[] = {[LAYER_IMPORT] = "several",
                                        [LAYER_DATA] = "input",
                                        [LAYER_LOSS] = "dropped",
                                        [LAYER_END] = "dropped"};
    if (index >= layer_row_count)
        return false;
    const struct layer_row *row = &layer_rows[index];
    *out = (struct frontend_layer){.type = row->type,
                                   .line = row->line,
                                   .meaning = row->op != NULL ? row->op->name : kinds[row->kind]};
    return true;
}

const struct frontend frontend_caffe = {.name = "caffe",
                                        .title = "Caffe",
                                        .bid = caffe_bid,
                                        .import = caffe_import,
                                        .mean_image = caffe_mean_image,
                                        .row_size = sizeof(struct layer_row),
                                        .layer = caffe_layer};
