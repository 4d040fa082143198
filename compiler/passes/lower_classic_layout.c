// SPDX-License-Identifier: Apache-2.0
// Readers of classic IR take images with channels first. Where the source keeps them last, inputs
// and results turn; sink_transposes then takes away what meets inside.
#include "compiler/base/fatal.h"
#include "compiler/ops/data.h"
#include "compiler/passes/order.h"
#include "compiler/passes/pass.h"

static void turn_parameter(struct node *n) {
    struct builder b = {.graph = n->graph, .place = n->place};
    struct parameter *a = n->attrs;
    struct shape shape = a->shape;
    struct order first = order_to_channels_first(shape.rank);
    struct order last = order_to_channels_last(shape.rank);
    for (int32_t i = 0; i < shape.rank; i++)
        a->shape.dims[i] = shape.dims[first.axis[i]];
    a->layout = shape.rank == 4 ? "NCHW" : "NCDHW";
    if (!node_infer(n))
        fatal_bug("'%s' cannot put its channels first", n->name);
    order_append(&b, build_name(&b, n->name, "to_channels_last"), &n->outputs[0], &last);
}

static bool turn_result(struct node *n) {
    struct value *v = node_input(n, 0);
    if (v->shape.rank != 4 && v->shape.rank != 5)
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    struct order first = order_to_channels_first(v->shape.rank);
    const char *name = build_name(&b, v->producer->name, "to_channels_first");
    struct value *turned = order_build(&b, name, v, &first);
    node_set_input(n, 0, turned);
    value_move_names(v, turned); // it is the result that is known by them
    return true;
}

bool lower_classic_layout(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    for (uint32_t i = 0; i < g->parameters.count; i++)
        if (order_of_images(g->parameters.items[i])) {
            turn_parameter(g->parameters.items[i]);
            changed = true;
        }
    for (uint32_t i = 0; g->channels_last && i < g->results.count; i++)
        changed |= turn_result(g->results.items[i]);
    return changed;
}
