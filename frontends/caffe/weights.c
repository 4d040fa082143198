// SPDX-License-Identifier: Apache-2.0
// The caffemodel: blobs by the name of their layer.
#include "compiler/base/names.h"
#include "frontends/caffe/net.h"
#include "frontends/source.h"
#include "frontends/wire/wire.h"

struct layer_weights {
    const char *name;
    Caffe__BlobProto **blobs;
    size_t count;
    bool used;
    struct layer_weights *next;
};

struct caffe_weights {
    struct arena *arena;
    struct names *by_name;       // -> struct layer_weights
    struct layer_weights *first; // in the order of the file
    struct layer_weights **last;
};

// The first layer of a name that has blobs counts.
static void remember(struct caffe_weights *w, const char *name, Caffe__BlobProto **blobs,
                     size_t count) {
    void **slot = names_slot(w->by_name, name == NULL ? "" : name);
    struct layer_weights *layer = *slot;
    if (layer == NULL) {
        layer = arena_new_of(w->arena, struct layer_weights);
        layer->name = name == NULL ? "" : name;
        *slot = layer;
        *w->last = layer;
        w->last = &layer->next;
    }
    if (layer->count == 0) {
        layer->blobs = blobs;
        layer->count = count;
    }
}

static void remember_all(struct caffe_weights *w, const Caffe__NetWeights *file) {
    for (size_t i = 0; i < file->n_layer; i++)
        remember(w, file->layer[i]->name, file->layer[i]->blobs, file->layer[i]->n_blobs);
    for (size_t i = 0; i < file->n_layers; i++) {
        const Caffe__LayersWeights *l = file->layers[i];
        if (l->layer != NULL)
            remember(w, l->layer->name, l->layer->blobs, l->layer->n_blobs);
        else
            remember(w, l->name, l->blobs, l->n_blobs);
    }
}

static bool read_file(struct caffe_net *net, struct caffe_weights *w) {
    struct slice bytes;
    if (!source_open(net->arena, net->diag, net->weights_path, &bytes))
        return false;
    const Caffe__NetWeights *file = (const Caffe__NetWeights *)wire_unpack(
        net->arena, net->diag, net->weights_path, bytes, &caffe__net_weights__descriptor);
    if (file == NULL)
        return false;
    if (file->n_layer == 0 && file->n_layers == 0) {
        diag_report(net->diag, NULL, MALFORMED, "caffemodel",
                    arena_printf(net->arena, "'%s' has no layers", net->weights_path));
        return false;
    }
    remember_all(w, file);
    return true;
}

struct caffe_weights *caffe_weights_read(struct caffe_net *net) {
    struct caffe_weights *w = arena_new_of(net->arena, struct caffe_weights);
    *w = (struct caffe_weights){.arena = net->arena, .by_name = names_new(net->arena)};
    w->last = &w->first;
    return net->weights_path == NULL || read_file(net, w) ? w : NULL;
}

bool caffe_weights_take(struct caffe_weights *w, const char *name,
                        const Caffe__BlobProto *const **blobs, uint32_t *count) {
    struct layer_weights *layer = names_find(w->by_name, name);
    if (layer == NULL)
        return false;
    layer->used = true;
    if (layer->count > 0) {
        *blobs = (const Caffe__BlobProto *const *)layer->blobs;
        *count = (uint32_t)layer->count;
    }
    return true;
}

void caffe_weights_note_unused(const struct caffe_weights *w, struct diag *diag) {
    for (const struct layer_weights *layer = w->first; layer != NULL; layer = layer->next)
        if (!layer->used && layer->count > 0)
            diag_report(diag, NULL, WEIGHTS_UNUSED, layer->name);
}
