// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/interpolate.h"

#include <inttypes.h>
#include <math.h>

#include "compiler/ops/shape_rules.h"

static const char *const interpolate_modes[] = {"nearest", "linear", "linear_onnx", "cubic", NULL};
static const char *const interpolate_shapes[] = {"sizes", "scales", NULL};
static const char *const interpolate_coordinates[] = {"half_pixel",    "pytorch_half_pixel",
                                                      "asymmetric",    "tf_half_pixel_for_nn",
                                                      "align_corners", NULL};
static const char *const interpolate_nearest[] = {
    "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple", NULL};
static const char *const resample_types[] = {
    "caffe.ResampleParameter.NEAREST", "caffe.ResampleParameter.LINEAR",
    "caffe.ResampleParameter.CUBIC", "caffe.ResampleParameter.AREA", NULL};

#define ATTR_OWNER struct interpolate
static const struct attr_def interpolate_attrs[] = {INTERPOLATE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct interp
static const struct attr_def interp_attrs[] = {INTERP_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct resample
static const struct attr_def resample_attrs[] = {RESAMPLE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// --- Interpolate --------------------------------------------------------------------------------

static int64_t scaled(int64_t dim, double factor) {
    // The tolerance takes back what a factor such as 1/3 lost in single precision.
    double size = floor((double)dim * factor + 1e-4);
    return dim == DIM_UNKNOWN || !(size >= 0 && size < 1e15) ? DIM_UNKNOWN : (int64_t)size;
}

static bool axes_of(struct node *n, int32_t rank, struct numbers *axes) {
    uint32_t mask;
    if (node_input(n, 3) != NULL)
        return input_complete(n, 3, axes) && axes_mask(n, rank, axes, &mask);
    int64_t *all = arena_array_of(n->graph->arena, (size_t)rank + 1, int64_t);
    for (int32_t i = 0; i < rank; i++)
        all[i] = i;
    *axes = (struct numbers){.count = (uint32_t)rank, .data = all, .complete = true};
    return true;
}

static bool resized_dim(struct node *n, uint32_t i, int64_t dim, int64_t *out) {
    const struct interpolate *a = n->attrs;
    struct numbers sizes;
    *out = DIM_UNKNOWN;
    if (a->shape_calculation_mode == INTERPOLATE_SIZES) {
        if (!input_numbers(n, 1, &sizes))
            return true;
        if (i >= sizes.count)
            return shape_error(n, "%" PRIu32 " sizes are too few", sizes.count);
        *out = sizes.data[i] == NUMBER_UNKNOWN ? DIM_UNKNOWN : sizes.data[i];
        return *out >= DIM_UNKNOWN || shape_error(n, "a size cannot be %" PRId64, *out);
    }
    const struct tensor *scales = node_constant(n, 2);
    double factor;
    if (scales == NULL)
        return true;
    if (i >= tensor_count(scales))
        return shape_error(n, "%" PRIu64 " scales are too few", tensor_count(scales));
    tensor_read_doubles(scales, i, 1, &factor);
    *out = scaled(dim, factor);
    return true;
}

static bool infer_interpolate(struct node *n) {
    const struct interpolate *a = n->attrs;
    struct shape out = input_shape(n, 0);
    struct numbers axes;
    unsigned before = diag_count(n->graph->diag, DIAG_FAILED);
    set_output(n, 0, input_type(n, 0), out);
    if (out.rank == RANK_UNKNOWN)
        return true;
    for (int32_t i = 0; i < out.rank; i++) {
        int64_t begin = ints_get(a->pads_begin, (uint32_t)i, 0);
        int64_t end = ints_get(a->pads_end, (uint32_t)i, 0);
        if (begin < 0 || end < 0 || begin > DIM_MAX || end > DIM_MAX)
            return shape_error(n, "pads of %" PRId64 " and %" PRId64, begin, end);
        out.dims[i] = out.dims[i] == DIM_UNKNOWN ? DIM_UNKNOWN : out.dims[i] + begin + end;
    }
    if (!axes_of(n, out.rank, &axes)) {
        set_output(n, 0, input_type(n, 0), shape_of_rank(out.rank));
        return diag_count(n->graph->diag, DIAG_FAILED) == before;
    }
    for (uint32_t i = 0; i < axes.count; i++) {
        int64_t axis = axes.data[i] < 0 ? axes.data[i] + out.rank : axes.data[i];
        if (!resized_dim(n, i, out.dims[axis], &out.dims[axis]))
            return false;
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

const struct op_def op_Interpolate = {
    .name = "Interpolate",
    .doc = "another size along some axes, by neighbours, lines or cubes",
    .opset = "opset4",
    .flags = OP_OPSET,
    .min_inputs = 3,
    .max_inputs = 4,
    .outputs = 1,
    OP_ATTRS(interpolate_attrs, interpolate),
    .infer = infer_interpolate,
    .lowered_by = "lower_classic_resize",
};

// --- Interp, Resample ---------------------------------------------------------------------------

// Height and width of the second input, when there is one.
static bool size_of_reference(const struct node *n, int32_t axis, int64_t *out) {
    struct shape s = input_shape(n, 1);
    *out = s.rank == 4 ? s.dims[axis] : DIM_UNKNOWN;
    return node_input(n, 1) != NULL;
}

static int64_t said(int64_t value, int64_t otherwise) {
    return value == INT_UNSET ? otherwise : value;
}

// Caffe's rule: shrink first, then put zoom - 1 places between each two.
static int64_t interp_dim(const struct interp *a, int64_t dim, int64_t wanted) {
    if (wanted != INT_UNSET && wanted != 0)
        return wanted;
    if (dim == DIM_UNKNOWN)
        return DIM_UNKNOWN;
    if (a->pad_beg < -DIM_MAX || a->pad_beg > 0 || a->pad_end < -DIM_MAX || a->pad_end > 0)
        return 0;
    dim += a->pad_beg + a->pad_end;
    if (a->factor != (float)ATTR_UNSET)
        return scaled(dim, (double)a->factor);
    int64_t shrink = said(a->shrink_factor, 1), zoom = said(a->zoom_factor, 1);
    if (dim < 1 || shrink < 1 || zoom < 1 || zoom > INT16_MAX || dim > INT32_MAX)
        return 0;
    dim = (dim - 1) / shrink + 1;
    return dim + (dim - 1) * (zoom - 1);
}

static int64_t resample_dim(const struct resample *a, int64_t dim, int64_t wanted) {
    if (wanted != INT_UNSET)
        return wanted;
    return scaled(dim, a->factor == (float)ATTR_UNSET ? 1 : (double)a->factor);
}

static int64_t resized(const struct node *n, int32_t axis, int64_t dim) {
    int64_t out;
    if (size_of_reference(n, axis, &out))
        return out;
    if (n->op == &op_Interp) {
        const struct interp *a = n->attrs;
        return interp_dim(a, dim, axis == 2 ? a->height : a->width);
    }
    const struct resample *a = n->attrs;
    return resample_dim(a, dim, axis == 2 ? a->height : a->width);
}

static bool infer_resize(struct node *n) {
    struct shape out = input_shape(n, 0);
    if (!input_rank(n, 0, 4, 4) || !input_rank(n, 1, 4, 4))
        return false;
    for (int32_t axis = 2; axis < out.rank; axis++) {
        out.dims[axis] = resized(n, axis, out.dims[axis]);
        if (out.dims[axis] != DIM_UNKNOWN && out.dims[axis] < 1)
            return shape_error(n, "axis %" PRId32 " would have %" PRId64 " places", axis,
                               out.dims[axis]);
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

static const struct classic_form interp_form = {.type = "Interp"};
static const struct classic_form resample_form = {.type = "Resample"};

const struct op_def op_Interp = {
    .name = "Interp",
    .doc = "bilinear resizing of height and width",
    .flags = OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(interp_attrs, interp),
    .infer = infer_resize,
    .classic = &interp_form,
    .lowered_by = "lower_opset_resize",
};

const struct op_def op_Resample = {
    .name = "Resample",
    .doc = "resizing of height and width by a factor or to a size",
    .flags = OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(resample_attrs, resample),
    .infer = infer_resize,
    .classic = &resample_form,
    .lowered_by = "lower_opset_resize",
};
