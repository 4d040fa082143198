// SPDX-License-Identifier: Apache-2.0
// _contrib_box_nms, with which gluoncv's SSD and YOLO end. Source: MXNet's bounding_box-inl.h, 1.3.
//
// data [..., N, K] holds a row of numbers per box. The rows whose score is over valid_thresh are
// sorted by score, the best topk looked at, and what overlaps a better one dropped; what is left
// moves up, and the rest of [..., N, K] is -1.
#include "compiler/ops/build_layers.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/reduction.h"
#include "compiler/ops/sort.h"
#include "frontends/mxnet/layers.h"

struct suppression {
    struct mxnet_layer *l;
    const char *name; // of the batch's nodes
    int64_t rows, columns, candidates;
    int64_t box, score, id; // columns; id < 0: none
    double overlap, valid;
    bool center; // boxes are centre and size
    bool across; // boxes of different ids suppress each other, too
};

static const char *part(const struct suppression *s, const char *suffix) {
    return build_name(&s->l->builder, s->name, suffix);
}

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

// Columns [from, from + count) of rows.
static struct value *columns(const struct suppression *s, const char *suffix, struct value *x,
                             int64_t from, int64_t count) {
    struct builder *b = &s->l->builder;
    int64_t *which = arena_array_of(s->l->arena, (size_t)count, int64_t);
    for (int64_t i = 0; i < count; i++)
        which[i] = from + i;
    const char *name = part(s, suffix);
    struct value *inputs[] = {x,
                              build_i64(b, build_name(b, name, "columns"), (uint32_t)count, which),
                              build_i64_scalar(b, build_name(b, name, "axis"), 1)};
    return finish(build_node(b, &op_Gather, name, 3, inputs));
}

// Rows of x by their indices.
static struct value *pick(const struct suppression *s, const char *suffix, struct value *x,
                          struct value *indices) {
    struct builder *b = &s->l->builder;
    const char *name = part(s, suffix);
    struct value *inputs[] = {x, indices, build_i64_scalar(b, build_name(b, name, "axis"), 0)};
    return finish(build_node(b, &op_Gather, name, 3, inputs));
}

// The best candidates, best first.
static struct value *sorted(const struct suppression *s, struct value *data) {
    struct builder *b = &s->l->builder;
    struct value *scores = build_reshape(b, part(s, "flat"), columns(s, "score", data, s->score, 1),
                                         1, &(int64_t){-1});
    struct value *inputs[] = {scores, build_i64_scalar(b, part(s, "k"), s->candidates)};
    struct node *n = build_node(b, &op_TopK, part(s, "best"), 2, inputs);
    struct topk *a = n->attrs;
    a->axis = 0;
    node_finish(n);
    return pick(s, "sorted", data, &n->outputs[1]);
}

// Boxes of each id on a ground of their own, so that only boxes of one id overlap: moved by the id
// times more than twice the largest coordinate.
static struct value *apart(const struct suppression *s, struct value *boxes, struct value *rows) {
    struct builder *b = &s->l->builder;
    int64_t axes[] = {0, 1};
    static const float corner[] = {1, 1, 1, 1}, center[] = {1, 1, 0, 0};
    struct value *size = build_op1(b, &op_Abs, part(s, "size"), boxes);
    struct node *n = build_node(b, &op_ReduceMax, part(s, "largest"), 2,
                                (struct value *[]){size, build_i64(b, part(s, "all"), 2, axes)});
    struct value *span = build_op2(b, &op_Multiply, part(s, "span"), finish(n),
                                   build_f32_scalar(b, part(s, "three"), 3));
    struct value *ids = columns(s, "id", rows, s->id, 1);
    struct value *move = build_op2(b, &op_Multiply, part(s, "move"), ids, span);
    struct value *moved = build_constant(
        b, part(s, "moved"), tensor_f32(s->l->arena, SHAPE(1, 4), s->center ? center : corner));
    move = build_op2(b, &op_Multiply, part(s, "offsets"), move, moved);
    return build_op2(b, &op_Add, part(s, "apart"), boxes, move);
}

// Indices of the rows that stay, best first: their number is known at run time alone.
static struct value *survivors(const struct suppression *s, struct value *rows) {
    struct builder *b = &s->l->builder;
    struct value *boxes = columns(s, "box", rows, s->box, 4);
    struct value *scores = columns(s, "scores", rows, s->score, 1);
    if (s->id >= 0 && !s->across)
        boxes = apart(s, boxes, rows);
    struct value *inputs[] = {
        build_reshape(b, part(s, "boxes"), boxes, 3, (int64_t[]){1, s->candidates, 4}),
        build_reshape(b, part(s, "by_class"), scores, 3, (int64_t[]){1, 1, s->candidates}),
        build_i64_scalar(b, part(s, "most"), s->candidates),
        build_f32_scalar(b, part(s, "overlap"), (float)s->overlap),
        build_f32_scalar(b, part(s, "valid"), (float)s->valid)};
    struct node *n = build_node(b, &op_NonMaxSuppression, part(s, "nms"), 5, inputs);
    struct nms *a = n->attrs;
    a->box_encoding = s->center ? NMS_CENTER : NMS_CORNER;
    a->sort_result_descending = false;
    node_finish(n);
    struct value *index = columns(s, "index", &n->outputs[0], 2, 1);
    return build_reshape(b, part(s, "kept"), index, 1, &(int64_t){-1});
}

// [N, K] of one batch.
static struct value *suppress(const struct suppression *s, struct value *data) {
    struct builder *b = &s->l->builder;
    struct value *rows = sorted(s, data);
    struct value *kept = pick(s, "rows", rows, survivors(s, rows));
    struct value *rest = build_constant(
        b, part(s, "rest"), tensor_splat(s->l->arena, DT_F32, SHAPE(s->rows, s->columns), -1));
    struct value *all = build_concat(b, part(s, "filled"), 0, 2, (struct value *[]){kept, rest});
    static const int64_t none[] = {0, 0}, by[] = {1, 1}, open[] = {1, 1}, closed[] = {0, 1};
    struct value *inputs[] = {all, build_i64(b, part(s, "begin"), 2, none),
                              build_i64(b, part(s, "end"), 2, (int64_t[]){s->rows, 0}),
                              build_i64(b, part(s, "step"), 2, by)};
    struct node *n = build_node(b, &op_StridedSlice, part(s, "cut"), 4, inputs);
    struct strided_slice *a = n->attrs;
    a->begin_mask = ints_copy(s->l->arena, open, 2);
    a->end_mask = ints_copy(s->l->arena, closed, 2);
    return build_reshape(b, s->name, finish(n), 3, (int64_t[]){1, s->rows, s->columns});
}

static bool read_suppression(struct mxnet_layer *l, struct suppression *s) {
    static const char *const formats[] = {"corner", "center", NULL};
    int in = mxnet_choice(l, "in_format", formats), out = mxnet_choice(l, "out_format", formats);
    int64_t most = mxnet_int(l, "topk", -1);
    *s = (struct suppression){.l = l,
                              .box = mxnet_int(l, "coord_start", 2),
                              .score = mxnet_int(l, "score_index", 1),
                              .id = mxnet_int(l, "id_index", -1),
                              .overlap = mxnet_float(l, "overlap_thresh", 0.5),
                              .valid = mxnet_float(l, "valid_thresh", 0),
                              .center = in == 1,
                              .across = mxnet_bool(l, "force_suppress", false)};
    if (l->failed || !mxnet_rank(l, 0, 2, SHAPE_MAX_RANK) || !mxnet_static(l, 0))
        return false;
    const struct shape *shape = &l->inputs[0]->shape;
    s->rows = shape->dims[shape->rank - 2];
    s->columns = shape->dims[shape->rank - 1];
    s->candidates = most > 0 && most < s->rows ? most : s->rows;
    if (in != out)
        mxnet_fail(l, NOT_SUPPORTED, "out_format", "boxes stay in the format they come in");
    else if (s->box < 0 || s->box + 4 > s->columns)
        mxnet_fail(l, ATTRIBUTE_VALUE, "coord_start", "outside the row");
    else if (s->score < 0 || s->score >= s->columns || s->id >= s->columns)
        mxnet_fail(l, ATTRIBUTE_VALUE, "score_index", "outside the row, as id_index");
    return !l->failed;
}

void mxnet_box_nms(struct mxnet_layer *l) {
    enum { MOST_BATCHES = 64 };
    struct suppression s;
    uint64_t count;
    if (!read_suppression(l, &s))
        return;
    struct builder *b = &l->builder;
    const struct shape *shape = &l->inputs[0]->shape;
    if (!shape_count(shape, &count) || count == 0 ||
        count / (uint64_t)(s.rows * s.columns) > MOST_BATCHES) {
        mxnet_fail(l, SHAPE_MISMATCH, "the batch is too large");
        return;
    }
    uint32_t batches = (uint32_t)(count / (uint64_t)(s.rows * s.columns));
    struct value *data = build_reshape(b, mxnet_name(l, "data"), l->inputs[0], 3,
                                       (int64_t[]){-1, s.rows, s.columns});
    struct value **parts = arena_array_of(l->arena, batches, struct value *);
    for (uint32_t i = 0; i < batches; i++) {
        s.name = mxnet_name(l, arena_printf(l->arena, "batch_%u", i));
        struct value *at[] = {data, build_i64_scalar(b, part(&s, "number"), i),
                              build_i64_scalar(b, part(&s, "axis"), 0)};
        struct value *own = finish(build_node(b, &op_Gather, part(&s, "own"), 3, at));
        parts[i] = suppress(&s, own);
    }
    struct value *all = build_concat(b, mxnet_name(l, "batches"), 0, batches, parts);
    l->outputs[0] = build_reshape(b, l->name, all, (uint32_t)shape->rank, shape->dims);
}
