// SPDX-License-Identifier: Apache-2.0
// FakeQuantize, and layers of the user's own.
#include <inttypes.h>
#include <string.h>

#include "compiler/ops/indexing.h"
#include "compiler/ops/shape_rules.h"

#define ATTR_OWNER struct fake_quantize
static const struct attr_def fake_quantize_attrs[] = {FAKE_QUANTIZE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct custom
static const struct attr_def custom_attrs[] = {CUSTOM_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static bool infer_fake_quantize(struct node *n) {
    struct shape data = input_shape(n, 0), out;
    if (((const struct fake_quantize *)n->attrs)->levels < 2)
        return shape_error(n, "%" PRId64 " levels",
                           ((const struct fake_quantize *)n->attrs)->levels);
    if (!same_types(n, 0, 5))
        return false;
    for (uint32_t i = 1; i < 5; i++) {
        struct shape range = input_shape(n, i);
        if (!shape_broadcast(&data, &range, &out) ||
            (data.rank != RANK_UNKNOWN && out.rank > data.rank))
            return shape_error(n, "input %" PRIu32 " cannot be broadcast to the data", i);
    }
    return infer_same(n);
}

// No evaluator: a weight behind it stays quantized. Classic IR has no such layer.
const struct op_def op_FakeQuantize = {
    .name = "FakeQuantize",
    .doc = "rounds to a number of levels between two bounds, and maps them to two others",
    .opset = "opset1",
    .flags = OP_OPSET,
    .min_inputs = 5,
    .max_inputs = 5,
    .outputs = 1,
    OP_ATTRS(fake_quantize_attrs, fake_quantize),
    .infer = infer_fake_quantize,
};

// --- Custom -------------------------------------------------------------------------------------

static bool infer_custom(struct node *n) {
    const struct custom *a = n->attrs;
    uint32_t at = 0;
    if (a->type[0] == '\0')
        return shape_error(n, "the layer has no type");
    for (uint32_t i = 0; i < n->output_count; i++) {
        int64_t rank = ints_get(a->shapes, at++, RANK_UNKNOWN);
        if (rank > SHAPE_MAX_RANK || (rank > 0 && at + (uint32_t)rank > a->shapes.count))
            return shape_error(n, "the shape of output %" PRIu32 " is not whole", i);
        struct shape shape =
            rank < 0 ? SHAPE_UNKNOWN : shape_make((int32_t)rank, a->shapes.data + at);
        at += rank > 0 ? (uint32_t)rank : 0;
        for (int32_t d = 0; d < shape.rank; d++)
            if (shape.dims[d] < DIM_UNKNOWN)
                return shape_error(n, "a dimension cannot be %" PRId64, shape.dims[d]);
        set_output(n, i, a->output_type, shape);
    }
    return true;
}

static const char *custom_type(const struct node *n) {
    return ((const struct custom *)n->attrs)->type;
}

// The last inputs are the blobs, in the order of their names.
static const char *custom_blob(const struct node *n, uint32_t input) {
    const char *names = ((const struct custom *)n->attrs)->blobs;
    uint32_t count = *names != '\0';
    for (const char *c = names; *c != '\0'; c++)
        count += *c == ',';
    if (input + count < n->input_count || input >= n->input_count)
        return NULL;
    for (uint32_t skip = input + count - n->input_count; skip > 0; skip--)
        names = strchr(names, ',') + 1;
    return arena_strndup(n->graph->arena, names, strcspn(names, ","));
}

static const struct classic_form custom_form = {.type = "Custom"};

const struct op_def op_Custom = {
    .name = "Custom",
    .doc = "a layer of the user's own, with free attributes and blobs",
    .flags = OP_CLASSIC,
    .min_inputs = 0,
    .max_inputs = PORTS_VARIADIC,
    .outputs = PORTS_VARIADIC,
    OP_ATTRS(custom_attrs, custom),
    .infer = infer_custom,
    .classic = &custom_form,
    .classic_type = custom_type,
    .classic_blob = custom_blob,
};
