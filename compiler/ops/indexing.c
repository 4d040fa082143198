// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/indexing.h"

#include <inttypes.h>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/shape_rules.h"

#define ATTR_OWNER struct gather_nd
static const struct attr_def gather_nd_attrs[] = {GATHER_ND_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct gather_elements
static const struct attr_def gather_elements_attrs[] = {GATHER_ELEMENTS_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// --- gather -------------------------------------------------------------------------------------

static bool infer_gather_nd(struct node *n) {
    int64_t batch = ((const struct gather_nd *)n->attrs)->batch_dims;
    struct shape data = input_shape(n, 0), indices = input_shape(n, 1), out = {.rank = 0};
    set_output(n, 0, input_type(n, 0), SHAPE_UNKNOWN);
    if (!input_rank(n, 0, 1, SHAPE_MAX_RANK) || !input_rank(n, 1, 1, SHAPE_MAX_RANK))
        return false;
    if (data.rank == RANK_UNKNOWN || indices.rank == RANK_UNKNOWN ||
        indices.dims[indices.rank - 1] == DIM_UNKNOWN)
        return true;
    int64_t depth = indices.dims[indices.rank - 1];
    if (batch < 0 || batch >= indices.rank || depth < 1 || batch + depth > data.rank)
        return shape_error(n, "indices of %" PRId64 " numbers, %" PRId64 " batch dimensions", depth,
                           batch);
    if (indices.rank - 1 + data.rank - batch - depth > SHAPE_MAX_RANK)
        return shape_error(n, "more than %d dimensions", SHAPE_MAX_RANK);
    for (int32_t i = 0; i < indices.rank - 1; i++) {
        int64_t dim = indices.dims[i];
        if (i < batch && !merge_dim(dim, data.dims[i], &dim))
            return shape_error(n, "batch dimensions differ");
        out.dims[out.rank++] = dim;
    }
    for (int64_t i = batch + depth; i < data.rank; i++)
        out.dims[out.rank++] = data.dims[i];
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

const struct op_def op_GatherND = {
    .name = "GatherND",
    .doc = "slices of the data at places with several coordinates",
    .opset = "opset5",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(gather_nd_attrs, gather_nd),
    .infer = infer_gather_nd,
    .evaluate = evaluate_gather_nd,
    .partial = 1,
};

static bool infer_gather_elements(struct node *n) {
    int32_t axis;
    struct shape data = input_shape(n, 0), indices = input_shape(n, 1);
    if (data.rank != RANK_UNKNOWN && indices.rank != RANK_UNKNOWN) {
        if (!input_axis(n, 0, ((const struct gather_elements *)n->attrs)->axis, &axis))
            return false;
        if (data.rank != indices.rank)
            return shape_error(n, "data and indices differ in their number of dimensions");
    }
    set_output(n, 0, input_type(n, 0), indices);
    return true;
}

const struct op_def op_GatherElements = {
    .name = "GatherElements",
    .doc = "elements along an axis, an index for each",
    .opset = "opset6",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(gather_elements_attrs, gather_elements),
    .infer = infer_gather_elements,
    .evaluate = evaluate_gather_elements,
    .partial = 1,
};

// --- scatter ------------------------------------------------------------------------------------

static bool infer_scatter(struct node *n) {
    struct numbers axis;
    int32_t at;
    if (input_type(n, 0) != input_type(n, 2))
        return shape_error(n, "data and updates differ in element type");
    if (n->input_count > 3 && input_shape(n, 0).rank != RANK_UNKNOWN &&
        input_complete(n, 3, &axis) && (axis.count != 1 || !input_axis(n, 0, axis.data[0], &at)))
        return axis.count == 1 ? false : shape_error(n, "one axis is needed");
    return infer_same(n);
}

#define SCATTER(kind, since, inputs, text)                                                         \
    const struct op_def op_##kind = {                                                              \
        .name = #kind,                                                                             \
        .doc = text,                                                                               \
        .opset = since,                                                                            \
        .flags = OP_OPSET,                                                                         \
        .min_inputs = inputs,                                                                      \
        .max_inputs = inputs,                                                                      \
        .outputs = 1,                                                                              \
        .infer = infer_scatter,                                                                    \
        .evaluate = evaluate_scatter,                                                              \
        .partial = 5,                                                                              \
    };
SCATTER(ScatterUpdate, "opset3", 4, "the data with slices along an axis replaced")
SCATTER(ScatterNDUpdate, "opset4", 3,
        "the data with slices at places with several coordinates replaced")
SCATTER(ScatterElementsUpdate, "opset3", 4, "the data with elements along an axis replaced")
