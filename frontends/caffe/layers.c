// SPDX-License-Identifier: Apache-2.0
#include "frontends/caffe/layers.h"

#include <string.h>
#include <strings.h>

// Columns: type, line of the article's table, kind, bottoms from - to, function | operator,
// parameter message, fields.
// clang-format off
#define FUNCTION(type, line, least, most, function)                                                \
    {type, line, LAYER_IMPORT, least, most, function, NULL, NULL, {{NULL, NULL}}}
#define SAME(type, line, least, most, op, param, ...)                                              \
    {type, line, LAYER_IMPORT, least, most, NULL, &op_##op, param, {__VA_ARGS__}}
#define PLAIN(type, line, op) SAME(type, line, 1, 1, op, NULL, {NULL, NULL})
#define OTHER(type, line, kind) {type, line, kind, 0, MANY, NULL, NULL, NULL, {{NULL, NULL}}}
#define F(field) {#field, NULL}
#define RENAMED(field, attribute) {#field, #attribute}
#define MAYBE(field) {"?" #field, #field}

const struct layer_row layer_rows[] = {
    OTHER("Input", 1, LAYER_DATA),
    OTHER("GlobalInput", 2, LAYER_DATA),
    FUNCTION("InnerProduct", 3, 1, 1, import_inner_product),
    FUNCTION("Dropout", 4, 1, 1, import_pass),
    FUNCTION("Convolution", 5, 1, MANY, import_convolution),
    FUNCTION("Deconvolution", 6, 1, MANY, import_deconvolution),
    FUNCTION("Pooling", 7, 1, 1, import_pooling),
    FUNCTION("BatchNorm", 8, 1, 1, import_batch_norm),
    FUNCTION("LRN", 9, 1, 1, import_lrn),
    SAME("Power", 10, 1, 1, PowerIE, "power_param", F(power), F(scale), F(shift)),
    SAME("ReLU", 11, 1, 1, ReLU, "relu_param", F(negative_slope)),
    FUNCTION("Scale", 12, 1, 2, import_scale),
    FUNCTION("Concat", 13, 1, MANY, import_concat),
    FUNCTION("Eltwise", 14, 1, MANY, import_eltwise),
    SAME("Flatten", 15, 1, 1, Flatten, "flatten_param", F(axis), F(end_axis)),
    FUNCTION("Reshape", 16, 1, 1, import_reshape),
    FUNCTION("Slice", 17, 1, 1, import_slice),
    SAME("Softmax", 18, 1, 1, SoftMax, "softmax_param", F(axis)),
    FUNCTION("Permute", 19, 1, 1, import_permute),
    SAME("ROIPooling", 20, 2, 2, ROIPooling, "roi_pooling_param", F(pooled_h), F(pooled_w), F(spatial_scale)),
    FUNCTION("Tile", 21, 1, 1, import_tile),
    SAME("ShuffleChannel", 22, 1, 1, ShuffleChannels, "shuffle_channel_param", F(group)),
    FUNCTION("Axpy", 23, 3, 3, import_axpy),
    FUNCTION("BN", 24, 1, 1, import_bn),

    PLAIN("AbsVal", 0, Abs),
    FUNCTION("Accum", 0, 1, MANY, import_accum),
    SAME("ArgMax", 0, 1, 1, ArgMax, "argmax_param", F(out_max_val), F(top_k), MAYBE(axis)),
    FUNCTION("Bias", 0, 1, 2, import_bias),
    PLAIN("BNLL", 0, SoftPlus),
    FUNCTION("ChannelPermutation", 0, 1, 1, import_channel_permutation),
    SAME("Clip", 0, 1, 1, Clamp, "clip_param", F(min), F(max)),
    FUNCTION("ConvolutionDepthwise", 0, 1, 1, import_depthwise),
    FUNCTION("Correlation", 0, 2, 2, import_correlation),
    FUNCTION("Crop", 0, 1, 2, import_crop),
    SAME("CTCGreedyDecoder", 0, 2, 2, CTCGreedyDecoder, "ctc_decoder_param", F(ctc_merge_repeated)),
    FUNCTION("DataAugmentation", 0, 1, 1, import_data_augmentation),
    FUNCTION("DepthwiseConvolution", 0, 1, 1, import_depthwise),
    FUNCTION("DetectionOutput", 0, 3, 5, import_detection_output),
    SAME("ELU", 0, 1, 1, Elu, "elu_param", F(alpha)),
    FUNCTION("Embed", 0, 1, 1, import_embed),
    FUNCTION("Exp", 0, 1, 1, import_exp),
    SAME("GRN", 0, 1, 1, GRN, "grn_param", F(bias)),
    FUNCTION("Inner_Product", 0, 1, 1, import_inner_product),
    FUNCTION("Interp", 0, 1, 2, import_interp),
    FUNCTION("Log", 0, 1, 1, import_log),
    FUNCTION("LSTM", 0, 2, 5, import_lstm),
    FUNCTION("MVN", 0, 1, 1, import_mvn),
    FUNCTION("Normalize", 0, 1, 1, import_normalize),
    FUNCTION("Parameter", 0, 0, 0, import_parameter),
    FUNCTION("PowerFile", 0, 1, 1, import_power_file),
    FUNCTION("PReLU", 0, 1, 1, import_prelu),
    FUNCTION("PriorBox", 0, 2, 2, import_prior_box),
    FUNCTION("PriorBoxClustered", 0, 2, 2, import_prior_box_clustered),
    SAME("Proposal", 0, 3, 3, Proposal, "proposal_param", F(feat_stride), F(base_size), F(min_size),
         F(ratio), F(scale), F(pre_nms_topn), F(post_nms_topn), F(nms_thresh)),
    SAME("PSROIPooling", 0, 2, 2, PSROIPooling, "psroi_pooling_param", F(spatial_scale), F(output_dim), F(group_size)),
    FUNCTION("Python", 0, 0, MANY, import_python),
    FUNCTION("Reduction", 0, 1, 1, import_reduction),
    FUNCTION("RegionYolo", 0, 1, 1, import_region_yolo),
    SAME("ReLU6", 0, 1, 1, Clamp, "relu6_param", RENAMED(n, max)),
    SAME("ReorgYolo", 0, 1, 1, ReorgYolo, "reorg_yolo_param", F(stride)),
    FUNCTION("Resample", 0, 1, 2, import_resample),
    FUNCTION("Reverse", 0, 1, 1, import_reverse),
    PLAIN("Sigmoid", 0, Sigmoid),
    FUNCTION("RNN", 0, 2, 4, import_rnn),
    FUNCTION("SimplerNMS", 0, 3, 3, import_simpler_nms),
    FUNCTION("SpatialTransformer", 0, 1, 2, import_spatial_transformer),
    FUNCTION("Split", 0, 1, 1, import_pass),
    FUNCTION("Swish", 0, 1, 1, import_swish),
    PLAIN("TanH", 0, Tanh),
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
// clang-format on
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
