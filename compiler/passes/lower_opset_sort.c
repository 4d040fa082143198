// SPDX-License-Identifier: Apache-2.0
// Caffe's ArgMax as TopK: indices as numbers of the data's type, and values where they are wanted.
#include "compiler/ops/elementwise.h"
#include "compiler/ops/sort.h"
#include "compiler/passes/lower.h"

static struct node *largest(struct builder *b, const struct node *n, struct value *x, int64_t axis,
                            int64_t k) {
    struct value *inputs[] = {x, build_i64_scalar(b, lower_name(n, "k"), k)};
    struct node *top = build_node(b, &op_TopK, lower_name(n, "TopK"), 2, inputs);
    struct topk *a = top->attrs;
    a->axis = axis;
    a->mode = TOPK_MAX;
    a->sort = TOPK_BY_VALUE;
    node_finish(top);
    return top;
}

// Indices or, with an axis and out_max_val, values.
static struct value *along_axis(struct builder *b, struct node *n, const struct arg_max *a) {
    struct node *top = largest(b, n, n->inputs[0].value, a->axis, a->top_k);
    if (!a->out_max_val)
        return build_convert(n->graph, n->name, &top->outputs[1], n->outputs[0].type);
    top->name = n->name;
    return &top->outputs[0];
}

// Over all of a sample: [N, 1 or 2, k, 1], indices first.
static struct value *over_samples(struct builder *b, struct node *n, const struct arg_max *a) {
    struct value *rows =
        build_reshape(b, lower_name(n, "rows"), n->inputs[0].value, 2, (const int64_t[]){0, -1});
    struct node *top = largest(b, n, rows, 1, a->top_k);
    const int64_t column[] = {0, 1, a->top_k, 1};
    struct value *indices =
        build_convert(n->graph, lower_name(n, "indices"), &top->outputs[1], n->outputs[0].type);
    indices = build_reshape(b, a->out_max_val ? lower_name(n, "indices/column") : n->name, indices,
                            4, column);
    if (!a->out_max_val)
        return indices;
    struct value *values =
        build_reshape(b, lower_name(n, "values/column"), &top->outputs[0], 4, column);
    return build_concat(b, n->name, 1, 2, (struct value *[]){indices, values});
}

static struct value *lower_arg_max(struct builder *b, struct node *n) {
    const struct arg_max *a = n->attrs;
    return a->axis == INT_UNSET ? over_samples(b, n, a) : along_axis(b, n, a);
}

bool lower_opset_sort(struct graph *g, const struct pass_options *options) {
    (void)options;
    return lower_each(g, &op_ArgMax, lower_arg_max);
}
