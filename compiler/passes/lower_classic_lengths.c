// SPDX-License-Identifier: Apache-2.0
// Loops that keep their state from the end of each row's sequence on. Classic IR cannot say so:
// every row goes on to the last step, as in what the Model Optimizer wrote, and the user is told.
#include "compiler/ops/loop.h"
#include "compiler/passes/pass.h"

// Place of a Parameter of the body that `v` is, or -1.
static int64_t parameter_place(const struct graph *body, const struct value *v) {
    for (uint32_t i = 0; i < body->parameters.count; i++)
        if (&body->parameters.items[i]->outputs[0] == v)
            return i;
    return -1;
}

// What goes back to a Parameter, or NULL.
static const struct value *handed_to(const struct loop *a, int64_t parameter) {
    for (uint32_t i = 0; i + 1 < a->back_edges.count; i += 2)
        if (a->back_edges.data[i + 1] == parameter)
            return a->body->results.items[a->back_edges.data[i]]->inputs[0].value;
    return NULL;
}

static bool is_number(const struct value *v, double wanted) {
    double number;
    return v != NULL && v->constant != NULL && tensor_uniform(v->constant, &number) &&
           number == wanted;
}

static bool counts(const struct loop *a, const struct value *v) {
    const struct value *next = handed_to(a, parameter_place(a->body, v));
    const struct node *add = next == NULL ? NULL : next->producer;
    if (add == NULL || add->op != &op_Add)
        return false;
    return (add->inputs[0].value == v && is_number(add->inputs[1].value, 1)) ||
           (add->inputs[1].value == v && is_number(add->inputs[0].value, 1));
}

// The lengths, if it is "the counter has reached the length": a constant or from outside. NULL when
// it is anything else.
static const struct value *lengths_of(const struct loop *a, const struct value *v) {
    const struct node *n = v->producer;
    if (n->op == &op_Reshape || n->op == &op_Unsqueeze)
        n = n->inputs[0].value->producer;
    if (n->op != &op_GreaterEqual || !counts(a, n->inputs[0].value) ||
        dtype_is_float(n->inputs[1].value->type))
        return NULL;
    const struct value *lengths = n->inputs[1].value;
    int64_t place = parameter_place(a->body, lengths);
    return lengths->constant != NULL || (place >= 0 && handed_to(a, place) == NULL) ? lengths
                                                                                    : NULL;
}

// Each row goes on to the last step anyway.
static bool are_whole(const struct value *lengths, int64_t steps) {
    if (lengths->constant == NULL || steps < 0)
        return false;
    struct arena *scratch = arena_new();
    const int64_t *numbers = tensor_as_i64(scratch, lengths->constant);
    bool whole = numbers != NULL;
    for (uint64_t i = 0; whole && i < tensor_count(lengths->constant); i++)
        whole = numbers[i] >= steps;
    arena_free(scratch);
    return whole;
}

// `cut`: whether some row would have ended before.
static bool drop_lengths(struct node *loop, bool *cut) {
    const struct loop *a = loop->attrs;
    bool progress = false;
    *cut = false;
    GRAPH_EACH(a->body, n) {
        const struct value *lengths =
            n->op == &op_Select ? lengths_of(a, n->inputs[0].value) : NULL;
        if (lengths == NULL)
            continue;
        *cut |= !are_whole(lengths, loop_iterations(loop));
        value_replace(&n->outputs[0], n->inputs[2].value);
        node_remove(n);
        progress = true;
    }
    return progress;
}

bool lower_classic_lengths(struct graph *g, const struct pass_options *options) {
    bool progress = false, cut;
    GRAPH_EACH(g, n) {
        if (n->op != &op_TensorIterator || n->outputs[0].poison || !drop_lengths(n, &cut))
            continue;
        progress = true;
        if (!cut)
            continue;
        struct place place = node_place(n);
        diag_report(g->diag, &place, SEQUENCE_LENGTHS,
                    arena_printf(g->arena, "%d", options->ir_version));
    }
    return progress;
}
