// SPDX-License-Identifier: Apache-2.0
// What the user wants done to the inputs, as nodes behind the parameters: first the channels are
// put into the order that the network was trained with, then, in that order, mean and scale are
// applied.
#include <string.h>

#include "compiler/ops/build.h"
#include "compiler/ops/data.h"
#include "compiler/ops/elementwise.h"
#include "compiler/passes/pass.h"

enum { REVERSED_CHANNELS = 3 };

struct input {
    struct builder b;
    struct node *parameter;
    struct value *value; // the end of what has been built
    int32_t axis;        // of the channels, -1 when there is none
    int64_t channels;
};

static const struct input_preprocess *find_preprocess(const struct pass_options *options,
                                                      const char *name) {
    for (uint32_t i = 0; i < options->preprocess_count; i++)
        if (strcmp(options->preprocess[i].parameter, name) == 0)
            return &options->preprocess[i];
    return NULL;
}

static int32_t channel_axis(const struct node *parameter) {
    const char *layout = ((const struct parameter *)parameter->attrs)->layout;
    const char *place = layout != NULL ? strchr(layout, 'C') : NULL;
    int32_t rank = parameter->outputs[0].shape.rank;
    if (place != NULL && place - layout < rank)
        return (int32_t)(place - layout);
    return rank > 1 ? 1 : rank - 1;
}

// Users of `from` read `to`; the names stay with the input, which is what the user calls by them.
static void redirect(struct value *from, struct value *to, const struct node *except) {
    struct source_name *names = from->names;
    from->names = NULL;
    value_replace_except(from, to, except);
    from->names = names;
}

// Adds OPERATOR(value, constant); the first node built reads the old value and keeps doing so.
static void append(struct input *in, const struct op_def *op, const char *suffix,
                   struct value *constant) {
    const char *name = build_name(&in->b, in->parameter->name, suffix);
    struct value *x = in->value;
    struct value *y = build_op2(&in->b, op, name, x, constant);
    redirect(x, y, y->producer);
    in->value = y;
}

static void reverse_channels(struct input *in) {
    int64_t indices[REVERSED_CHANNELS] = {2, 1, 0};
    struct builder *b = &in->b;
    const char *name = build_name(b, in->parameter->name, "reverse_channels");
    struct value *x = in->value;
    struct value *inputs[] = {
        x, build_i64(b, build_name(b, name, "order"), REVERSED_CHANNELS, indices),
        build_i64_scalar(b, build_name(b, name, "axis"), in->axis)};
    struct node *n = build_node(b, &op_Gather, name, 3, inputs);
    node_finish(n);
    redirect(x, &n->outputs[0], n);
    in->value = &n->outputs[0];
}

static struct value *channel_constant(struct input *in, const char *suffix, uint32_t count,
                                      const double *numbers) {
    struct shape shape = shape_scalar();
    if (count > 1) {
        shape.rank = in->value->shape.rank;
        for (int32_t i = 0; i < shape.rank; i++)
            shape.dims[i] = i == in->axis ? (int64_t)count : 1;
    }
    return build_constant(&in->b, build_name(&in->b, in->parameter->name, suffix),
                          tensor_of_doubles(in->b.graph->arena, in->value->type, shape, numbers));
}

static bool count_fits(struct input *in, uint32_t count) {
    if (count == 1 || (in->axis >= 0 && in->channels == (int64_t)count))
        return true;
    struct place place = node_place(in->parameter);
    diag_report(in->b.graph->diag, &place, VALUES_COUNT, count,
                (unsigned)(in->axis >= 0 && in->channels > 0 ? in->channels : 0),
                in->parameter->name);
    return false;
}

static bool all_are(const double *numbers, uint32_t count, double number) {
    for (uint32_t i = 0; i < count; i++)
        if (numbers[i] != number)
            return false;
    return true;
}

static void apply_mean(struct input *in, const double *mean, uint32_t count) {
    if (count == 0 || all_are(mean, count, 0) || !count_fits(in, count))
        return;
    double *numbers = arena_array_of(in->b.graph->arena, count, double);
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = -mean[i];
    append(in, &op_Add, "Add_", channel_constant(in, "mean", count, numbers));
}

static void apply_scale(struct input *in, const double *scale, uint32_t count) {
    if (count == 0 || all_are(scale, count, 1) || !count_fits(in, count))
        return;
    double *numbers = arena_array_of(in->b.graph->arena, count, double);
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = 1 / scale[i];
    append(in, &op_Multiply, "Mul_", channel_constant(in, "scale", count, numbers));
}

static void apply_mean_image(struct input *in, const struct tensor *image) {
    struct arena *arena = in->b.graph->arena;
    append(in, &op_Subtract, "mean_image",
           build_constant(&in->b, build_name(&in->b, in->parameter->name, "mean"),
                          tensor_cast(arena, image, in->value->type)));
}

// Real numbers to compute with: the input itself, or the Convert that alone reads it.
static struct value *real_value(const struct node *parameter) {
    struct value *v = (struct value *)&parameter->outputs[0];
    struct node *user = value_only_user(v);
    if (!dtype_is_float(v->type) && node_is(user, &op_Convert))
        v = &user->outputs[0];
    return dtype_is_float(v->type) ? v : NULL;
}

static bool wants_something(const struct input_preprocess *p) {
    return p != NULL && (p->mean_count > 0 || p->scale_count > 0 || p->mean_image != NULL);
}

static bool is_reversible(const struct input *in) {
    return in->value->shape.rank == 4 && in->channels == REVERSED_CHANNELS;
}

static bool preprocess(struct node *parameter, const struct pass_options *options, bool *reversed) {
    const struct input_preprocess *p = find_preprocess(options, parameter->name);
    struct value *v = real_value(parameter);
    struct input in = {.b = {.graph = parameter->graph, .place = parameter->place},
                       .parameter = parameter,
                       .value = v != NULL ? v : &parameter->outputs[0],
                       .axis = channel_axis(parameter)};
    in.channels = in.axis >= 0 ? in.value->shape.dims[in.axis] : DIM_UNKNOWN;
    struct value *start = in.value;
    if (options->reverse_input_channels && is_reversible(&in)) {
        reverse_channels(&in);
        *reversed = true;
    }
    if (!wants_something(p))
        return in.value != start;
    if (v == NULL) {
        struct place place = node_place(parameter);
        diag_report(in.b.graph->diag, &place, NOT_SUPPORTED, "mean or scale of whole numbers",
                    parameter->name);
        return false;
    }
    if (p->mean_image != NULL)
        apply_mean_image(&in, p->mean_image);
    apply_mean(&in, p->mean, p->mean_count);
    apply_scale(&in, p->scale, p->scale_count);
    return in.value != start;
}

bool insert_preprocessing(struct graph *g, const struct pass_options *options) {
    bool progress = false, reversed = false;
    if (g->outer != NULL)
        return false;
    for (uint32_t i = 0; i < g->parameters.count; i++)
        if (preprocess(g->parameters.items[i], options, &reversed))
            progress = true;
    if (options->reverse_input_channels && !reversed)
        diag_report(g->diag, NULL, OPTION_IGNORED, "reverse_input_channels",
                    "no input has three channels");
    return progress;
}
