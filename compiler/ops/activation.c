// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/activation.h"

#include <math.h>

#include "compiler/ops/classic_text.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/shape_rules.h"

static const char *const gelu_modes[] = {"ERF", "TANH", NULL};

#define ATTR_OWNER struct relu
static const struct attr_def relu_attrs[] = {RELU_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct elu
static const struct attr_def elu_attrs[] = {ELU_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct clamp
static const struct attr_def clamp_attrs[] = {CLAMP_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct gelu
static const struct attr_def gelu_attrs[] = {GELU_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct softmax
static const struct attr_def softmax_attrs[] = {SOFTMAX_ATTRS(ATTR_ROW_)};
static const struct attr_def log_softmax_attrs[] = {LOG_SOFTMAX_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// --- formulas -----------------------------------------------------------------------------------

static double relu(const struct node *n, double a, double b) {
    float slope = ((const struct relu *)n->attrs)->negative_slope;
    (void)b;
    return a > 0 ? a : slope == (float)ATTR_UNSET ? 0 : slope * a;
}
static double prelu(const struct node *n, double a, double slope) {
    (void)n;
    return a > 0 ? a : slope * a;
}
static double elu(const struct node *n, double a, double b) {
    (void)b;
    return a > 0 ? a : ((const struct elu *)n->attrs)->alpha * expm1(a);
}
static double clamp(const struct node *n, double a, double b) {
    const struct clamp *c = n->attrs;
    (void)b;
    return a < c->min ? c->min : a > c->max ? c->max : a;
}
static double gelu(const struct node *n, double a, double b) {
    (void)b;
    if (((const struct gelu *)n->attrs)->approximation_mode == GELU_ERF)
        return 0.5 * a * (1 + erf(a * M_SQRT1_2));
    return 0.5 * a * (1 + tanh(sqrt(M_2_PI) * (a + 0.044715 * a * a * a)));
}
static double soft_plus(double a) { // without overflow
    return a > 0 ? a + log1p(exp(-a)) : log1p(exp(a));
}
static double sigmoid(double a) {
    return 1 / (1 + exp(-a));
}
static double relu6(double a) {
    return a < 0 ? 0 : a > 6 ? 6 : a;
}
static double swish(const struct node *n, double a, double beta) {
    return a * sigmoid((n->input_count > 1 ? beta : 1) * a);
}

// --- entries ------------------------------------------------------------------------------------

#define NAMED_ACTIVATION(tag, text)                                                                \
    static void classic_##tag(const struct node *n, put_function *put, void *to) {                 \
        (void)n;                                                                                   \
        put(to, "type", text);                                                                     \
    }                                                                                              \
    static const struct classic_form tag##_form = {.type = "Activation",                           \
                                                   .attributes = classic_##tag};
NAMED_ACTIVATION(sigmoid, "sigmoid")
NAMED_ACTIVATION(tanh, "tanh")
NAMED_ACTIVATION(exp, "exp")
NAMED_ACTIVATION(elu, "elu")
static const struct classic_form relu_form = {.type = "ReLU"};
// A slope for each channel, or one for all of several.
static void classic_prelu(const struct node *n, put_function *put, void *to) {
    struct shape data = input_shape(n, 0), slope = input_shape(n, 1);
    uint64_t count = 0;
    bool shared = shape_count(&slope, &count) && count == 1 && data.rank > 1 && data.dims[1] != 1;
    put(to, "channel_shared", shared ? "1" : "0");
}
static const struct classic_form prelu_form = {
    .type = "PReLU", .blobs = {NULL, "weights"}, .attributes = classic_prelu};
static const struct classic_form clamp_form = {.type = "Clamp"};
static const struct classic_form softmax_form = {.type = "SoftMax"};

#define PLAIN(kind, since, more_flags, classic_, formula, text)                                    \
    ELEMENTWISE(kind, 1, since, more_flags, infer_same, formula, text, .classic = classic_,        \
                .evaluate = evaluate_scalar)
#define ZERO OP_UNARY_KEEPS_ZERO
PLAIN(Sigmoid, "opset1", OP_CLASSIC, &sigmoid_form, sigmoid(a), "1 / (1 + exp(-x))")
PLAIN(Tanh, "opset1", OP_CLASSIC | ZERO, &tanh_form, tanh(a), "hyperbolic tangent")
PLAIN(Exp, "opset1", OP_CLASSIC, &exp_form, exp(a), "e to the power of x")
PLAIN(HSwish, "opset4", ZERO, NULL, a *relu6(a + 3) / 6, "x * min(max(x + 3, 0), 6) / 6")
PLAIN(HSigmoid, "opset5", 0, NULL, relu6(a + 3) / 6, "min(max(x + 3, 0), 6) / 6")
PLAIN(Mish, "opset4", ZERO, NULL, a *tanh(soft_plus(a)), "x * tanh(ln(1 + exp(x)))")
PLAIN(SoftPlus, "opset4", 0, NULL, soft_plus(a), "ln(1 + exp(x))")

const struct op_def op_ReLU = {
    .name = "ReLU",
    .doc = "x where positive, else 0 or x * negative_slope",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC | OP_ELEMENTWISE | OP_UNARY_KEEPS_ZERO,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(relu_attrs, relu),
    .infer = infer_same,
    .evaluate = evaluate_scalar,
    .scalar = relu,
    .classic = &relu_form,
};

// The slope has one number or one a channel (dimension 1).
static bool infer_prelu(struct node *n) {
    return same_types(n, 0, 2) && infer_same(n);
}

const struct op_def op_PRelu = {
    .name = "PRelu",
    .opset_type = "PReLU",
    .doc = "x where positive, else x * slope; a slope for all or one a channel",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer_prelu,
    .scalar = prelu,
    .classic = &prelu_form,
};

const struct op_def op_Elu = {
    .name = "Elu",
    .doc = "x where positive, else alpha * (exp(x) - 1)",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC | OP_ELEMENTWISE | OP_UNARY_KEEPS_ZERO,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(elu_attrs, elu),
    .infer = infer_same,
    .evaluate = evaluate_scalar,
    .scalar = elu,
    .classic = &elu_form,
};

static bool infer_clamp(struct node *n) {
    const struct clamp *c = n->attrs;
    if (!(c->min <= c->max))
        return shape_error(n, "min %g is above max %g", (double)c->min, (double)c->max);
    return infer_same(n);
}

const struct op_def op_Clamp = {
    .name = "Clamp",
    .doc = "min(max(x, min), max)",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC | OP_ELEMENTWISE,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(clamp_attrs, clamp),
    .infer = infer_clamp,
    .evaluate = evaluate_scalar,
    .scalar = clamp,
    .classic = &clamp_form,
};

const struct op_def op_Gelu = {
    .name = "Gelu",
    .doc = "x * normal distribution(x), exact or by tanh",
    .opset = "opset7",
    .flags = OP_OPSET | OP_ELEMENTWISE | OP_UNARY_KEEPS_ZERO,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(gelu_attrs, gelu),
    .infer = infer_same,
    .evaluate = evaluate_scalar,
    .scalar = gelu,
};

static bool infer_swish(struct node *n) {
    struct shape beta = input_shape(n, 1);
    uint64_t count;
    if (!same_types(n, 0, 2))
        return false;
    if (shape_count(&beta, &count) && (count != 1 || beta.rank > 0))
        return shape_error(n, "beta is not one number");
    return infer_same(n);
}

const struct op_def op_Swish = {
    .name = "Swish",
    .doc = "x / (1 + exp(-beta * x)), beta is 1 when absent",
    .opset = "opset4",
    .flags = OP_OPSET | OP_ELEMENTWISE | OP_UNARY_KEEPS_ZERO,
    .min_inputs = 1,
    .max_inputs = 2,
    .outputs = 1,
    .infer = infer_swish,
    .evaluate = evaluate_scalar,
    .scalar = swish,
};

#define PARAMETRIC(kind, text)                                                                     \
    const struct op_def op_##kind = {                                                              \
        .name = #kind,                                                                             \
        .doc = text,                                                                               \
        .opset = "opset1",                                                                         \
        .flags = OP_OPSET | OP_ELEMENTWISE,                                                        \
        .min_inputs = 3,                                                                           \
        .max_inputs = 3,                                                                           \
        .outputs = 1,                                                                              \
        .infer = infer_same,                                                                       \
    };
PARAMETRIC(HardSigmoid, "min(max(alpha * x + beta, 0), 1)")
PARAMETRIC(Selu, "lambda * x where positive, else lambda * alpha * (exp(x) - 1)")

// --- softmax ------------------------------------------------------------------------------------

static bool infer_softmax(struct node *n) {
    struct softmax *a = n->attrs;
    int32_t axis;
    if (input_shape(n, 0).rank == RANK_UNKNOWN)
        return infer_same(n);
    if (!input_axis(n, 0, a->axis, &axis))
        return false;
    a->axis = axis;
    return infer_same(n);
}

const struct op_def op_SoftMax = {
    .name = "SoftMax",
    .doc = "exp(x) / sum of exp(x) along an axis",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(softmax_attrs, softmax),
    .infer = infer_softmax,
    .classic = &softmax_form,
};

const struct op_def op_LogSoftmax = {
    .name = "LogSoftmax",
    .doc = "logarithm of the softmax along an axis",
    .opset = "opset5",
    .flags = OP_OPSET,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(log_softmax_attrs, softmax),
    .infer = infer_softmax,
};
