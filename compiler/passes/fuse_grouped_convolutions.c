// SPDX-License-Identifier: Apache-2.0
// Split along the channels, a convolution of each part, Concat of the results: one
// GroupConvolution.
#include "compiler/ops/build.h"
#include "compiler/ops/convolution.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/linear.h"

struct group {
    struct arena *scratch;
    const struct fuse_filter *filter;
    struct node *split, *concat;
    struct node **layers; // the convolutions, in order
    struct node **biases; // the Add behind each, or NULL
};

static bool same_attributes(const struct node *a, const struct node *b) {
    for (uint32_t i = 0; i < a->op->attr_count; i++)
        if (!attr_equal(&a->op->attrs[i], a->attrs, b->attrs))
            return false;
    return true;
}

// The convolution whose result, with or without a bias, is input `i` of the Concat.
static bool find_layer(struct group *group, uint32_t i) {
    struct value *v = node_input(group->concat, i);
    struct node *n = v->producer;
    struct linear bias;
    group->biases[i] = NULL;
    if (value_only_user(v) != group->concat)
        return false;
    if (linear_of(group->scratch, n, &bias) && linear_is_shift(&bias)) {
        if ((bias.axis >= 0 && bias.axis != 1) || value_only_user(bias.x) != n)
            return false;
        group->biases[i] = n;
        n = bias.x->producer;
    }
    group->layers[i] = n;
    return node_is(n, &op_Convolution) && has_filters(n) && fuse_allowed(group->filter, n);
}

static bool axis_is_channels(const struct node *split) {
    const struct tensor *axis = node_constant(split, 1);
    double number;
    return axis != NULL && tensor_uniform(axis, &number) && number == 1;
}

static bool find_split(struct group *group) {
    struct node *split = node_input(group->layers[0], 0)->producer;
    group->split = split;
    return (node_is(split, &op_Split) || node_is(split, &op_VariadicSplit)) &&
           split->output_count == group->concat->input_count && axis_is_channels(split) &&
           fuse_allowed(group->filter, split);
}

static bool layers_agree(const struct group *group) {
    const struct node *first = group->layers[0];
    for (uint32_t i = 0; i < group->concat->input_count; i++) {
        const struct node *n = group->layers[i];
        const struct value *part = &group->split->outputs[i];
        if (node_input(n, 0) != part || value_only_user(part) != n || !same_attributes(first, n) ||
            !shape_equal(&node_constant(first, 1)->shape, &node_constant(n, 1)->shape) ||
            (group->biases[0] == NULL) != (group->biases[i] == NULL))
            return false;
    }
    return true;
}

static bool find_group(struct group *group, struct node *concat) {
    uint32_t count = concat->input_count;
    if (!node_is(concat, &op_Concat) || count < 2 || concat->outputs[0].shape.rank < 3 ||
        concat->outputs[0].shape.rank >= SHAPE_MAX_RANK || // filters get one more
        ((const struct concat *)concat->attrs)->axis != 1)
        return false;
    group->concat = concat;
    group->layers = arena_array_of(group->scratch, count, struct node *);
    group->biases = arena_array_of(group->scratch, count, struct node *);
    for (uint32_t i = 0; i < count; i++)
        if (!find_layer(group, i))
            return false;
    return find_split(group) && layers_agree(group);
}

// [O, I, k...] each, as [G, O, I, k...].
static struct tensor *joined_filters(struct graph *g, const struct group *group) {
    uint32_t count = group->concat->input_count;
    const struct tensor **parts = arena_array_of(group->scratch, count, const struct tensor *);
    for (uint32_t i = 0; i < count; i++) {
        const struct tensor *t = node_constant(group->layers[i], 1);
        struct shape shape = {.rank = t->shape.rank + 1};
        shape.dims[0] = 1;
        for (int32_t k = 0; k < t->shape.rank; k++)
            shape.dims[k + 1] = t->shape.dims[k];
        parts[i] = tensor_reshape(g->arena, t, shape);
    }
    return tensor_concat(g->arena, 0, parts, count);
}

static struct value *build_convolution(struct builder *b, const struct group *group) {
    const struct node *first = group->layers[0];
    struct value *filters =
        build_constant(b, node_input(first, 1)->producer->name, joined_filters(b->graph, group));
    struct node *n = build_node(b, &op_GroupConvolution, first->name, 2,
                                (struct value *[]){node_input(group->split, 0), filters});
    *(struct convolution *)n->attrs = *(const struct convolution *)first->attrs;
    node_finish(n);
    return &n->outputs[0];
}

static struct value *build_bias(struct builder *b, const struct group *group, struct value *x) {
    uint64_t channels = (uint64_t)node_constant(group->layers[0], 1)->shape.dims[0];
    uint64_t all = channels * group->concat->input_count;
    double *numbers = arena_array_of(group->scratch, all, double);
    for (uint32_t part = 0; part < group->concat->input_count; part++) {
        struct linear bias;
        linear_of(group->scratch, group->biases[part], &bias);
        for (uint64_t i = 0; i < channels; i++)
            numbers[part * channels + i] = linear_at(&bias, bias.shift, i);
    }
    struct node *first = group->biases[0];
    struct value *constant =
        linear_constant(first, build_name(b, first->name, "shift"), x, 1, all, numbers);
    return build_op2(b, &op_Add, first->name, x, constant);
}

static void replace(struct group *group) {
    struct builder b = {.graph = group->concat->graph, .place = group->layers[0]->place};
    struct value *y = build_convolution(&b, group);
    if (group->biases[0] != NULL)
        y = build_bias(&b, group, y);
    value_replace(&group->concat->outputs[0], y);
    uint32_t count = group->concat->input_count;
    node_remove(group->concat);
    for (uint32_t i = 0; i < count; i++) {
        if (group->biases[i] != NULL)
            node_remove(group->biases[i]);
        node_remove(group->layers[i]);
    }
    node_remove(group->split);
}

bool fuse_grouped_convolutions(struct graph *g, const struct pass_options *options) {
    if (g->keep_split_convolutions)
        return false;
    struct arena *scratch = arena_new();
    struct group group = {.scratch = scratch, .filter = fuse_filter_new(scratch, g, options)};
    bool progress = false;
    GRAPH_EACH(g, n) {
        if (!find_group(&group, n))
            continue;
        replace(&group);
        progress = true;
    }
    arena_free(scratch);
    return progress;
}
