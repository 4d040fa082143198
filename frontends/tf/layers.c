// SPDX-License-Identifier: Apache-2.0
// The table of TensorFlow's operators.
#include "frontends/tf/layers.h"

#include <string.h>

#define SAME(name, ours)                                                                           \
    { .op = (name), .same = &op_##ours }
#define CALL(name, function)                                                                       \
    { .op = (name), .import = (function) }
#define MANY(name, least, attribute, function)                                                     \
    { .op = (name), .outputs = (least), .outputs_by = (attribute), .import = (function) }
#define PASS(name)                                                                                 \
    { .op = (name), .kind = TF_PASS }
#define INPUT(name, attribute)                                                                     \
    { .op = (name), .kind = TF_INPUT, .outputs_by = (attribute) }
#define END(name)                                                                                  \
    { .op = (name), .kind = TF_END }

// clang-format off
const struct tf_layer_row tf_layer_rows[] = {
    // ---- where data enters, stands and leaves ----
    INPUT("Placeholder", NULL),
    INPUT("PlaceholderV2", NULL),
    INPUT("IteratorGetNext", "output_types"),
    INPUT("QueueDequeueV2", "component_types"),
    INPUT("QueueDequeueManyV2", "component_types"),
    INPUT("QueueDequeueUpToV2", "component_types"),
    MANY("Switch", 2, NULL, tf_switch),
    MANY("RefSwitch", 2, NULL, tf_switch),
    CALL("Const", tf_const),
    PASS("Identity"),
    PASS("PlaceholderWithDefault"),
    PASS("StopGradient"),
    PASS("PreventGradient"),
    PASS("CheckNumerics"),
    PASS("Snapshot"),
    PASS("ReadVariableOp"),
    END("NoOp"),
    END("Assert"),
    END("Print"),
    END("ScalarSummary"),
    END("HistogramSummary"),
    END("MergeSummary"),
    END("ImageSummary"),
    END("Assign"),
    END("AssignAdd"),
    END("AssignSub"),
    END("AssignVariableOp"),
    END("SaveV2"),
    END("RestoreV2"),

    // ---- windows, channels, products ----
    CALL("Conv2D", tf_conv2d),
    CALL("Conv3D", tf_conv3d),
    CALL("DepthwiseConv2dNative", tf_depthwise),
    CALL("Conv2DBackpropInput", tf_conv_backprop),
    CALL("Conv3DBackpropInputV2", tf_conv_backprop),
    CALL("MaxPool", tf_pool),
    CALL("AvgPool", tf_pool),
    CALL("MaxPool3D", tf_pool),
    CALL("AvgPool3D", tf_pool),
    CALL("BiasAdd", tf_bias_add),
    CALL("BiasAddV1", tf_bias_add),
    MANY("FusedBatchNorm", 5, NULL, tf_batch_norm),
    MANY("FusedBatchNormV2", 5, NULL, tf_batch_norm),
    MANY("FusedBatchNormV3", 6, NULL, tf_batch_norm),
    CALL("LRN", tf_lrn),
    CALL("MatMul", tf_matmul),
    CALL("BatchMatMul", tf_batch_matmul),
    CALL("BatchMatMulV2", tf_batch_matmul),

    // ---- element by element ----
    SAME("Add", Add),
    SAME("AddV2", Add),
    SAME("Sub", Subtract),
    SAME("Mul", Multiply),
    SAME("RealDiv", Divide),
    SAME("Div", Divide),
    SAME("Maximum", Maximum),
    SAME("Minimum", Minimum),
    SAME("Pow", Power),
    SAME("SquaredDifference", SquaredDifference),
    SAME("FloorMod", FloorMod),
    SAME("Mod", FloorMod),
    SAME("Abs", Abs),
    SAME("Neg", Negative),
    SAME("Sign", Sign),
    SAME("Floor", Floor),
    SAME("Ceil", Ceiling),
    SAME("Round", Round),
    SAME("Log", Log),
    SAME("Exp", Exp),
    SAME("Sqrt", Sqrt),
    SAME("Sin", Sin),
    SAME("Cos", Cos),
    SAME("Tan", Tan),
    SAME("Asin", Asin),
    SAME("Acos", Acos),
    SAME("Atan", Atan),
    SAME("Sinh", Sinh),
    SAME("Cosh", Cosh),
    SAME("Erf", Erf),
    SAME("Tanh", Tanh),
    SAME("Sigmoid", Sigmoid),
    SAME("Relu", ReLU),
    SAME("Elu", Elu),
    SAME("Softplus", SoftPlus),
    SAME("Equal", Equal),
    SAME("NotEqual", NotEqual),
    SAME("Less", Less),
    SAME("LessEqual", LessEqual),
    SAME("Greater", Greater),
    SAME("GreaterEqual", GreaterEqual),
    SAME("LogicalAnd", LogicalAnd),
    SAME("LogicalOr", LogicalOr),
    SAME("LogicalNot", LogicalNot),
    CALL("Relu6", tf_relu6),
    CALL("LeakyRelu", tf_leaky_relu),
    CALL("Softmax", tf_softmax),
    CALL("LogSoftmax", tf_softmax),
    CALL("Rsqrt", tf_rsqrt),
    CALL("Reciprocal", tf_reciprocal),
    CALL("Inv", tf_reciprocal),
    CALL("Square", tf_square),
    CALL("Log1p", tf_log1p),
    CALL("AddN", tf_add_n),
    CALL("Cast", tf_cast),
    CALL("Select", tf_select),
    CALL("SelectV2", tf_select),
    CALL("ZerosLike", tf_zeros_like),
    CALL("OnesLike", tf_ones_like),
    CALL("FakeQuantWithMinMaxArgs", tf_fake_quant),
    CALL("FakeQuantWithMinMaxVars", tf_fake_quant),

    // ---- moving elements ----
    CALL("ConcatV2", tf_concat),
    CALL("Concat", tf_concat_old),
    CALL("Pack", tf_pack),
    MANY("Unpack", 1, "num", tf_unpack),
    MANY("Split", 1, "num_split", tf_split),
    MANY("SplitV", 1, "num_split", tf_split_v),
    CALL("Reshape", tf_reshape),
    CALL("Squeeze", tf_squeeze),
    CALL("ExpandDims", tf_expand_dims),
    CALL("Transpose", tf_transpose),
    CALL("Shape", tf_shape_of),
    MANY("ShapeN", 1, "N", tf_shape_of),
    CALL("Size", tf_size_of),
    CALL("Rank", tf_rank_of),
    CALL("Fill", tf_fill),
    CALL("BroadcastTo", tf_broadcast_to),
    CALL("Range", tf_range),
    CALL("Tile", tf_tile),
    CALL("StridedSlice", tf_strided_slice),
    CALL("Slice", tf_slice),
    CALL("Reverse", tf_reverse),
    CALL("ReverseV2", tf_reverse),
    CALL("ReverseSequence", tf_reverse_sequence),
    CALL("Pad", tf_pad),
    CALL("PadV2", tf_pad),
    CALL("MirrorPad", tf_mirror_pad),
    CALL("SpaceToBatchND", tf_space_to_batch),
    CALL("BatchToSpaceND", tf_batch_to_space),
    CALL("SpaceToDepth", tf_space_to_depth),
    CALL("DepthToSpace", tf_depth_to_space),
    CALL("ResizeBilinear", tf_resize_bilinear),
    CALL("ResizeNearestNeighbor", tf_resize_nearest),
    CALL("ExtractImagePatches", tf_patches),

    // ---- looking up ----
    CALL("Gather", tf_gather),
    CALL("GatherV2", tf_gather),
    CALL("ResourceGather", tf_gather),
    CALL("GatherNd", tf_gather_nd),
    CALL("Mean", tf_reduce),
    CALL("Sum", tf_reduce),
    CALL("Max", tf_reduce),
    CALL("Min", tf_reduce),
    CALL("Prod", tf_reduce),
    CALL("All", tf_reduce),
    CALL("Any", tf_reduce),
    MANY("TopK", 2, NULL, tf_topk),
    MANY("TopKV2", 2, NULL, tf_topk),
    CALL("ArgMax", tf_argmax),
    CALL("ArgMin", tf_argmax),
    CALL("OneHot", tf_one_hot),
    CALL("Cumsum", tf_cumsum),
};
// clang-format on

const size_t tf_layer_row_count = sizeof tf_layer_rows / sizeof *tf_layer_rows;

const struct tf_layer_row *tf_layer_find(const char *op) {
    for (size_t i = 0; i < tf_layer_row_count; i++)
        if (strcmp(tf_layer_rows[i].op, op) == 0)
            return &tf_layer_rows[i];
    return NULL;
}
