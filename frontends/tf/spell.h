// SPDX-License-Identifier: Apache-2.0
// Operators that TensorFlow has as one node and we spell out in several: short forms for those.
// Each node is called "<layer>/<suffix>"; a suffix of NULL is the layer itself, its last node.
#ifndef ZOOC_TF_SPELL_H
#define ZOOC_TF_SPELL_H

#include "frontends/tf/layers.h"

struct value *spell(struct tf_layer *l, const struct op_def *op, const char *suffix, uint32_t count,
                    struct value *const *inputs);
struct value *spell_one(struct tf_layer *l, const struct op_def *op, const char *suffix,
                        struct value *x);
struct value *spell_two(struct tf_layer *l, const struct op_def *op, const char *suffix,
                        struct value *x, struct value *y);
struct value *spell_choice(struct tf_layer *l, const char *suffix, struct value *condition,
                           struct value *yes, struct value *no);

// A number of the type of `like`; integers of 64 bits, one or a list.
struct value *spell_number(struct tf_layer *l, const char *suffix, const struct value *like,
                           double value);
struct value *spell_integer(struct tf_layer *l, const char *suffix, int64_t value);
struct value *spell_list(struct tf_layer *l, const char *suffix, uint32_t count,
                         const int64_t *values);

// x itself when it has that type already, unless it must be the last node.
struct value *spell_convert(struct tf_layer *l, const char *suffix, struct value *x,
                            enum dtype type);
struct value *spell_unsqueeze(struct tf_layer *l, const char *suffix, struct value *x,
                              int64_t axis);
struct value *spell_reshape(struct tf_layer *l, const char *suffix, struct value *x, uint32_t rank,
                            const int64_t *dims);
struct value *spell_gather(struct tf_layer *l, const char *suffix, struct value *x,
                           struct value *indices, int64_t axis);
// Updates at places [..., coordinates], joined by enum scatter_reduction or ENUM_UNSET.
struct value *spell_scatter(struct tf_layer *l, const char *suffix, int reduction,
                            struct value *data, struct value *places, struct value *updates);
// A number in the shape of `rows` but for the first dimension, which is `count` [1].
struct value *spell_rows_like(struct tf_layer *l, const char *suffix, struct value *count,
                              struct value *rows, double number);
// Over one axis, which is kept or not.
struct value *spell_reduce(struct tf_layer *l, const struct op_def *op, const char *suffix,
                           struct value *x, int64_t axis, bool keep);
// x[..., begin:end, ...] along one axis; an end of INT64_MAX reaches to the last element.
struct value *spell_slice(struct tf_layer *l, const char *suffix, struct value *x, int32_t axis,
                          int64_t begin, int64_t end);
// 0, 1, ... below `count`, which is one integer of 64 bits.
struct value *spell_range(struct tf_layer *l, const char *suffix, struct value *count);
// The dimensions as integers of 64 bits, and one of them as a number: a constant when it is known.
struct value *spell_shape(struct tf_layer *l, const char *suffix, struct value *x);
struct value *spell_dim(struct tf_layer *l, const char *suffix, struct value *x, int32_t axis);

#endif
