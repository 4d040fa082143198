// SPDX-License-Identifier: Apache-2.0
// Of reshapes in a row the last does it all; one that changes nothing goes.
#include "compiler/ops/movement.h"
#include "compiler/passes/lower.h"

static bool is_reshape(const struct node *n) {
    return n->op == &op_Reshape || n->op == &op_Squeeze || n->op == &op_Unsqueeze;
}

static bool keeps_shape(const struct node *n) {
    const struct shape *from = &n->inputs[0].value->shape, *to = &n->outputs[0].shape;
    int32_t unknown = 0;
    for (int32_t i = 0; i < to->rank; i++)
        unknown += to->dims[i] < 0;
    return to->rank >= 0 && unknown <= 1 && shape_equal(from, to);
}

// Says the result's dimensions, so that it does not matter what they are read from.
static bool shorten(struct node *n) {
    struct value *middle = node_input(n, 0);
    const struct shape *shape = &n->outputs[0].shape;
    if (!is_reshape(middle->producer) || value_only_user(middle) != n || !shape_is_static(shape))
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    lower_replace(n, build_reshape(&b, n->name, node_input(middle->producer, 0),
                                   (uint32_t)shape->rank, shape->dims));
    return true;
}

bool lower_opset_reshapes(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    GRAPH_EACH(g, n) {
        if (!is_reshape(n))
            continue;
        if (keeps_shape(n)) {
            lower_replace(n, node_input(n, 0));
            changed = true;
        } else {
            changed |= shorten(n);
        }
    }
    return changed;
}
