// SPDX-License-Identifier: Apache-2.0
// Layers that several frameworks have in the same form, made of operators. Weights come in the
// layout that Caffe and MXNet share; they stay views.
//
// The node that computes carries `name`; a bias, scale or shift stands behind it as its own node
// ("<name>/bias", ...), so that passes see one form whatever the framework.
#ifndef ZOOC_BUILD_LAYERS_H
#define ZOOC_BUILD_LAYERS_H

#include "compiler/ops/build.h"
#include "compiler/ops/convolution.h"

// weights [O, I/groups, k...], bias [O] or NULL. `window` gives strides, dilations, pads, auto_pad.
struct value *build_convolution(struct builder *b, const char *name, struct value *x,
                                const struct tensor *weights, const struct tensor *bias,
                                int64_t groups, const struct convolution *window);

// weights [I, O/groups, k...].
struct value *build_deconvolution(struct builder *b, const char *name, struct value *x,
                                  const struct tensor *weights, const struct tensor *bias,
                                  int64_t groups, const struct deconvolution *window);

// x [N, K], weights [O, K], bias [O] or NULL.
struct value *build_fully_connected(struct builder *b, const char *name, struct value *x,
                                    const struct tensor *weights, const struct tensor *bias);

// op(x, t) with one number of `t` for each index of `axis` (or one for all).
struct value *build_per_channel(struct builder *b, const struct op_def *op, const char *name,
                                struct value *x, int64_t axis, const struct tensor *t);

struct batch_norm_tensors { // each of [C]; gamma, beta may be NULL: 1, 0
    const struct tensor *mean, *variance, *gamma, *beta;
    double epsilon;
};

// (x - mean) / sqrt(variance + epsilon) * gamma + beta as Multiply and Add with constants
// ("<name>/scale", "<name>/shift"). NULL, with nothing reported, when the tensors differ in size.
struct value *build_batch_norm(struct builder *b, const char *name, struct value *x, int64_t axis,
                               const struct batch_norm_tensors *tensors);

#endif
