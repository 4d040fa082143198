// SPDX-License-Identifier: Apache-2.0
// Caffe's ArgMax as TopK, whose indices become real numbers.
#include "compiler/ops/elementwise.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/sort.h"
#include "compiler/passes/lower.h"

static struct node *top_k(struct builder *b, const struct node *n, struct value *x, int64_t axis) {
    const struct arg_max *a = n->attrs;
    struct value *k = build_i64_scalar(b, lower_name(n, "k"), a->top_k);
    struct node *made =
        build_node(b, &op_TopK, lower_name(n, "TopK_"), 2, (struct value *[]){x, k});
    struct topk *t = made->attrs;
    t->axis = axis;
    t->mode = TOPK_MAX;
    t->sort = TOPK_BY_VALUE;
    node_finish(made);
    return made;
}

static struct value *indices(const struct node *n, struct node *top) {
    struct value *v = &top->outputs[1];
    return build_convert(n->graph, lower_name(n, "indices"), v, top->outputs[0].type);
}

// Over all but the batch: [N, k] of indices, and behind them of values, as [N, 1 or 2, k, 1].
static struct value *over_items(struct builder *b, struct node *n) {
    const struct arg_max *a = n->attrs;
    static const int64_t rows[] = {0, -1};
    const int64_t shape[] = {0, a->out_max_val ? 2 : 1, a->top_k, 1};
    struct value *flat = build_reshape(b, lower_name(n, "flatten"), n->inputs[0].value, 2, rows);
    struct node *top = top_k(b, n, flat, 1);
    struct value *v = indices(n, top);
    if (a->out_max_val)
        v = build_concat(b, lower_name(n, "Concat_"), 1, 2,
                         (struct value *[]){v, &top->outputs[0]});
    return build_reshape(b, n->name, v, 4, shape);
}

static struct value *lower_arg_max(struct builder *b, struct node *n) {
    const struct arg_max *a = n->attrs;
    if (a->axis == INT_UNSET)
        return over_items(b, n);
    struct node *top = top_k(b, n, n->inputs[0].value, a->axis);
    return a->out_max_val ? &top->outputs[0] : indices(n, top);
}

bool lower_opset_argmax(struct graph *g, const struct pass_options *options) {
    (void)options;
    return lower_each(g, &op_ArgMax, lower_arg_max);
}
