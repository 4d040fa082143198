// SPDX-License-Identifier: Apache-2.0
// From a TensorFlow graph to ours: nodes in order, the cut, then each node that is reached.
#include <string.h>

#include "compiler/ops/data.h"
#include "frontends/importer.h"
#include "frontends/source.h"
#include "frontends/tf/control.h"
#include "frontends/tf/files.h"
#include "frontends/tf/layers.h"
#include "frontends/tf/loops.h"
#include "frontends/tf/placeholders.h"
#include "frontends/tf/replace.h"
#include "frontends/tf/saved_model.h"
#include "frontends/tf/table.h"
#include "frontends/wire/wire.h"

struct import {
    struct importer base; // its nodes are those of `tf`, in order
    struct tf_graph tf;
    uint32_t *order;                  // place in base -> node of tf
    const struct tf_layer_row **rows; // by place; NULL: an unknown operator
    const bool *axes_wanted;          // by node of tf
};

// --- the index -----------------------------------------------------------------------------------

// The queue that a dequeue node takes from, or NULL.
static const struct tf_node *queue_of(const struct import *im, const struct tf_node *node) {
    uint32_t source = node->input_count > 0 ? node->inputs[0].node : TF_NONE;
    return strncmp(node->op, "QueueDequeue", 12) == 0 && source != TF_NONE ? &im->tf.nodes[source]
                                                                           : NULL;
}

// Weights, also when they are handed on or computed from such: "kernel/read", quantized filters.
static bool is_constant(const struct import *im, const struct cut_node *nodes, uint32_t place,
                        const struct cut_source *inputs) {
    const struct tf_node *node = &im->tf.nodes[im->order[place]];
    const struct tf_layer_row *row = im->rows[place];
    if (strcmp(node->op, "Const") == 0)
        return true;
    bool all = node->input_count > 0 && row != NULL && row->kind != TF_INPUT &&
               row->kind != TF_END && strncmp(node->op, "Random", 6) != 0;
    for (uint32_t i = 0; i < node->input_count && all; i++)
        all = inputs[i].node != CUT_NONE && nodes[inputs[i].node].is_constant;
    return all;
}

static void index_node(struct import *im, struct cut_node *nodes, uint32_t place,
                       const uint32_t *places, uint32_t read) {
    const struct tf_node *node = &im->tf.nodes[im->order[place]];
    const struct tf_layer_row *row = im->rows[place];
    struct cut_source *inputs = arena_array_of(im->tf.arena, node->input_count, struct cut_source);
    for (uint32_t k = 0; k < node->input_count; k++) {
        uint32_t source = node->inputs[k].node;
        inputs[k] = (struct cut_source){source == TF_NONE ? CUT_NONE : places[source],
                                        node->inputs[k].output};
    }
    enum tf_layer_kind kind = row != NULL ? row->kind : TF_IMPORT;
    bool constant = is_constant(im, nodes, place, inputs);
    nodes[place] = (struct cut_node){.name = node->name,
                                     .inputs = inputs,
                                     .input_count = kind == TF_INPUT ? 0 : node->input_count,
                                     .output_count = tf_count_outputs(node, read),
                                     .is_input = kind == TF_INPUT,
                                     .is_constant = constant,
                                     .is_end = kind == TF_END || node->internal};
}

// What feeds several tensors: the first has the name alone, the others NAME:1, ... A queue's
// tensors are named after the queue, as the Model Optimizer does.
static void alias_placeholders(struct import *im) {
    struct cut *cut = &im->base.cut;
    uint64_t count = 0;
    for (uint32_t i = 0; i < cut->node_count; i++)
        count += cut->nodes[i].is_input && cut->nodes[i].output_count > 1
                     ? cut->nodes[i].output_count
                     : 0;
    struct cut_alias *aliases = arena_array_of(im->tf.arena, count, struct cut_alias);
    for (uint32_t i = 0; i < cut->node_count; i++) {
        if (!cut->nodes[i].is_input || cut->nodes[i].output_count < 2)
            continue;
        const struct tf_node *queue = queue_of(im, &im->tf.nodes[im->order[i]]);
        const char *name = queue != NULL ? queue->name : cut->nodes[i].name;
        for (uint32_t k = 0; k < cut->nodes[i].output_count; k++)
            aliases[cut->alias_count++] = (struct cut_alias){
                .name = k == 0 ? name : arena_printf(im->tf.arena, "%s:%u", name, k),
                .source = {i, k}};
    }
    cut->aliases = aliases;
}

static bool make_order(struct import *im, uint32_t *count) {
    uint32_t stuck;
    im->order = arena_array_of(im->tf.arena, im->tf.count, uint32_t);
    if (tf_order(&im->tf, im->order, count, &stuck))
        return true;
    struct place at = tf_place(&im->tf, stuck);
    diag_report(im->tf.diag, &at, CYCLE, im->tf.nodes[stuck].name);
    return false;
}

static bool make_index(struct import *im) {
    struct arena *arena = im->tf.arena;
    uint32_t count;
    if (!make_order(im, &count))
        return false;
    im->axes_wanted = tf_axes_wanted(&im->tf);
    uint32_t *places = arena_array_of(arena, im->tf.count, uint32_t);
    uint32_t *read = arena_array_of(arena, im->tf.count, uint32_t);
    struct cut_node *nodes = arena_array_of(arena, count, struct cut_node);
    im->rows = arena_array_of(arena, count, const struct tf_layer_row *);
    for (uint32_t i = 0; i < count; i++) {
        const struct tf_node *node = &im->tf.nodes[im->order[i]];
        places[im->order[i]] = i;
        im->rows[i] = tf_layer_find(node->op);
        for (uint32_t k = 0; k < node->input_count; k++) {
            struct tf_edge e = node->inputs[k];
            if (e.node != TF_NONE && read[e.node] <= e.output)
                read[e.node] = e.output + 1;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        index_node(im, nodes, i, places, read[im->order[i]]);
    im->base.cut = (struct cut){
        .graph = im->base.graph, .nodes = nodes, .node_count = count, .any_rank = false};
    alias_placeholders(im);
    return true;
}

// --- placeholders --------------------------------------------------------------------------------

static void import_placeholder(struct import *im, uint32_t place) {
    const struct tf_node *node = &im->tf.nodes[im->order[place]];
    struct place at = tf_place(&im->tf, im->order[place]);
    for (uint32_t i = 0; i < im->base.cut.nodes[place].output_count; i++) {
        enum dtype type;
        struct shape shape;
        tf_placeholder(&im->tf, node, i, im->axes_wanted[im->order[place]], &type, &shape);
        if (queue_of(im, node) != NULL)
            tf_queue_shape(&im->tf, im->order[place], queue_of(im, node), i, &shape);
        if (!cut_is_used(&im->base.cut, place, i))
            continue;
        struct value *v = cut_placeholder(&im->base.cut, place, i, type, shape, "", &at);
        im->base.values[place][i] = v;
        value_add_name(v, node->name);
    }
}

// --- operators -----------------------------------------------------------------------------------

static void import_layer(struct import *im, uint32_t place) {
    uint32_t node = im->order[place];
    struct tf_layer l = {.builder = {.graph = im->base.graph, .place = tf_place(&im->tf, node)},
                         .arena = im->tf.arena,
                         .graph = &im->tf,
                         .name = im->tf.nodes[node].name,
                         .node = &im->tf.nodes[node],
                         .input_count = im->base.cut.nodes[place].input_count,
                         .outputs = im->base.values[place],
                         .output_count = im->base.cut.nodes[place].output_count};
    l.inputs = arena_array_of(l.arena, l.input_count, struct value *);
    if (im->rows[place] == NULL || importer_gather(&im->base, place, &l.builder.place, l.inputs))
        tf_import_operator(&l);
    tf_finish_outputs(&l);
}

// --- the whole -----------------------------------------------------------------------------------

static void import_node(struct importer *base, uint32_t place) {
    struct import *im = (struct import *)base;
    if (im->base.cut.nodes[place].is_input)
        import_placeholder(im, place);
    else
        import_layer(im, place);
}

// Images keep their channels last, unless every operator that has a choice says otherwise.
static bool keeps_channels_last(const struct tf_graph *g) {
    bool first = false;
    for (uint32_t i = 0; i < g->count; i++) {
        const Tensorflow__AttrValue *format = tf_attr(&g->nodes[i], "data_format");
        if (g->nodes[i].removed || format == NULL || !format->has_s || format->s.len < 2)
            continue;
        if (memcmp(format->s.data, "NC", 2) != 0)
            return true;
        first = true;
    }
    return !first;
}

static void say_layouts(struct graph *g, bool last) {
    g->channels_last = last;
    for (uint32_t i = 0; i < g->parameters.count; i++) {
        const struct node *n = g->parameters.items[i];
        int32_t rank = n->outputs[0].shape.rank;
        if (rank == 4)
            ((struct parameter *)n->attrs)->layout = last ? "NHWC" : "NCHW";
        else if (rank == 5)
            ((struct parameter *)n->attrs)->layout = last ? "NDHWC" : "NCDHW";
    }
}

static bool tf_import(const struct import_options *given, struct graph *g) {
    struct import im = {.base = {.graph = g}};
    struct import_options options = *given; // signatures and replacements say other inputs, outputs
    const char *update =
        given->option == NULL
            ? NULL
            : given->option(given->options, "tensorflow_custom_operations_config_update");
    tf_graph_init(&im.tf, g->arena, g->diag, given->model);
    if (!tf_open(&options, &im.tf))
        return false;
    if (update != NULL) // and no more
        return tf_update_replacements(&im.tf, update);
    if (!tf_replace(&im.tf, &options))
        return false;
    tf_resolve_conditions(&im.tf, &options);
    if (!tf_collapse_loops(&im.tf, &options) || !make_index(&im))
        return false;
    g->keep_strides = true;
    if (!importer_run(&im.base, &options, import_node))
        return false;
    say_layouts(g, keeps_channels_last(&im.tf));
    return true;
}

static bool path_is_saved_model(const char *path) {
    struct arena *arena = arena_new();
    bool is = saved_model_folder(arena, path) != NULL;
    arena_free(arena);
    return is;
}

static int tf_bid(const char *path, struct slice head) {
    enum { SUFFIX = 60, SURE = 90, CONTENT = 20 };
    bool suffix = source_has_suffix(path, ".pb") || source_has_suffix(path, ".pb.frozen");
    if (source_has_suffix(path, ".pbtxt") || source_has_suffix(path, ".meta"))
        return SUFFIX;
    // A SavedModel's folder; a checkpoint, to be told what it is.
    if ((head.size == 0 && path_is_saved_model(path)) || table_is(head))
        return SURE;
    unsigned known = wire_match(head, &tensorflow__graph_def__descriptor, 4);
    if (suffix)
        return known > 0 ? SURE : SUFFIX;
    return known > 1 ? CONTENT : 0;
}

static bool tf_layer(size_t index, struct frontend_layer *out) {
    static const char *const kinds[] = {
        [TF_IMPORT] = "several", [TF_INPUT] = "input", [TF_PASS] = "dropped", [TF_END] = "dropped"};
    if (index >= tf_layer_row_count)
        return false;
    const struct tf_layer_row *row = &tf_layer_rows[index];
    *out = (struct frontend_layer){
        .type = row->op, .meaning = row->same != NULL ? row->same->name : kinds[row->kind]};
    return true;
}

const struct frontend frontend_tf = {
    .name = "tf", .title = "TensorFlow", .bid = tf_bid, .import = tf_import, .layer = tf_layer};
