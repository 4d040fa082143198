// SPDX-License-Identifier: Apache-2.0
// Layers that pick data by index: Embed, ChannelPermutation, Reverse; and Parameter, a constant.
#include "compiler/base/limits.h"
#include "compiler/ops/blocks.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/indexing.h"
#include "frontends/caffe/layers.h"

static struct value *gather(struct layer *l, const char *name, struct value *data,
                            struct value *indices, int64_t axis) {
    struct value *inputs[] = {
        data, indices, build_i64_scalar(&l->builder, build_name(&l->builder, name, "axis"), axis)};
    struct node *n = build_node(&l->builder, &op_Gather, name, 3, inputs);
    node_finish(n);
    return &n->outputs[0];
}

// A row of the weights for each index, which Caffe keeps as a real number.
void import_embed(struct layer *l) {
    const Caffe__EmbedParameter *p = layer_param(l, "embed_param");
    if (p->num_output == 0 || p->input_dim == 0) {
        layer_fail(l, ATTRIBUTE_MISSING, p->num_output == 0 ? "num_output" : "input_dim");
        return;
    }
    const struct tensor *weights = layer_blob(l, 0, "weights", SHAPE(p->input_dim, p->num_output)),
                        *biases = NULL;
    if (weights != NULL && p->bias_term)
        biases = layer_blob(l, 1, "biases", SHAPE(p->num_output));
    if (l->failed)
        return;
    struct value *rows = build_constant(&l->builder, layer_node(l, "weights"), weights);
    struct value *indices =
        build_convert(l->builder.graph, layer_node(l, "indices"), l->bottoms[0], DT_I32);
    struct value *v = gather(l, l->name, rows, indices, 0);
    if (biases != NULL)
        v = build_op2(&l->builder, &op_Add, layer_node(l, "bias"), v,
                      build_constant(&l->builder, layer_node(l, "biases"), biases));
    l->tops[0] = v;
}

// --- ChannelPermutation ------------------------------------------------------

struct permutation {
    int64_t *source;     // by output channel
    double *keep, *fill; // what is copied counts 1, what is filled 0
    bool fills;
};

static bool read_action(struct layer *l, const Caffe__ChannelPermutationAction *action,
                        int64_t read, uint32_t made, struct permutation *out) {
    if (action->chan >= made || (action->has_copy && action->copy >= read) ||
        action->has_copy == action->has_fill) {
        layer_fail(l, ATTRIBUTE_VALUE, "action",
                   action->has_copy == action->has_fill ? "without one of copy and fill"
                                                        : "for a channel that is not there");
        return false;
    }
    out->source[action->chan] = action->has_copy ? action->copy : 0;
    out->keep[action->chan] = action->has_copy;
    out->fill[action->chan] = action->has_copy ? 0 : (double)action->fill;
    out->fills |= !action->has_copy;
    return true;
}

static struct value *channel_constant(struct layer *l, const char *name, const double *values,
                                      uint32_t count) {
    struct shape shape = {.rank = layer_shape(l, 0).rank};
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = i == 1 ? count : 1;
    return build_constant(&l->builder, layer_node(l, name),
                          tensor_of_doubles(l->arena, DT_F32, shape, values));
}

void import_channel_permutation(struct layer *l) {
    const Caffe__ChannelPermutationParameter *p = layer_param(l, "channel_permutation_param");
    struct shape in = layer_shape(l, 0);
    uint32_t made = p->num_output;
    if (!layer_rank(l, 0, 2, SHAPE_MAX_RANK) || (in.dims[1] == DIM_UNKNOWN && !layer_static(l, 0)))
        return;
    if (made == 0 || made > limits.nodes) {
        layer_fail(l, ATTRIBUTE_VALUE, "num_output", made == 0 ? "0" : "so large");
        return;
    }
    struct permutation x = {.source = arena_array_of(l->arena, made, int64_t),
                            .keep = arena_array_of(l->arena, made, double),
                            .fill = arena_array_of(l->arena, made, double),
                            .fills = p->n_action != made}; // a channel without an action is 0
    for (size_t i = 0; i < p->n_action; i++)
        if (!read_action(l, p->action[i], in.dims[1], made, &x))
            return;
    struct value *indices = build_i64(&l->builder, layer_node(l, "channels"), made, x.source);
    struct value *v =
        gather(l, x.fills ? layer_node(l, "gather") : l->name, l->bottoms[0], indices, 1);
    if (x.fills) {
        v = build_op2(&l->builder, &op_Multiply, layer_node(l, "keep"), v,
                      channel_constant(l, "kept", x.keep, made));
        v = build_op2(&l->builder, &op_Add, l->name, v, channel_constant(l, "fill", x.fill, made));
    }
    l->tops[0] = v;
}

// --- Reverse, Parameter ------------------------------------------------------

void import_reverse(struct layer *l) {
    const Caffe__ReverseParameter *p = layer_param(l, "reverse_param");
    int32_t axis;
    if (!layer_axis(l, 0, p->axis, false, &axis))
        return;
    const int64_t axes[] = {axis};
    struct value *list = build_i64(&l->builder, layer_node(l, "axes"), 1, axes);
    l->tops[0] = build_op2(&l->builder, &op_Reverse, l->name, l->bottoms[0], list);
}

void import_parameter(struct layer *l) {
    const Caffe__ParameterParameter *p = layer_param(l, "parameter_param");
    struct shape shape;
    if (p->shape == NULL || !caffe_shape_of_dims(p->shape->n_dim, p->shape->dim, &shape)) {
        layer_fail(l, ATTRIBUTE_MISSING, "shape");
        return;
    }
    const struct tensor *t = layer_blob(l, 0, "values", shape);
    if (t != NULL)
        l->tops[0] = build_constant(&l->builder, l->name, t);
}
