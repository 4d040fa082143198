// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/normalization.h"

#include <inttypes.h>

#include "compiler/ops/classic_text.h"
#include "compiler/ops/shape_rules.h"

static const char *const eps_modes[] = {"add", "max", NULL};
static const char *const mvn_eps_modes[] = {"inside_sqrt", "outside_sqrt", NULL};

#define ATTR_OWNER struct lrn
static const struct attr_def lrn_attrs[] = {LRN_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct normalize_l2
static const struct attr_def normalize_l2_attrs[] = {NORMALIZE_L2_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct mvn
static const struct attr_def mvn_attrs[] = {MVN_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct grn
static const struct attr_def grn_attrs[] = {GRN_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct batch_norm
static const struct attr_def batch_norm_attrs[] = {BATCH_NORM_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// Same shape; the axes of input 1 must lie inside.
static bool infer_over_axes(struct node *n) {
    struct numbers axes;
    uint32_t mask;
    int32_t rank = input_shape(n, 0).rank;
    if (rank != RANK_UNKNOWN && input_complete(n, 1, &axes) && !axes_mask(n, rank, &axes, &mask))
        return false;
    return infer_same(n);
}

// Only the channel axis: across channels.
static bool axes_are_channel(const struct node *n) {
    struct numbers axes;
    return input_complete(n, 1, &axes) && axes.count == 1 && axes.data[0] == 1;
}

static void classic_lrn(const struct node *n, put_function *put, void *to) {
    put(to, "region", axes_are_channel(n) ? "across" : "same");
}
static const struct classic_form lrn_form = {"Norm", {NULL, CLASSIC_NO_PORT}, classic_lrn};

// Classic IR knows spatial axes, with or without the channels.
static void classic_mvn(const struct node *n, put_function *put, void *to) {
    struct numbers axes;
    bool channels = false;
    if (input_complete(n, 1, &axes))
        for (uint32_t i = 0; i < axes.count; i++)
            channels = channels || axes.data[i] == 1 ||
                       axes.data[i] == 1 - (int64_t)input_shape(n, 0).rank;
    put_int(put, to, "across_channels", channels);
}
static const struct classic_form mvn_form = {"MVN", {NULL, CLASSIC_NO_PORT}, classic_mvn};
static const struct classic_form grn_form = {.type = "GRN"};

const struct op_def op_LRN = {
    .name = "LRN",
    .doc = "local response normalization: x / (bias + alpha / size^k * sum of squares)^beta",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(lrn_attrs, lrn),
    .infer = infer_over_axes,
    .classic = &lrn_form,
};

const struct op_def op_NormalizeL2 = {
    .name = "NormalizeL2",
    .doc = "x divided by its Euclidean norm over axes",
    .opset = "opset1",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(normalize_l2_attrs, normalize_l2),
    .infer = infer_over_axes,
    .lowered_by = "lower_classic_shape",
};

const struct op_def op_MVN = {
    .name = "MVN",
    .doc = "mean 0 and variance 1 over axes",
    .opset = "opset6",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(mvn_attrs, mvn),
    .infer = infer_over_axes,
    .classic = &mvn_form,
};

const struct op_def op_GRN = {
    .name = "GRN",
    .doc = "x / sqrt(bias + sum of squares over the channels)",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(grn_attrs, grn),
    .infer = infer_same,
    .classic = &grn_form,
};

static bool infer_batch_norm(struct node *n) {
    struct shape data = input_shape(n, 0);
    if (!same_types(n, 0, 5) || !input_rank(n, 0, 2, SHAPE_MAX_RANK))
        return false;
    for (uint32_t i = 1; i < 5; i++) {
        struct shape s = input_shape(n, i);
        int64_t merged;
        if (!input_rank(n, i, 1, 1))
            return false;
        if (data.rank > 0 && s.rank > 0 && !merge_dim(data.dims[1], s.dims[0], &merged))
            return shape_error(
                n, "input %" PRIu32 " is not one number for each of %" PRId64 " channels", i,
                data.dims[1]);
    }
    return infer_same(n);
}

const struct op_def op_BatchNormInference = {
    .name = "BatchNormInference",
    .doc = "gamma * (x - mean) / sqrt(variance + epsilon) + beta, a number of each a channel",
    .opset = "opset5",
    .flags = OP_OPSET,
    .min_inputs = 5,
    .max_inputs = 5,
    .outputs = 1,
    OP_ATTRS(batch_norm_attrs, batch_norm),
    .infer = infer_batch_norm,
};
