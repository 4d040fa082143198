// SPDX-License-Identifier: Apache-2.0
// Evaluation while the graph is built: shape arithmetic on constants, and on values that are known
// in part. A partly known value is a f64 tensor with NaN in the unknown places, so the evaluators
// that fold constants serve both: NaN goes through formulas and recipes by itself.
#include <math.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/graph/op.h"

// Larger results are the business of fold_constants.
enum { SMALL_COUNT = 1024 };

static bool all_constant(const struct node *n) {
    for (uint32_t i = 0; i < n->input_count; i++)
        if (n->inputs[i].value != NULL && n->inputs[i].value->constant == NULL)
            return false;
    return n->input_count > 0;
}

static bool small(const struct shape *s) {
    uint64_t count;
    return shape_count(s, &count) && count <= SMALL_COUNT;
}

static bool all_small(const struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++)
        if (!small(&n->outputs[i].shape))
            return false;
    return true;
}

bool node_evaluate(struct node *n, const struct tensor **outputs) {
    return n->op->evaluate != NULL && n->output_count > 0 && all_constant(n) &&
           n->op->evaluate(n, outputs);
}

// A copy of a node whose inputs stand in for the real ones; it is in no list and nobody uses it.
struct shadow {
    struct node node;
    struct use *uses;
    struct value *values;
};

static bool shadow_input(const struct node *n, uint32_t index, struct value *v,
                         struct arena *arena) {
    bool may_be_partial = index < 32 ? (n->op->partial >> index & 1) : n->op->partial == UINT32_MAX;
    if (v->constant != NULL) {
        if (may_be_partial && small(&v->shape))
            v->constant = tensor_cast(arena, v->constant, DT_F64);
        return true;
    }
    v->constant = v->partial;
    return may_be_partial && v->partial != NULL;
}

static bool shadow_make(const struct node *n, struct shadow *s, struct arena *arena) {
    s->node = *n;
    s->uses = arena_array_of(arena, n->input_count, struct use);
    s->values = arena_array_of(arena, n->input_count, struct value);
    s->node.inputs = s->uses;
    for (uint32_t i = 0; i < n->input_count; i++) {
        if (n->inputs[i].value == NULL)
            continue;
        s->values[i] = *n->inputs[i].value;
        s->uses[i].value = &s->values[i];
        if (!shadow_input(n, i, &s->values[i], arena))
            return false;
    }
    return true;
}

void value_set_partial(struct value *v, const struct tensor *partial) {
    struct arena *arena = v->producer->graph->arena;
    uint64_t count = tensor_count(partial), known = 0;
    const double *numbers = tensor_as_doubles(arena, partial);
    if (numbers == NULL)
        return;
    for (uint64_t i = 0; i < count; i++)
        known += isnan(numbers[i]) ? 0 : 1;
    if (known == count)
        v->constant = tensor_cast(arena, partial, v->type);
    else if (known > 0)
        v->partial = partial;
}

static bool any_partial(const struct node *n) {
    for (uint32_t i = 0; i < n->input_count; i++)
        if (n->inputs[i].value != NULL && n->inputs[i].value->partial != NULL)
            return true;
    return false;
}

static void evaluate_partial(struct node *n) {
    struct arena *arena = n->graph->arena;
    struct shadow shadow;
    const struct tensor **outputs = arena_array_of(arena, n->output_count, const struct tensor *);
    if (!shadow_make(n, &shadow, arena) || !n->op->evaluate(&shadow.node, outputs))
        return;
    for (uint32_t i = 0; i < n->output_count; i++)
        if (outputs[i] != NULL && outputs[i]->type == DT_F64)
            value_set_partial(&n->outputs[i], outputs[i]);
}

void node_fold_small(struct node *n) {
    if (n->op->evaluate == NULL || n->output_count == 0 || !all_small(n))
        return;
    if (n->op->partial != 0 && any_partial(n)) {
        evaluate_partial(n);
        return;
    }
    struct arena *arena = n->graph->arena;
    const struct tensor **outputs = arena_array_of(arena, n->output_count, const struct tensor *);
    if (!node_evaluate(n, outputs))
        return;
    for (uint32_t i = 0; i < n->output_count; i++)
        n->outputs[i].constant = outputs[i];
}
