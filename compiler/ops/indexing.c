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
static const char *const scatter_reductions[] = {"sum", "sub", "prod", "min", "max", NULL};
#define ATTR_OWNER struct scatter_nd
static const struct attr_def scatter_nd_attrs[] = {SCATTER_ND_ATTRS(ATTR_ROW_)};
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

// The shape that updates must have; unknown when a shape it follows from is.
static struct shape updates_of_slices(const struct node *n, int32_t axis) {
    struct shape data = input_shape(n, 0), places = input_shape(n, 1), out = {.rank = 0};
    for (int32_t i = 0; i < data.rank; i++) {
        if (i != axis)
            out.dims[out.rank++] = data.dims[i];
        for (int32_t k = 0; k < places.rank && i == axis; k++)
            out.dims[out.rank++] = places.dims[k];
    }
    return out;
}

static struct shape updates_of_places(const struct node *n) {
    struct shape data = input_shape(n, 0), places = input_shape(n, 1), out = {.rank = 0};
    int64_t depth = input_dim(n, 1, places.rank - 1);
    if (depth == DIM_UNKNOWN)
        return SHAPE_UNKNOWN;
    for (int32_t i = 0; i < places.rank - 1; i++)
        out.dims[out.rank++] = places.dims[i];
    for (int64_t i = depth; i < data.rank; i++)
        out.dims[out.rank++] = data.dims[i];
    return out;
}

// Places and updates of elements have one shape, which lies inside of the data but along the axis.
static bool elements_fit(struct node *n, int32_t axis) {
    struct shape data = input_shape(n, 0), updates = input_shape(n, 2);
    if (data.rank == RANK_UNKNOWN || updates.rank == RANK_UNKNOWN)
        return true;
    if (data.rank != updates.rank)
        return shape_error(n, "data and updates differ in their number of dimensions");
    for (int32_t i = 0; i < data.rank; i++)
        if (i != axis && data.dims[i] >= 0 && updates.dims[i] > data.dims[i])
            return shape_error(n, "the updates reach beyond axis %" PRId32, i);
    return true;
}

static bool scatter_axis(struct node *n, int32_t *axis, bool *known) {
    struct numbers numbers;
    *known = n->input_count > 3 && input_shape(n, 0).rank != RANK_UNKNOWN &&
             input_complete(n, 3, &numbers);
    if (!*known)
        return true;
    if (numbers.count != 1)
        return shape_error(n, "one axis is needed");
    return input_axis(n, 0, numbers.data[0], axis);
}

// More dimensions than a shape can have.
static bool updates_too_deep(const struct node *n) {
    int64_t data = input_shape(n, 0).rank, places = input_shape(n, 1).rank;
    int64_t taken = n->op == &op_ScatterUpdate ? 1 : input_dim(n, 1, (int32_t)places - 1);
    return taken >= 0 &&
           (n->op == &op_ScatterUpdate ? places : places - 1) + data - taken > SHAPE_MAX_RANK;
}

static bool updates_fit(struct node *n, int32_t axis, bool known) {
    struct shape wanted = SHAPE_UNKNOWN, updates = input_shape(n, 2), merged;
    bool ranks = input_shape(n, 0).rank > 0 && input_shape(n, 1).rank != RANK_UNKNOWN;
    if (ranks && n->op != &op_ScatterElementsUpdate && updates_too_deep(n))
        return shape_error(n, "more than %d dimensions", SHAPE_MAX_RANK);
    if (n->op == &op_ScatterElementsUpdate) {
        wanted = input_shape(n, 1);
        if (known && !elements_fit(n, axis))
            return false;
    } else if (n->op == &op_ScatterUpdate) {
        if (ranks && known)
            wanted = updates_of_slices(n, axis);
    } else if (ranks && input_shape(n, 1).rank > 0) {
        wanted = updates_of_places(n);
    }
    return merge_shape(&wanted, &updates, &merged) ||
           shape_error(n, "updates are not %s", shape_text(n->graph->arena, &wanted));
}

static bool infer_scatter(struct node *n) {
    int32_t axis = 0;
    bool known;
    if (input_type(n, 0) != input_type(n, 2))
        return shape_error(n, "data and updates differ in element type");
    if (n->op == &op_ScatterNDUpdate && !input_rank(n, 1, 1, SHAPE_MAX_RANK))
        return false;
    if (n->op == &op_ScatterNDUpdate && input_shape(n, 0).rank >= 0 &&
        input_dim(n, 1, input_shape(n, 1).rank - 1) > input_shape(n, 0).rank)
        return shape_error(n, "places have more coordinates than the data");
    if (!scatter_axis(n, &axis, &known) || !updates_fit(n, axis, known))
        return false;
    return infer_same(n);
}

#define SCATTER(kind, since, inputs, what, text)                                                   \
    const struct op_def op_##kind = {                                                              \
        .name = #kind,                                                                             \
        .doc = text,                                                                               \
        .opset = since,                                                                            \
        .flags = OP_OPSET,                                                                         \
        .min_inputs = inputs,                                                                      \
        .max_inputs = inputs,                                                                      \
        .outputs = 1,                                                                              \
        .infer = infer_scatter,                                                                    \
        .evaluate = evaluate_scatter_##what,                                                       \
        .partial = 5,                                                                              \
    };
SCATTER(ScatterUpdate, "opset3", 4, slices, "the data with slices along an axis replaced")
SCATTER(ScatterElementsUpdate, "opset3", 4, elements,
        "the data with elements along an axis replaced")

// Joining came with a later form.
static const char *scatter_nd_opset(const struct node *n) {
    return ((const struct scatter_nd *)n->attrs)->reduction == ENUM_UNSET ? "opset4" : "opset15";
}

const struct op_def op_ScatterNDUpdate = {
    .name = "ScatterNDUpdate",
    .doc = "the data with slices at places with several coordinates replaced, or joined",
    .opset = "opset4",
    .opset_of = scatter_nd_opset,
    .flags = OP_OPSET,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    OP_ATTRS(scatter_nd_attrs, scatter_nd),
    .infer = infer_scatter,
    .evaluate = evaluate_scatter_places,
    .partial = 5,
};

// --- beams --------------------------------------------------------------------------------------

// Step ids and parents [T, B, W], lengths [B], the end token.
static bool infer_gather_tree(struct node *n) {
    struct shape ids = input_shape(n, 0), parents = input_shape(n, 1), out;
    if (!same_types(n, 0, 2) || !input_rank(n, 0, 3, 3) || !input_rank(n, 2, 1, 1) ||
        !input_rank(n, 3, 0, 0))
        return false;
    if (!merge_shape(&ids, &parents, &out))
        return shape_error(n, "ids and parents differ in shape");
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

const struct op_def op_GatherTree = {
    .name = "GatherTree",
    .doc = "whole beams, from the ids of each step and their parents",
    .opset = "opset1",
    .flags = OP_OPSET,
    .min_inputs = 4,
    .max_inputs = 4,
    .outputs = 1,
    .infer = infer_gather_tree,
};
