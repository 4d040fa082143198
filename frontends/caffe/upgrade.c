// SPDX-License-Identifier: Apache-2.0
// `layers` (2014) into the form of `layer`: types become names, parameters keep their messages.
#include <string.h>

#include "compiler/base/limits.h"
#include "frontends/caffe/net.h"

// Types of `layers` whose name in `layer` is not simply CONVOLUTION -> Convolution.
static const struct {
    Caffe__V1LayerParameter__LayerType old;
    const char *name;
} type_names[] = {
#define TYPE(old, name)                                                                            \
    { CAFFE__V1_LAYER_PARAMETER__LAYER_TYPE__##old, name }
    TYPE(NONE, ""),
    TYPE(ABSVAL, "AbsVal"),
    TYPE(ACCURACY, "Accuracy"),
    TYPE(ARGMAX, "ArgMax"),
    TYPE(BNLL, "BNLL"),
    TYPE(CONCAT, "Concat"),
    TYPE(CONTRASTIVE_LOSS, "ContrastiveLoss"),
    TYPE(CONVOLUTION, "Convolution"),
    TYPE(DATA, "Data"),
    TYPE(DECONVOLUTION, "Deconvolution"),
    TYPE(DROPOUT, "Dropout"),
    TYPE(DUMMY_DATA, "DummyData"),
    TYPE(ELTWISE, "Eltwise"),
    TYPE(EUCLIDEAN_LOSS, "EuclideanLoss"),
    TYPE(EXP, "Exp"),
    TYPE(FLATTEN, "Flatten"),
    TYPE(HDF5_DATA, "HDF5Data"),
    TYPE(HDF5_OUTPUT, "HDF5Output"),
    TYPE(HINGE_LOSS, "HingeLoss"),
    TYPE(IM2COL, "Im2col"),
    TYPE(IMAGE_DATA, "ImageData"),
    TYPE(INFOGAIN_LOSS, "InfogainLoss"),
    TYPE(INNER_PRODUCT, "InnerProduct"),
    TYPE(LRN, "LRN"),
    TYPE(MEMORY_DATA, "MemoryData"),
    TYPE(MULTINOMIAL_LOGISTIC_LOSS, "MultinomialLogisticLoss"),
    TYPE(MVN, "MVN"),
    TYPE(POOLING, "Pooling"),
    TYPE(POWER, "Power"),
    TYPE(RELU, "ReLU"),
    TYPE(SIGMOID, "Sigmoid"),
    TYPE(SIGMOID_CROSS_ENTROPY_LOSS, "SigmoidCrossEntropyLoss"),
    TYPE(SILENCE, "Silence"),
    TYPE(SLICE, "Slice"),
    TYPE(SOFTMAX, "Softmax"),
    TYPE(SOFTMAX_LOSS, "SoftmaxWithLoss"),
    TYPE(SPLIT, "Split"),
    TYPE(TANH, "TanH"),
    TYPE(THRESHOLD, "Threshold"),
    TYPE(WINDOW_DATA, "WindowData"),
#undef TYPE
};

static const char *type_name(Caffe__V1LayerParameter__LayerType type) {
    for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
        if (type_names[i].old == type)
            return type_names[i].name;
    return "";
}

static void *at(void *message, unsigned offset) {
    return (char *)message + offset;
}

static const void *seen_at(const void *message, unsigned offset) {
    return (const char *)message + offset;
}

// Whether a field means the same in both messages: same name, kind and message.
static const ProtobufCFieldDescriptor *counterpart(const ProtobufCFieldDescriptor *old) {
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
        &caffe__layer_parameter__descriptor, old->name);
    bool same = field != NULL && field->type == old->type && field->label == old->label &&
                field->descriptor == old->descriptor;
    return same ? field : NULL;
}

static void copy_field(const Caffe__V1LayerParameter *from, const ProtobufCFieldDescriptor *old,
                       Caffe__LayerParameter *to, const ProtobufCFieldDescriptor *field) {
    // Pointers: messages, strings, and arrays with their counts.
    if (old->label == PROTOBUF_C_LABEL_REPEATED)
        *(size_t *)at(to, field->quantifier_offset) =
            *(const size_t *)seen_at(from, old->quantifier_offset);
    memcpy(at(to, field->offset), seen_at(from, old->offset), sizeof(void *));
}

static Caffe__LayerParameter *upgrade(struct arena *arena, const Caffe__V1LayerParameter *old) {
    Caffe__LayerParameter *layer = arena_new_of(arena, Caffe__LayerParameter);
    caffe__layer_parameter__init(layer);
    const ProtobufCMessageDescriptor *descriptor = &caffe__v1_layer_parameter__descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = counterpart(&descriptor->fields[i]);
        bool pointer = field != NULL && (field->label == PROTOBUF_C_LABEL_REPEATED ||
                                         field->type == PROTOBUF_C_TYPE_MESSAGE ||
                                         field->type == PROTOBUF_C_TYPE_STRING);
        if (pointer)
            copy_field(old, &descriptor->fields[i], layer, field);
    }
    layer->type = arena_strdup(arena, type_name(old->type));
    return layer;
}

static bool refuse(struct caffe_net *net, const void *noted, const char *why) {
    diag_report(net->diag, noted != NULL ? &text_note(noted)->place : NULL, PROTO_INVALID,
                net->proto_path, why);
    return false;
}

static bool upgrade_all(struct caffe_net *net, const Caffe__NetParameter *proto,
                        struct caffe_source_layer *out) {
    for (size_t i = 0; i < proto->n_layers; i++) {
        const Caffe__V1LayerParameter *old = proto->layers[i];
        if (old->layer != NULL)
            return refuse(net, old,
                          "'layers { layer { } }' is older than 2014: bring it up to date with "
                          "Caffe's upgrade_net_proto_text");
        out[i] = (struct caffe_source_layer){.param = upgrade(net->arena, old), .noted = old};
    }
    return true;
}

bool caffe_upgrade(struct caffe_net *net, const Caffe__NetParameter *proto,
                   struct caffe_source_layer **out, uint32_t *count) {
    size_t total = proto->n_layer + proto->n_layers;
    if (total == 0) {
        diag_report(net->diag, NULL, PROTO_NO_LAYERS, net->proto_path);
        return false;
    }
    if (proto->n_layer > 0 && proto->n_layers > 0)
        return refuse(net, proto->layers[0], "it mixes 'layer' and 'layers'");
    if (total > limits.nodes) {
        diag_report(net->diag, NULL, LIMIT, "number of layers",
                    arena_printf(net->arena, "%zu", total),
                    arena_printf(net->arena, "%ju", (uintmax_t)limits.nodes));
        return false;
    }
    *count = (uint32_t)total;
    *out = arena_array_of(net->arena, total, struct caffe_source_layer);
    for (size_t i = 0; i < proto->n_layer; i++)
        (*out)[i] = (struct caffe_source_layer){.param = proto->layer[i], .noted = proto->layer[i]};
    return upgrade_all(net, proto, *out);
}
