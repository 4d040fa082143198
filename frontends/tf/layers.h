// SPDX-License-Identifier: Apache-2.0
// How TensorFlow's operators become ours: a table (layers.c) with two kinds of row. "Same thing,
// other name": an operator on the same inputs. Or a function.
//
// Operators come in with the meaning they have in their own layout: a convolution over NHWC is an
// explicit Transpose, the standard operator, and a Transpose back; sink_transposes takes them away.
//
// A node that cannot be imported reports once (tf_fail) and its outputs become poison; importing
// goes on. A function is only called with good inputs.
#ifndef ZOOC_TF_LAYERS_H
#define ZOOC_TF_LAYERS_H

#include "compiler/ops/build.h"
#include "frontends/tf/index.h"

struct tf_layer {           // one that is being imported
    struct builder builder; // its place names file, node and operator
    struct arena *arena;
    const struct tf_graph *graph;
    const char *name;
    const struct tf_node *node;
    struct value **inputs;
    uint32_t input_count;
    struct value **outputs; // to be set
    uint32_t output_count;
    bool failed;
};

typedef void tf_layer_function(struct tf_layer *l);

enum tf_layer_kind {
    TF_IMPORT, // becomes operators
    TF_INPUT,  // a placeholder
    TF_PASS,   // gives back its first input (Identity, StopGradient)
    TF_END,    // takes data and gives nothing (Assert, NoOp, summaries)
};

struct tf_layer_row {
    const char *op;
    enum tf_layer_kind kind;
    uint8_t outputs;           // that it has at least; 0 = 1
    const char *outputs_by;    // attribute that counts them, or NULL
    tf_layer_function *import; // or, when NULL:
    const struct op_def *same; // the operator of the same meaning
};

// NULL when there is none.
const struct tf_layer_row *tf_layer_find(const char *op);
extern const struct tf_layer_row tf_layer_rows[];
extern const size_t tf_layer_row_count;

// Outputs of a node: those of its row, and those that are read.
uint32_t tf_count_outputs(const struct tf_node *node, uint32_t read);
// Sets the outputs by the node's row. The inputs are good.
void tf_import_operator(struct tf_layer *l);
// Poison for what was not set; TensorFlow's names of all.
void tf_finish_outputs(struct tf_layer *l);

// --- for layer functions -------------------------------------------------------------------------

// tf_fail(l, ID, args...): reports at the node.
#define tf_fail(l, id, ...)                                                                        \
    ((l)->failed = true,                                                                           \
     diag_report((l)->builder.graph->diag, &(l)->builder.place, id, ##__VA_ARGS__))

const char *tf_name(struct tf_layer *l, const char *suffix); // "<node>/<suffix>"
bool tf_inputs(struct tf_layer *l, uint32_t least);          // reports when there are fewer
bool tf_rank(struct tf_layer *l, uint32_t input, int32_t least, int32_t most);
bool tf_static(struct tf_layer *l, uint32_t input);
bool tf_axis(struct tf_layer *l, uint32_t input, int64_t axis, int32_t *out);
// The constant behind an input; a report and NULL when it is not known.
const struct tensor *tf_constant(struct tf_layer *l, uint32_t input, const char *what);
// Its numbers as a list; false after a report.
bool tf_numbers(struct tf_layer *l, uint32_t input, const char *what, struct ints *out);
bool tf_number(struct tf_layer *l, uint32_t input, const char *what, int64_t *out);

// Layout. Data with channels last [N, spatial..., C] and first [N, C, spatial...].
bool tf_channels_last(struct tf_layer *l); // by data_format
struct value *tf_to_first(struct tf_layer *l, const char *suffix, struct value *x);
struct value *tf_to_last(struct tf_layer *l, struct value *x);
// Whole numbers as f32, where an operator gives real numbers for them.
struct value *tf_as_real(struct tf_layer *l, struct value *x);
// The spatial numbers of a list that has one for each axis of the data (strides, ksize, dilations).
struct ints tf_spatial(struct tf_layer *l, struct ints all);

// The families.
tf_layer_function tf_const, tf_switch, tf_while, tf_variable, tf_hand_on;
tf_layer_function tf_conv2d, tf_depthwise, tf_conv_backprop, tf_conv3d, tf_pool, tf_bias_add,
    tf_batch_norm, tf_lrn, tf_matmul, tf_batch_matmul;
tf_layer_function tf_relu6, tf_leaky_relu, tf_rsqrt, tf_square, tf_softmax, tf_log_softmax,
    tf_add_n, tf_cast, tf_select, tf_merge, tf_reciprocal, tf_log1p, tf_fake_quant, tf_softplus,
    tf_l2_normalize, tf_zeros_like, tf_ones_like, tf_cumsum;
tf_layer_function tf_divide, tf_floor_div, tf_div_no_nan, tf_mul_no_nan, tf_xdivy, tf_xlogy,
    tf_atan2, tf_erfc, tf_expm1, tf_softsign, tf_selu, tf_clip, tf_approximate_equal, tf_is_finite,
    tf_l2_loss;
tf_layer_function tf_concat, tf_concat_old, tf_reshape, tf_squeeze, tf_expand_dims, tf_transpose,
    tf_pack, tf_unpack, tf_split, tf_split_v, tf_slice, tf_strided_slice, tf_pad, tf_mirror_pad,
    tf_tile, tf_fill, tf_range, tf_shape_of, tf_size_of, tf_rank_of, tf_gather, tf_gather_nd,
    tf_reduce, tf_argmax, tf_topk, tf_one_hot, tf_reverse, tf_reverse_sequence, tf_space_to_batch,
    tf_batch_to_space, tf_space_to_depth, tf_depth_to_space, tf_broadcast_to;
tf_layer_function tf_array, tf_array_read, tf_array_write, tf_array_scatter, tf_array_gather,
    tf_array_size, tf_array_concat, tf_array_split;
tf_layer_function tf_block_lstm, tf_lstm_block_cell, tf_gru_block_cell;
tf_layer_function tf_where, tf_list_diff, tf_unique, tf_scatter_nd, tf_tensor_scatter,
    tf_invert_permutation, tf_dynamic_partition, tf_dynamic_stitch, tf_segment, tf_sparse_segment,
    tf_unsorted_segment, tf_gather_tree;
tf_layer_function tf_lin_space, tf_cumprod, tf_bucketize, tf_in_top_k, tf_unravel_index,
    tf_broadcast_args, tf_roll;
tf_layer_function tf_matrix_diag, tf_diag, tf_matrix_diag_part, tf_diag_part, tf_matrix_set_diag,
    tf_matrix_band_part, tf_cross, tf_einsum;
tf_layer_function tf_fused_pad_conv, tf_fused_resize_pad_conv, tf_old_batch_norm,
    tf_pool_with_places, tf_dilation, tf_resize_area, tf_adjust_contrast;
tf_layer_function tf_rgb_to_hsv, tf_hsv_to_rgb, tf_adjust_saturation, tf_adjust_hue;
tf_layer_function tf_sparse_matmul, tf_sparse_add, tf_bincount, tf_matrix_inverse;
tf_layer_function tf_random_uniform, tf_random_integers, tf_random_normal, tf_cross_entropy,
    tf_dequantize;
tf_layer_function tf_replaced_layer, tf_region;
tf_layer_function tf_resize_bilinear, tf_resize_nearest, tf_resize_bicubic, tf_patches,
    tf_crop_and_resize, tf_nms, tf_ctc_greedy, tf_sparse_to_dense;

#endif
