// SPDX-License-Identifier: Apache-2.0
// Arithmetic with constants: one number a channel becomes ScaleShift (always with biases: an engine
// crashes without), one number for all becomes Power. A Multiply and the Add behind it become one
// layer.
#include <math.h>

#include "compiler/ops/classic.h"
#include "compiler/ops/elementwise.h"
#include "compiler/passes/lower.h"

struct linear { // scale * data + shift; NULL is 1 and 0; shapes [1] or [C]
    struct value *data;
    const struct tensor *scale, *shift;
};

static const struct tensor *reciprocal(struct arena *arena, const struct tensor *t) {
    const double *values = tensor_as_doubles(arena, t);
    if (values == NULL)
        return NULL;
    uint64_t count = tensor_count(t);
    double *out = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++)
        out[i] = 1 / values[i];
    return tensor_of_doubles(arena, t->type, t->shape, out);
}

static const struct tensor *negative(struct arena *arena, const struct tensor *t) {
    double *minus = arena_array_of(arena, (size_t)t->shape.dims[0], double);
    for (int64_t i = 0; i < t->shape.dims[0]; i++)
        minus[i] = -1;
    return tensor_affine(arena, t, 0, minus, NULL);
}

static bool read_linear(const struct node *n, struct linear *out) {
    struct arena *arena = n->graph->arena;
    const struct tensor *constant;
    bool first;
    *out = (struct linear){0};
    bool known =
        n->op == &op_Multiply || n->op == &op_Add || n->op == &op_Subtract || n->op == &op_Divide;
    if (!known || !constant_operand(n, &constant, &out->data, &first) ||
        !dtype_is_float(constant->type) || !per_channel(arena, out->data, constant, &constant))
        return false;
    if (n->op == &op_Multiply)
        out->scale = constant;
    else if (n->op == &op_Divide)
        out->scale = first ? NULL : reciprocal(arena, constant);
    else
        out->shift = n->op == &op_Subtract && !first ? negative(arena, constant) : constant;
    if (n->op == &op_Subtract && first)
        out->scale = tensor_splat(arena, constant->type, constant->shape, -1);
    return out->scale != NULL || out->shift != NULL;
}

// The Add behind a Multiply, when both can be one layer.
static struct node *following_add(struct node *n, struct linear *both) {
    struct node *add = value_only_user(&n->outputs[0]);
    struct linear next;
    if (add == NULL || both->shift != NULL || !read_linear(add, &next) || next.scale != NULL)
        return NULL;
    uint64_t scales = tensor_count(both->scale), shifts = tensor_count(next.shift);
    if (scales != shifts && scales != 1)
        return NULL;
    both->shift = next.shift;
    return add;
}

static double number(const struct tensor *t, double otherwise) {
    if (t != NULL)
        tensor_read_doubles(t, 0, 1, &otherwise);
    return otherwise;
}

static struct value *make_power(struct builder *b, const struct linear *l, const char *name) {
    struct node *n = build_node(b, &op_PowerIE, name, 1, &(struct value *){l->data});
    struct power *a = n->attrs;
    a->scale = (float)number(l->scale, 1);
    a->shift = (float)number(l->shift, 0);
    node_finish(n);
    return &n->outputs[0];
}

static const struct tensor *widened(struct arena *arena, const struct tensor *t, enum dtype type,
                                    int64_t count, double otherwise) {
    if (t == NULL)
        return tensor_splat(arena, type, SHAPE(count), otherwise);
    return t->shape.dims[0] == count ? t : tensor_tile(arena, t, SHAPE(count));
}

static struct value *make_scale_shift(struct builder *b, const struct linear *l, int64_t count,
                                      const char *name) {
    struct arena *arena = b->graph->arena;
    enum dtype type = l->data->type;
    struct value *weights =
        build_constant(b, build_name(b, name, "weights"), widened(arena, l->scale, type, count, 1));
    struct value *biases =
        build_constant(b, build_name(b, name, "biases"), widened(arena, l->shift, type, count, 0));
    struct node *n =
        build_node(b, &op_ScaleShift, name, 3, (struct value *[]){l->data, weights, biases});
    node_finish(n);
    return &n->outputs[0];
}

static int64_t count_of(const struct linear *l) {
    int64_t scales = l->scale == NULL ? 1 : l->scale->shape.dims[0];
    int64_t shifts = l->shift == NULL ? 1 : l->shift->shape.dims[0];
    return scales > shifts ? scales : shifts;
}

static bool lower_linear(struct node *n) {
    struct linear l;
    if (!read_linear(n, &l))
        return false;
    struct node *add = following_add(n, &l);
    int64_t count = count_of(&l);
    const char *fused = count == 1 ? "FusedPower_" : "FusedScaleShift_";
    const char *name = add != NULL ? lower_name(n, fused) : n->name;
    struct builder b = {.graph = n->graph, .place = n->place};
    struct value *v = count == 1 ? make_power(&b, &l, name) : make_scale_shift(&b, &l, count, name);
    if (add != NULL) {
        lower_replace(add, v);
        node_remove(n);
    } else {
        lower_replace(n, v);
    }
    return true;
}

bool lower_classic_scale_shift(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    GRAPH_EACH(g, n) {
        changed |= lower_linear(n);
    }
    return changed;
}
