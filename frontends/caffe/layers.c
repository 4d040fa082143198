// SPDX-License-Identifier: Apache-2.0
#include "frontends/caffe/layers.h"

#include <string.h>
#include <strings.h>

#include "compiler/ops/activation.h"
#include "compiler/ops/movement.h"

// Columns: type, line of the article's table, kind, bottoms from - to, function | operator,
// parameter message, fields.
#define FUNCTION(type, line, least, most, function)                                                \
    {                                                                                              \
        type, line, LAYER_IMPORT, least, most, function, NULL, NULL, {                             \
            { NULL, NULL }                                                                         \
        }                                                                                          \
    }
#define SAME(type, line, least, most, op, param, ...)                                              \
    {                                                                                              \
        type, line, LAYER_IMPORT, least, most, NULL, &op_##op, param, {                            \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define OTHER(type, line, kind)                                                                    \
    {                                                                                              \
        type, line, kind, 0, MANY, NULL, NULL, NULL, {                                             \
            { NULL, NULL }                                                                         \
        }                                                                                          \
    }

const struct layer_row layer_rows[] = {
    OTHER("Input", 1, LAYER_DATA),
    FUNCTION("InnerProduct", 3, 1, 1, import_inner_product),
    FUNCTION("Dropout", 4, 1, 1, import_pass),
    FUNCTION("Convolution", 5, 1, MANY, import_convolution),
    FUNCTION("Deconvolution", 6, 1, MANY, import_deconvolution),
    FUNCTION("Pooling", 7, 1, 1, import_pooling),
    FUNCTION("BatchNorm", 8, 1, 1, import_batch_norm),
    FUNCTION("LRN", 9, 1, 1, import_lrn),
    SAME("Power", 10, 1, 1, PowerIE, "power_param", {"power", "power"}, {"scale", "scale"},
         {"shift", "shift"}),
    SAME("ReLU", 11, 1, 1, ReLU, "relu_param", {"negative_slope", "negative_slope"}),
    FUNCTION("Scale", 12, 1, 2, import_scale),
    FUNCTION("Concat", 13, 1, MANY, import_concat),
    FUNCTION("Eltwise", 14, 1, MANY, import_eltwise),
    SAME("Flatten", 15, 1, 1, Flatten, "flatten_param", {"axis", "axis"}, {"end_axis", "end_axis"}),
    FUNCTION("Reshape", 16, 1, 1, import_reshape),
    FUNCTION("Slice", 17, 1, 1, import_slice),
    SAME("Softmax", 18, 1, 1, SoftMax, "softmax_param", {"axis", "axis"}),
    FUNCTION("Permute", 19, 1, 1, import_permute),
    FUNCTION("Tile", 21, 1, 1, import_tile),
    SAME("ShuffleChannel", 22, 1, 1, ShuffleChannels, "shuffle_channel_param", {"group", "group"}),
    FUNCTION("Axpy", 23, 3, 3, import_axpy),
    FUNCTION("BN", 24, 1, 1, import_bn),

    SAME("AbsVal", 0, 1, 1, Abs, NULL, {NULL, NULL}),
    FUNCTION("Bias", 0, 1, 2, import_bias),
    SAME("BNLL", 0, 1, 1, SoftPlus, NULL, {NULL, NULL}),
    SAME("Clip", 0, 1, 1, Clamp, "clip_param", {"min", "min"}, {"max", "max"}),
    FUNCTION("ConvolutionDepthwise", 0, 1, 1, import_depthwise),
    FUNCTION("Crop", 0, 1, 2, import_crop),
    FUNCTION("DepthwiseConvolution", 0, 1, 1, import_depthwise),
    SAME("ELU", 0, 1, 1, Elu, "elu_param", {"alpha", "alpha"}),
    FUNCTION("Exp", 0, 1, 1, import_exp),
    SAME("GRN", 0, 1, 1, GRN, "grn_param", {"bias", "bias"}),
    FUNCTION("Inner_Product", 0, 1, 1, import_inner_product),
    FUNCTION("Log", 0, 1, 1, import_log),
    FUNCTION("MVN", 0, 1, 1, import_mvn),
    FUNCTION("Normalize", 0, 1, 1, import_normalize),
    FUNCTION("PReLU", 0, 1, 1, import_prelu),
    FUNCTION("Reduction", 0, 1, 1, import_reduction),
    SAME("ReLU6", 0, 1, 1, Clamp, "relu6_param", {"n", "max"}),
    SAME("Sigmoid", 0, 1, 1, Sigmoid, NULL, {NULL, NULL}),
    FUNCTION("Split", 0, 1, 1, import_pass),
    FUNCTION("Swish", 0, 1, 1, import_swish),
    SAME("TanH", 0, 1, 1, Tanh, NULL, {NULL, NULL}),
    FUNCTION("Threshold", 0, 1, 1, import_threshold),

    OTHER("AnnotatedData", 0, LAYER_DATA),
    OTHER("Data", 0, LAYER_DATA),
    OTHER("DummyData", 0, LAYER_DATA),
    OTHER("HDF5Data", 0, LAYER_DATA),
    OTHER("ImageData", 0, LAYER_DATA),
    OTHER("MemoryData", 0, LAYER_DATA),
    OTHER("WindowData", 0, LAYER_DATA),

    OTHER("Accuracy", 0, LAYER_LOSS),
    OTHER("DetectionEvaluate", 0, LAYER_LOSS),
    OTHER("HDF5Output", 0, LAYER_LOSS),
    OTHER("Silence", 0, LAYER_END),
};
const size_t layer_row_count = sizeof(layer_rows) / sizeof(layer_rows[0]);

// Losses of stock Caffe and its many forks; their names end alike.
static bool is_loss(const char *type) {
    size_t length = strlen(type);
    return (length >= 4 && strcasecmp(type + length - 4, "Loss") == 0) ||
           strcasecmp(type, "SoftmaxWithLoss") == 0;
}

const struct layer_row *layer_find(const char *type) {
    static const struct layer_row loss = OTHER("...Loss", 0, LAYER_LOSS);
    for (size_t i = 0; i < layer_row_count; i++)
        if (strcasecmp(layer_rows[i].type, type) == 0)
            return &layer_rows[i];
    return is_loss(type) ? &loss : NULL;
}

// --- parameters
// -----------------------------------------------------------------------------------

const void *layer_param(struct layer *l, const char *name) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(&caffe__layer_parameter__descriptor, name);
    const ProtobufCMessage *param =
        *(ProtobufCMessage *const *)(const void *)((const char *)l->param + field->offset);
    if (param != NULL)
        return param;
    const ProtobufCMessageDescriptor *descriptor = field->descriptor;
    ProtobufCMessage *defaults = arena_alloc(l->arena, descriptor->sizeof_message);
    descriptor->message_init(defaults);
    return defaults;
}

const char *layer_node(struct layer *l, const char *suffix) {
    return build_name(&l->builder, l->name, suffix);
}

// A number field of a message.
static double field_number(const ProtobufCFieldDescriptor *field, const void *value) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_FLOAT:
        return (double)*(const float *)value;
    case PROTOBUF_C_TYPE_UINT32:
        return *(const uint32_t *)value;
    default: // int32, bool and enum
        return *(const int32_t *)value;
    }
}

static void set_number(const struct attr_def *row, void *attrs, double number) {
    void *field = (char *)attrs + row->offset;
    if (row->kind == ATTR_INT)
        *(int64_t *)field = (int64_t)number;
    else if (row->kind == ATTR_FLOAT)
        *(float *)field = (float)number;
    else if (row->kind == ATTR_BOOL)
        *(bool *)field = number != 0;
}

void layer_copy_fields(struct layer *l, struct node *n, const ProtobufCMessage *param,
                       const struct layer_field *fields) {
    for (unsigned i = 0; i < LAYER_FIELDS && fields[i].field != NULL; i++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(param->descriptor, fields[i].field);
        bool optional = field->label == PROTOBUF_C_LABEL_OPTIONAL;
        bool given = !optional || field->default_value != NULL ||
                     *(const protobuf_c_boolean *)(const void *)((const char *)param +
                                                                 field->quantifier_offset);
        if (!given) { // Caffe has no default either
            layer_fail(l, ATTRIBUTE_MISSING, fields[i].field);
            return;
        }
        double number = field_number(field, (const char *)param + field->offset);
        set_number(op_find_attr(n->op, fields[i].attribute), n->attrs, number);
    }
}

// --- blobs
// ----------------------------------------------------------------------------------------

struct numbers_of_blob {
    enum dtype type;
    struct slice bytes;
};

static enum dtype raw_type(Caffe__BlobProto__RawType type) {
    switch (type) {
    case CAFFE__BLOB_PROTO__RAW_TYPE__DOUBLE:
        return DT_F64;
    case CAFFE__BLOB_PROTO__RAW_TYPE__FLOAT:
        return DT_F32;
    case CAFFE__BLOB_PROTO__RAW_TYPE__FLOAT16:
        return DT_F16;
    case CAFFE__BLOB_PROTO__RAW_TYPE__INT:
        return DT_I32;
    case CAFFE__BLOB_PROTO__RAW_TYPE__UINT:
        return DT_U32;
    default:
        return DT_UNKNOWN;
    }
}

static struct numbers_of_blob numbers_of(const Caffe__BlobProto *blob) {
    if (blob->n_data > 0)
        return (struct numbers_of_blob){DT_F32, slice_of(blob->data, blob->n_data * 4)};
    if (blob->n_double_data > 0)
        return (struct numbers_of_blob){DT_F64,
                                        slice_of(blob->double_data, blob->n_double_data * 8)};
    if (blob->has_raw_data)
        return (struct numbers_of_blob){raw_type(blob->raw_data_type),
                                        slice_of(blob->raw_data.data, blob->raw_data.len)};
    return (struct numbers_of_blob){DT_F32, slice_of("", 0)};
}

static const struct tensor *tensor_of(struct layer *l, const char *what, struct shape shape,
                                      struct numbers_of_blob n) {
    uint64_t wanted = 0, size = dtype_size(n.type), held = size == 0 ? 0 : n.bytes.size / size;
    if (!shape_count(&shape, &wanted) || wanted != held || held * size != n.bytes.size) {
        layer_fail(l, BLOB_SIZE, what, (unsigned long long)held, (unsigned long long)wanted);
        return NULL;
    }
    const struct tensor *t = tensor_of_slice(l->arena, n.type, shape, n.bytes);
    return n.type == DT_F32 ? t : tensor_cast(l->arena, t, DT_F32);
}

static const Caffe__BlobProto *find_blob(struct layer *l, uint32_t index, const char *what) {
    if (index < l->source->blob_count)
        return l->source->blobs[index];
    layer_fail(l, BLOB_MISSING,
               l->source->has_weights
                   ? arena_printf(l->arena, "the layer has %u blobs, %s would be the next",
                                  l->source->blob_count, what)
                   : arena_printf(l->arena,
                                  "no layer of that name is in the weights file, its %s "
                                  "are needed",
                                  what));
    return NULL;
}

const struct tensor *layer_blob(struct layer *l, uint32_t index, const char *what,
                                struct shape shape) {
    const Caffe__BlobProto *blob = find_blob(l, index, what);
    return blob == NULL ? NULL : tensor_of(l, what, shape, numbers_of(blob));
}

const struct tensor *layer_blob_as_is(struct layer *l, uint32_t index, const char *what) {
    const Caffe__BlobProto *blob = find_blob(l, index, what);
    struct shape shape;
    if (blob == NULL)
        return NULL;
    if (!caffe_blob_shape(blob, &shape)) {
        layer_fail(l, BLOB_MISSING, arena_printf(l->arena, "%s have an impossible shape", what));
        return NULL;
    }
    return tensor_of(l, what, shape, numbers_of(blob));
}

// --- shapes
// ---------------------------------------------------------------------------------------

static void fail_shape(struct layer *l, uint32_t bottom, const char *why) {
    struct shape shape = layer_shape(l, bottom);
    layer_fail(
        l, SHAPE_MISMATCH,
        arena_printf(l->arena, "%s, bottom %u is %s", why, bottom, shape_text(l->arena, &shape)));
}

bool layer_rank(struct layer *l, uint32_t bottom, int32_t least, int32_t most) {
    struct shape shape = layer_shape(l, bottom);
    if (shape.rank >= least && shape.rank <= most)
        return true;
    fail_shape(l, bottom,
               least == most
                   ? arena_printf(l->arena, "%d dimensions are needed", least)
                   : arena_printf(l->arena, "%d to %d dimensions are needed", least, most));
    return false;
}

bool layer_static(struct layer *l, uint32_t bottom) {
    struct shape shape = layer_shape(l, bottom);
    if (shape_is_static(&shape))
        return true;
    fail_shape(l, bottom, "every dimension must be known");
    return false;
}

bool layer_axis(struct layer *l, uint32_t bottom, int64_t axis, bool beyond, int32_t *out) {
    struct shape shape = layer_shape(l, bottom);
    if (beyond && shape.rank != RANK_UNKNOWN && axis == shape.rank) {
        *out = shape.rank;
        return true;
    }
    if (shape_axis(&shape, axis, out))
        return true;
    fail_shape(l, bottom, arena_printf(l->arena, "axis %lld is outside", (long long)axis));
    return false;
}
