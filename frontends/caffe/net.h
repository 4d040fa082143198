// SPDX-License-Identifier: Apache-2.0
// A Caffe model as read from its two files: the layers that Caffe would run for inference, in the
// order of the file, and their weights. Nothing is judged here but the form of the files.
#ifndef ZOOC_CAFFE_NET_H
#define ZOOC_CAFFE_NET_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "frontends/caffe/schema.pb-c.h"
#include "frontends/frontend.h"
#include "frontends/text/text.h"

struct caffe_layer {
    const char *name; // unique in the net
    const char *type; // as `layer` spells it: "InnerProduct"
    struct place place;
    const Caffe__LayerParameter *param;   // those of `layers` are brought into this form
    const struct text_field *unknown;     // fields of the layer itself that Caffe's schema lacks
    const Caffe__BlobProto *const *blobs; // weights
    uint32_t blob_count;
    bool has_weights; // the file of weights knows the layer
};

struct caffe_net_input { // `input` at the top of the prototxt
    const char *name;
    struct shape shape; // unknown when the file says none
};

struct caffe_net {
    struct arena *arena;
    struct diag *diag;
    const char *name;                      // may be ""
    const char *proto_path, *weights_path; // weights_path: NULL when there are none
    const struct caffe_net_input *inputs;
    uint32_t input_count;
    struct caffe_layer *layers;
    uint32_t layer_count;
};

// False after a report.
bool caffe_read(struct caffe_net *net, const struct import_options *options);

// --- the steps of caffe_read -------------------------------------------------

// The layers of `proto` in the form of `layer`, as an array of pointers with their notes' places.
struct caffe_source_layer {
    const Caffe__LayerParameter *param;
    const void *noted; // the message that text_note knows
};
// False after a report.
bool caffe_upgrade(struct caffe_net *net, const Caffe__NetParameter *proto,
                   struct caffe_source_layer **out, uint32_t *count);

// Whether Caffe runs the layer for inference: its include and exclude rules against the net's
// state.
bool caffe_is_included(const Caffe__LayerParameter *layer, const Caffe__NetState *state);

// Top-level inputs. False after a report.
bool caffe_read_inputs(struct caffe_net *net, const Caffe__NetParameter *proto);

// The file of weights; one that holds nothing when the net has none. NULL after a report.
struct caffe_weights;
struct caffe_weights *caffe_weights_read(struct caffe_net *net);
// The blobs of a layer, when the file has any; false when it does not know the layer.
bool caffe_weights_take(struct caffe_weights *weights, const char *name,
                        const Caffe__BlobProto *const **blobs, uint32_t *count);
// Notes those that no layer took.
void caffe_weights_note_unused(const struct caffe_weights *weights, struct diag *diag);

// Shape of a blob, from either form. False when it has an impossible dimension.
bool caffe_blob_shape(const Caffe__BlobProto *blob, struct shape *out);
bool caffe_shape_of_dims(size_t count, const int64_t *dims, struct shape *out);

#endif
