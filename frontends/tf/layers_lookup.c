// SPDX-License-Identifier: Apache-2.0
// Layers that look things up: gathers, reductions, the largest, one-hot, suppression, decoding.
#include <string.h>

#include "compiler/ops/build_layers.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/reduction.h"
#include "compiler/ops/sort.h"
#include "frontends/tf/layers.h"

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

static struct value *turn(struct tf_layer *l, const char *suffix, struct value *x, int32_t from,
                          int32_t to, int32_t count) {
    // `count` axes that begin at `from` come to begin at `to`.
    int64_t order[SHAPE_MAX_RANK];
    int32_t rank = x->shape.rank, rest = 0;
    for (int32_t i = 0; i < rank; i++) {
        bool moved = i >= to && i < to + count;
        while (!moved && rest >= from && rest < from + count)
            rest++;
        order[i] = moved ? from + i - to : rest++;
    }
    return from == to ? x
                      : build_transpose(&l->builder, tf_name(l, suffix), x, (uint32_t)rank, order);
}

// The first axis of both is a batch: each of it has its own indices. The looked-up axis is brought
// behind the batch, and what was found back to where that axis was.
static void gather_in_batch(struct tf_layer *l, struct value *indices, int64_t axis,
                            int64_t batch) {
    int32_t at;
    if (!tf_rank(l, 0, 2, SHAPE_MAX_RANK) || !tf_rank(l, 1, 1, SHAPE_MAX_RANK - 1) ||
        !tf_axis(l, 0, axis, &at))
        return;
    if ((batch != 1 && batch + indices->shape.rank != 1) || at < 1) {
        tf_fail(l, NOT_SUPPORTED, "looking up within several batch axes", "use one");
        return;
    }
    struct builder *b = &l->builder;
    struct value *last = build_i64(b, tf_name(l, "last"), 1, (const int64_t[]){-1});
    struct value *places = build_op2(b, &op_Unsqueeze, tf_name(l, "places"), indices, last);
    struct value *x = turn(l, "by_batch", l->inputs[0], at, 1, 1);
    struct node *n = build_node(b, &op_GatherND, at == 1 ? l->name : tf_name(l, "found"), 2,
                                (struct value *[]){x, places});
    ((struct gather_nd *)n->attrs)->batch_dims = 1;
    struct value *found = finish(n);
    l->outputs[0] = found->poison || at == 1
                        ? found
                        : turn(l, "in_place", found, 1, at, indices->shape.rank - 1);
}

// Gather, GatherV2 (the axis comes third), ResourceGather.
void tf_gather(struct tf_layer *l) {
    int64_t axis = 0, batch = tf_attr_int(l->node, "batch_dims", 0);
    if (!tf_inputs(l, 2) || (l->input_count > 2 && !tf_number(l, 2, "axis", &axis)))
        return;
    struct value *indices = l->inputs[1];
    if (dtype_is_float(indices->type)) // a cut put a Parameter here, whose type nobody said
        indices = build_convert(l->builder.graph, tf_name(l, "indices"), indices, DT_I32);
    if (batch != 0 && batch + indices->shape.rank != 0) {
        gather_in_batch(l, indices, axis, batch);
        return;
    }
    struct value *inputs[] = {l->inputs[0], indices,
                              build_i64_scalar(&l->builder, tf_name(l, "axis"), axis)};
    l->outputs[0] = finish(build_node(&l->builder, &op_Gather, l->name, 3, inputs));
}

void tf_gather_nd(struct tf_layer *l) {
    if (tf_inputs(l, 2))
        l->outputs[0] = finish(build_node(&l->builder, &op_GatherND, l->name, 2, l->inputs));
}

// --- reductions ----------------------------------------------------------------------------------

void tf_reduce(struct tf_layer *l) {
    static const struct {
        const char *op;
        const struct op_def *ours;
    } rows[] = {{"Mean", &op_ReduceMean}, {"Sum", &op_ReduceSum},         {"Max", &op_ReduceMax},
                {"Min", &op_ReduceMin},   {"Prod", &op_ReduceProd},       {"All", &op_ReduceMin},
                {"Any", &op_ReduceMax},   {"EuclideanNorm", &op_ReduceL2}};
    if (!tf_inputs(l, 2))
        return;
    if (l->inputs[1]->constant != NULL && tensor_count(l->inputs[1]->constant) == 0) {
        l->outputs[0] = l->inputs[0]; // over no axes
        return;
    }
    const struct op_def *op = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].op, l->node->op) == 0)
            op = rows[i].ours;
    // Logic is arithmetic on 0 and 1.
    bool logical = l->inputs[0]->type == DT_BOOL;
    struct value *x = l->inputs[0];
    if (logical)
        x = build_convert(l->builder.graph, tf_name(l, "numbers"), x, DT_I32);
    struct node *n = build_node(&l->builder, op, logical ? tf_name(l, "reduce") : l->name, 2,
                                (struct value *[]){x, l->inputs[1]});
    ((struct reduction *)n->attrs)->keep_dims =
        tf_attr_bool(l->node, "keep_dims", tf_attr_bool(l->node, "keepdims", false));
    l->outputs[0] = finish(n);
    if (logical)
        l->outputs[0] = build_convert(l->builder.graph, l->name, l->outputs[0], DT_BOOL);
}

static struct node *topk(struct tf_layer *l, const char *name, struct value *k, int64_t axis,
                         enum topk_mode mode, enum dtype type) {
    struct node *n =
        build_node(&l->builder, &op_TopK, name, 2, (struct value *[]){l->inputs[0], k});
    struct topk *a = n->attrs;
    a->axis = axis;
    a->mode = (int)mode;
    a->sort = TOPK_BY_VALUE;
    a->index_element_type = type;
    node_finish(n);
    return n;
}

void tf_topk(struct tf_layer *l) { // TopKV2; TopK says k as an attribute
    if (!tf_inputs(l, 1))
        return;
    struct value *k = l->input_count > 1 ? l->inputs[1]
                                         : build_i64_scalar(&l->builder, tf_name(l, "k"),
                                                            tf_attr_int(l->node, "k", 1));
    struct node *n = topk(l, l->name, k, -1, TOPK_MAX, DT_I32);
    for (uint32_t i = 0; i < l->output_count && i < n->output_count; i++)
        l->outputs[i] = &n->outputs[i];
}

void tf_argmax(struct tf_layer *l) {
    int64_t axis;
    int32_t where;
    if (!tf_inputs(l, 2) || !tf_number(l, 1, "dimension", &axis) || !tf_axis(l, 0, axis, &where))
        return;
    struct builder *b = &l->builder;
    enum topk_mode mode = strcmp(l->node->op, "ArgMin") == 0 ? TOPK_MIN : TOPK_MAX;
    struct node *n = topk(l, tf_name(l, "topk"), build_i64_scalar(b, tf_name(l, "k"), 1), where,
                          mode, tf_attr_type(l->node, "output_type", DT_I64));
    struct value *axes = build_i64(b, tf_name(l, "axes"), 1, &(int64_t){where});
    l->outputs[0] = build_op2(b, &op_Squeeze, l->name, &n->outputs[1], axes);
}

void tf_one_hot(struct tf_layer *l) {
    if (!tf_inputs(l, 4))
        return;
    struct value *inputs[] = {l->inputs[0], l->inputs[1], l->inputs[2], l->inputs[3]};
    if (inputs[0]->type != DT_I64 && inputs[0]->type != DT_I32) // runtimes take no others
        inputs[0] = build_convert(l->builder.graph, tf_name(l, "indices"), inputs[0], DT_I32);
    struct node *n = build_node(&l->builder, &op_OneHot, l->name, 4, inputs);
    ((struct one_hot *)n->attrs)->axis = tf_attr_int(l->node, "axis", -1);
    l->outputs[0] = finish(n);
}

void tf_cumsum(struct tf_layer *l) {
    if (!tf_inputs(l, 2))
        return;
    struct node *n = build_node(&l->builder, &op_CumSum, l->name, 2, l->inputs);
    struct cum_sum *a = n->attrs;
    a->exclusive = tf_attr_bool(l->node, "exclusive", false);
    a->reverse = tf_attr_bool(l->node, "reverse", false);
    l->outputs[0] = finish(n);
}
