// SPDX-License-Identifier: Apache-2.0
// How Caffe's layers become operators: a table (layers.c) with two kinds of row. "Same thing, other
// names": an operator and the fields that become its attributes, no code. Or a function.
//
// A layer that cannot be imported reports once (layer_fail) and its tops become poison; importing
// goes on. A function is only called with good bottoms.
#ifndef ZOOC_CAFFE_LAYERS_H
#define ZOOC_CAFFE_LAYERS_H

#include "compiler/ops/build.h"
#include "frontends/caffe/net.h"

struct layer {              // one that is being imported
    struct builder builder; // its place names file, line, layer and type
    struct arena *arena;
    const char *name;
    const struct caffe_layer *source;
    const Caffe__LayerParameter *param;
    struct value **bottoms;
    uint32_t bottom_count;
    struct value **tops; // to be set
    uint32_t top_count;
    bool failed;
};

typedef void layer_function(struct layer *l);

// Field of the layer's parameter -> attribute of the operator, which is called alike when NULL. A
// field that may be missing is written "?axis".
struct layer_field {
    const char *field, *attribute;
};

enum { LAYER_FIELDS = 8, MANY = 255 };

enum layer_kind {
    LAYER_IMPORT, // becomes operators
    LAYER_DATA,   // an input of the model
    LAYER_LOSS,   // serves training alone: as if it were not there
    LAYER_END,    // takes data and gives nothing (Silence)
};

struct layer_row {
    const char *type; // Caffe's name
    uint8_t line;     // of the article's table of supported layers, 0 = not in it
    enum layer_kind kind;
    uint8_t min_bottoms, max_bottoms;
    layer_function *import;  // or, when NULL:
    const struct op_def *op; // the operator of the same meaning
    const char *param;       // message that holds the fields ("elu_param")
    struct layer_field fields[LAYER_FIELDS];
};

// By Caffe's type, whatever the case; NULL when there is none.
const struct layer_row *layer_find(const char *type);
extern const struct layer_row layer_rows[];
extern const size_t layer_row_count;

// --mean_file (frontend.h).
const struct tensor *caffe_mean_image(struct graph *g, const char *path, const int64_t *offsets,
                                      const struct node *parameter);

// --- for layer functions -----------------------------------------------------

// layer_fail(l, ID, args...): reports at the layer.
#define layer_fail(l, id, ...)                                                                     \
    ((l)->failed = true,                                                                           \
     diag_report((l)->builder.graph->diag, &(l)->builder.place, id, ##__VA_ARGS__))

// The parameter message of that name ("elu_param"); one that holds only defaults when the layer has
// none.
const void *layer_param(struct layer *l, const char *name);

// Name of a helper node: "<layer>/<suffix>".
const char *layer_node(struct layer *l, const char *suffix);

// Blob `index` as a tensor of `shape`, floats. Reports and returns NULL when it is missing or has
// another number of elements; `what` says what it holds.
const struct tensor *layer_blob(struct layer *l, uint32_t index, const char *what,
                                struct shape shape);
// Where the numbers of a blob are, in whichever of its fields.
struct caffe_numbers {
    enum dtype type; // DT_UNKNOWN: raw data of a kind that is not known
    struct slice bytes;
};
struct caffe_numbers caffe_blob_numbers(const Caffe__BlobProto *blob);
// Its own shape and elements, whatever they are.
const struct tensor *layer_blob_as_is(struct layer *l, uint32_t index, const char *what);

// Reports unless the rank is known (and, for layer_static, every dimension) and within limits.
bool layer_rank(struct layer *l, uint32_t bottom, int32_t least, int32_t most);
bool layer_static(struct layer *l, uint32_t bottom);
// `axis` of a bottom, negative ones from the end; reports when outside. `beyond`: may equal the
// rank.
bool layer_axis(struct layer *l, uint32_t bottom, int64_t axis, bool beyond, int32_t *out);

static inline struct shape layer_shape(const struct layer *l, uint32_t bottom) {
    return l->bottoms[bottom]->shape;
}

// Copies fields of `param` into attributes of `n`, as a row of the table says.
void layer_copy_fields(struct layer *l, struct node *n, const ProtobufCMessage *param,
                       const struct layer_field *fields);

// A message, or fields that the schema does not know, as free attributes of classic IR.
struct attribute_style {
    bool all; // also what the file does not say and has no default (--disable_omitting_optional)
    bool flatten; // fields of inner messages carry its name (--enable_flattening_nested_params)
};
struct free_attr *layer_attributes(struct layer *l, const ProtobufCMessage *message,
                                   struct attribute_style style);
struct free_attr *layer_text_attributes(struct layer *l, const struct text_field *fields,
                                        struct attribute_style style);

// The families.
layer_function import_convolution, import_deconvolution, import_depthwise, import_pooling,
    import_inner_product;
layer_function import_batch_norm, import_bn, import_scale, import_bias, import_lrn, import_mvn,
    import_normalize;
layer_function import_prelu, import_exp, import_log, import_swish, import_threshold;
layer_function import_eltwise, import_axpy, import_concat, import_slice, import_pass,
    import_reshape, import_permute, import_tile, import_crop, import_reduction, import_reverse,
    import_embed, import_channel_permutation, import_parameter;
layer_function import_prior_box, import_prior_box_clustered, import_detection_output,
    import_region_yolo, import_interp, import_resample, import_python;
layer_function import_correlation, import_data_augmentation, import_accum, import_simpler_nms,
    import_spatial_transformer, import_power_file;
layer_function import_lstm, import_rnn;

#endif
