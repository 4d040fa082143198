// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "compiler/base/names.h"
#include "frontends/caffe/net.h"
#include "frontends/source.h"

// --- shapes ------------------------------------------------------------------

bool caffe_shape_of_dims(size_t count, const int64_t *dims, struct shape *out) {
    if (count > SHAPE_MAX_RANK)
        return false;
    for (size_t i = 0; i < count; i++)
        if (dims[i] < 0)
            return false;
    *out = shape_make((int32_t)count, dims);
    return true;
}

bool caffe_blob_shape(const Caffe__BlobProto *blob, struct shape *out) {
    if (blob->shape != NULL)
        return caffe_shape_of_dims(blob->shape->n_dim, blob->shape->dim, out);
    const int64_t dims[] = {blob->num, blob->channels, blob->height, blob->width};
    return caffe_shape_of_dims(4, dims, out);
}

// --- inputs ------------------------------------------------------------------

static bool input_dims(struct caffe_net *net, const Caffe__NetParameter *proto,
                       struct caffe_net_input *inputs) {
    size_t each = proto->n_input == 1 ? proto->n_input_dim : 4;
    if (proto->n_input_dim != each * proto->n_input || each > SHAPE_MAX_RANK) {
        diag_report(net->diag, NULL, PROTO_OLD_INPUTS, (unsigned)proto->n_input, net->proto_path);
        return false;
    }
    for (size_t i = 0; i < proto->n_input; i++) {
        int64_t dims[SHAPE_MAX_RANK];
        for (size_t k = 0; k < each; k++)
            dims[k] = proto->input_dim[i * each + k];
        if (!caffe_shape_of_dims(each, dims, &inputs[i].shape))
            inputs[i].shape = SHAPE_UNKNOWN;
    }
    return true;
}

bool caffe_read_inputs(struct caffe_net *net, const Caffe__NetParameter *proto) {
    struct caffe_net_input *inputs =
        arena_array_of(net->arena, proto->n_input, struct caffe_net_input);
    for (size_t i = 0; i < proto->n_input; i++) {
        inputs[i] = (struct caffe_net_input){.name = proto->input[i], .shape = SHAPE_UNKNOWN};
        if (i < proto->n_input_shape &&
            !caffe_shape_of_dims(proto->input_shape[i]->n_dim, proto->input_shape[i]->dim,
                                 &inputs[i].shape))
            inputs[i].shape = SHAPE_UNKNOWN;
    }
    net->inputs = inputs;
    net->input_count = (uint32_t)proto->n_input;
    return proto->n_input_shape > 0 || proto->n_input_dim == 0 || proto->n_input == 0 ||
           input_dims(net, proto, inputs);
}

// --- layers ------------------------------------------------------------------

// The first layer of a name keeps it, later ones get "_1", "_2"...; `taken` holds the next number.
static const char *fresh_name(struct caffe_net *net, struct names *taken, const char *name) {
    uintptr_t *next = (uintptr_t *)names_slot(taken, name);
    const char *candidate = name;
    while (*next != 0) {
        candidate = arena_printf(net->arena, "%s_%ju", name, (uintmax_t)(*next)++);
        uintptr_t *slot = (uintptr_t *)names_slot(taken, candidate);
        if (*slot == 0) {
            next = slot;
            break;
        }
    }
    *next = 1;
    return candidate;
}

static const char *own_name(const Caffe__LayerParameter *param) {
    const char *name = param->name == NULL ? "" : param->name;
    return name[0] == '\0' && param->n_top > 0 ? param->top[0] : name;
}

static struct caffe_layer read_layer(struct caffe_net *net, const struct caffe_source_layer *source,
                                     struct names *taken) {
    const Caffe__LayerParameter *param = source->param;
    const struct text_note *note = text_note(source->noted);
    struct caffe_layer layer = {.name = fresh_name(net, taken, own_name(param)),
                                .param = param,
                                .place = note->place,
                                .unknown = note->unknown,
                                .type = param->type == NULL ? "" : param->type,
                                .blobs = (const Caffe__BlobProto *const *)param->blobs,
                                .blob_count = (uint32_t)param->n_blobs};
    layer.place.layer = layer.name;
    layer.place.layer_type = layer.type;
    return layer;
}

static bool read_layers(struct caffe_net *net, const Caffe__NetParameter *proto) {
    struct caffe_source_layer *sources;
    uint32_t count;
    if (!caffe_upgrade(net, proto, &sources, &count))
        return false;
    struct names *taken = names_new(net->arena);
    net->layers = arena_array_of(net->arena, count, struct caffe_layer);
    for (uint32_t i = 0; i < net->input_count; i++)
        *(uintptr_t *)names_slot(taken, net->inputs[i].name) = 1;
    for (uint32_t i = 0; i < count; i++)
        if (caffe_is_included(sources[i].param, proto->state))
            net->layers[net->layer_count++] = read_layer(net, &sources[i], taken);
    return true;
}

static bool attach_weights(struct caffe_net *net) {
    struct caffe_weights *weights = caffe_weights_read(net);
    if (weights == NULL)
        return false;
    for (uint32_t i = 0; i < net->layer_count; i++) {
        struct caffe_layer *layer = &net->layers[i];
        layer->has_weights =
            caffe_weights_take(weights, own_name(layer->param), &layer->blobs, &layer->blob_count);
    }
    caffe_weights_note_unused(weights, net->diag);
    return true;
}

// --- the two files -----------------------------------------------------------

static bool find_files(struct caffe_net *net, const struct import_options *options) {
    net->weights_path = options->model;
    net->proto_path = options->proto;
    if (net->proto_path == NULL && options->model != NULL &&
        source_has_suffix(options->model, ".prototxt")) {
        net->proto_path = options->model;
        net->weights_path = NULL;
    }
    if (net->proto_path == NULL && options->model != NULL) {
        net->proto_path = source_beside(net->arena, options->model, ".prototxt");
        if (!source_exists(net->proto_path))
            net->proto_path = NULL;
    }
    if (net->proto_path == NULL) {
        diag_report(net->diag, NULL, PROTO_MISSING, options->model);
        return false;
    }
    if (net->weights_path == NULL)
        diag_report(net->diag, NULL, WEIGHTS_MISSING, net->proto_path);
    return true;
}

static const Caffe__NetParameter *read_proto(struct caffe_net *net) {
    struct slice text;
    if (!source_open(net->arena, net->diag, net->proto_path, &text))
        return NULL;
    return (const Caffe__NetParameter *)text_parse(net->arena, net->diag, net->proto_path, text,
                                                   &caffe__net_parameter__descriptor,
                                                   TEXT_UNKNOWN_KEEP);
}

static void warn_unknown(struct caffe_net *net, const Caffe__NetParameter *proto) {
    for (const struct text_field *f = text_note(proto)->unknown; f != NULL; f = f->next) {
        const char *near = text_nearest_field(net->arena, proto->base.descriptor, f->name);
        if (near != NULL)
            diag_report(net->diag, &f->place, UNKNOWN_FIELD_NEAR, f->name, near);
        else
            diag_report(net->diag, &f->place, UNKNOWN_FIELD, f->name);
    }
}

bool caffe_read(struct caffe_net *net, const struct import_options *options) {
    const Caffe__NetParameter *proto = find_files(net, options) ? read_proto(net) : NULL;
    if (proto == NULL)
        return false;
    net->name = proto->name == NULL ? "" : proto->name;
    warn_unknown(net, proto);
    return caffe_read_inputs(net, proto) && read_layers(net, proto) && attach_weights(net);
}
