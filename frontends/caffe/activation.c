// SPDX-License-Identifier: Apache-2.0
// Activations that are more than one operator of the same meaning.
#include "compiler/ops/activation.h"

#include <math.h>

#include "compiler/ops/classic.h"
#include "compiler/ops/elementwise.h"
#include "frontends/caffe/layers.h"

// Blob: one slope, or one a channel.
void import_prelu(struct layer *l) {
    const Caffe__PReLUParameter *p = layer_param(l, "prelu_param");
    struct shape data = layer_shape(l, 0);
    if (!layer_rank(l, 0, 2, SHAPE_MAX_RANK) ||
        (data.dims[1] == DIM_UNKNOWN && !layer_static(l, 0)))
        return;
    const struct tensor *slope =
        layer_blob(l, 0, "slopes", SHAPE(p->channel_shared ? 1 : data.dims[1]));
    if (slope == NULL)
        return;
    struct value *c = build_constant(&l->builder, layer_node(l, "weights"), slope);
    l->tops[0] = build_op2(&l->builder, &op_PRelu, l->name, l->bottoms[0], c);
}

// scale * x + shift, or x itself.
static struct value *linear(struct layer *l, struct value *x, double scale, double shift,
                            const char *name) {
    if (scale == 1 && shift == 0)
        return x;
    struct node *n = build_node(&l->builder, &op_PowerIE, name, 1, &x);
    struct power *a = n->attrs;
    a->scale = (float)scale;
    a->shift = (float)shift;
    node_finish(n);
    return &n->outputs[0];
}

// ln(base); 1 for the natural base, which Caffe calls -1. Reports a base that has no logarithm.
static bool log_of_base(struct layer *l, double base, double *out) {
    if (base != -1 && !(base > 0)) {
        layer_fail(l, ATTRIBUTE_VALUE, "base", "negative or 0");
        return false;
    }
    *out = base == -1 ? 1 : log(base);
    return true;
}

// base ^ (shift + scale * x)
void import_exp(struct layer *l) {
    const Caffe__ExpParameter *p = layer_param(l, "exp_param");
    double factor;
    if (!log_of_base(l, (double)p->base_, &factor))
        return;
    struct value *v = linear(l, l->bottoms[0], (double)p->scale * factor, (double)p->shift * factor,
                             layer_node(l, "linear"));
    l->tops[0] = build_op1(&l->builder, &op_Exp, l->name, v);
}

// log of (shift + scale * x) to the base
void import_log(struct layer *l) {
    const Caffe__LogParameter *p = layer_param(l, "log_param");
    double factor;
    if (!log_of_base(l, (double)p->base_, &factor))
        return;
    if (factor == 0) {
        layer_fail(l, ATTRIBUTE_VALUE, "base", "1");
        return;
    }
    struct value *v =
        linear(l, l->bottoms[0], (double)p->scale, (double)p->shift, layer_node(l, "linear"));
    v = build_op1(&l->builder, &op_Log, factor == 1 ? l->name : layer_node(l, "log"), v);
    l->tops[0] = linear(l, v, 1 / factor, 0, l->name);
}

// x * sigmoid(beta * x)
void import_swish(struct layer *l) {
    const Caffe__SwishParameter *p = layer_param(l, "swish_param");
    struct node *n = build_node(&l->builder, &op_Swish, l->name, 1, l->bottoms);
    if (p->beta != 1.0F)
        node_add_input(n, build_f32_scalar(&l->builder, layer_node(l, "beta"), p->beta));
    node_finish(n);
    l->tops[0] = &n->outputs[0];
}

// 1 where x > threshold, else 0
void import_threshold(struct layer *l) {
    const Caffe__ThresholdParameter *p = layer_param(l, "threshold_param");
    struct value *limit = build_f32_scalar(&l->builder, layer_node(l, "threshold"), p->threshold);
    struct value *above =
        build_op2(&l->builder, &op_Greater, layer_node(l, "greater"), l->bottoms[0], limit);
    l->tops[0] = build_convert(l->builder.graph, l->name, above, DT_F32);
}
