// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/linear.h"

#include <regex.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/ops/matmul.h"

// --- names that must not be fused ---------------------------------------------------------------

struct fuse_filter {
    bool nothing; // is to be fused
    uint32_t count;
    regex_t *expressions;
};

static void filter_free(void *data) {
    struct fuse_filter *filter = data;
    for (uint32_t i = 0; i < filter->count; i++)
        regfree(&filter->expressions[i]);
}

struct fuse_filter *fuse_filter_new(struct arena *arena, struct graph *g,
                                    const struct pass_options *options) {
    struct fuse_filter *filter = arena_new_of(arena, struct fuse_filter);
    filter->nothing = options->disable_fusing;
    filter->expressions = arena_array_of(arena, options->finegrain_count, regex_t);
    arena_at_free(arena, filter_free, filter);
    for (uint32_t i = 0; i < options->finegrain_count; i++) {
        const char *text = options->finegrain_fusing[i];
        if (regcomp(&filter->expressions[filter->count], text, REG_EXTENDED | REG_NOSUB) == 0)
            filter->count++;
        else
            diag_report(g->diag, NULL, OPTION_VALUE, "finegrain_fusing", text,
                        "it is not a regular expression");
    }
    return filter;
}

static const char *source_layer(const struct node *n) {
    return n->place.layer != NULL ? n->place.layer : n->name;
}

bool fuse_allowed(const struct fuse_filter *filter, const struct node *n) {
    const char *name = source_layer(n);
    for (uint32_t i = 0; i < filter->count; i++)
        if (regexec(&filter->expressions[i], name, 0, NULL, 0) == 0)
            return false;
    return true;
}

bool biases_allowed(const struct fuse_filter *filter, const struct node *layer,
                    const struct node *add) {
    if (strcmp(source_layer(layer), source_layer(add)) == 0)
        return true;
    return !filter->nothing && fuse_allowed(filter, layer) && fuse_allowed(filter, add);
}

// --- y = scale * x + shift ----------------------------------------------------------------------

// The one axis of `x` along which `constant` varies; false when there are several or it grows x.
static bool operand_axis(const struct shape *x, const struct shape *constant, int32_t *axis) {
    int32_t first = x->rank - constant->rank;
    if (x->rank < 0 || first < 0)
        return false;
    *axis = -1;
    for (int32_t i = 0; i < constant->rank; i++) {
        if (constant->dims[i] == 1)
            continue;
        if (*axis >= 0 || x->dims[first + i] != constant->dims[i])
            return false;
        *axis = first + i;
    }
    return true;
}

static double *filled(struct arena *arena, uint64_t count, double number) {
    double *numbers = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++)
        numbers[i] = number;
    return numbers;
}

static double *mapped(struct arena *arena, uint64_t count, const double *from, double numerator,
                      double factor) {
    double *numbers = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++)
        numbers[i] = numerator != 0 ? numerator / from[i] : factor * from[i];
    return numbers;
}

static bool has_zero(const double *numbers, uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
        if (numbers[i] == 0)
            return true;
    return false;
}

// The arrays of OPERATOR(x, numbers), or of OPERATOR(numbers, x) when `swapped`.
static bool numbers_of(struct arena *arena, bool swapped, const double *numbers, struct linear *l) {
    const struct op_def *op = l->node->op;
    if (op == &op_Add || op == &op_Subtract) {
        bool negative_x = op == &op_Subtract && swapped;
        bool negative_shift = op == &op_Subtract && !swapped;
        l->scale = filled(arena, l->count, negative_x ? -1 : 1);
        l->shift = mapped(arena, l->count, numbers, 0, negative_shift ? -1 : 1);
        return true;
    }
    if (op == &op_Divide && (swapped || has_zero(numbers, l->count)))
        return false;
    l->scale = mapped(arena, l->count, numbers, op == &op_Divide ? 1 : 0, 1);
    l->shift = filled(arena, l->count, 0);
    return true;
}

static bool is_arithmetic(const struct op_def *op) {
    return op == &op_Add || op == &op_Subtract || op == &op_Multiply || op == &op_Divide;
}

bool linear_of(struct arena *arena, struct node *n, struct linear *out) {
    if (!is_arithmetic(n->op) || !dtype_is_float(n->outputs[0].type))
        return false;
    bool swapped = node_constant(n, 0) != NULL;
    const struct tensor *constant = node_constant(n, swapped ? 0 : 1);
    struct value *x = node_input(n, swapped ? 1 : 0);
    *out = (struct linear){.node = n, .x = x, .count = 1};
    if (constant == NULL || x->constant != NULL || x->type != constant->type ||
        !operand_axis(&x->shape, &constant->shape, &out->axis))
        return false;
    if (out->axis >= 0)
        out->count = (uint64_t)x->shape.dims[out->axis];
    const double *numbers = tensor_as_doubles(arena, constant);
    return numbers != NULL && numbers_of(arena, swapped, numbers, out);
}

static bool all_are(const double *numbers, uint64_t count, double number) {
    for (uint64_t i = 0; i < count; i++)
        if (numbers[i] != number)
            return false;
    return true;
}

bool linear_is_scale(const struct linear *l) {
    return (l->node->op == &op_Multiply || l->node->op == &op_Divide) &&
           all_are(l->shift, l->count, 0);
}

bool linear_is_shift(const struct linear *l) {
    return (l->node->op == &op_Add || l->node->op == &op_Subtract) &&
           all_are(l->scale, l->count, 1);
}

struct value *linear_constant(struct node *like, const char *name, const struct value *x,
                              int32_t axis, uint64_t count, const double *numbers) {
    struct shape shape = shape_scalar();
    if (axis >= 0) {
        shape.rank = x->shape.rank;
        for (int32_t i = 0; i < shape.rank; i++)
            shape.dims[i] = i == axis ? (int64_t)count : 1;
    }
    struct graph *g = like->graph;
    struct value *v = graph_constant(g, name, tensor_of_doubles(g->arena, x->type, shape, numbers));
    v->producer->place = like->place;
    return v;
}

void value_take_over(struct value *from, struct value *to) {
    to->names = NULL;
    value_replace(from, to);
}

// --- convolutions and fully connected layers ----------------------------------------------------

// Axes of the filters; no group axis is -1. Where there is one it comes first.
struct filter_form {
    const struct op_def *op;
    int32_t group, channels[2]; // by enum channel_side
};

static const struct filter_form forms[] = {
    {&op_Convolution, -1, {1, 0}},
    {&op_GroupConvolution, 0, {2, 1}},
    {&op_ConvolutionBackpropData, -1, {0, 1}},
    {&op_GroupConvolutionBackpropData, 0, {1, 2}},
    {&op_MatMul, -1, {0, 1}},
};

static bool form_of(const struct node *n, struct filter_form *out) {
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (forms[i].op != n->op)
            continue;
        *out = forms[i];
        if (n->op == &op_MatMul && ((const struct matmul *)n->attrs)->transpose_b) {
            out->channels[INPUT_CHANNELS] = 1;
            out->channels[OUTPUT_CHANNELS] = 0;
        }
        return true;
    }
    return false;
}

bool has_filters(const struct node *n) {
    struct filter_form form;
    const struct tensor *filters = node_constant(n, 1);
    if (!form_of(n, &form) || filters == NULL || !dtype_is_float(filters->type) ||
        n->outputs[0].shape.rank < 0 || node_input(n, 0)->constant != NULL)
        return false;
    if (n->op != &op_MatMul)
        return true;
    return filters->shape.rank == 2 && n->outputs[0].shape.rank >= 2 &&
           !((const struct matmul *)n->attrs)->transpose_a;
}

static struct filter_form must_have_form(const struct node *n) {
    struct filter_form form;
    if (!form_of(n, &form))
        fatal_bug("'%s' has no filters", n->name);
    return form;
}

uint64_t filter_channels(const struct node *n, enum channel_side side) {
    struct filter_form form = must_have_form(n);
    const struct shape *shape = &node_constant(n, 1)->shape;
    uint64_t channels = (uint64_t)shape->dims[form.channels[side]];
    return form.group < 0 ? channels : channels * (uint64_t)shape->dims[form.group];
}

int32_t filter_data_axis(const struct node *n, enum channel_side side) {
    (void)side;
    return n->op == &op_MatMul ? n->outputs[0].shape.rank - 1 : 1;
}

void filters_set(struct node *n, const struct tensor *filters) {
    const struct node *old = node_input(n, 1)->producer;
    struct value *v = graph_constant(n->graph, old->name, filters);
    v->producer->place = old->place;
    node_set_input(n, 1, v);
}

// The channels of groups that lie apart in memory: group by group.
static struct tensor *scale_groups(struct arena *arena, const struct tensor *t, int32_t axis,
                                   const double *numbers) {
    uint64_t groups = (uint64_t)t->shape.dims[0], channels = (uint64_t)t->shape.dims[axis];
    const struct tensor **parts = arena_array_of(arena, groups, const struct tensor *);
    for (uint64_t i = 0; i < groups; i++) {
        const int64_t index = (int64_t)i;
        parts[i] = tensor_affine(arena, tensor_gather(arena, t, 0, 1, &index), axis,
                                 numbers + i * channels, NULL);
    }
    return tensor_concat(arena, 0, parts, (uint32_t)groups);
}

// [G, C, ...] seen as [G * C, ...].
static struct tensor *scale_joined(struct arena *arena, const struct tensor *t,
                                   const double *numbers) {
    struct shape joined = {.rank = t->shape.rank - 1};
    for (int32_t i = 0; i < joined.rank; i++)
        joined.dims[i] = t->shape.dims[i + 1];
    joined.dims[0] *= t->shape.dims[0];
    struct tensor *made = tensor_affine(arena, tensor_reshape(arena, t, joined), 0, numbers, NULL);
    return tensor_reshape(arena, made, t->shape);
}

struct node *linear_layer_before(const struct linear *l, const struct fuse_filter *filter) {
    struct node *layer = l->x->producer;
    if (!has_filters(layer) || value_only_user(l->x) != l->node || !fuse_allowed(filter, layer))
        return NULL;
    bool fits = l->axis < 0 || l->axis == filter_data_axis(layer, OUTPUT_CHANNELS);
    return fits ? layer : NULL;
}

void filters_scale(struct node *n, enum channel_side side, uint64_t count, const double *numbers) {
    struct arena *arena = n->graph->arena;
    struct filter_form form = must_have_form(n);
    const struct tensor *t = node_constant(n, 1);
    int32_t axis = form.channels[side];
    uint64_t channels = filter_channels(n, side);
    if (count == 1)
        numbers = filled(arena, channels, numbers[0]);
    struct tensor *made;
    if (form.group < 0)
        made = tensor_affine(arena, t, axis, numbers, NULL);
    else if (t->shape.dims[axis] == 1)
        made = tensor_affine(arena, t, form.group, numbers, NULL);
    else if (axis == form.group + 1)
        made = scale_joined(arena, t, numbers);
    else
        made = scale_groups(arena, t, axis, numbers);
    filters_set(n, made);
}

void filters_gather(struct node *n, int32_t axis, uint64_t count, const int64_t *indices) {
    filters_set(n, tensor_gather(n->graph->arena, node_constant(n, 1), axis, count, indices));
}
