// SPDX-License-Identifier: Apache-2.0
// A Multiply with a constant whose users are all convolutions or fully connected layers goes into
// their weights; an Add into the biases of fully connected layers, unless it is the bias of a layer
// itself. (Not of convolutions: where they pad, the padding is not shifted, and the Model Optimizer
// keeps it even where they do not.)
#include "compiler/ops/build.h"
#include "compiler/ops/matmul.h"
#include "compiler/passes/linear.h"

struct targets {
    struct linear linear;
    const struct fuse_filter *filter;
    struct node **layers; // one entry for each use
    uint64_t *repeats;    // elements of the layer's input for each number
    uint32_t count, capacity;
    struct arena *scratch;
};

static void add_target(struct targets *t, struct node *layer, uint64_t repeat) {
    if (t->count == t->capacity) {
        uint32_t capacity = t->capacity == 0 ? 8 : t->capacity * 2;
        struct node **layers = arena_array_of(t->scratch, capacity, struct node *);
        uint64_t *repeats = arena_array_of(t->scratch, capacity, uint64_t);
        for (uint32_t i = 0; i < t->count; i++) {
            layers[i] = t->layers[i];
            repeats[i] = t->repeats[i];
        }
        t->layers = layers;
        t->repeats = repeats;
        t->capacity = capacity;
    }
    t->layers[t->count] = layer;
    t->repeats[t->count++] = repeat;
}

// A use of the value itself (repeat 1) or of what a flattening before a fully connected layer gave.
static bool add_use(struct targets *t, const struct use *u, bool flattened, uint64_t repeat) {
    struct node *layer = u->user;
    const struct linear *l = &t->linear;
    if (u->index != 0 || !has_filters(layer) || !fuse_allowed(t->filter, layer))
        return false;
    bool fits = l->axis < 0 || (flattened ? node_is(layer, &op_MatMul)
                                          : l->axis == filter_data_axis(layer, INPUT_CHANNELS));
    if (!fits || (linear_is_shift(l) && !node_is(layer, &op_MatMul)))
        return false;
    add_target(t, layer, repeat);
    return true;
}

// [N, C, H, W] to [N, C * H * W]: each number stands for H * W elements.
static bool flattens(const struct node *n, const struct linear *l, uint64_t *repeat) {
    if (!node_is(n, &op_Reshape))
        return false;
    const struct shape *from = &n->inputs[0].value->shape, *to = &n->outputs[0].shape;
    uint64_t all;
    return (l->axis < 0 || l->axis == 1) && from->rank > 2 && to->rank == 2 &&
           from->dims[0] == to->dims[0] && shape_count_range(from, 1, from->rank, &all) &&
           to->dims[1] == (int64_t)all && shape_count_range(from, 2, from->rank, repeat);
}

static bool add_flattened(struct targets *t, const struct use *u) {
    uint64_t repeat;
    if (u->index != 0 || !flattens(u->user, &t->linear, &repeat))
        return false;
    struct value *flat = &u->user->outputs[0];
    VALUE_EACH_USE(flat, inner) {
        if (!add_use(t, inner, true, repeat))
            return false;
    }
    return flat->first_use != NULL;
}

static bool find_targets(struct targets *t) {
    VALUE_EACH_USE(&t->linear.node->outputs[0], u) {
        if (!add_use(t, u, false, 1) && !add_flattened(t, u))
            return false;
    }
    return t->count > 0;
}

// The numbers, each as often as the layer's input has elements for it.
static const double *spread(struct targets *t, const double *numbers, uint64_t repeat) {
    uint64_t count = t->linear.count;
    if (repeat == 1 || count == 1)
        return numbers;
    double *all = arena_array_of(t->scratch, count * repeat, double);
    for (uint64_t i = 0; i < count * repeat; i++)
        all[i] = numbers[i / repeat];
    return all;
}

// weights * shift, summed over the inputs.
static double *bias_of(struct arena *scratch, const struct node *layer, uint64_t count,
                       const double *shift) {
    const struct tensor *weights = node_constant(layer, 1);
    uint64_t rows = (uint64_t)weights->shape.dims[0], columns = (uint64_t)weights->shape.dims[1];
    bool by_output = ((const struct matmul *)layer->attrs)->transpose_b;
    double *bias = arena_array_of(scratch, by_output ? rows : columns, double);
    double *row = arena_array_of(scratch, columns, double);
    for (uint64_t r = 0; r < rows; r++) {
        tensor_read_doubles(weights, r * columns, columns, row);
        for (uint64_t c = 0; c < columns; c++)
            bias[by_output ? r : c] += row[c] * shift[count == 1 ? 0 : by_output ? c : r];
    }
    return bias;
}

static void add_bias(struct targets *t, struct node *layer, uint64_t repeat) {
    const struct linear *l = &t->linear;
    struct builder b = {.graph = layer->graph, .place = l->node->place};
    struct value *y = &layer->outputs[0];
    uint64_t count = l->count == 1 ? 1 : l->count * repeat;
    double *bias = bias_of(t->scratch, layer, count, spread(t, l->shift, repeat));
    const char *name = build_name(&b, layer->name, "Fused_Add_");
    struct value *constant = linear_constant(layer, build_name(&b, name, "shift"), y,
                                             filter_data_axis(layer, OUTPUT_CHANNELS),
                                             filter_channels(layer, OUTPUT_CHANNELS), bias);
    struct value *sum = build_op2(&b, &op_Add, name, y, constant);
    value_replace_except(y, sum, sum->producer);
}

static bool is_bias(const struct linear *l, const struct fuse_filter *filter) {
    return linear_is_shift(l) && linear_layer_before(l, filter) != NULL;
}

static bool fuse(struct arena *scratch, struct node *n, const struct fuse_filter *filter) {
    struct targets t = {.filter = filter, .scratch = scratch};
    struct linear *l = &t.linear;
    if (!fuse_allowed(filter, n) || !linear_of(scratch, n, l) ||
        !(linear_is_scale(l) || linear_is_shift(l)) || is_bias(l, filter) || !find_targets(&t))
        return false;
    for (uint32_t i = 0; i < t.count; i++) {
        uint64_t count = l->count == 1 ? 1 : l->count * t.repeats[i];
        if (linear_is_scale(l))
            filters_scale(t.layers[i], INPUT_CHANNELS, count, spread(&t, l->scale, t.repeats[i]));
        else
            add_bias(&t, t.layers[i], t.repeats[i]);
    }
    n->outputs[0].names = NULL; // nothing holds this value any more
    value_replace(&n->outputs[0], l->x);
    node_remove(n);
    return true;
}

bool fuse_linear_forward(struct graph *g, const struct pass_options *options) {
    struct arena *scratch = arena_new();
    struct fuse_filter *filter = fuse_filter_new(scratch, g, options);
    uint32_t count;
    struct node **order = graph_order(g, &count);
    bool progress = false;
    while (count-- > 0)
        if (!order[count]->removed && fuse(scratch, order[count], filter))
            progress = true;
    arena_free(scratch);
    return progress;
}
