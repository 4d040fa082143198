// SPDX-License-Identifier: Apache-2.0
// What evaluators are made of. An evaluator sees a node whose inputs are all constant; when a
// tensor's type is f64 and its value's is not, the tensor is known in part and NaN means unknown
// (compiler/graph/evaluate.c): the result is then f64 too.
#ifndef ZOOC_OPS_EVALUATE_H
#define ZOOC_OPS_EVALUATE_H

#include "compiler/ops/ops.h"

// The constant of input `index` is known in part.
bool constant_is_partial(const struct node *n, uint32_t index);
// The type that a result with the values of input `index` has.
enum dtype result_type(const struct node *n, uint32_t index);

// Elements are computed in blocks, written to the arena in type `type`. NULL when the result would
// be larger than limits.arena_tensor_bytes, or has an integer that `type` cannot hold.
typedef bool compute_function(void *context, uint64_t first, uint64_t count, double *out);
struct tensor *tensor_compute(struct arena *arena, enum dtype type, struct shape shape,
                              compute_function *compute, void *context);
// Room for `count` indices; NULL when they would be more than limits.arena_tensor_bytes. The
// recipes below are NULL then, too.
int64_t *index_list(struct arena *arena, int64_t count);

// Slices begin, begin + stride, ... along one axis.
const struct tensor *tensor_range(struct arena *arena, const struct tensor *t, int32_t axis,
                                  int64_t begin, int64_t stride, int64_t count);
// Elements added before and behind along one axis; negative counts cut. NULL when nothing can be
// cut.
const struct tensor *tensor_pad(struct arena *arena, const struct tensor *t, int32_t axis,
                                int64_t begin, int64_t end, double value);
struct tensor *map_doubles(struct arena *arena, const struct tensor *t, double (*f)(double));

#endif
