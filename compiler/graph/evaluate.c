// SPDX-License-Identifier: Apache-2.0
// Evaluation while the graph is built: shape arithmetic on constants, and on values that are known
// in part. A partly known value is a f64 tensor with NaN in the unknown places, so the evaluators
// that fold constants serve both: NaN goes through formulas and recipes by itself.
#include <math.h>
#include <string.h>

#include "compiler/base/checked.h"
#include "compiler/base/limits.h"
#include "compiler/graph/op.h"

// Larger results are the business of fold_constants.
enum { SMALL_COUNT = 1024, LIST_COUNT = 64 };

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

// Recipes cost nothing here, but somebody will have to write what they stand for.
static bool may_be_made(const struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++) {
        uint64_t count, bytes;
        if (!shape_count(&n->outputs[i].shape, &count) ||
            !checked_mul(count, dtype_size(n->outputs[i].type), &bytes) ||
            bytes > limits.tensor_bytes)
            return false;
    }
    return true;
}

bool node_evaluate(struct node *n, const struct tensor **outputs) {
    return n->op->evaluate != NULL && n->output_count > 0 && all_constant(n) && may_be_made(n) &&
           n->op->evaluate(n, outputs);
}

// A copy of a node whose inputs stand in for the real ones; it is in no list and nobody uses it.
struct shadow {
    struct node node;
    struct use *uses;
    struct value *values;
};

static bool may_be_partial(const struct node *n, uint32_t index) {
    return index < 32 ? n->op->partial >> index & 1 : n->op->partial == UINT32_MAX;
}

// A few whole numbers: what shape arithmetic is made of.
static bool is_list(const struct value *v) {
    uint64_t count;
    return !dtype_is_float(v->type) && v->type != DT_UNKNOWN && v->shape.rank <= 1 &&
           shape_count(&v->shape, &count) && count <= LIST_COUNT;
}

static bool shadow_input(const struct node *n, uint32_t index, struct value *v,
                         struct arena *arena) {
    bool partial = may_be_partial(n, index);
    if (v->constant != NULL) {
        if (partial && small(&v->shape))
            v->constant = tensor_cast(arena, v->constant, DT_F64);
        return true;
    }
    v->constant = v->partial;
    if (v->constant == NULL && is_list(v))
        v->constant = tensor_splat(arena, DT_F64, v->shape, NAN);
    return partial && v->constant != NULL;
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

// Something is known of the inputs and not all: one is known in part, or one list of several.
static bool is_partly_known(const struct node *n) {
    bool known = false, list = false;
    for (uint32_t i = 0; i < n->input_count; i++) {
        const struct value *v = n->inputs[i].value;
        if (v == NULL)
            continue;
        if (v->partial != NULL)
            return true;
        known = known || (v->constant != NULL && may_be_partial(n, i));
        list = list || (v->constant == NULL && may_be_partial(n, i) && is_list(v));
    }
    return known && list;
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
    if (n->op->partial != 0 && is_partly_known(n)) {
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
