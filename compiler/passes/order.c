// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/order.h"

#include <string.h>

#include "compiler/ops/data.h"
#include "compiler/ops/movement.h"

bool order_read(const struct node *n, struct order *out) {
    const struct tensor *t = node_constant(n, 1);
    double numbers[SHAPE_MAX_RANK];
    if (!node_is(n, &op_Transpose) || t == NULL || tensor_count(t) > SHAPE_MAX_RANK)
        return false;
    out->rank = (int32_t)tensor_count(t);
    tensor_read_doubles(t, 0, (uint64_t)out->rank, numbers);
    uint32_t seen = 0;
    for (int32_t i = 0; i < out->rank; i++) {
        if (!(numbers[i] >= 0 && numbers[i] < out->rank))
            return false;
        out->axis[i] = (int32_t)numbers[i];
        seen |= 1U << out->axis[i];
    }
    return out->rank > 0 && seen == (1U << out->rank) - 1U;
}

bool order_same(const struct order *a, const struct order *b) {
    return a->rank == b->rank && memcmp(a->axis, b->axis, (size_t)a->rank * sizeof a->axis[0]) == 0;
}

struct order order_inverse(const struct order *order) {
    struct order out = {.rank = order->rank};
    for (int32_t i = 0; i < order->rank; i++)
        out.axis[order->axis[i]] = i;
    return out;
}

bool order_is_identity(const struct order *order) {
    for (int32_t i = 0; i < order->rank; i++)
        if (order->axis[i] != i)
            return false;
    return true;
}

// Channels, or the axes that they were split into, go last; the others keep their order. They are
// axis 1, or 0 where there is no batch. Several channel axes and one other are no such case: the
// Transpose to channels first looks the same.
bool order_puts_channels_last(const struct order *order) {
    int32_t last = order->rank - 1, count = 1, channels;
    while (count < order->rank && order->axis[last - count] + 1 == order->axis[last - count + 1])
        count++;
    if (order->rank < 3 || count == order->rank)
        return false;
    channels = order->axis[order->rank - count];
    if (channels > 1 || (count > 1 && order->rank - count - channels < 2))
        return false;
    for (int32_t i = 0; i < order->rank - count; i++)
        if (order->axis[i] != (i < channels ? i : i + count))
            return false;
    return true;
}

// Axes longer than 1 keep their order: in memory nothing moves.
bool order_moves_nothing(const struct order *order, const struct shape *from) {
    int32_t last = -1;
    for (int32_t i = 0; i < order->rank; i++) {
        if (from->dims[order->axis[i]] == 1)
            continue;
        if (order->axis[i] < last)
            return false;
        last = order->axis[i];
    }
    return true;
}

struct value *order_build(struct builder *b, const char *name, struct value *x,
                          const struct order *order) {
    int64_t axes[SHAPE_MAX_RANK];
    for (int32_t i = 0; i < order->rank; i++)
        axes[i] = order->axis[i];
    return build_transpose(b, name, x, (uint32_t)order->rank, axes);
}

bool order_join(struct node *n) {
    struct order lower, upper;
    struct node *above = node_producer(n, 0, &op_Transpose);
    if (above == NULL || !order_read(n, &lower) || !order_read(above, &upper))
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    struct order both = {.rank = lower.rank};
    for (int32_t i = 0; i < lower.rank; i++)
        both.axis[i] = upper.axis[lower.axis[i]];
    struct value *x = node_input(above, 0);
    if (!order_is_identity(&both))
        x = order_build(&b, n->name, x, &both);
    value_replace(&n->outputs[0], x);
    node_remove(n);
    return true;
}

// The order that is left when axes of what is read (a bit set) are taken away.
struct order order_without(const struct order *order, uint32_t mask) {
    struct order out = {.rank = 0};
    for (int32_t i = 0; i < order->rank; i++) {
        int32_t axis = order->axis[i], fewer = 0;
        if ((mask >> axis & 1U) != 0)
            continue;
        for (int32_t k = 0; k < axis; k++)
            fewer += (int32_t)(mask >> k & 1U);
        out.axis[out.rank++] = axis - fewer;
    }
    return out;
}

struct order order_to_channels_last(int32_t rank) {
    struct order out = {.rank = rank};
    for (int32_t i = 1; i < rank; i++)
        out.axis[i] = i + 1 == rank ? 1 : i + 1;
    return out;
}

struct order order_to_channels_first(int32_t rank) {
    struct order last = order_to_channels_last(rank);
    return order_inverse(&last);
}

static bool makes_images(const struct node *reshape) {
    const struct value *x = node_input(reshape, 0), *y = &reshape->outputs[0];
    return reshape->graph->channels_last && y->constant == NULL &&
           (y->shape.rank == 4 || y->shape.rank == 5) && x->shape.rank < 4;
}

bool order_of_images(const struct node *source) {
    if (source->op == &op_Reshape)
        return makes_images(source);
    if (source->op != &op_Parameter)
        return false;
    const char *layout = ((const struct parameter *)source->attrs)->layout;
    int32_t rank = source->outputs[0].shape.rank;
    return layout != NULL && ((rank == 4 && strcmp(layout, "NHWC") == 0) ||
                              (rank == 5 && strcmp(layout, "NDHWC") == 0));
}

struct value *order_append(struct builder *b, const char *name, struct value *v,
                           const struct order *order) {
    struct value *turned = order_build(b, name, v, order);
    struct source_name *names = v->names;
    v->names = NULL;
    value_replace_except(v, turned, turned->producer);
    v->names = names;
    return turned;
}

struct value *order_above(const struct value *v, const struct order *order) {
    struct order own;
    struct node *n = v != NULL ? v->producer : NULL;
    return n != NULL && order_read(n, &own) && order_same(&own, order) ? node_input(n, 0) : NULL;
}
