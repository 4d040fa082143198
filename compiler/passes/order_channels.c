// SPDX-License-Identifier: Apache-2.0
// Where channels are last, what is done to them alone is spelled with two Reshapes: channels are
// shuffled as [.., groups, C / groups] with the two swapped, a SoftMax over them is one of rows.
// With channels first it is done on [N, groups, C / groups, H * W], or on [N, C, H * W].
#include "compiler/base/fatal.h"
#include "compiler/ops/activation.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/order.h"

struct channels {
    struct node *apart, *middle, *join;
    struct shape in, inside; // [N, H, W, C], and what `apart` makes of it
    const struct order *order;
};

// Only the first dimension may be unknown.
static bool is_known(const struct shape *shape) {
    for (int32_t i = 1; i < shape->rank; i++)
        if (shape->dims[i] < 1)
            return false;
    return true;
}

static bool read_channels(struct node *n, const struct order *order, struct channels *c) {
    c->apart = n;
    c->middle = value_only_user(&n->outputs[0]);
    c->join = c->middle != NULL ? value_only_user(&c->middle->outputs[0]) : NULL;
    c->order = order;
    c->in = node_input(n, 0)->shape;
    c->inside = n->outputs[0].shape;
    return order->rank == 4 && order->axis[0] == 0 && order_puts_channels_last(order) &&
           node_is(c->join, &op_Reshape) && c->inside.rank > 1 && is_known(&c->in) &&
           is_known(&c->inside) && shape_equal(&c->in, &c->join->outputs[0].shape);
}

static bool is_shuffle(const struct channels *c) {
    int32_t last = c->inside.rank - 1;
    const int64_t *dims = c->inside.dims;
    struct order order;
    if (last < 2 || !order_read(c->middle, &order) || dims[last - 1] * dims[last] != c->in.dims[3])
        return false;
    for (int32_t i = 0; i < last - 1; i++)
        if (order.axis[i] != i)
            return false;
    return order.axis[last] == last - 1;
}

// (Of one place the Transpose moves nothing, and rows are rows.)
static bool is_softmax_of_rows(const struct channels *c) {
    int32_t axis;
    return node_is(c->middle, &op_SoftMax) && c->inside.rank == 2 &&
           c->in.dims[1] * c->in.dims[2] > 1 && c->inside.dims[1] == c->in.dims[3] &&
           shape_axis(&c->inside, ((const struct softmax *)c->middle->attrs)->axis, &axis) &&
           axis == 1;
}

static void infer(struct node *n) {
    if (!node_infer(n))
        fatal_bug("'%s' cannot read above a Transpose", n->name);
}

static void reshape(struct builder *b, struct node *n, uint32_t count, const int64_t *dims) {
    node_set_input(n, 1, build_i64(b, node_input(n, 1)->producer->name, count, dims));
    infer(n);
}

static void swap_groups(struct builder *b, struct channels *c) {
    const struct order order = {4, {0, 2, 1, 3}};
    struct value *swapped = order_build(b, c->middle->name, &c->apart->outputs[0], &order);
    value_replace(&c->middle->outputs[0], swapped);
    node_remove(c->middle);
}

bool order_sink_channels(struct node *n, const struct order *order) {
    struct channels c;
    struct builder b = {.graph = n->graph, .place = n->place};
    if (!read_channels(n, order, &c))
        return false;
    bool shuffle = is_shuffle(&c);
    if (!shuffle && !is_softmax_of_rows(&c))
        return false;
    int64_t batch = c.in.dims[0] < 0 ? -1 : c.in.dims[0], area = c.in.dims[1] * c.in.dims[2];
    int32_t last = c.inside.rank - 1;
    node_set_input(n, 0, node_input(node_input(n, 0)->producer, 0));
    if (shuffle) {
        reshape(&b, n, 4, (int64_t[]){batch, c.inside.dims[last - 1], c.inside.dims[last], area});
        swap_groups(&b, &c);
    } else {
        reshape(&b, n, 3, (int64_t[]){batch, c.in.dims[3], area});
        ((struct softmax *)c.middle->attrs)->axis = 1;
        infer(c.middle);
    }
    reshape(&b, c.join, 4, (int64_t[]){batch, c.in.dims[3], c.in.dims[1], c.in.dims[2]});
    struct value *v = &c.join->outputs[0];
    b.place = c.join->place;
    v = order_build(&b, build_name(&b, c.join->name, "Transpose_"), v, order);
    value_replace_except(&c.join->outputs[0], v, v->producer);
    return true;
}
