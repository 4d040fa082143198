// SPDX-License-Identifier: Apache-2.0
// BatchNorm, InstanceNorm, L2Normalization, LRN, LayerNorm.
#include <math.h>
#include <string.h>

#include "compiler/ops/build_layers.h"
#include "compiler/ops/normalization.h"
#include "frontends/mxnet/layers.h"

// A state that files before 0.9 do not list among the inputs: NAME_moving_mean, NAME_moving_var.
static const struct tensor *state(struct mxnet_layer *l, uint32_t index, const char *suffix) {
    if (index < l->input_count)
        return mxnet_weights(l, index, suffix);
    const char *name = arena_printf(l->arena, "%s_%s", l->name, suffix);
    const struct tensor *t = mxnet_find_array(l->params, name);
    if (t == NULL) {
        mxnet_fail(l, BLOB_MISSING, name);
        return NULL;
    }
    return tensor_cast(l->arena, t, DT_F32);
}

// fix_gamma, which is the default, puts 1 in place of whatever gamma was saved.
void mxnet_batch_norm(struct mxnet_layer *l) {
    double epsilon = mxnet_float(l, "eps", 1e-3);
    bool fixed = mxnet_bool(l, "fix_gamma", true);
    int64_t axis = mxnet_int(l, "axis", 1);
    const struct tensor *gamma = fixed ? NULL : mxnet_weights(l, 1, "gamma");
    const struct tensor *beta = mxnet_weights(l, 2, "beta");
    const struct tensor *mean = state(l, 3, "moving_mean");
    const struct tensor *variance = state(l, 4, "moving_var");
    if (l->failed)
        return;
    struct batch_norm_tensors tensors = {mean, variance, gamma, beta, epsilon};
    l->outputs[0] = build_batch_norm(&l->builder, l->name, l->inputs[0], axis, &tensors);
    if (l->outputs[0] == NULL)
        mxnet_fail(l, SHAPE_MISMATCH, "gamma, beta, mean and variance differ in size");
}

static struct value *spatial_axes(struct mxnet_layer *l, int32_t first) {
    int64_t axes[SHAPE_MAX_RANK];
    uint32_t count = 0;
    for (int32_t i = first; i < l->inputs[0]->shape.rank; i++)
        axes[count++] = i;
    return build_i64(&l->builder, mxnet_name(l, "axes"), count, axes);
}

static struct value *mean_variance(struct mxnet_layer *l, struct value *axes, double epsilon) {
    struct node *n = build_node(&l->builder, &op_MVN, mxnet_name(l, "mvn"), 2,
                                (struct value *[]){l->inputs[0], axes});
    struct mvn *a = n->attrs;
    a->eps = (float)epsilon;
    a->normalize_variance = true;
    a->eps_mode = MVN_INSIDE_SQRT;
    node_finish(n);
    return &n->outputs[0];
}

// x normalized, times gamma, plus beta, both along `axis`.
static void scale_and_shift(struct mxnet_layer *l, struct value *x, int64_t axis) {
    const struct tensor *gamma = mxnet_weights(l, 1, "gamma"), *beta = mxnet_weights(l, 2, "beta");
    if (l->failed)
        return;
    x = build_per_channel(&l->builder, &op_Multiply, mxnet_name(l, "scale"), x, axis, gamma);
    l->outputs[0] = build_per_channel(&l->builder, &op_Add, mxnet_name(l, "shift"), x, axis, beta);
}

void mxnet_instance_norm(struct mxnet_layer *l) {
    double epsilon = mxnet_float(l, "eps", 1e-3);
    if (!l->failed && mxnet_rank(l, 0, 3, SHAPE_MAX_RANK))
        scale_and_shift(l, mean_variance(l, spatial_axes(l, 2), epsilon), 1);
}

void mxnet_layer_norm(struct mxnet_layer *l) {
    double epsilon = mxnet_float(l, "eps", 1e-5);
    int64_t axis = mxnet_int(l, "axis", -1);
    int32_t where;
    if (l->failed || !mxnet_axis(l, 0, axis, &where))
        return;
    struct value *axes = build_i64(&l->builder, mxnet_name(l, "axes"), 1, &(int64_t){where});
    scale_and_shift(l, mean_variance(l, axes, epsilon), where);
}

// No operator of MXNet's own, but the article's table names it: a factor and a number to add for
// each channel.
void mxnet_scale_shift(struct mxnet_layer *l) {
    if (mxnet_rank(l, 0, 2, SHAPE_MAX_RANK))
        scale_and_shift(l, l->inputs[0], 1);
}

// mode channel: over the channels; spatial: over what follows them; instance: over both.
void mxnet_l2_normalization(struct mxnet_layer *l) {
    static const char *const modes[] = {"instance", "channel", "spatial", NULL};
    int mode = mxnet_choice(l, "mode", modes);
    double epsilon = mxnet_float(l, "eps", 1e-10);
    if (l->failed || !mxnet_rank(l, 0, 2, SHAPE_MAX_RANK))
        return;
    struct value *axes = mode == 1 ? build_i64(&l->builder, mxnet_name(l, "axes"), 1, &(int64_t){1})
                                   : spatial_axes(l, mode == 0 ? 1 : 2);
    struct node *n = build_node(&l->builder, &op_NormalizeL2, l->name, 2,
                                (struct value *[]){l->inputs[0], axes});
    struct normalize_l2 *a = n->attrs;
    a->eps = (float)epsilon;
    a->eps_mode = EPS_ADD;
    node_finish(n);
    l->outputs[0] = &n->outputs[0];
}

// x * (knorm + alpha / nsize * sum)^-beta. Runtimes cut the bias to an integer, so knorm is drawn
// out: knorm^-beta * x * (1 + alpha / knorm / nsize * sum)^-beta.
void mxnet_lrn(struct mxnet_layer *l) {
    double alpha = mxnet_float(l, "alpha", 1e-4), beta = mxnet_float(l, "beta", 0.75);
    double knorm = mxnet_float(l, "knorm", 2);
    int64_t size = mxnet_int(l, "nsize", 5);
    if (l->failed)
        return;
    if (!(knorm > 0)) {
        mxnet_fail(l, ATTRIBUTE_VALUE, "knorm", "0 or less");
        return;
    }
    struct value *axes = build_i64(&l->builder, mxnet_name(l, "axes"), 1, &(int64_t){1});
    struct node *n =
        build_node(&l->builder, &op_LRN, l->name, 2, (struct value *[]){l->inputs[0], axes});
    struct lrn *a = n->attrs;
    a->alpha = (float)(alpha / knorm);
    a->beta = (float)beta;
    a->bias = 1;
    a->size = size;
    node_finish(n);
    l->outputs[0] = &n->outputs[0];
    if (knorm == 1)
        return;
    struct value *factor =
        build_f32_scalar(&l->builder, mxnet_name(l, "knorm/factor"), (float)pow(knorm, -beta));
    l->outputs[0] =
        build_op2(&l->builder, &op_Multiply, mxnet_name(l, "knorm"), l->outputs[0], factor);
}
