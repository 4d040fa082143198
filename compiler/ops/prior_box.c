// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "compiler/ops/classic_text.h"
#include "compiler/ops/detection.h"
#include "compiler/ops/shape_rules.h"

#define ATTR_OWNER struct prior_box
static const struct attr_def prior_box_attrs[] = {PRIOR_BOX_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct prior_box_clustered
static const struct attr_def prior_box_clustered_attrs[] = {PRIOR_BOX_CLUSTERED_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// --- how many boxes -----------------------------------------------------------------------------

enum { RATIOS_MAX = 256 };

static uint32_t add_ratio(float *ratios, uint32_t count, float ratio) {
    for (uint32_t i = 0; i < count; i++)
        if (fabsf(ratios[i] - ratio) < 1e-6F)
            return count;
    if (count < RATIOS_MAX)
        ratios[count++] = ratio;
    return count;
}

// Different ratios, 1 among them, and their inverses when they are flipped.
static int64_t ratio_count(const struct prior_box *a) {
    float ratios[RATIOS_MAX] = {1};
    uint32_t count = 1;
    for (uint32_t i = 0; i < a->aspect_ratio.count; i++) {
        count = add_ratio(ratios, count, a->aspect_ratio.data[i]);
        if (a->flip)
            count = add_ratio(ratios, count, 1 / a->aspect_ratio.data[i]);
    }
    return count;
}

int64_t prior_box_count(const struct prior_box *a) {
    int64_t ratios = ratio_count(a), sizes = a->min_size.count;
    int64_t count = a->scale_all_sizes ? ratios * sizes + a->max_size.count : ratios + sizes - 1;
    if (a->fixed_size.count > 0)
        count = ratios * a->fixed_size.count;
    for (uint32_t i = 0; i < a->density.count; i++) {
        int64_t density = (int64_t)fminf(fmaxf(a->density.data[i], 0), 1024);
        int64_t each = a->fixed_ratio.count > 0 ? a->fixed_ratio.count : ratios;
        count += each * (density * density - 1);
    }
    return count;
}

static int64_t boxes_of(const struct node *n) {
    if (n->op == &op_PriorBoxClustered || n->op == &op_PriorBoxClusteredIE)
        return ((const struct prior_box_clustered *)n->attrs)->width.count;
    return prior_box_count(n->attrs);
}

// 4 numbers a box at each place; unknown when a size is, or is absurd.
static int64_t numbers_of(const struct node *n, int64_t height, int64_t width) {
    int64_t count;
    if (height < 0 || width < 0 || __builtin_mul_overflow(height, width, &count) ||
        __builtin_mul_overflow(count, 4 * boxes_of(n), &count))
        return DIM_UNKNOWN;
    return count;
}

static bool check_sizes(struct node *n) {
    bool clustered = n->op == &op_PriorBoxClustered || n->op == &op_PriorBoxClusteredIE;
    const struct prior_box_clustered *c = n->attrs;
    const struct prior_box *a = n->attrs;
    struct floats variance = clustered ? c->variance : a->variance;
    if (clustered && c->width.count != c->height.count)
        return shape_error(n, "width and height differ in count");
    if (variance.count > 1 && variance.count != 4)
        return shape_error(n, "%u variances, 1 or 4 are possible", variance.count);
    return boxes_of(n) > 0 || shape_error(n, "there are no boxes");
}

// --- shapes -------------------------------------------------------------------------------------

static bool infer_sizes(struct node *n) {
    struct numbers size;
    struct shape out = SHAPE(2, DIM_UNKNOWN);
    if (!check_sizes(n))
        return false;
    if (input_complete(n, 0, &size)) {
        if (size.count != 2)
            return shape_error(n, "output_size has %u numbers, not 2", size.count);
        out.dims[1] = numbers_of(n, size.data[0], size.data[1]);
    }
    set_output(n, 0, DT_F32, out);
    return true;
}

static bool infer_feature_map(struct node *n) {
    struct shape map = input_shape(n, 0), out = SHAPE(1, 2, DIM_UNKNOWN);
    if (!check_sizes(n) || !input_rank(n, 0, 4, 4) || !input_rank(n, 1, 4, 4))
        return false;
    if (map.rank == 4)
        out.dims[2] = numbers_of(n, map.dims[2], map.dims[3]);
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// --- classic spelling: lists even when empty, flags only when they say something ----------------

// ---
static void classic_prior_box(const struct node *n, put_function *put, void *to) {
    const struct prior_box *a = n->attrs;
    put_floats(put, to, "aspect_ratio", a->aspect_ratio.data, a->aspect_ratio.count);
    put_floats(put, to, "max_size", a->max_size.data, a->max_size.count);
    if (!a->scale_all_sizes)
        put(to, "scale_all_sizes", "0");
}

static void classic_clustered(const struct node *n, put_function *put, void *to) {
    (void)n;
    put(to, "flip", "0");
}

static const struct classic_form prior_box_form = {.type = "PriorBox",
                                                   .attributes = classic_prior_box};
static const struct classic_form clustered_form = {.type = "PriorBoxClustered",
                                                   .attributes = classic_clustered};

#define PRIOR_BOX(kind, rows, tag, flags_, since, rule, classic_, pass, text)                      \
    const struct op_def op_##kind = {                                                              \
        .name = #kind,                                                                             \
        .doc = text,                                                                               \
        .opset = since,                                                                            \
        .flags = flags_,                                                                           \
        .min_inputs = 2,                                                                           \
        .max_inputs = 2,                                                                           \
        .outputs = 1,                                                                              \
        OP_ATTRS(rows, tag),                                                                       \
        .infer = rule,                                                                             \
        .classic = classic_,                                                                       \
        .lowered_by = pass,                                                                        \
    };
PRIOR_BOX(PriorBox, prior_box_attrs, prior_box, OP_OPSET, "opset1", infer_sizes, NULL, NULL,
          "boxes of given sizes and ratios at every place of a grid, from sizes")
PRIOR_BOX(PriorBoxIE, prior_box_attrs, prior_box, OP_CLASSIC, NULL, infer_feature_map,
          &prior_box_form, "lower_opset_detection",
          "boxes of given sizes and ratios at every place of a feature map")
PRIOR_BOX(PriorBoxClustered, prior_box_clustered_attrs, prior_box_clustered, OP_OPSET, "opset1",
          infer_sizes, NULL, NULL, "boxes of given widths and heights at every place, from sizes")
PRIOR_BOX(PriorBoxClusteredIE, prior_box_clustered_attrs, prior_box_clustered, OP_CLASSIC, NULL,
          infer_feature_map, &clustered_form, "lower_opset_detection",
          "boxes of given widths and heights at every place of a feature map")
