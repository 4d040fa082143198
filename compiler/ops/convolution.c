// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/convolution.h"

#include "compiler/ops/classic_text.h"
#include "compiler/ops/shape_rules.h"

#define ATTR_OWNER struct convolution
static const struct attr_def convolution_attrs[] = {CONVOLUTION_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct deconvolution
static const struct attr_def deconvolution_attrs[] = {DECONVOLUTION_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// What the filters' shape says and classic IR wants as numbers.
static void put_filters(const struct node *n, enum auto_pad auto_pad, int32_t leading,
                        int64_t output, int64_t group, put_function *put, void *to) {
    struct shape w = input_shape(n, 1);
    if (auto_pad != PAD_EXPLICIT)
        put(to, "auto_pad", auto_pad_names[auto_pad]);
    put_ints(put, to, "kernel", &w.dims[leading], (uint32_t)(w.rank - leading));
    put_int(put, to, "output", output);
    if (group > 0)
        put_int(put, to, "group", group);
}

static enum auto_pad convolution_pad(const struct node *n) {
    return (enum auto_pad)((const struct convolution *)n->attrs)->auto_pad;
}

// The engines of classic IR take the word for that of the convolution which this one reverses, the
// opset for how its own output is cut: an odd pad then goes to the other side.
static enum auto_pad deconvolution_pad(const struct node *n) {
    int auto_pad = ((const struct deconvolution *)n->attrs)->auto_pad;
    return auto_pad == PAD_SAME_UPPER   ? PAD_SAME_LOWER
           : auto_pad == PAD_SAME_LOWER ? PAD_SAME_UPPER
                                        : (enum auto_pad)auto_pad;
}

static void classic_convolution(const struct node *n, put_function *put, void *to) {
    put_filters(n, convolution_pad(n), 2, input_shape(n, 1).dims[0], 1, put, to);
}
static void put_deconvolution(const struct node *n, int32_t leading, int64_t output, int64_t group,
                              put_function *put, void *to) {
    struct ints dilations = ((const struct deconvolution *)n->attrs)->dilations;
    bool plain = group == 1;
    for (uint32_t i = 0; i < dilations.count; i++)
        plain = plain && dilations.data[i] == 1;
    plain = plain && node_input(n, 2) != NULL;
    put_filters(n, deconvolution_pad(n), leading, output, plain ? 0 : group, put, to);
    if (!plain)
        put_ints(put, to, "dilations", dilations.data, dilations.count);
}
static void classic_deconvolution(const struct node *n, put_function *put, void *to) {
    put_deconvolution(n, 2, input_shape(n, 1).dims[1], 1, put, to);
}
static void classic_group(const struct node *n, put_function *put, void *to) {
    const int64_t *w = input_shape(n, 1).dims;
    put_filters(n, convolution_pad(n), 3, w[0] * w[1], w[0], put, to);
}
static void classic_group_deconvolution(const struct node *n, put_function *put, void *to) {
    const int64_t *w = input_shape(n, 1).dims;
    put_deconvolution(n, 3, w[0] * w[2], w[0], put, to);
}

// The last input is for lower_classic alone: the biases, which opset IR adds with a node of its
// own.
static const struct classic_form convolution_form = {
    "Convolution", {NULL, "weights", "biases"}, classic_convolution};
static const struct classic_form group_form = {
    "Convolution", {NULL, "weights", "biases"}, classic_group};
static const struct classic_form deconvolution_form = {
    "Deconvolution", {NULL, "weights", CLASSIC_NO_PORT, "biases"}, classic_deconvolution};
static const struct classic_form group_deconvolution_form = {
    "Deconvolution", {NULL, "weights", CLASSIC_NO_PORT, "biases"}, classic_group_deconvolution};

const struct op_def op_Convolution = {
    .name = "Convolution",
    .doc = "convolution with filters [O,I,k...]",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 1,
    OP_ATTRS(convolution_attrs, convolution),
    .infer = infer_convolution,
    .classic = &convolution_form,
};

const struct op_def op_GroupConvolution = {
    .name = "GroupConvolution",
    .doc = "convolution in groups of channels, filters [G,O/G,I/G,k...]",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 1,
    OP_ATTRS(convolution_attrs, convolution),
    .infer = infer_group_convolution,
    .classic = &group_form,
};

const struct op_def op_ConvolutionBackpropData = {
    .name = "ConvolutionBackpropData",
    .doc = "transposed convolution, filters [I,O,k...], optional spatial output shape",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 4,
    .outputs = 1,
    OP_ATTRS(deconvolution_attrs, deconvolution),
    .infer = infer_deconvolution,
    .classic = &deconvolution_form,
};

const struct op_def op_GroupConvolutionBackpropData = {
    .name = "GroupConvolutionBackpropData",
    .doc = "transposed convolution in groups, filters [G,I/G,O/G,k...]",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 4,
    .outputs = 1,
    OP_ATTRS(deconvolution_attrs, deconvolution),
    .infer = infer_group_deconvolution,
    .classic = &group_deconvolution_form,
};
