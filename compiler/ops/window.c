// SPDX-License-Identifier: Apache-2.0
// The shape rules of everything that slides a window: convolutions and pooling. Attributes are
// found by name, so each operator's struct keeps its own order.
#include <inttypes.h>

#include "compiler/base/fatal.h"
#include "compiler/ops/pooling.h"
#include "compiler/ops/shape_rules.h"

const char *const auto_pad_names[] = {"explicit", "same_upper", "same_lower", "valid", NULL};

// Larger numbers mean nothing and would overflow products.
enum { WINDOW_NUMBER_MAX = INT32_MAX, OUTPUT_FREE = -2 };

struct window { // one spatial axis
    int64_t kernel, stride, dilation, pad_begin, pad_end;
};

struct window_attrs {
    struct ints *kernel, *strides, *dilations, *pads_begin, *pads_end, *output_padding;
    int *auto_pad, *rounding;
};

static void *field_named(struct node *n, const char *name) {
    const struct attr_def *row = op_find_attr(n->op, name);
    return row != NULL ? attr_field(row, n->attrs) : NULL;
}

static void *required_field(struct node *n, const char *name) {
    void *field = field_named(n, name);
    if (field == NULL)
        fatal_bug("%s slides a window without '%s'", n->op->name, name);
    return field;
}

static struct window_attrs window_attrs(struct node *n) {
    return (struct window_attrs){
        .kernel = field_named(n, "kernel"),
        .strides = required_field(n, "strides"),
        .dilations = field_named(n, "dilations"),
        .pads_begin = required_field(n, "pads_begin"),
        .pads_end = required_field(n, "pads_end"),
        .output_padding = field_named(n, "output_padding"),
        .auto_pad = required_field(n, "auto_pad"),
        .rounding = field_named(n, "rounding_type"),
    };
}

// Fills a list the source did not give, and checks one it did.
static bool complete_list(struct node *n, const char *name, struct ints *list, uint32_t count,
                          int64_t otherwise, int64_t least) {
    if (list == NULL)
        return true;
    if (list->count == 0 && count > 0) {
        int64_t *data = arena_array_of(n->graph->arena, count, int64_t);
        for (uint32_t i = 0; i < count; i++)
            data[i] = otherwise;
        *list = (struct ints){.data = data, .count = count};
    }
    if (list->count != count)
        return shape_error(n, "%s has %" PRIu32 " numbers for %" PRIu32 " spatial dimensions", name,
                           list->count, count);
    for (uint32_t i = 0; i < count; i++)
        if (list->data[i] < least || list->data[i] > WINDOW_NUMBER_MAX)
            return shape_error(n, "%s cannot be %" PRId64, name, list->data[i]);
    return true;
}

static bool complete_lists(struct node *n, const struct window_attrs *a, uint32_t count) {
    return complete_list(n, "kernel", a->kernel, count, 0, 1) &&
           complete_list(n, "strides", a->strides, count, 1, 1) &&
           complete_list(n, "dilations", a->dilations, count, 1, 1) &&
           complete_list(n, "pads_begin", a->pads_begin, count, 0, 0) &&
           complete_list(n, "pads_end", a->pads_end, count, 0, 0) &&
           complete_list(n, "output_padding", a->output_padding, count, 0, 0);
}

static int64_t extent(const struct window *w) { // of the dilated kernel
    return w->dilation * (w->kernel - 1) + 1;
}

// Pads for SAME: as many outputs as strides fit; an odd one goes to the end (upper) or the
// beginning.
static void split_padding(struct window *w, int64_t total, bool upper) {
    total = total > 0 ? total : 0;
    w->pad_begin = upper ? total / 2 : total - total / 2;
    w->pad_end = total - w->pad_begin;
}

static void pads_of_auto(struct window *w, enum auto_pad auto_pad, int64_t in) {
    if (auto_pad == PAD_EXPLICIT)
        return;
    int64_t out = (in + w->stride - 1) / w->stride;
    int64_t total = auto_pad == PAD_VALID ? 0 : (out - 1) * w->stride + extent(w) - in;
    split_padding(w, total, auto_pad == PAD_SAME_UPPER);
}

static int64_t window_count(const struct window *w, int64_t in, enum rounding rounding) {
    int64_t room = in + w->pad_begin + w->pad_end - extent(w);
    if (room < 0)
        return 0;
    int64_t out = (rounding == ROUND_FLOOR ? room : room + w->stride - 1) / w->stride + 1;
    // A last window that starts beyond the data reads padding only: Caffe drops it.
    if (rounding == ROUND_CEIL_CLIPPED && out > 1 && (out - 1) * w->stride >= in + w->pad_begin)
        out--;
    return out;
}

struct spatial { // what one axis gave
    int64_t out, pad_begin, pad_end;
};

static struct window window_at(const struct window_attrs *a, uint32_t i, int64_t kernel) {
    return (struct window){
        .kernel = kernel,
        .stride = ints_get(*a->strides, i, 1),
        .dilation = a->dilations != NULL ? ints_get(*a->dilations, i, 1) : 1,
        .pad_begin = ints_get(*a->pads_begin, i, 0),
        .pad_end = ints_get(*a->pads_end, i, 0),
    };
}

static bool axis_in_range(struct node *n, int64_t in, int64_t kernel) {
    if (kernel > WINDOW_NUMBER_MAX || kernel < 1)
        return shape_error(n, "a window of %" PRId64 " over %" PRId64, kernel, in);
    return true;
}

static bool forward_axis(struct node *n, const struct window_attrs *a, uint32_t i, int64_t in,
                         int64_t kernel, struct spatial *out) {
    struct window w = window_at(a, i, kernel);
    *out = (struct spatial){DIM_UNKNOWN, w.pad_begin, w.pad_end};
    if (in == DIM_UNKNOWN || kernel == DIM_UNKNOWN)
        return true;
    if (!axis_in_range(n, in, kernel))
        return false;
    pads_of_auto(&w, (enum auto_pad) * a->auto_pad, in);
    *out = (struct spatial){
        window_count(&w, in, a->rounding != NULL ? (enum rounding) * a->rounding : ROUND_FLOOR),
        w.pad_begin, w.pad_end};
    if (out->out < 1)
        return shape_error(n,
                           "a window of %" PRId64 " does not fit into %" PRId64
                           " and pads of %" PRId64 " and %" PRId64,
                           extent(&w), in, w.pad_begin, w.pad_end);
    return true;
}

// The transposed window. With an output shape given, the pads follow from it.
static bool backward_axis(struct node *n, const struct window_attrs *a, uint32_t i, int64_t in,
                          int64_t kernel, int64_t wanted, struct spatial *out) {
    struct window w = window_at(a, i, kernel);
    bool upper = *a->auto_pad == PAD_SAME_UPPER, free = wanted == OUTPUT_FREE;
    *out = (struct spatial){free ? DIM_UNKNOWN : wanted, w.pad_begin, w.pad_end};
    if (in == DIM_UNKNOWN || kernel == DIM_UNKNOWN || wanted == DIM_UNKNOWN)
        return true;
    if (!axis_in_range(n, in, kernel))
        return false;
    int64_t more = a->output_padding != NULL ? ints_get(*a->output_padding, i, 0) : 0;
    int64_t full = w.stride * (in - 1) + extent(&w) + more;
    if (!free)
        split_padding(&w, full - wanted, !upper);
    else if (*a->auto_pad != PAD_EXPLICIT)
        split_padding(&w, 0, true);
    *out = (struct spatial){free ? full - w.pad_begin - w.pad_end : wanted, w.pad_begin, w.pad_end};
    if (out->out < 1)
        return shape_error(n, "pads of %" PRId64 " and %" PRId64 " leave nothing of %" PRId64,
                           w.pad_begin, w.pad_end, full);
    return true;
}

// --- the operators ------------------------------------------------------------------------------

struct filters {     // how an operator reads its filters' leading dimensions
    int32_t leading; // dimensions before the kernel
    bool grouped, transposed;
};

static int64_t known_product(int64_t a, int64_t b) {
    int64_t product;
    if (a == DIM_UNKNOWN || b == DIM_UNKNOWN || __builtin_mul_overflow(a, b, &product))
        return DIM_UNKNOWN;
    return product;
}

// Channels that the filters read and make.
static bool filter_channels(struct node *n, const struct filters *f, int64_t *made) {
    struct shape w = input_shape(n, 1);
    int64_t groups = f->grouped ? w.dims[0] : 1;
    int64_t first = w.dims[f->leading - 2], second = w.dims[f->leading - 1];
    int64_t read = known_product(groups, f->transposed ? first : second), merged;
    *made = known_product(groups, f->transposed ? second : first);
    if (!merge_dim(input_dim(n, 0, 1), read, &merged))
        return shape_error(n, "filters read %" PRId64 " channels, the data has %" PRId64, read,
                           input_dim(n, 0, 1));
    return true;
}

// The output's spatial dimensions as they are given: OUTPUT_FREE when they are not.
static bool wanted_output(struct node *n, uint32_t count, int64_t *wanted) {
    struct numbers given;
    for (uint32_t i = 0; i < count; i++)
        wanted[i] = node_input(n, 2) == NULL ? OUTPUT_FREE : DIM_UNKNOWN;
    if (node_input(n, 2) == NULL || !input_numbers(n, 2, &given))
        return true;
    if (given.count != count)
        return shape_error(n,
                           "output shape of %" PRIu32 " numbers for %" PRIu32 " spatial dimensions",
                           given.count, count);
    for (uint32_t i = 0; i < count; i++)
        wanted[i] = given.data[i] == NUMBER_UNKNOWN ? DIM_UNKNOWN : given.data[i];
    return true;
}

static bool infer_axes(struct node *n, const struct window_attrs *a, const struct filters *f,
                       struct shape *out) {
    uint32_t count = (uint32_t)out->rank - 2;
    int64_t *begin = arena_array_of(n->graph->arena, count, int64_t);
    int64_t *end = arena_array_of(n->graph->arena, count, int64_t);
    int64_t wanted[SHAPE_MAX_RANK];
    struct shape w = input_shape(n, 1);
    if (f->transposed && !wanted_output(n, count, wanted))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        int64_t in = input_dim(n, 0, (int32_t)i + 2);
        int64_t kernel = a->kernel != NULL ? a->kernel->data[i] : w.dims[(uint32_t)f->leading + i];
        struct spatial axis;
        if (f->transposed ? !backward_axis(n, a, i, in, kernel, wanted[i], &axis)
                          : !forward_axis(n, a, i, in, kernel, &axis))
            return false;
        out->dims[i + 2] = axis.out;
        begin[i] = axis.pad_begin;
        end[i] = axis.pad_end;
    }
    *a->pads_begin = (struct ints){begin, count};
    *a->pads_end = (struct ints){end, count};
    return true;
}

bool infer_pooling(struct node *n) {
    struct window_attrs attrs = window_attrs(n), *a = &attrs;
    struct shape data = input_shape(n, 0), out = data;
    struct filters none = {0};
    if (!input_rank(n, 0, 3, SHAPE_MAX_RANK))
        return false;
    if (data.rank == RANK_UNKNOWN && a->kernel->count > 0 && a->kernel->count <= SHAPE_MAX_RANK - 2)
        data = out = shape_of_rank((int32_t)a->kernel->count + 2);
    set_output(n, 0, input_type(n, 0), data);
    if (data.rank == RANK_UNKNOWN)
        return true;
    if (!complete_lists(n, a, (uint32_t)data.rank - 2) || !infer_axes(n, a, &none, &out))
        return false;
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// The rank of the data; the filters tell it where the data does not.
static bool window_rank(struct node *n, const struct filters *f, int32_t *rank) {
    struct shape data = input_shape(n, 0), w = input_shape(n, 1);
    if (!input_rank(n, 0, 3, SHAPE_MAX_RANK) || !input_rank(n, 1, f->leading + 1, SHAPE_MAX_RANK))
        return false;
    *rank = data.rank;
    if (data.rank == RANK_UNKNOWN && w.rank != RANK_UNKNOWN)
        *rank = w.rank - f->leading + 2;
    if (data.rank != RANK_UNKNOWN && w.rank != RANK_UNKNOWN && data.rank - 2 != w.rank - f->leading)
        return shape_error(n, "filters of %" PRId32 " spatial dimensions over data of %" PRId32,
                           w.rank - f->leading, data.rank - 2);
    return true;
}

static bool infer_filtered(struct node *n, struct filters f) {
    struct window_attrs a = window_attrs(n);
    int32_t rank;
    if (!same_types(n, 0, 2) || !window_rank(n, &f, &rank))
        return false;
    set_output(n, 0, input_type(n, 0), rank > 0 ? shape_of_rank(rank) : SHAPE_UNKNOWN);
    if (rank == RANK_UNKNOWN || input_shape(n, 1).rank == RANK_UNKNOWN)
        return true;
    struct shape out = shape_of_rank(rank);
    out.dims[0] = input_dim(n, 0, 0);
    if (!complete_lists(n, &a, (uint32_t)rank - 2) || !filter_channels(n, &f, &out.dims[1]) ||
        !infer_axes(n, &a, &f, &out))
        return false;
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

bool infer_convolution(struct node *n) {
    return infer_filtered(n, (struct filters){.leading = 2});
}

bool infer_group_convolution(struct node *n) {
    return infer_filtered(n, (struct filters){.leading = 3, .grouped = true});
}

bool infer_deconvolution(struct node *n) {
    return infer_filtered(n, (struct filters){.leading = 2, .transposed = true});
}

bool infer_group_deconvolution(struct node *n) {
    return infer_filtered(n, (struct filters){.leading = 3, .grouped = true, .transposed = true});
}

// --- Caffe's rounding ---------------------------------------------------------------------------

void pooling_resolve_rounding(struct node *n) {
    struct pooling *pool = n->attrs;
    struct window_attrs a = window_attrs(n);
    struct shape data = input_shape(n, 0), out = n->outputs[0].shape;
    if (pool->rounding_type != ROUND_CEIL_CLIPPED)
        return;
    pool->rounding_type = ROUND_CEIL;
    if (data.rank == RANK_UNKNOWN)
        return;
    uint32_t count = (uint32_t)data.rank - 2;
    int64_t *end = arena_array_of(n->graph->arena, count, int64_t);
    bool differs = false;
    for (uint32_t i = 0; i < count; i++) {
        struct window w = window_at(&a, i, pool->kernel.data[i]);
        int64_t in = data.dims[i + 2], last = (out.dims[i + 2] - 1) * w.stride + extent(&w);
        if (in == DIM_UNKNOWN)
            return;
        differs = differs || window_count(&w, in, ROUND_CEIL) != out.dims[i + 2];
        end[i] = last - in - w.pad_begin > 0 ? last - in - w.pad_begin : 0;
    }
    if (!differs)
        return;
    pool->rounding_type = ROUND_FLOOR;
    pool->pads_end = (struct ints){end, count};
}
