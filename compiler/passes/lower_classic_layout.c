// SPDX-License-Identifier: Apache-2.0
// Readers of classic IR take images with channels first. Where the source keeps them last, inputs
// and results turn, and reshapes to images of one place; sink_transposes then takes away what meets
// inside.
#include "compiler/base/fatal.h"
#include "compiler/ops/data.h"
#include "compiler/ops/detection.h"
#include "compiler/ops/movement.h"
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
    // Who decodes YOLO's regions takes them with their channels first.
    if ((v->shape.rank != 4 && v->shape.rank != 5) || node_is(v->producer, &op_RegionYolo))
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    struct order first = order_to_channels_first(v->shape.rank);
    const char *name = build_name(&b, v->producer->name, "to_channels_first");
    struct value *turned = order_build(&b, name, v, &first);
    node_set_input(n, 0, turned);
    value_move_names(v, turned); // it is the result that is known by them
    return true;
}

// [.., 1, 1, C] of a Reshape: it gives the channels first as well.
static bool turn_reshape(struct node *n) {
    struct value *v = &n->outputs[0];
    int32_t rank = v->shape.rank;
    struct order first = order_to_channels_first(rank), last = order_to_channels_last(rank);
    if ((rank != 4 && rank != 5) || !shape_is_static(&v->shape) || v->constant != NULL ||
        !order_moves_nothing(&first, &v->shape) || node_input(n, 0)->shape.rank == rank)
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    int64_t dims[SHAPE_MAX_RANK];
    for (int32_t i = 0; i < rank; i++)
        dims[i] = v->shape.dims[first.axis[i]];
    struct value *turned = build_reshape(&b, n->name, node_input(n, 0), (uint32_t)rank, dims);
    const char *name = build_name(&b, n->name, "to_channels_last");
    value_replace(v, order_build(&b, name, turned, &last));
    node_remove(n);
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
    uint32_t known = g->next_id;
    GRAPH_EACH(g, n) {
        if (g->channels_last && n->op == &op_Reshape && n->id < known)
            changed |= turn_reshape(n);
    }
    return changed;
}
