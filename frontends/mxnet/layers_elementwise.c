// SPDX-License-Identifier: Apache-2.0
// Activations, softmax, arithmetic with a number, sums of many, casts, and tensors of one number.
#include <float.h>
#include <math.h>
#include <string.h>

#include "compiler/ops/activation.h"
#include "compiler/ops/build_layers.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/reduction.h"
#include "frontends/mxnet/layers.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

static struct value *number(struct mxnet_layer *l, const char *suffix, double value) {
    return build_f32_scalar(&l->builder, mxnet_name(l, suffix), (float)value);
}

void mxnet_activation(struct mxnet_layer *l) {
    static const char *const kinds[] = {"relu", "sigmoid", "tanh", "softrelu", NULL};
    static const struct op_def *const ops[] = {&op_ReLU, &op_Sigmoid, &op_Tanh, &op_SoftPlus};
    int kind = mxnet_choice(l, "act_type", kinds);
    if (l->failed)
        return;
    l->outputs[0] = build_op1(&l->builder, ops[kind], l->name, l->inputs[0]);
}

static void leaky(struct mxnet_layer *l, double slope) {
    struct node *n = build_node(&l->builder, &op_ReLU, l->name, 1, l->inputs);
    ((struct relu *)n->attrs)->negative_slope = (float)slope;
    l->outputs[0] = finish(n);
}

static void prelu(struct mxnet_layer *l) {
    const struct tensor *slopes = mxnet_weights(l, 1, "gamma");
    if (slopes == NULL)
        return;
    const struct tensor *flat =
        tensor_reshape(l->arena, slopes, SHAPE((int64_t)tensor_count(slopes)));
    struct value *s = build_constant(&l->builder, mxnet_name(l, "slope"), flat);
    l->outputs[0] = build_op2(&l->builder, &op_PRelu, l->name, l->inputs[0], s);
}

// In inference rrelu's random slope is the middle of its bounds.
void mxnet_leaky_relu(struct mxnet_layer *l) {
    static const char *const kinds[] = {"leaky", "elu", "prelu", "rrelu", "selu", "gelu", NULL};
    int kind = mxnet_choice(l, "act_type", kinds);
    double slope = mxnet_float(l, "slope", 0.25);
    double lower = mxnet_float(l, "lower_bound", 0.125);
    double upper = mxnet_float(l, "upper_bound", 0.334);
    if (l->failed)
        return;
    if (kind == 1) {
        struct node *n = build_node(&l->builder, &op_Elu, l->name, 1, l->inputs);
        ((struct elu *)n->attrs)->alpha = (float)slope;
        l->outputs[0] = finish(n);
    } else if (kind == 2) {
        prelu(l);
    } else if (kind == 4) {
        struct value *inputs[] = {l->inputs[0], number(l, "alpha", 1.6732632423543772),
                                  number(l, "lambda", 1.0507009873554805)};
        l->outputs[0] = finish(build_node(&l->builder, &op_Selu, l->name, 3, inputs));
    } else if (kind == 5) {
        l->outputs[0] = build_op1(&l->builder, &op_Gelu, l->name, l->inputs[0]);
    } else {
        leaky(l, kind == 3 ? (lower + upper) / 2 : slope);
    }
}

void mxnet_clip(struct mxnet_layer *l) {
    double least = mxnet_float(l, "a_min", -(double)FLT_MAX);
    double most = mxnet_float(l, "a_max", (double)FLT_MAX);
    if (l->failed)
        return;
    struct node *n = build_node(&l->builder, &op_Clamp, l->name, 1, l->inputs);
    struct clamp *a = n->attrs;
    a->min = (float)least;
    a->max = (float)most;
    l->outputs[0] = finish(n);
}

// --- softmax -------------------------------------------------------------------------------------

static struct value *softmax_of(struct mxnet_layer *l, struct value *x, int64_t axis) {
    struct node *n = build_node(&l->builder, &op_SoftMax, l->name, 1, &x);
    ((struct softmax *)n->attrs)->axis = axis;
    return finish(n);
}

// A temperature divides what goes in.
void mxnet_softmax(struct mxnet_layer *l) {
    int64_t axis = mxnet_int(l, "axis", -1);
    double temperature = mxnet_float(l, "temperature", 1);
    int32_t where;
    if (l->failed || !mxnet_axis(l, 0, axis, &where))
        return;
    struct value *x = l->inputs[0];
    if (temperature != 1)
        x = build_op2(&l->builder, &op_Divide, mxnet_name(l, "divide"), x,
                      number(l, "temperature", temperature));
    l->outputs[0] = softmax_of(l, x, where);
}

void mxnet_log_softmax(struct mxnet_layer *l) {
    mxnet_softmax(l);
    if (l->outputs[0] != NULL && !l->failed)
        l->outputs[0] = build_op1(&l->builder, &op_Log, mxnet_name(l, "log"), l->outputs[0]);
}

// Over everything behind the batch, kept in its shape.
static struct value *softmax_of_instance(struct mxnet_layer *l) {
    struct value *x = l->inputs[0];
    if (x->shape.rank == 2)
        return softmax_of(l, x, 1);
    x = build_op1(&l->builder, &op_Flatten, mxnet_name(l, "flatten"), x);
    struct value *y = softmax_of(l, x, 1);
    return build_reshape(&l->builder, mxnet_name(l, "reshape"), y,
                         (uint32_t)l->inputs[0]->shape.rank, l->inputs[0]->shape.dims);
}

// Along the channels when multi_output (or preserve_shape: along the last axis).
void mxnet_softmax_output(struct mxnet_layer *l) {
    bool multi = mxnet_bool(l, "multi_output", false);
    bool preserve = mxnet_bool(l, "preserve_shape", false);
    if (l->failed || !mxnet_rank(l, 0, 1, SHAPE_MAX_RANK))
        return;
    int32_t rank = l->inputs[0]->shape.rank;
    if (rank == 1 || (preserve && !multi))
        l->outputs[0] = softmax_of(l, l->inputs[0], rank - 1);
    else if (multi)
        l->outputs[0] = softmax_of(l, l->inputs[0], 1);
    else
        l->outputs[0] = softmax_of_instance(l);
}

// By instance means along the last axis, whatever MXNet's description says.
void mxnet_softmax_activation(struct mxnet_layer *l) {
    static const char *const modes[] = {"instance", "channel", NULL};
    int mode = mxnet_choice(l, "mode", modes);
    if (!l->failed && mxnet_rank(l, 0, 2, SHAPE_MAX_RANK))
        l->outputs[0] = softmax_of(l, l->inputs[0], mode == 1 ? 1 : l->inputs[0]->shape.rank - 1);
}

// --- arithmetic ----------------------------------------------------------------------------------

struct scalar_row {
    const char *op; // of MXNet, with and without the underscore in front
    const struct op_def *same;
    bool reversed; // number OP data
};

static const struct scalar_row scalar_rows[] = {
    {"plus_scalar", &op_Add, false},        {"PlusScalar", &op_Add, false},
    {"minus_scalar", &op_Subtract, false},  {"MinusScalar", &op_Subtract, false},
    {"rminus_scalar", &op_Subtract, true},  {"RMinusScalar", &op_Subtract, true},
    {"mul_scalar", &op_Multiply, false},    {"MulScalar", &op_Multiply, false},
    {"div_scalar", &op_Divide, false},      {"DivScalar", &op_Divide, false},
    {"rdiv_scalar", &op_Divide, true},      {"RDivScalar", &op_Divide, true},
    {"maximum_scalar", &op_Maximum, false}, {"MaximumScalar", &op_Maximum, false},
    {"minimum_scalar", &op_Minimum, false}, {"MinimumScalar", &op_Minimum, false},
    {"power_scalar", &op_Power, false},     {"PowerScalar", &op_Power, false},
    {"rpower_scalar", &op_Power, true},     {"RPowerScalar", &op_Power, true},
};

void mxnet_scalar(struct mxnet_layer *l) {
    const char *op = l->node->op + (l->node->op[0] == '_');
    double value = mxnet_float(l, "scalar", 0);
    const struct scalar_row *row = NULL;
    for (size_t i = 0; i < sizeof scalar_rows / sizeof *scalar_rows; i++)
        if (strcmp(scalar_rows[i].op, op) == 0)
            row = &scalar_rows[i];
    if (l->failed)
        return;
    if (row == NULL) {
        mxnet_fail(l, UNKNOWN_LAYER, l->node->op);
        return;
    }
    struct value *c = number(l, "scalar", value), *x = l->inputs[0];
    l->outputs[0] =
        build_op2(&l->builder, row->same, l->name, row->reversed ? c : x, row->reversed ? x : c);
}

// The last of the additions carries the layer's name.
void mxnet_add_n(struct mxnet_layer *l) {
    struct value *sum = l->inputs[0];
    for (uint32_t i = 1; i < l->input_count; i++) {
        bool last = i + 1 == l->input_count;
        const char *name = last ? l->name : mxnet_name(l, arena_printf(l->arena, "sum_%u", i));
        sum = build_op2(&l->builder, &op_Add, name, sum, l->inputs[i]);
    }
    l->outputs[0] = sum;
}

void mxnet_square(struct mxnet_layer *l) {
    l->outputs[0] = build_op2(&l->builder, &op_Multiply, l->name, l->inputs[0], l->inputs[0]);
}

void mxnet_rsqrt(struct mxnet_layer *l) {
    l->outputs[0] =
        build_op2(&l->builder, &op_Power, l->name, l->inputs[0], number(l, "exponent", -0.5));
}

void mxnet_reciprocal(struct mxnet_layer *l) {
    l->outputs[0] = build_op2(&l->builder, &op_Divide, l->name, number(l, "one", 1), l->inputs[0]);
}

void mxnet_hard_sigmoid(struct mxnet_layer *l) {
    double alpha = mxnet_float(l, "alpha", 0.2), beta = mxnet_float(l, "beta", 0.5);
    if (l->failed)
        return;
    struct value *inputs[] = {l->inputs[0], number(l, "alpha", alpha), number(l, "beta", beta)};
    l->outputs[0] = finish(build_node(&l->builder, &op_HardSigmoid, l->name, 3, inputs));
}

// x / sqrt(size of the last dimension)
void mxnet_div_sqrt_dim(struct mxnet_layer *l) {
    const struct shape *shape = &l->inputs[0]->shape;
    if (!mxnet_rank(l, 0, 1, SHAPE_MAX_RANK) || !mxnet_static(l, 0))
        return;
    double root = sqrt((double)shape->dims[shape->rank - 1]);
    l->outputs[0] =
        build_op2(&l->builder, &op_Divide, l->name, l->inputs[0], number(l, "root", root));
}

static enum dtype read_type(struct mxnet_layer *l, enum dtype otherwise) {
    static const char *const names[] = {"float32", "float64", "float16", "uint8", "int32",
                                        "int8",    "int64",   "bool",    NULL};
    static const enum dtype types[] = {DT_F32, DT_F32, DT_F32, DT_U8,
                                       DT_I32, DT_I8,  DT_I64, DT_BOOL};
    return mxnet_has(l, "dtype") ? types[mxnet_choice(l, "dtype", names)] : otherwise;
}

// Among floating types a cast changes nothing: the graph computes in f32.
void mxnet_cast(struct mxnet_layer *l) {
    enum dtype type = read_type(l, DT_F32);
    if (l->failed)
        return;
    if (type == l->inputs[0]->type)
        l->outputs[0] = l->inputs[0];
    else
        l->outputs[0] = build_convert(l->builder.graph, l->name, l->inputs[0], type);
}

// --- tensors of one number -----------------------------------------------------------------------

static void fill(struct mxnet_layer *l, double value) {
    struct ints dims = mxnet_ints(l, "shape");
    enum dtype type = read_type(l, DT_F32);
    uint64_t count;
    if (l->failed)
        return;
    struct shape shape =
        shape_make((int32_t)(dims.count > SHAPE_MAX_RANK ? 0 : dims.count), dims.data);
    for (int32_t i = 0; i < shape.rank; i++)
        if (shape.dims[i] == 0) // an RNN's first state leaves its batch open
            shape.dims[i] = 1;
    if (!shape_count(&shape, &count)) {
        mxnet_fail(l, ATTRIBUTE_VALUE, "shape", mxnet_attr(l->node, "shape"));
        return;
    }
    l->outputs[0] =
        build_constant(&l->builder, l->name, tensor_splat(l->arena, type, shape, value));
}

void mxnet_zeros(struct mxnet_layer *l) {
    fill(l, 0);
}

void mxnet_ones(struct mxnet_layer *l) {
    fill(l, 1);
}

void mxnet_full(struct mxnet_layer *l) {
    fill(l, mxnet_float(l, "value", 0));
}

// start, start + step, ..., each `repeat` times; without a stop, start is the stop.
void mxnet_arange(struct mxnet_layer *l) {
    enum { MOST = 1 << 24 };
    bool has_stop = mxnet_has(l, "stop");
    double start = mxnet_float(l, "start", 0), stop = mxnet_float(l, "stop", start);
    double step = mxnet_float(l, "step", 1);
    int64_t repeat = mxnet_int(l, "repeat", 1);
    enum dtype type = read_type(l, DT_F32);
    if (!has_stop) {
        stop = start;
        start = 0;
    }
    if (l->failed)
        return;
    double span = (stop - start) / step;
    if (!(span >= 0 && span < MOST && repeat >= 1 && repeat < MOST)) {
        mxnet_fail(l, ATTRIBUTE_VALUE, "stop", "so far from start");
        return;
    }
    uint64_t steps = (uint64_t)span + ((double)(uint64_t)span < span);
    if (steps * (uint64_t)repeat >= MOST) {
        mxnet_fail(l, ATTRIBUTE_VALUE, "repeat", "so large");
        return;
    }
    double *values = arena_array_of(l->arena, steps * (uint64_t)repeat, double);
    for (uint64_t i = 0; i < steps * (uint64_t)repeat; i++) {
        uint64_t at = i / (uint64_t)repeat;
        values[i] = start + step * (double)at;
    }
    struct shape shape = SHAPE((int64_t)(steps * (uint64_t)repeat));
    l->outputs[0] =
        build_constant(&l->builder, l->name, tensor_of_doubles(l->arena, type, shape, values));
}
