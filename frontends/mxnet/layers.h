// SPDX-License-Identifier: Apache-2.0
// How MXNet's operators become ours: a table (layers.c) with two kinds of row. "Same thing, other
// name": an operator without attributes on the same inputs. Or a function.
//
// A layer that cannot be imported reports once (layer_fail) and its outputs become poison;
// importing goes on. A function is only called with good inputs.
#ifndef ZOOC_MXNET_LAYERS_H
#define ZOOC_MXNET_LAYERS_H

#include "compiler/ops/build.h"
#include "frontends/mapping.h"
#include "frontends/mxnet/params.h"
#include "frontends/mxnet/symbol.h"

struct mxnet_layer {        // one that is being imported
    struct builder builder; // its place names file, layer and type
    struct arena *arena;
    const char *name;
    const struct mxnet_node *node;
    const struct mxnet_params *params;
    const struct custom_layer *custom; // rows of -k
    struct value **inputs;
    uint32_t input_count;
    struct value **outputs; // to be set
    uint32_t output_count;
    bool failed;
};

typedef void mxnet_layer_function(struct mxnet_layer *l);

enum mxnet_layer_kind {
    MXNET_IMPORT, // becomes operators
    MXNET_PASS,   // gives back its first input (Dropout, BlockGrad)
    MXNET_LOSS,   // an end that training left behind: nothing unless it is asked for
};

struct mxnet_layer_row {
    const char *op;
    uint8_t line; // of the article's table of supported layers, 0 = not in it
    enum mxnet_layer_kind kind;
    uint8_t min_inputs;           // fewer are an error
    uint8_t data_inputs;          // inputs beyond these are labels; 0 = all count
    const char *outputs_by;       // attribute that counts the outputs, NULL = those that are read
    mxnet_layer_function *import; // or, when NULL:
    const struct op_def *same;    // the operator of the same meaning
};

// NULL when there is none.
const struct mxnet_layer_row *mxnet_layer_find(const char *op);
extern const struct mxnet_layer_row mxnet_layer_rows[];
extern const size_t mxnet_layer_row_count;

// --- for layer functions -------------------------------------------------------------------------

// mxnet_fail(l, ID, args...): reports at the layer.
#define mxnet_fail(l, id, ...)                                                                     \
    ((l)->failed = true,                                                                           \
     diag_report((l)->builder.graph->diag, &(l)->builder.place, id, ##__VA_ARGS__))

// Attributes: the default where absent; where malformed, a report and the default.
bool mxnet_bool(struct mxnet_layer *l, const char *key, bool otherwise);
int64_t mxnet_int(struct mxnet_layer *l, const char *key, int64_t otherwise);
double mxnet_float(struct mxnet_layer *l, const char *key, double otherwise);
struct ints mxnet_ints(struct mxnet_layer *l, const char *key);
struct ints mxnet_ints_or_none(struct mxnet_layer *l, const char *key); // MXNET_NONE for None
struct floats mxnet_floats(struct mxnet_layer *l, const char *key);
// Index of the text in the NULL-ended list; the first where absent.
int mxnet_choice(struct mxnet_layer *l, const char *key, const char *const *names);
// Whether `key` is given and not None.
bool mxnet_has(const struct mxnet_layer *l, const char *key);

// The constant behind an input, as f32; a report and NULL when there is none.
const struct tensor *mxnet_weights(struct mxnet_layer *l, uint32_t index, const char *what);
// A report unless every dimension of the input is known / the rank is within the limits.
bool mxnet_static(struct mxnet_layer *l, uint32_t input);
bool mxnet_rank(struct mxnet_layer *l, uint32_t input, int32_t least, int32_t most);
// `axis` of an input, negative ones from the end; reports when outside.
bool mxnet_axis(struct mxnet_layer *l, uint32_t input, int64_t axis, int32_t *out);
// Name of a helper node: "<layer>/<suffix>".
const char *mxnet_name(struct mxnet_layer *l, const char *suffix);

// The families.
mxnet_layer_function mxnet_convolution, mxnet_deconvolution, mxnet_pooling, mxnet_fully_connected;
mxnet_layer_function mxnet_batch_norm, mxnet_instance_norm, mxnet_l2_normalization, mxnet_lrn,
    mxnet_layer_norm, mxnet_scale_shift;
mxnet_layer_function mxnet_activation, mxnet_leaky_relu, mxnet_clip, mxnet_softmax,
    mxnet_softmax_output, mxnet_softmax_activation, mxnet_log_softmax, mxnet_scalar, mxnet_add_n,
    mxnet_cast, mxnet_square, mxnet_rsqrt, mxnet_reciprocal, mxnet_hard_sigmoid, mxnet_div_sqrt_dim,
    mxnet_zeros, mxnet_ones, mxnet_arange, mxnet_full;
mxnet_layer_function mxnet_concat, mxnet_flatten, mxnet_reshape, mxnet_transpose, mxnet_swap_axis,
    mxnet_slice_channel, mxnet_slice_axis, mxnet_slice, mxnet_slice_like, mxnet_crop, mxnet_pad,
    mxnet_expand_dims, mxnet_squeeze, mxnet_stack, mxnet_tile, mxnet_repeat, mxnet_reduce,
    mxnet_embedding, mxnet_take, mxnet_broadcast_like, mxnet_broadcast_to, mxnet_upsampling,
    mxnet_depth_to_space, mxnet_dot, mxnet_batch_dot, mxnet_argmax, mxnet_broadcast_axis,
    mxnet_bilinear_resize, mxnet_adaptive_pooling, mxnet_reshape_like;
mxnet_layer_function mxnet_multibox_prior, mxnet_multibox_detection, mxnet_proposal,
    mxnet_roi_pooling;
mxnet_layer_function mxnet_rnn;
mxnet_layer_function mxnet_custom, mxnet_box_nms;
mxnet_layer_function mxnet_compare, mxnet_where, mxnet_zeros_like, mxnet_ones_like;

#endif
