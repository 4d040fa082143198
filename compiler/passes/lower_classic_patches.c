// SPDX-License-Identifier: Apache-2.0
// ExtractImagePatches: a grouped convolution, each of whose filters picks one element of its
// channel, and the channels put behind the places. (ReorgYolo orders them as Darknet does, not
// TensorFlow.)
#include "compiler/ops/blocks.h"
#include "compiler/passes/lower.h"

enum { MOST_PLACES = 1024 };

// [channels, places, 1, rows, columns]: filter i is one at place i.
static const struct tensor *picking_filters(struct arena *arena, enum dtype type, int64_t channels,
                                            int64_t rows, int64_t columns) {
    int64_t places = rows * columns;
    float *one = arena_array_of(arena, (uint64_t)(places * places), float);
    for (int64_t i = 0; i < places; i++)
        one[i * places + i] = 1;
    struct tensor *t = tensor_f32(arena, SHAPE(1, places, 1, rows, columns), one);
    return tensor_cast(arena, tensor_tile(arena, t, SHAPE(channels, places, 1, rows, columns)),
                       type);
}

static struct value *pick(struct builder *b, const struct node *n, const struct patches *a) {
    struct value *x = node_input(n, 0);
    const struct tensor *t = picking_filters(b->graph->arena, x->type, x->shape.dims[1],
                                             a->sizes.data[0], a->sizes.data[1]);
    struct node *conv =
        build_node(b, &op_GroupConvolution, lower_name(n, "Conv_"), 2,
                   (struct value *[]){x, build_constant(b, lower_name(n, "weights"), t)});
    struct convolution *c = conv->attrs;
    c->strides = a->strides;
    c->dilations = a->rates;
    c->auto_pad = a->auto_pad;
    node_finish(conv);
    return &conv->outputs[0];
}

static struct value *lower_patches(struct builder *b, struct node *n) {
    const struct patches *a = n->attrs;
    const struct shape *in = &node_input(n, 0)->shape, *out = &n->outputs[0].shape;
    if (!shape_is_static(in) || !shape_is_static(out) || in->rank != 4 || a->sizes.count != 2 ||
        a->sizes.data[0] > MOST_PLACES || a->sizes.data[1] > MOST_PLACES / a->sizes.data[0])
        return NULL;
    const int64_t apart[] = {out->dims[0], in->dims[1], a->sizes.data[0] * a->sizes.data[1], -1};
    struct value *v = pick(b, n, a);
    v = build_reshape(b, lower_name(n, "Reshape_split_"), v, 4, apart);
    v = build_transpose(b, lower_name(n, "Transpose_"), v, 4, (const int64_t[]){0, 2, 1, 3});
    return build_reshape(b, n->name, v, 4, out->dims);
}

bool lower_classic_patches(struct graph *g, const struct pass_options *options) {
    (void)options;
    return lower_each(g, &op_ExtractImagePatches, lower_patches);
}
