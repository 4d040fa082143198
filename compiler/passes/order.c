// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/order.h"

#include <string.h>

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

// Channels, which are axis 1, or 0 where there is no batch, go last; the others keep their order.
bool order_puts_channels_last(const struct order *order) {
    int32_t channels = order->axis[order->rank - 1];
    if (order->rank < 3 || channels > 1 || channels == order->rank - 1)
        return false;
    for (int32_t i = 0; i < order->rank - 1; i++)
        if (order->axis[i] != i + (i >= channels))
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
