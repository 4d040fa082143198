// SPDX-License-Identifier: Apache-2.0
// Activations, arithmetic that is more than one operator, casts, quantization.
#include <math.h>
#include <string.h>

#include "compiler/ops/activation.h"
#include "compiler/ops/build_layers.h"
#include "compiler/ops/data.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/loop.h"
#include "frontends/tf/layers.h"
#include "frontends/tf/variables.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

static struct value *number(struct tf_layer *l, const char *suffix, enum dtype type, double value) {
    return build_constant(&l->builder, tf_name(l, suffix),
                          tensor_splat(l->arena, type, shape_scalar(), value));
}

void tf_const(struct tf_layer *l) {
    const Tensorflow__AttrValue *v = tf_attr(l->node, "value");
    const struct tensor *t = l->node->frozen;
    if (l->node->stored != NULL) {
        t = tf_stored_value(l->node->stored);
        if (t == NULL)
            return; // it is reported
    }
    if (t == NULL && (v == NULL || v->tensor == NULL)) {
        tf_fail(l, ATTRIBUTE_MISSING, "value");
        return;
    }
    if (t == NULL)
        t = tf_tensor(l->arena, l->builder.graph->diag, &l->builder.place, v->tensor);
    if (t != NULL)
        l->outputs[0] = build_constant(&l->builder, l->name, t);
}

// What is left of a condition after control.c: both ways out carry the data.
void tf_switch(struct tf_layer *l) {
    for (uint32_t i = 0; i < l->output_count && tf_inputs(l, 1); i++)
        l->outputs[i] = l->inputs[0];
}

// --- activations ---------------------------------------------------------------------------------

void tf_relu6(struct tf_layer *l) {
    if (!tf_inputs(l, 1))
        return;
    struct node *n = build_node(&l->builder, &op_Clamp, l->name, 1, l->inputs);
    struct clamp *a = n->attrs;
    a->min = 0;
    a->max = 6;
    l->outputs[0] = finish(n);
}

void tf_leaky_relu(struct tf_layer *l) {
    if (!tf_inputs(l, 1))
        return;
    struct node *n = build_node(&l->builder, &op_ReLU, l->name, 1, l->inputs);
    ((struct relu *)n->attrs)->negative_slope = (float)tf_attr_float(l->node, "alpha", 0.2);
    l->outputs[0] = finish(n);
}

void tf_softmax(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, SHAPE_MAX_RANK))
        return;
    bool is_log = strcmp(l->node->op, "LogSoftmax") == 0;
    struct node *n =
        build_node(&l->builder, is_log ? &op_LogSoftmax : &op_SoftMax, l->name, 1, l->inputs);
    ((struct softmax *)n->attrs)->axis = l->inputs[0]->shape.rank - 1;
    l->outputs[0] = finish(n);
}

// --- arithmetic ----------------------------------------------------------------------------------

static void power_of(struct tf_layer *l, double exponent) {
    if (tf_inputs(l, 1))
        l->outputs[0] = build_op2(&l->builder, &op_Power, l->name, l->inputs[0],
                                  number(l, "exponent", l->inputs[0]->type, exponent));
}

void tf_rsqrt(struct tf_layer *l) {
    power_of(l, -0.5);
}

void tf_reciprocal(struct tf_layer *l) {
    power_of(l, -1);
}

void tf_square(struct tf_layer *l) {
    if (tf_inputs(l, 1))
        l->outputs[0] = build_op2(&l->builder, &op_Multiply, l->name, l->inputs[0], l->inputs[0]);
}

void tf_log1p(struct tf_layer *l) {
    if (!tf_inputs(l, 1))
        return;
    struct value *x = build_op2(&l->builder, &op_Add, tf_name(l, "add"), l->inputs[0],
                                number(l, "one", l->inputs[0]->type, 1));
    l->outputs[0] = build_op1(&l->builder, &op_Log, l->name, x);
}

void tf_add_n(struct tf_layer *l) {
    if (!tf_inputs(l, 1))
        return;
    struct value *sum = l->inputs[0];
    for (uint32_t i = 1; i < l->input_count; i++) {
        bool last = i + 1 == l->input_count;
        sum = build_op2(&l->builder, &op_Add,
                        last ? l->name : tf_name(l, arena_printf(l->arena, "sum_%u", i)), sum,
                        l->inputs[i]);
    }
    l->outputs[0] = sum;
}

// tf.where with three inputs. A condition of rank 1 chooses rows.
void tf_select(struct tf_layer *l) {
    if (!tf_inputs(l, 3))
        return;
    struct value *condition = l->inputs[0];
    int32_t rank = l->inputs[1]->shape.rank;
    if (strcmp(l->node->op, "Select") == 0 && condition->shape.rank == 1 && rank > 1) {
        int64_t dims[SHAPE_MAX_RANK];
        for (int32_t i = 0; i < rank; i++)
            dims[i] = i == 0 ? -1 : 1;
        condition = build_reshape(&l->builder, tf_name(l, "rows"), condition, (uint32_t)rank, dims);
    }
    l->outputs[0] = finish(build_node(&l->builder, &op_Select, l->name, 3,
                                      (struct value *[]){condition, l->inputs[1], l->inputs[2]}));
}

static struct graph *handing_on(struct tf_layer *l, const char *suffix, struct value *v) {
    struct graph *body = graph_new(l->arena, l->builder.graph->diag, tf_name(l, suffix));
    body->outer = l->builder.graph;
    struct value *in =
        build_parameter(body, tf_name(l, suffix), v->type, v->shape, &l->builder.place);
    build_result(body, l->name, in);
    return body;
}

// predicate, what it gives when that is true, what else. Where they have not one shape a Select
// would stretch the smaller.
void tf_merge(struct tf_layer *l) {
    if (l->input_count != 3 || tf_attr_int(l->node, "N", 2) != 2) {
        tf_fail(l, NOT_SUPPORTED, "a Merge of which no condition decides",
                "give its predicate a value with --freeze_placeholder_with_value");
        return;
    }
    struct value *yes = l->inputs[1], *no = l->inputs[2];
    if (yes->shape.rank != RANK_UNKNOWN && shape_equal(&yes->shape, &no->shape)) {
        l->outputs[0] = finish(build_node(&l->builder, &op_Select, l->name, 3, l->inputs));
        return;
    }
    if (yes->shape.rank != no->shape.rank && yes->shape.rank >= 0 && no->shape.rank >= 0) {
        tf_fail(l, NOT_SUPPORTED, "a condition whose branches differ in rank",
                "runtimes need to know it");
        return;
    }
    struct node *n = build_node(&l->builder, &op_If, l->name, 3, l->inputs);
    struct if_else *a = n->attrs;
    a->then_body = handing_on(l, "then", yes);
    a->else_body = handing_on(l, "else", no);
    a->then_inputs = ints_copy(l->arena, (const int64_t[]){1}, 1);
    a->else_inputs = ints_copy(l->arena, (const int64_t[]){2}, 1);
    node_set_output_count(n, 1);
    l->outputs[0] = finish(n);
}

void tf_cast(struct tf_layer *l) {
    enum dtype type = tf_attr_type(l->node, "DstT", DT_F32);
    if (!tf_inputs(l, 1))
        return;
    if (type == DT_UNKNOWN || type == DT_STRING) {
        tf_fail(l, NOT_SUPPORTED, "a cast to this type", "the runtime has no such type");
        return;
    }
    l->outputs[0] = build_convert(l->builder.graph, l->name, l->inputs[0], type);
}

static void like(struct tf_layer *l, double value) {
    if (!tf_inputs(l, 1))
        return;
    struct value *x = l->inputs[0];
    struct value *one = number(l, "value", x->type, value);
    if (shape_is_static(&x->shape)) {
        l->outputs[0] =
            build_constant(&l->builder, l->name, tensor_splat(l->arena, x->type, x->shape, value));
        return;
    }
    struct value *shape = build_op1(&l->builder, &op_ShapeOf, tf_name(l, "shape"), x);
    l->outputs[0] = build_op2(&l->builder, &op_Broadcast, l->name, one, shape);
}

void tf_zeros_like(struct tf_layer *l) {
    like(l, 0);
}

void tf_ones_like(struct tf_layer *l) {
    like(l, 1);
}

// --- quantization --------------------------------------------------------------------------------

// The range is moved so that zero is one of its steps: TensorFlow's nudging, in its precision.
static void nudge(float *low, float *high, float first, float last) {
    float step = (*high - *low) / (last - first);
    float zero = first - *low / step;
    float nudged = zero < first ? first : zero > last ? last : roundf(zero);
    *low = (first - nudged) * step;
    *high = (last - nudged) * step;
}

// The ranges of a quantization, one or one for each channel (the last axis); false after a report.
static bool read_range(struct tf_layer *l, uint32_t input, const char *key, double otherwise,
                       uint32_t *count, float **out) {
    const struct tensor *t = NULL;
    *count = 1;
    if (l->input_count >= 3) {
        t = tf_constant(l, input, key);
        if (t == NULL)
            return false;
        bool channels = strstr(l->node->op, "PerChannel") != NULL;
        if (t->shape.rank > 1 || tensor_count(t) == 0 || (!channels && tensor_count(t) != 1) ||
            tensor_count(t) > UINT16_MAX) {
            tf_fail(l, ATTRIBUTE_VALUE, key, "of that shape");
            return false;
        }
        *count = (uint32_t)tensor_count(t);
    }
    double *data = arena_array_of(l->arena, *count, double);
    data[0] = tf_attr_float(l->node, key, otherwise);
    if (t != NULL)
        tensor_read_doubles(t, 0, *count, data);
    *out = arena_array_of(l->arena, *count, float);
    for (uint32_t i = 0; i < *count; i++)
        (*out)[i] = (float)data[i];
    return true;
}

static struct value *floats(struct tf_layer *l, const char *suffix, uint32_t count,
                            const float *values) {
    bool channels = strstr(l->node->op, "PerChannel") != NULL;
    struct shape shape = channels ? SHAPE(count) : shape_scalar();
    return build_constant(&l->builder, tf_name(l, suffix), tensor_f32(l->arena, shape, values));
}

// FakeQuantWithMinMaxArgs (attributes), ...Vars and ...VarsPerChannel (inputs).
void tf_fake_quant(struct tf_layer *l) {
    int64_t bits = tf_attr_int(l->node, "num_bits", 8);
    float *low, *high, first = tf_attr_bool(l->node, "narrow_range", false) ? 1 : 0;
    uint32_t count, count_high;
    if (!tf_inputs(l, 1) || !read_range(l, 1, "min", -6, &count, &low) ||
        !read_range(l, 2, "max", 6, &count_high, &high))
        return;
    if (bits < 2 || bits > 16 || count != count_high) {
        tf_fail(l, ATTRIBUTE_VALUE, "num_bits", "that, or the ranges differ in number");
        return;
    }
    float last = (float)((1 << bits) - 1);
    for (uint32_t i = 0; i < count; i++) {
        if (!(low[i] < high[i])) {
            tf_fail(l, ATTRIBUTE_VALUE, "max", "not above min");
            return;
        }
        nudge(&low[i], &high[i], first, last);
    }
    struct value *inputs[] = {
        l->inputs[0], floats(l, "input_low", count, low), floats(l, "input_high", count, high),
        floats(l, "output_low", count, low), floats(l, "output_high", count, high)};
    struct node *n = build_node(&l->builder, &op_FakeQuantize, l->name, 5, inputs);
    ((struct fake_quantize *)n->attrs)->levels = (int64_t)(last - first) + 1;
    ((struct fake_quantize *)n->attrs)->halves_up = true;
    l->outputs[0] = finish(n);
}
