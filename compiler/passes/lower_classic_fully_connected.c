// SPDX-License-Identifier: Apache-2.0
// MatMul by a constant becomes FullyConnected, together with the Add of its biases. The layer
// itself flattens its input, so a Flatten that only serves this MatMul goes; data of more than two
// dimensions is reshaped to rows and back. Products of two that are computed become Gemm.
#include <string.h>

#include "compiler/ops/classic.h"
#include "compiler/ops/matmul.h"
#include "compiler/passes/linear.h"
#include "compiler/passes/lower.h"

// What stands before the Flatten (or Reshape) that the same source layer made, or `x`.
static struct value *unflattened(struct value *x, const struct node *matmul) {
    struct node *n = x->producer;
    const char *mine = matmul->place.layer, *its = n->place.layer;
    if ((n->op != &op_Flatten && n->op != &op_Reshape) || mine == NULL || its == NULL ||
        strcmp(mine, its) != 0)
        return x;
    struct value *whole = n->inputs[0].value;
    bool rows =
        x->shape.rank == 2 && whole->shape.rank >= 2 && whole->shape.dims[0] == x->shape.dims[0];
    return rows ? whole : x;
}

// The Add of one number for each column that is the only user, or NULL.
static struct node *bias_of(struct node *n, int64_t columns, const struct tensor **biases) {
    struct node *add = value_only_user(&n->outputs[0]);
    struct value *data;
    bool first;
    if (!node_is(add, &op_Add) || !constant_operand(add, biases, &data, &first))
        return NULL;
    const struct shape *shape = &(*biases)->shape;
    uint64_t count = tensor_count(*biases);
    bool fits =
        count == 1 || (count == (uint64_t)columns && shape->dims[shape->rank - 1] == columns);
    if (!fits || shape->rank > n->outputs[0].shape.rank)
        return NULL;
    struct arena *arena = n->graph->arena;
    *biases = count == 1 && columns != 1
                  ? tensor_tile(arena, tensor_reshape(arena, *biases, SHAPE(1)), SHAPE(columns))
                  : tensor_reshape(arena, *biases, SHAPE(columns));
    return add;
}

static const struct tensor *weights_of(const struct node *n) {
    const struct matmul *a = n->attrs;
    const struct tensor *t = node_constant(n, 1);
    if (t == NULL || t->shape.rank != 2 || a->transpose_a || n->inputs[0].value->shape.rank < 2)
        return NULL;
    return a->transpose_b ? t : tensor_permute(n->graph->arena, t, (const int32_t[]){1, 0});
}

static struct value *fully_connected(struct builder *b, struct node *n, struct value *x,
                                     const struct tensor *weights, const struct tensor *biases) {
    struct node *fc =
        build_node(b, &op_FullyConnected, n->name, 2,
                   (struct value *[]){x, build_constant(b, lower_name(n, "weights"), weights)});
    if (biases != NULL)
        node_add_input(fc, build_constant(b, lower_name(n, "biases"), biases));
    node_finish(fc);
    return &fc->outputs[0];
}

static struct value *as_rows(struct builder *b, struct node *n, struct value *x) {
    int64_t last = x->shape.dims[x->shape.rank - 1];
    return build_reshape(b, lower_name(n, "Reshape_"), x, 2, (const int64_t[]){-1, last});
}

// ---- Other products ----

// An operand with `rank` axes. A vector is a row on the left and a column on the right.
static struct value *with_axes(struct builder *b, const struct node *n, uint32_t index,
                               int32_t rank) {
    struct value *x = n->inputs[index].value;
    struct shape in = x->shape, wide = {.rank = rank};
    if (in.rank == rank)
        return x;
    if (in.rank == 1)
        in = index == 0 ? SHAPE(1, in.dims[0]) : SHAPE(in.dims[0], 1);
    for (int32_t i = 0; i < rank; i++)
        wide.dims[i] = i < rank - in.rank ? 1 : in.dims[i - (rank - in.rank)];
    const char *name = lower_name(n, index == 0 ? "Reshape_a_" : "Reshape_b_");
    return build_reshape(b, name, x, (uint32_t)rank, wide.dims);
}

// Readers compare the matrices as they come, whatever the flags: what is turned has a Permute.
static struct value *operand(struct builder *b, const struct node *n, uint32_t index,
                             int32_t rank) {
    const struct matmul *a = n->attrs;
    struct value *x = with_axes(b, n, index, rank);
    bool turned = index == 0 ? a->transpose_a : a->transpose_b;
    int64_t order[SHAPE_MAX_RANK];
    if (!turned || n->inputs[index].value->shape.rank == 1)
        return x;
    for (int32_t i = 0; i < rank; i++)
        order[i] = i;
    order[rank - 2] = rank - 1;
    order[rank - 1] = rank - 2;
    const char *name = lower_name(n, index == 0 ? "Permute_a_" : "Permute_b_");
    return build_transpose(b, name, x, (uint32_t)rank, order);
}

static struct value *lower_product(struct builder *b, struct node *n) {
    const struct shape *x = &n->inputs[0].value->shape, *y = &n->inputs[1].value->shape;
    const struct shape *out = &n->outputs[0].shape;
    if (!shape_is_static(x) || !shape_is_static(y) || !shape_is_static(out))
        return NULL;
    int32_t rank = x->rank > y->rank ? x->rank : y->rank;
    rank = rank > 2 ? rank : 2;
    struct value *inputs[] = {operand(b, n, 0, rank), operand(b, n, 1, rank)};
    bool vector = out->rank != rank;
    struct node *made =
        build_node(b, &op_Gemm, vector ? lower_name(n, "Gemm_") : n->name, 2, inputs);
    node_finish(made);
    struct value *v = &made->outputs[0];
    return vector ? build_reshape(b, n->name, v, (uint32_t)out->rank, out->dims) : v;
}

static struct value *lower_weighted(struct builder *b, struct node *n, struct node *add,
                                    const struct tensor *weights, const struct tensor *biases) {
    struct value *x = n->inputs[0].value, *y = add != NULL ? &add->outputs[0] : &n->outputs[0];
    bool rows = x->shape.rank == 2;
    x = rows ? unflattened(x, n) : as_rows(b, n, x);
    struct value *v = fully_connected(b, n, x, weights, add != NULL ? biases : NULL);
    return rows ? v
                : build_reshape(b, lower_name(n, "Reshape_back_"), v, (uint32_t)y->shape.rank,
                                y->shape.dims);
}

static bool lower_matmul(struct node *n, const struct fuse_filter *filter) {
    struct builder b = {.graph = n->graph, .place = n->place};
    const struct tensor *weights = weights_of(n), *biases = NULL;
    struct node *add = weights != NULL ? bias_of(n, weights->shape.dims[0], &biases) : NULL;
    if (add != NULL && !biases_allowed(filter, n, add))
        add = NULL;
    struct value *v =
        weights != NULL ? lower_weighted(&b, n, add, weights, biases) : lower_product(&b, n);
    if (v == NULL)
        return false;
    lower_replace(add != NULL ? add : n, v);
    if (add != NULL)
        node_remove(n);
    return true;
}

bool lower_classic_fully_connected(struct graph *g, const struct pass_options *options) {
    struct arena *scratch = arena_new();
    struct fuse_filter *filter = fuse_filter_new(scratch, g, options);
    bool changed = false;
    GRAPH_EACH(g, n) {
        if (n->op == &op_MatMul)
            changed |= lower_matmul(n, filter);
    }
    arena_free(scratch);
    return changed;
}
