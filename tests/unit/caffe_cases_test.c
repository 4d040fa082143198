// SPDX-License-Identifier: Apache-2.0
// The records of tests/cases/caffe/*.txt (README.md there). layer_cases.h has the arguments.
#include "tests/unit/layer_cases.h"

#include "frontends/caffe/layers.h"

static void copy_weights(const Caffe__LayerParameter *from, Caffe__LayerWeights *to) {
    caffe__layer_weights__init(to);
    to->name = from->name;
    to->type = from->type;
    to->n_blobs = from->n_blobs;
    to->blobs = from->blobs;
}

// The blobs that stand in the prototxt as a caffemodel, as Caffe writes one.
static void write_weights(struct arena *arena, const Caffe__NetParameter *net) {
    Caffe__NetWeights file;
    caffe__net_weights__init(&file);
    file.n_layer = net->n_layer;
    file.layer = arena_array_of(arena, net->n_layer, Caffe__LayerWeights *);
    for (size_t i = 0; i < net->n_layer; i++) {
        file.layer[i] = arena_new_of(arena, Caffe__LayerWeights);
        copy_weights(net->layer[i], file.layer[i]);
    }
    file.n_layers = net->n_layers;
    file.layers = arena_array_of(arena, net->n_layers, Caffe__LayersWeights *);
    for (size_t i = 0; i < net->n_layers; i++) {
        file.layers[i] = arena_new_of(arena, Caffe__LayersWeights);
        caffe__layers_weights__init(file.layers[i]);
        file.layers[i]->name = net->layers[i]->name;
        file.layers[i]->n_blobs = net->layers[i]->n_blobs;
        file.layers[i]->blobs = net->layers[i]->blobs;
    }
    uint8_t *bytes = arena_alloc(arena, caffe__net_weights__get_packed_size(&file));
    write_file("net.caffemodel", bytes, caffe__net_weights__pack(&file, bytes));
}

static void write_model(struct arena *arena, const struct layer_record *record) {
    const char *text = record->texts[0];
    const Caffe__NetParameter *net = (const Caffe__NetParameter *)text_parse(
        arena, diag_new(arena), "net.prototxt", slice_of(text, strlen(text)),
        &caffe__net_parameter__descriptor, TEXT_UNKNOWN_KEEP);
    if (net != NULL)
        write_weights(arena, net);
}

static const char *type(size_t index) {
    return index < layer_row_count ? layer_rows[index].type : NULL;
}

int main(int argc, char **argv) {
    static const struct layer_cases cases = {
        .name = "caffe/cases",
        .pattern = "tests/cases/caffe/*.txt",
        .frontend = &frontend_caffe,
        .files = {{"prototxt", "net.prototxt", NULL}, {"mapping", "mapping.xml", "-k"}},
        .plain = "topology only",
        .model = "net.caffemodel",
        .write_model = write_model,
        .type_mark = "type: \"",
        .type = type,
    };
    return layer_cases_main(&cases, argc, argv);
}
