// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/build_layers.h"

#include <math.h>

#include "compiler/ops/matmul.h"
#include "compiler/ops/shape_rules.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

// [C] as [1, C, 1, 1] so that it broadcasts along `axis` of data of this rank.
static const struct tensor *along_axis(struct arena *arena, const struct tensor *t, int32_t rank,
                                       int32_t axis) {
    uint64_t count = tensor_count(t);
    if (count == 1)
        return tensor_reshape(arena, t, shape_scalar());
    struct shape shape = {.rank = rank - axis};
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = i == 0 ? (int64_t)count : 1;
    if (axis > 0 && shape.rank < rank) { // the peers and OpenVINO's fusions know the full rank
        shape.rank = rank;
        for (int32_t i = 0; i < rank; i++)
            shape.dims[i] = i == axis ? (int64_t)count : 1;
    }
    return tensor_reshape(arena, t, shape);
}

struct value *build_per_channel(struct builder *b, const struct op_def *op, const char *name,
                                struct value *x, int64_t axis, const struct tensor *t) {
    int32_t where = 0;
    struct shape data = x->shape;
    if (!x->poison && tensor_count(t) != 1 && !shape_axis(&data, axis, &where)) {
        struct node *n = build_node(b, op, name, 1, &x);
        shape_error(n, "axis %lld is none of its data", (long long)axis);
        return graph_poison(b->graph, name, &b->place);
    }
    const struct tensor *spread = x->poison ? t : along_axis(b->graph->arena, t, data.rank, where);
    struct value *c = build_constant(b, build_name(b, name, "value"), spread);
    return build_op2(b, op, name, x, c);
}

static struct value *with_bias(struct builder *b, const char *name, struct value *y, int64_t axis,
                               const struct tensor *bias) {
    if (bias == NULL)
        return y;
    return build_per_channel(b, &op_Add, build_name(b, name, "bias"), y, axis, bias);
}

// [G * A, B, k...] as [G, A, B, k...].
static const struct tensor *grouped(struct arena *arena, const struct tensor *w, int64_t groups) {
    struct shape shape = {.rank = w->shape.rank + 1, .dims = {groups, w->shape.dims[0] / groups}};
    for (int32_t i = 1; i < w->shape.rank; i++)
        shape.dims[i + 1] = w->shape.dims[i];
    return tensor_reshape(arena, w, shape);
}

// The node of a convolution, forward or backward; NULL after a report.
static struct node *convolve(struct builder *b, const char *name, struct value *x,
                             const struct tensor *weights, int64_t groups, const struct op_def *one,
                             const struct op_def *many) {
    bool is_grouped = groups > 1;
    bool fits = weights->shape.rank >= 2 && weights->shape.rank + is_grouped <= SHAPE_MAX_RANK &&
                groups >= 1 && weights->shape.dims[0] % groups == 0;
    struct node *n = build_node(b, is_grouped ? many : one, name, 1, &x);
    if (!fits) {
        shape_error(n, "weights %s cannot be split into %lld groups",
                    shape_text(b->graph->arena, &weights->shape), (long long)groups);
        return NULL;
    }
    const struct tensor *w = is_grouped ? grouped(b->graph->arena, weights, groups) : weights;
    node_add_input(n, build_constant(b, build_name(b, name, "weights"), w));
    return n;
}

struct value *build_convolution(struct builder *b, const char *name, struct value *x,
                                const struct tensor *weights, const struct tensor *bias,
                                int64_t groups, const struct convolution *window) {
    struct node *n = convolve(b, name, x, weights, groups, &op_Convolution, &op_GroupConvolution);
    if (n == NULL)
        return graph_poison(b->graph, name, &b->place);
    *(struct convolution *)n->attrs = *window;
    return with_bias(b, name, finish(n), 1, bias);
}

struct value *build_deconvolution(struct builder *b, const char *name, struct value *x,
                                  const struct tensor *weights, const struct tensor *bias,
                                  int64_t groups, const struct deconvolution *window) {
    struct node *n = convolve(b, name, x, weights, groups, &op_ConvolutionBackpropData,
                              &op_GroupConvolutionBackpropData);
    if (n == NULL)
        return graph_poison(b->graph, name, &b->place);
    *(struct deconvolution *)n->attrs = *window;
    return with_bias(b, name, finish(n), 1, bias);
}

struct value *build_fully_connected(struct builder *b, const char *name, struct value *x,
                                    const struct tensor *weights, const struct tensor *bias) {
    struct value *w = build_constant(b, build_name(b, name, "weights"), weights);
    struct node *n = build_node(b, &op_MatMul, name, 2, (struct value *[]){x, w});
    ((struct matmul *)n->attrs)->transpose_b = true;
    return with_bias(b, name, finish(n), -1, bias);
}

static const double *doubles(struct arena *arena, const struct tensor *t, uint64_t count) {
    return t == NULL || tensor_count(t) != count ? NULL : tensor_as_doubles(arena, t);
}

// What batch normalization comes to: scale * x + shift; false when the sizes differ.
static bool norm_factors(struct arena *arena, const struct batch_norm_tensors *t, double *scale,
                         double *shift) {
    uint64_t count = tensor_count(t->mean);
    const double *m = doubles(arena, t->mean, count), *v = doubles(arena, t->variance, count);
    const double *g = doubles(arena, t->gamma, count), *s = doubles(arena, t->beta, count);
    if (m == NULL || v == NULL || (t->gamma != NULL && g == NULL) || (t->beta != NULL && s == NULL))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        scale[i] = (g != NULL ? g[i] : 1) / sqrt(v[i] + t->epsilon);
        shift[i] = (s != NULL ? s[i] : 0) - m[i] * scale[i];
    }
    return true;
}

struct value *build_batch_norm(struct builder *b, const char *name, struct value *x, int64_t axis,
                               const struct batch_norm_tensors *t) {
    struct arena *arena = b->graph->arena;
    uint64_t count = tensor_count(t->mean);
    double *scale = arena_array_of(arena, count, double);
    double *shift = arena_array_of(arena, count, double);
    if (!norm_factors(arena, t, scale, shift))
        return NULL;
    struct shape shape = SHAPE((int64_t)count);
    enum dtype type = x->poison ? t->mean->type : x->type; // statistics may be finer than the data
    struct value *y = build_per_channel(b, &op_Multiply, build_name(b, name, "scale"), x, axis,
                                        tensor_of_doubles(arena, type, shape, scale));
    return build_per_channel(b, &op_Add, build_name(b, name, "shift"), y, axis,
                             tensor_of_doubles(arena, type, shape, shift));
}
