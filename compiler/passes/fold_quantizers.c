// SPDX-License-Identifier: Apache-2.0
// A FakeQuantize of weights stays where the layer reads data of steps, too: a runtime that computes
// with 8 bits looks for it. What only moves elements goes above it, where it folds; and where the
// source rounds halves another way than runtimes do, the weights are rounded here already, so that
// rounding them again changes nothing.
//
// Where the data has no steps (behind an average, say), a runtime with 8 bits would round it once
// more than the source does: there the weights are rounded and the FakeQuantize goes.
#include "compiler/ops/activation.h"
#include "compiler/ops/build.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/pooling.h"
#include "compiler/passes/pass.h"

static bool read_number(const struct node *n, uint32_t input, double *out) {
    const struct tensor *t = node_constant(n, input);
    return t != NULL && tensor_count(t) == 1 && tensor_uniform(t, out);
}

// One range for all elements: it does not matter where they stand.
static bool has_one_range(const struct node *n) {
    double number;
    for (uint32_t i = 1; i < 5; i++)
        if (!read_number(n, i, &number))
            return false;
    return true;
}

// Of a range that is mapped to itself.
static bool read_steps(const struct node *n, float *low, float *high, float *step) {
    double numbers[4];
    int64_t levels = ((const struct fake_quantize *)n->attrs)->levels;
    for (uint32_t i = 0; i < 4; i++)
        if (!read_number(n, i + 1, &numbers[i]))
            return false;
    *low = (float)numbers[0];
    *high = (float)numbers[1];
    *step = (*high - *low) / (float)(levels - 1);
    return numbers[0] == numbers[2] && numbers[1] == numbers[3] && numbers[0] < numbers[1] &&
           *step > 0;
}

static bool round_constant(struct node *n) {
    struct fake_quantize *a = n->attrs;
    const struct tensor *t = node_constant(n, 0);
    float low, high, step;
    if (!a->halves_up || t == NULL || t->type != DT_F32 || !read_steps(n, &low, &high, &step))
        return false;
    a->halves_up = false;
    struct builder b = {.graph = n->graph, .place = n->place};
    const char *name = node_input(n, 0)->producer->name;
    node_set_input(n, 0,
                   build_constant(&b, name, tensor_steps(n->graph->arena, t, low, high, step)));
    return true;
}

// --- is the data of steps? -----------------------------------------------------------------------

enum { MOST_BETWEEN = 8 };

// What gives elements of what it reads, or zero.
static bool keeps_steps(const struct node *n) {
    static const struct op_def *const ops[] = {
        &op_Transpose, &op_Reshape,      &op_Squeeze, &op_Unsqueeze,     &op_MaxPool, &op_ReLU,
        &op_Pad,       &op_StridedSlice, &op_Split,   &op_VariadicSplit, &op_Concat,
    };
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (n->op == ops[i])
            return true;
    return false;
}

static bool has_steps(const struct value *v, int depth) {
    const struct node *n = v->producer;
    if (n->op == &op_FakeQuantize)
        return true;
    if (depth == MOST_BETWEEN || !keeps_steps(n))
        return false;
    for (uint32_t i = 0; i < (n->op == &op_Concat ? n->input_count : 1); i++)
        if (!has_steps(node_input(n, i), depth + 1))
            return false;
    return true;
}

static bool is_layer(const struct node *n) {
    return n->op == &op_Convolution || n->op == &op_GroupConvolution || n->op == &op_MatMul;
}

// Weights that are rounded, and all of whose layers read data without steps.
static bool goes(const struct node *n) {
    const struct tensor *t = node_constant(n, 0);
    if (t == NULL || t->kind != TENSOR_STEPS || n->outputs[0].first_use == NULL)
        return false;
    VALUE_EACH_USE(&n->outputs[0], u) {
        if (u->index != 1 || !is_layer(u->user) || has_steps(node_input(u->user, 0), 0))
            return false;
    }
    return true;
}

static bool only_moves(const struct node *n) {
    return n->op == &op_Transpose || n->op == &op_Reshape;
}

// FakeQuantize(c), then `mover`: mover(c), then FakeQuantize.
static void go_above(struct node *n, struct node *mover) {
    struct builder b = {.graph = n->graph, .place = n->place};
    struct value *inputs[5] = {NULL};
    const char *name = node_input(n, 0)->producer->name;
    for (uint32_t i = 1; i < 5; i++)
        inputs[i] = node_input(n, i);
    struct node *moved = build_node(&b, mover->op, name, 2,
                                    (struct value *[]){node_input(n, 0), node_input(mover, 1)});
    if (mover->op == &op_Reshape)
        *(struct reshape *)moved->attrs = *(const struct reshape *)mover->attrs;
    node_finish(moved);
    inputs[0] = &moved->outputs[0];
    struct node *made = build_node(&b, &op_FakeQuantize, n->name, 5, inputs);
    *(struct fake_quantize *)made->attrs = *(const struct fake_quantize *)n->attrs;
    node_finish(made);
    value_replace(&mover->outputs[0], &made->outputs[0]);
    node_remove(mover);
}

static bool sink(struct node *n) {
    bool progress = false;
    if (node_constant(n, 0) == NULL || !has_one_range(n))
        return false;
    VALUE_EACH_USE(&n->outputs[0], u) {
        if (u->index != 0 || !only_moves(u->user) || node_constant(u->user, 1) == NULL)
            continue;
        go_above(n, u->user);
        progress = true;
    }
    return progress;
}

bool fold_quantizers(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool progress = false;
    GRAPH_EACH(g, n) {
        if (n->op != &op_FakeQuantize)
            continue;
        progress |= round_constant(n);
        progress |= sink(n);
        if (goes(n)) {
            value_replace(&n->outputs[0], node_input(n, 0));
            node_remove(n);
            progress = true;
        }
    }
    return progress;
}
