// SPDX-License-Identifier: Apache-2.0
// Prior boxes read sizes instead of a feature map and an image; Proposal reads a plain list.
#include "compiler/ops/detection.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/lower.h"

// [height, width] of `x`.
static struct value *sizes_of(struct builder *b, const char *name, struct value *x) {
    if (x->shape.rank == 4 && x->shape.dims[2] > 0 && x->shape.dims[3] > 0)
        return build_i64(b, name, 2, &x->shape.dims[2]);
    struct value *shape = build_op1(b, &op_ShapeOf, build_name(b, name, "shape"), x);
    struct value *begin = build_i64(b, build_name(b, name, "begin"), 1, (const int64_t[]){2});
    struct value *end = build_i64(b, build_name(b, name, "end"), 1, (const int64_t[]){4});
    struct node *n =
        build_node(b, &op_StridedSlice, name, 3, (struct value *[]){shape, begin, end});
    node_finish(n);
    return &n->outputs[0];
}

// Without scale_all_sizes the opset counts sizes and steps in image heights, not in pixels.
static bool in_heights(struct builder *b, struct prior_box *a, const struct value *image) {
    struct arena *arena = b->graph->arena;
    if (a->scale_all_sizes)
        return true;
    if (image->shape.dims[2] < 1)
        return false;
    float *sizes = arena_array_of(arena, a->min_size.count, float);
    float height = (float)image->shape.dims[2];
    for (uint32_t i = 0; i < a->min_size.count; i++)
        sizes[i] = a->min_size.data[i] / height;
    a->min_size.data = sizes;
    if (a->step != (float)ATTR_UNSET)
        a->step /= height;
    return true;
}

static struct node *prior_node(struct builder *b, struct node *n, const struct op_def *op) {
    struct value *grid = sizes_of(b, lower_name(n, "output_size"), n->inputs[0].value);
    struct value *image = sizes_of(b, lower_name(n, "image_size"), n->inputs[1].value);
    return build_node(b, op, lower_name(n, "boxes"), 2, (struct value *[]){grid, image});
}

// The opset's boxes are [2, N]; sources have [1, 2, N].
static struct value *with_batch(struct builder *b, struct node *n, struct node *boxes) {
    node_finish(boxes);
    struct value *axis = build_i64_scalar(b, lower_name(n, "axis"), 0);
    return build_op2(b, &op_Unsqueeze, n->name, &boxes->outputs[0], axis);
}

static struct value *lower_prior_box(struct builder *b, struct node *n) {
    struct prior_box a = *(const struct prior_box *)n->attrs;
    if (!in_heights(b, &a, n->inputs[1].value))
        return NULL;
    struct node *boxes = prior_node(b, n, &op_PriorBox);
    *(struct prior_box *)boxes->attrs = a;
    return with_batch(b, n, boxes);
}

static struct value *lower_prior_box_clustered(struct builder *b, struct node *n) {
    struct node *boxes = prior_node(b, n, &op_PriorBoxClustered);
    *(struct prior_box_clustered *)boxes->attrs = *(const struct prior_box_clustered *)n->attrs;
    return with_batch(b, n, boxes);
}

static bool flatten_image_info(struct node *n) {
    struct value *info = node_input(n, 2);
    if (info == NULL || info->shape.rank != 2)
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    const int64_t whole = -1;
    node_set_input(n, 2, build_reshape(&b, lower_name(n, "image_info"), info, 1, &whole));
    return true;
}

bool lower_opset_detection(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = lower_each(g, &op_PriorBoxIE, lower_prior_box);
    changed |= lower_each(g, &op_PriorBoxClusteredIE, lower_prior_box_clustered);
    GRAPH_EACH(g, n) {
        if (n->op == &op_Proposal)
            changed |= flatten_image_info(n);
    }
    return changed;
}
