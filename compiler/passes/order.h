// SPDX-License-Identifier: Apache-2.0
// Orders of axes, as Transposes have them.
#ifndef ZOOC_ORDER_H
#define ZOOC_ORDER_H

#include "compiler/ops/build.h"

struct order { // axis i of the result is axis[i] of what is read
    int32_t rank;
    int32_t axis[SHAPE_MAX_RANK];
};

// Of a Transpose by a constant; false for any other node.
bool order_read(const struct node *n, struct order *out);
bool order_same(const struct order *a, const struct order *b);
bool order_is_identity(const struct order *order);
struct order order_inverse(const struct order *order);
// What stands above the Transpose that gives `v`, when it is of this order.
struct value *order_above(const struct value *v, const struct order *order);
// Channels, which are axis 1, or 0 where there is no batch, go last; the others keep their order.
bool order_puts_channels_last(const struct order *order);
// Axes longer than 1 keep their order: in memory nothing moves.
bool order_moves_nothing(const struct order *order, const struct shape *from);
// What is left when axes of what is read (a bit set) are taken away.
struct order order_without(const struct order *order, uint32_t mask);
struct value *order_build(struct builder *b, const char *name, struct value *x,
                          const struct order *order);
// Two Transposes behind one another are one, or none: `n` and the one above it. Takes `n` out.
bool order_join(struct node *n);
// Between [N, spatial..., C] and [N, C, spatial...].
struct order order_to_channels_first(int32_t rank);
struct order order_to_channels_last(int32_t rank);
// May sink_transposes put a Transpose above the node below it? Its constants have the last word.
bool order_may_pass(const struct node *n);

// `n`, a Reshape below a Transpose of this order, and the two nodes behind it do something to the
// channels alone and give back the shape: they come to stand above. False when they are not such.
bool order_sink_channels(struct node *n, const struct order *order);

// Is it an input whose layout is NHWC or NDHWC, or a Reshape that makes such images of vectors?
bool order_of_images(const struct node *source);
// Whoever reads `v` reads what a Transpose makes of it; the names stay with `v`.
struct value *order_append(struct builder *b, const char *name, struct value *v,
                           const struct order *order);

#endif
