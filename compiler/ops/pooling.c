// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/pooling.h"

#include "compiler/ops/classic_text.h"
#include "compiler/ops/shape_rules.h"

const char *const rounding_names[] = {"floor", "ceil", "ceil_clipped", NULL};
const char *const rounding_spellings[] = {"plain", "dash", "none", NULL};

#define ATTR_OWNER struct pooling
static const struct attr_def pooling_attrs[] = {POOLING_ATTRS(ATTR_ROW_)};
static const struct attr_def max_pooling_attrs[] = {MAX_POOLING_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct pooling_indices
static const struct attr_def pooling_indices_attrs[] = {POOLING_INDICES_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// A 1x1 window of whole steps that only drops elements: neither rounding nor pads mean anything.
static bool is_subsampling(const struct pooling *a) {
    bool plain = a->rounding_type == ROUND_FLOOR && a->auto_pad == PAD_EXPLICIT;
    for (uint32_t i = 0; i < a->kernel.count; i++)
        plain = plain && a->kernel.data[i] == 1 && ints_get(a->pads_begin, i, 0) == 0 &&
                ints_get(a->pads_end, i, 0) == 0;
    return plain;
}

static void classic_pooling(const struct node *n, const char *method, put_function *put, void *to) {
    const struct pooling *a = n->attrs;
    put(to, "pool-method", method);
    if (is_subsampling(a))
        return;
    put(to, "exclude-pad", a->exclude_pad ? "true" : "false");
    if (a->auto_pad != PAD_EXPLICIT) // says how to round, too
        put(to, "auto_pad", auto_pad_names[a->auto_pad]);
    else if (a->spelling != SPELL_NOTHING)
        put(to, a->spelling == SPELL_WITH_DASH ? "rounding-type" : "rounding_type",
            rounding_names[a->rounding_type]);
}
static void classic_max(const struct node *n, put_function *put, void *to) {
    classic_pooling(n, "max", put, to);
}
static void classic_average(const struct node *n, put_function *put, void *to) {
    classic_pooling(n, "avg", put, to);
}

static const struct classic_form max_form = {"Pooling", {NULL}, classic_max};
static const struct classic_form average_form = {"Pooling", {NULL}, classic_average};

const struct op_def op_MaxPool = {
    .name = "MaxPool",
    .doc = "largest element of each window",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(max_pooling_attrs, pooling),
    .infer = infer_pooling,
    .classic = &max_form,
};

static bool infer_pooling_indices(struct node *n) {
    if (!infer_pooling(n))
        return false;
    set_output(n, 1, ((const struct pooling_indices *)n->attrs)->index_element_type,
               n->outputs[0].shape);
    return true;
}

const struct op_def op_MaxPoolIndices = {
    .name = "MaxPoolIndices",
    .opset_type = "MaxPool",
    .doc = "largest element of each window, and where it stands",
    .opset = "opset8",
    .flags = OP_OPSET,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 2,
    OP_ATTRS(pooling_indices_attrs, pooling_indices),
    .infer = infer_pooling_indices,
};

const struct op_def op_AvgPool = {
    .name = "AvgPool",
    .doc = "average of each window",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(pooling_attrs, pooling),
    .infer = infer_pooling,
    .classic = &average_form,
};
