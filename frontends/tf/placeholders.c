// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/placeholders.h"

#include <string.h>

#include "frontends/tf/loops.h"

// --- a shape without dimensions -----------------------------------------------------------------

// Data of operators that a scalar cannot be.
static const struct {
    const char *op;
    uint32_t input;
} with_axes[] = {{"AvgPool", 0},
                 {"AvgPool3D", 0},
                 {"BiasAdd", 0},
                 {"Conv2D", 0},
                 {"Conv3D", 0},
                 {"DepthwiseConv2dNative", 0},
                 {"ExtractImagePatches", 0},
                 {"FusedBatchNorm", 0},
                 {"FusedBatchNormV2", 0},
                 {"FusedBatchNormV3", 0},
                 {"LRN", 0},
                 {"MatMul", 0},
                 {"MatMul", 1},
                 {"MaxPool", 0},
                 {"MaxPool3D", 0},
                 {"MirrorPad", 0},
                 {"Pad", 0},
                 {"PadV2", 0},
                 {"ResizeBilinear", 0},
                 {"ResizeNearestNeighbor", 0},
                 {"Split", 1},
                 {"StridedSlice", 0},
                 {"Transpose", 0}};

static bool wants_axes(const char *op, uint32_t input) {
    for (size_t i = 0; i < sizeof with_axes / sizeof with_axes[0]; i++)
        if (with_axes[i].input == input && strcmp(with_axes[i].op, op) == 0)
            return true;
    return false;
}

// Hands on the shape of an input: with one input, or arithmetic of it and a number.
static bool hands_on(const struct tf_graph *g, const struct tf_node *n, uint32_t input) {
    static const char *const arithmetic[] = {"Add", "AddV2", "Div", "Mul", "RealDiv", "Sub"};
    if (n->input_count == 1)
        return strcmp(n->op, "Reshape") != 0;
    bool known = false;
    for (size_t i = 0; i < sizeof arithmetic / sizeof arithmetic[0]; i++)
        known |= strcmp(n->op, arithmetic[i]) == 0;
    uint32_t other = n->input_count == 2 ? n->inputs[1 - input].node : TF_NONE;
    return known && other != TF_NONE && strcmp(g->nodes[other].op, "Const") == 0;
}

struct wanting {
    const struct tf_graph *g;
    bool *marks;
    uint32_t *open; // marked nodes whose inputs have not been looked at
    uint32_t count;
};

static void mark_source(struct wanting *w, const struct tf_node *n, uint32_t input) {
    uint32_t source = n->inputs[input].node;
    if (source == TF_NONE || w->marks[source])
        return;
    w->marks[source] = true;
    w->open[w->count++] = source;
}

const bool *tf_axes_wanted(const struct tf_graph *g) {
    struct wanting w = {.g = g};
    w.marks = arena_array_of(g->arena, g->count, bool);
    w.open = arena_array_of(g->arena, g->count, uint32_t);
    for (uint32_t i = 0; i < g->count; i++)
        for (uint32_t k = 0; k < g->nodes[i].input_count && !g->nodes[i].removed; k++)
            if (wants_axes(g->nodes[i].op, k))
                mark_source(&w, &g->nodes[i], k);
    while (w.count > 0) {
        const struct tf_node *n = &g->nodes[w.open[--w.count]];
        for (uint32_t k = 0; k < n->input_count && !n->removed; k++)
            if (hands_on(g, n, k))
                mark_source(&w, n, k);
    }
    return w.marks;
}

// Files of version 21 and before write a shape that nobody said as one without dimensions. Freezing
// loses the version; then the users tell.
static bool is_unsaid(const struct tf_graph *g, bool wants_axes) {
    enum { SCALARS_ARE_SAID = 22 };
    return g->producer > 0 ? g->producer < SCALARS_ARE_SAID : wants_axes;
}

// --- what it says -------------------------------------------------------------------------------

// A placeholder says its shape once; what gives several tensors says a list.
void tf_placeholder(const struct tf_graph *g, const struct tf_node *node, uint32_t output,
                    bool wants_axes, enum dtype *type, struct shape *shape) {
    const Tensorflow__AttrValue *one = tf_attr(node, "shape");
    const Tensorflow__AttrValue *all = tf_attr(node, "output_shapes");
    const Tensorflow__AttrValue *types = tf_attr(node, "output_types");
    if (types == NULL)
        types = tf_attr(node, "component_types");
    *type = tf_attr_type(node, "dtype", DT_F32);
    *shape = SHAPE_UNKNOWN;
    if (types != NULL && types->list != NULL && output < types->list->n_type)
        *type = tf_dtype((int)types->list->type[output]);
    if (all != NULL && all->list != NULL && output < all->list->n_shape)
        tf_shape(all->list->shape[output], shape);
    else if (one != NULL && one->shape != NULL)
        tf_shape(one->shape, shape);
    // Truths and counts are switches and lengths, which are scalars.
    if (shape->rank == 0 && dtype_is_float(*type) && is_unsaid(g, wants_axes))
        *shape = SHAPE_UNKNOWN;
}

// How many elements are taken at once: where that many are waited for and the graph says how many,
// its own arithmetic may count on them.
static int64_t batch_taken(const struct tf_graph *g, const struct tf_node *taker) {
    double count;
    bool said = strcmp(taker->op, "QueueDequeueManyV2") == 0 && taker->input_count > 1 &&
                tf_constant_number(g, taker->inputs[1], &count) && count >= 1 && count < INT32_MAX;
    return said ? (int64_t)count : 1;
}

// A queue says the shape of one element; what is taken from it is a batch.
void tf_queue_shape(const struct tf_graph *g, uint32_t index, const struct tf_node *queue,
                    uint32_t output, struct shape *shape) {
    const Tensorflow__AttrValue *all = tf_attr(queue, "shapes");
    struct shape one;
    if (shape->rank != RANK_UNKNOWN || all == NULL || all->list == NULL ||
        output >= all->list->n_shape || !tf_shape(all->list->shape[output], &one) ||
        one.rank == RANK_UNKNOWN || one.rank == SHAPE_MAX_RANK)
        return;
    shape->rank = one.rank + 1;
    shape->dims[0] = batch_taken(g, &g->nodes[index]);
    for (int32_t i = 0; i < one.rank; i++)
        shape->dims[i + 1] = one.dims[i];
}
