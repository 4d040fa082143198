// SPDX-License-Identifier: Apache-2.0
// What the lower_* passes share: a node is replaced by others, the last of which takes its name.
#ifndef ZOOC_LOWER_H
#define ZOOC_LOWER_H

#include "compiler/ops/build.h"
#include "compiler/ops/slicing.h"
#include "compiler/passes/pass.h"

typedef struct value *lowering(struct builder *b, struct node *n);

// Applies `lower` to every node of `op`. NULL leaves the node; a value takes its (only) output's
// place.
bool lower_each(struct graph *g, const struct op_def *op, lowering *lower);
// All uses of the node's output read `v` instead, and the node goes.
void lower_replace(struct node *n, struct value *v);
// Is the node's first output one of the graph's results?
bool lower_is_result(const struct node *n);
// "<node>/<suffix>" in the graph's arena.
const char *lower_name(const struct node *n, const char *suffix);

// `v` (of known shape) repeated along one axis.
struct value *lower_tile_axis(struct builder *b, const char *name, struct value *v, int32_t axis,
                              int64_t tiles);
// Elements begin, begin + stride, ... along one axis. NULL when they are too many for a list.
struct value *lower_steps(struct builder *b, const char *name, struct value *v, int32_t axis,
                          const struct range *range);

// Slices that share out what they read become the outputs of one VariadicSplit.
bool lower_slices(struct graph *g);

// One operand of a two-operand node is constant: which, and the other operand. False otherwise.
bool constant_operand(const struct node *n, const struct tensor **constant, struct value **data,
                      bool *constant_first);
// Does the constant hold one number, or one a channel (axis 1) of `data`? It is then given with
// shape [1] or [C].
bool per_channel(struct arena *arena, const struct value *data, const struct tensor *constant,
                 const struct tensor **out);

#endif
