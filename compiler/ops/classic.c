// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/classic.h"

#include "compiler/base/strbuf.h"
#include "compiler/ops/classic_text.h"
#include "compiler/ops/shape_rules.h"

// ---- Eltwise ----

const char *const eltwise_names[] = {
    "sum",  "mul",        "max",         "min",           "sub",         "div",   "squared_diff",
    "pow",  "floor_mod",  "logical_and", "logical_or",    "logical_xor", "equal", "not_equal",
    "less", "less_equal", "greater",     "greater_equal", NULL};

#define ATTR_OWNER struct eltwise
static const struct attr_def eltwise_attrs[] = {ELTWISE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static bool infer_eltwise(struct node *n) {
    const struct eltwise *a = n->attrs;
    if (a->coeff.count != 0 && a->coeff.count != n->input_count)
        return shape_error(n, "%u coefficients for %u inputs", a->coeff.count, n->input_count);
    return infer_broadcast(n);
}

static void classic_eltwise(const struct node *n, put_function *put, void *to) {
    const struct eltwise *a = n->attrs;
    if (!a->says_coeff && a->coeff.count == 0)
        return;
    struct strbuf text = STRBUF_INIT;
    for (uint32_t i = 0; i < a->coeff.count; i++) {
        strbuf_puts(&text, i == 0 ? "" : ",");
        strbuf_float(&text, a->coeff.data[i]);
    }
    put(to, "coeff", text.data);
    strbuf_free(&text);
}

static const struct classic_form eltwise_form = {"Eltwise", {NULL}, classic_eltwise};

const struct op_def op_Eltwise = {
    .name = "Eltwise",
    .doc = "sum (with coefficients), product, maximum... of any number of tensors",
    .flags = OP_CLASSIC | OP_ELEMENTWISE,
    .min_inputs = 1,
    .max_inputs = PORTS_VARIADIC,
    .outputs = 1,
    OP_ATTRS(eltwise_attrs, eltwise),
    .infer = infer_eltwise,
    .classic = &eltwise_form,
    .lowered_by = "lower_opset_arithmetic",
};

// ---- ScaleShift and Power ----

#define ATTR_OWNER struct scale_shift
static const struct attr_def scale_shift_attrs[] = {SCALE_SHIFT_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct power
static const struct attr_def power_attrs[] = {POWER_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// Does `inner` stand inside `outer` from `axis` on?
static bool covers(const struct shape *outer, const struct shape *inner, int32_t axis) {
    int64_t both;
    if (axis + inner->rank > outer->rank)
        return false;
    for (int32_t i = 0; i < inner->rank; i++)
        if (inner->dims[i] != 1 && !merge_dim(outer->dims[axis + i], inner->dims[i], &both))
            return false;
    return true;
}

static bool infer_scale_shift(struct node *n) {
    const struct scale_shift *a = n->attrs;
    struct shape data = input_shape(n, 0);
    for (uint32_t i = 1; i < n->input_count && data.rank != RANK_UNKNOWN; i++) {
        struct shape other = input_shape(n, i);
        int32_t axis;
        if (n->inputs[i].value == NULL || other.rank == RANK_UNKNOWN)
            continue;
        if (!input_axis(n, 0, a->axis, &axis))
            return false;
        if (!covers(&data, &other, other.rank == 0 ? 0 : axis))
            return shape_error(n, "input %u does not fit input 0 from axis %d on", i, axis);
    }
    return infer_same(n);
}

static const struct classic_form scale_shift_form = {
    "ScaleShift", {NULL, "weights", "biases"}, NULL};
static const struct classic_form power_form = {"Power", {NULL}, NULL};

const struct op_def op_ScaleShift = {
    .name = "ScaleShift",
    .doc = "data times scale plus bias, both along the data's axes from one axis on",
    .flags = OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 1,
    OP_ATTRS(scale_shift_attrs, scale_shift),
    .infer = infer_scale_shift,
    .classic = &scale_shift_form,
    .lowered_by = "lower_opset_arithmetic",
};

const struct op_def op_PowerIE = {
    .name = "PowerIE",
    .doc = "(scale * x + shift) ^ power",
    .flags = OP_CLASSIC | OP_ELEMENTWISE,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(power_attrs, power),
    .infer = infer_same,
    .classic = &power_form,
    .lowered_by = "lower_opset_arithmetic",
};

// ---- FullyConnected ----

static bool infer_fully_connected(struct node *n) {
    struct shape data = input_shape(n, 0), weights = input_shape(n, 1);
    if (!input_rank(n, 0, 2, SHAPE_MAX_RANK) || !input_rank(n, 1, 2, 2))
        return false;
    uint64_t size;
    if (shape_count_range(&data, 1, data.rank, &size) && size != (uint64_t)weights.dims[1])
        return shape_error(n, "the weights are for %lld inputs, not for %llu",
                           (long long)weights.dims[1], (unsigned long long)size);
    set_output(n, 0, input_type(n, 0), SHAPE(data.dims[0], weights.dims[0]));
    return true;
}

static void classic_fully_connected(const struct node *n, put_function *put, void *to) {
    put_int(put, to, "out-size", input_shape(n, 1).dims[0]);
}

static const struct classic_form fully_connected_form = {
    "FullyConnected", {NULL, "weights", "biases"}, classic_fully_connected};

const struct op_def op_FullyConnected = {
    .name = "FullyConnected",
    .doc = "each row of the data, flattened, times the weights [O,I], plus biases",
    .flags = OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 1,
    .infer = infer_fully_connected,
    .classic = &fully_connected_form,
};

// ---- Normalize ----

#define ATTR_OWNER struct normalize
static const struct attr_def normalize_attrs[] = {NORMALIZE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static bool infer_normalize(struct node *n) {
    return input_rank(n, 0, 2, SHAPE_MAX_RANK) && input_rank(n, 1, 0, 1) && infer_same(n);
}

static const struct classic_form normalize_form = {"Normalize", {NULL, "weights"}, NULL};

const struct op_def op_NormalizeIE = {
    .name = "NormalizeIE",
    .doc = "data divided by its L2 norm over channels (or all), times weights",
    .flags = OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(normalize_attrs, normalize),
    .infer = infer_normalize,
    .classic = &normalize_form,
    .lowered_by = "lower_opset_arithmetic",
};

// ---- Crop ----

#define ATTR_OWNER struct crop
static const struct attr_def crop_attrs[] = {CROP_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static bool crop_axis(struct node *n, uint32_t i, struct shape *out) {
    const struct crop *a = n->attrs;
    bool by_shape = n->input_count == 2;
    struct shape reference = input_shape(n, by_shape ? 1 : 0);
    int32_t axis;
    if (!input_axis(n, 0, a->axis.data[i], &axis))
        return false;
    int64_t size = by_shape ? reference.dims[axis] : ints_get(a->dim, i, DIM_UNKNOWN);
    int64_t offset = ints_get(a->offset, i, 0), whole = out->dims[axis];
    if (offset < 0 || size == 0 || size < DIM_UNKNOWN ||
        (whole != DIM_UNKNOWN && size > whole - offset))
        return shape_error(n, "cannot take %lld from %lld on of axis %d", (long long)size,
                           (long long)offset, axis);
    out->dims[axis] = size;
    return true;
}

static bool infer_crop(struct node *n) {
    const struct crop *a = n->attrs;
    struct shape out = input_shape(n, 0), reference = input_shape(n, 1);
    if (out.rank == RANK_UNKNOWN)
        return infer_same(n);
    if (a->axis.count != a->offset.count || (n->input_count == 1 && a->axis.count != a->dim.count))
        return shape_error(n, "axis, offset and dim have different lengths");
    if (n->input_count == 2 && reference.rank != out.rank)
        return shape_error(n, "the inputs have different ranks");
    for (uint32_t i = 0; i < a->axis.count; i++)
        if (!crop_axis(n, i, &out))
            return false;
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// The sizes are written also where a second input has them.
static void classic_crop(const struct node *n, put_function *put, void *to) {
    const struct crop *a = n->attrs;
    const struct shape *out = &n->outputs[0].shape;
    int64_t dims[SHAPE_MAX_RANK];
    uint32_t count = a->axis.count < SHAPE_MAX_RANK ? a->axis.count : SHAPE_MAX_RANK;
    for (uint32_t i = 0; i < count; i++) {
        int32_t axis = 0;
        shape_axis(out, a->axis.data[i], &axis);
        dims[i] = out->dims[axis];
    }
    put_ints(put, to, "dim", dims, count);
}

static const struct classic_form crop_form = {"Crop", {NULL}, classic_crop};

const struct op_def op_CropIE = {
    .name = "CropIE",
    .doc = "part of a tensor, of a given size or that of a second input",
    .flags = OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(crop_attrs, crop),
    .infer = infer_crop,
    .classic = &crop_form,
    .lowered_by = "lower_opset_shape",
};
