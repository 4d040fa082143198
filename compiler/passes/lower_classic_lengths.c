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

// "The counter has reached the length", which comes from outside.
static bool is_past_end(const struct loop *a, const struct value *v) {
    const struct node *n = v->producer;
    if (n->op == &op_Reshape || n->op == &op_Unsqueeze)
        n = n->inputs[0].value->producer;
    if (n->op != &op_GreaterEqual || !counts(a, n->inputs[0].value))
        return false;
    int64_t place = parameter_place(a->body, n->inputs[1].value);
    return place >= 0 && handed_to(a, place) == NULL && !dtype_is_float(n->inputs[1].value->type);
}

static bool drop_lengths(struct node *loop) {
    const struct loop *a = loop->attrs;
    bool progress = false;
    GRAPH_EACH(a->body, n) {
        if (n->op != &op_Select || !is_past_end(a, n->inputs[0].value))
            continue;
        value_replace(&n->outputs[0], n->inputs[2].value);
        node_remove(n);
        progress = true;
    }
    return progress;
}

bool lower_classic_lengths(struct graph *g, const struct pass_options *options) {
    bool progress = false;
    GRAPH_EACH(g, n) {
        if (n->op != &op_TensorIterator || n->outputs[0].poison || !drop_lengths(n))
            continue;
        struct place place = node_place(n);
        diag_report(g->diag, &place, SEQUENCE_LENGTHS,
                    arena_printf(g->arena, "%d", options->ir_version));
        progress = true;
    }
    return progress;
}
