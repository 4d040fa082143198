// SPDX-License-Identifier: Apache-2.0
// Behind an input that keeps channels last there come to stand a Transpose to channels first and
// one back; sink_transposes then takes the second one down. So pads and arithmetic between the
// input and the first convolutions are done with channels first, too, and branches share one
// Transpose. The same is done where a Reshape makes images of something else.
#include "compiler/ops/indexing.h"
#include "compiler/passes/order.h"
#include "compiler/passes/pass.h"

struct forecast {
    uint32_t met;     // opposite Transposes that go
    uint32_t stopped; // nodes above which a Transpose will stand
    uint32_t passed;
};

enum { TURNED = 1 }; // mark: the node's outputs will have channels first

static bool reads_turned(const struct node *n) {
    for (uint32_t i = 0; i < n->input_count; i++)
        if (n->inputs[i].value != NULL && n->inputs[i].value->producer->mark == TURNED)
            return true;
    return false;
}

static bool may_pass(const struct node *n, int32_t rank) {
    if (!order_may_pass(n) || n->output_count == 0 || n->outputs[0].shape.rank != rank)
        return false;
    for (uint32_t i = 0; i < n->input_count; i++) {
        const struct value *v = n->inputs[i].value;
        if (v != NULL && v->constant == NULL && v->producer->mark != TURNED)
            return false;
    }
    return true;
}

static void look_at(struct node *n, const struct order *back, struct forecast *f) {
    struct order own;
    if (order_read(n, &own) && order_same(&own, back)) {
        f->met++;
    } else if (may_pass(n, back->rank)) {
        n->mark = TURNED;
        f->passed++;
    } else if (!node_is(n, &op_ShapeOf)) {
        f->stopped++;
    }
}

// Only where fewer Transposes are left, or as many lower down.
static bool pays(struct node *source, struct node **order, uint32_t count) {
    struct forecast f = {0};
    struct order back = order_to_channels_first(source->outputs[0].shape.rank);
    for (uint32_t i = 0; i < count; i++)
        order[i]->mark = 0;
    source->mark = TURNED;
    for (uint32_t i = 0; i < count; i++)
        if (reads_turned(order[i]))
            look_at(order[i], &back, &f);
    return f.met > f.stopped + 1 || (f.met == f.stopped + 1 && f.passed > 0);
}

static void insert(struct node *source) {
    struct builder b = {.graph = source->graph, .place = source->place};
    struct value *v = &source->outputs[0];
    struct order first = order_to_channels_first(v->shape.rank);
    struct order last = order_to_channels_last(v->shape.rank);
    v = order_append(&b, build_name(&b, source->name, "to_channels_first"), v, &first);
    order_append(&b, build_name(&b, source->name, "to_channels_last"), v, &last);
}

bool insert_transposes(struct graph *g, const struct pass_options *options) {
    (void)options;
    uint32_t count;
    struct node **order = graph_order(g, &count);
    bool progress = false;
    for (uint32_t i = 0; i < count; i++) {
        if (!order_of_images(order[i]) || !pays(order[i], order, count))
            continue;
        insert(order[i]);
        progress = true;
    }
    return progress;
}
