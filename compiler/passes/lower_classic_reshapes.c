// SPDX-License-Identifier: Apache-2.0
// Of two reshapes in a row only the second matters.
#include "compiler/ops/movement.h"
#include "compiler/passes/lower.h"

static bool is_reshape(const struct node *n) {
    return n->op == &op_Reshape || n->op == &op_Squeeze || n->op == &op_Unsqueeze;
}

// May the second read `x` as it is? A dimension that it copies must be the same there.
static bool still_fits(const struct node *n, const struct value *x) {
    const struct tensor *t = node_constant(n, 1);
    const struct shape *out = &n->outputs[0].shape;
    if (n->op != &op_Reshape || t == NULL)
        return false;
    const int64_t *dims = tensor_as_i64(n->graph->arena, t);
    for (int32_t i = 0; i < out->rank; i++)
        if (dims[i] == 0 && (i >= x->shape.rank || x->shape.dims[i] != out->dims[i]))
            return false;
    return true;
}

static bool shorten(struct node *n) {
    struct value *middle = n->inputs[0].value;
    struct node *first = middle->producer;
    if (!is_reshape(first) || value_only_user(middle) != n ||
        !shape_is_static(&n->outputs[0].shape))
        return false;
    struct value *x = first->inputs[0].value;
    if (still_fits(n, x)) {
        node_set_input(n, 0, x);
        return true;
    }
    struct builder b = {.graph = n->graph, .place = n->place};
    const struct shape *out = &n->outputs[0].shape;
    lower_replace(n, build_reshape(&b, n->name, x, (uint32_t)out->rank, out->dims));
    return true;
}

bool lower_classic_reshapes(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    GRAPH_EACH(g, n) {
        if (is_reshape(n))
            changed |= shorten(n);
    }
    return changed;
}
