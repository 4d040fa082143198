// SPDX-License-Identifier: Apache-2.0
// An extension, as frontends/README.md explains them: what MXNet's Custom of op_type half_relu and
// a Caffe layer HalfReLU mean. The slope may be said; it is 0.5 otherwise.
#include "build_id.h"
#include "compiler/ops/activation.h"
#include "frontends/caffe/layers.h"
#include "frontends/extension.h"
#include "frontends/mxnet/layers.h"

static struct value *leaky(struct builder *b, const char *name, struct value *x, double slope) {
    struct node *n = build_node(b, &op_ReLU, name, 1, &x);
    ((struct relu *)n->attrs)->negative_slope = (float)slope;
    node_finish(n);
    return &n->outputs[0];
}

static void mxnet_half_relu(struct mxnet_layer *l) {
    double slope = mxnet_float(l, "slope", 0.5);
    if (!l->failed)
        l->outputs[0] = leaky(&l->builder, l->name, l->inputs[0], slope);
}

static void caffe_half_relu(struct layer *l) {
    l->tops[0] = leaky(&l->builder, l->name, l->bottoms[0], 0.5);
}

static const struct mxnet_layer_row mxnet_rows[] = {
    {.op = "half_relu", .min_inputs = 1, .import = mxnet_half_relu},
};
static const struct layer_row caffe_rows[] = {
    {.type = "HalfReLU", .min_bottoms = 1, .max_bottoms = 1, .import = caffe_half_relu},
};
static const struct extension_layers layers[] = {
    EXTENSION_LAYERS("mxnet", mxnet_rows),
    EXTENSION_LAYERS("caffe", caffe_rows),
};
ZOOC_EXTENSION(layers);
