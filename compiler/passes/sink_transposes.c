// SPDX-License-Identifier: Apache-2.0
// Front ends whose source keeps channels last write a convolution as Transpose, Convolution,
// Transpose. Here the Transposes to channels last move down through what does not care for the
// order of axes, until they meet the Transpose to channels first of the next convolution and both
// go. What counts axes on the way (a Concat's axis, a Pad's lists, constants, a fully connected
// layer's weights) is put in the new order.
#include "compiler/base/fatal.h"
#include "compiler/ops/build.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/reduction.h"
#include "compiler/ops/slicing.h"
#include "compiler/passes/order.h"
#include "compiler/passes/pass.h"
#include "compiler/passes/sink.h"

enum { LOOK_AHEAD = 4 };

// --- what a node reads --------------------------------------------------------------------------

// A constant that is broadcast against the result, in the order above.
static struct value *reordered(struct move *m, const struct value *v) {
    struct arena *arena = m->b.graph->arena;
    struct order back = order_inverse(&m->order);
    struct shape shape = {.rank = m->order.rank};
    if (v->shape.rank == 0)
        return (struct value *)v;
    for (int32_t i = 0; i < shape.rank; i++) {
        int32_t own = i - (shape.rank - v->shape.rank);
        shape.dims[i] = own < 0 ? 1 : v->shape.dims[own];
    }
    struct tensor *t = tensor_permute(arena, tensor_reshape(arena, v->constant, shape), back.axis);
    return build_constant(&m->b, v->producer->name, t);
}

static bool is_single(const struct value *v) { // broadcasts the same in any order
    for (int32_t i = 0; i < v->shape.rank; i++)
        if (v->shape.dims[i] != 1)
            return false;
    return v->shape.rank >= 0;
}

// Does the opposite Transpose stand close below?
static bool meets_inverse(const struct value *v, const struct order *order, int depth) {
    VALUE_EACH_USE(v, u) {
        struct order own, back = order_inverse(order);
        if (order_read(u->user, &own) && order_same(&own, &back))
            return true;
        bool passes = (u->user->op->flags & OP_ELEMENTWISE) != 0 || node_is(u->user, &op_Concat);
        if (passes && depth < LOOK_AHEAD && meets_inverse(&u->user->outputs[0], order, depth + 1))
            return true;
    }
    return false;
}

enum operand { OPERAND_ABOVE, OPERAND_CONSTANT, OPERAND_SINGLE, OPERAND_FOREIGN, OPERAND_NONE };

static enum operand operand_of(const struct move *m, const struct value *v) {
    if (v == NULL)
        return OPERAND_SINGLE;
    if (order_above(v, &m->order) != NULL)
        return OPERAND_ABOVE;
    if (v->constant != NULL && v->shape.rank <= m->order.rank)
        return OPERAND_CONSTANT;
    if (is_single(v) && v->shape.rank <= m->order.rank)
        return OPERAND_SINGLE;
    return v->shape.rank == m->order.rank ? OPERAND_FOREIGN : OPERAND_NONE;
}

// Another value joins in: it is turned the other way, which pays when the Transpose below then
// goes.
static bool operands_fit(const struct move *m) {
    uint32_t foreign = 0, ready = 0;
    for (uint32_t i = 0; i < m->n->input_count; i++) {
        enum operand kind = operand_of(m, node_input(m->n, i));
        if (kind == OPERAND_NONE)
            return false;
        foreign += kind == OPERAND_FOREIGN;
        ready += kind == OPERAND_ABOVE;
    }
    return foreign == 0 || (foreign <= ready && meets_inverse(&m->n->outputs[0], &m->order, 0));
}

static void move_operand(struct move *m, uint32_t input) {
    struct value *v = node_input(m->n, input);
    enum operand kind = operand_of(m, v);
    struct order back = order_inverse(&m->order);
    if (kind == OPERAND_ABOVE)
        v = order_above(v, &m->order);
    else if (kind == OPERAND_CONSTANT)
        v = reordered(m, v);
    else if (kind == OPERAND_FOREIGN)
        v = order_build(&m->b, build_name(&m->b, m->n->name, "Transpose_"), v, &back);
    node_set_input(m->n, input, v);
}

// Every input is broadcast against the result.
static bool move_operands(struct move *m) {
    if (m->n->outputs[0].shape.rank != m->order.rank || !operands_fit(m))
        return false;
    for (uint32_t i = 0; i < m->n->input_count; i++)
        move_operand(m, i);
    return true;
}

static void move_data(struct move *m) {
    node_set_input(m->n, 0, order_above(node_input(m->n, 0), &m->order));
}

// --- numbers that count axes --------------------------------------------------------------------

static bool mapped_axis(const struct move *m, int64_t axis, int64_t *out) {
    if (axis < 0)
        axis += m->order.rank;
    if (axis < 0 || axis >= m->order.rank)
        return false;
    *out = m->order.axis[axis];
    return true;
}

static void set_list(struct move *m, uint32_t input, uint32_t count, const int64_t *numbers) {
    const struct value *old = node_input(m->n, input);
    struct shape shape = old->shape.rank == 0 ? shape_scalar() : SHAPE((int64_t)count);
    struct tensor *t = tensor_i64(m->b.graph->arena, shape, numbers);
    t = tensor_cast(m->b.graph->arena, t, old->type);
    node_set_input(m->n, input, build_constant(&m->b, old->producer->name, t));
}

// The whole numbers of a small constant input.
static const int64_t *list_of(const struct move *m, uint32_t input, uint32_t *count) {
    const struct tensor *t = node_constant(m->n, input);
    if (t == NULL || tensor_count(t) > SHAPE_MAX_RANK)
        return NULL;
    *count = (uint32_t)tensor_count(t);
    return tensor_as_i64(m->b.graph->arena, t);
}

// Input `input` holds axes: [..] or one.
static bool map_axes(struct move *m, uint32_t input, uint32_t *mask) {
    uint32_t count;
    const int64_t *axes = list_of(m, input, &count);
    int64_t mapped[SHAPE_MAX_RANK];
    *mask = 0;
    if (axes == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!mapped_axis(m, axes[i], &mapped[i]))
            return false;
        *mask |= 1U << mapped[i];
    }
    set_list(m, input, count, mapped);
    return true;
}

// Input `input` holds one number for each axis.
static bool map_list(struct move *m, uint32_t input) {
    uint32_t count;
    const int64_t *numbers = list_of(m, input, &count);
    int64_t mapped[SHAPE_MAX_RANK] = {0};
    if (numbers == NULL || count != (uint32_t)m->order.rank)
        return false;
    for (uint32_t i = 0; i < count; i++)
        mapped[m->order.axis[i]] = numbers[i];
    set_list(m, input, count, mapped);
    return true;
}

// --- operators ----------------------------------------------------------------------------------

static bool move_axis_attribute(struct move *m) {
    const struct attr_def *row = op_find_attr(m->n->op, "axis");
    int64_t *axis = attr_field(row, m->n->attrs), mapped;
    if (!mapped_axis(m, *axis, &mapped) || !move_operands(m))
        return false;
    *axis = mapped;
    return true;
}

// data, axis, ...
static bool move_split(struct move *m) {
    uint32_t mask;
    if (!map_axes(m, 1, &mask))
        return false;
    move_data(m);
    return true;
}

// data, indices, axis: a list of indices keeps the rank.
static bool move_gather(struct move *m) {
    uint32_t mask;
    const struct tensor *indices = node_constant(m->n, 1);
    if (indices == NULL || indices->shape.rank != 1 || !map_axes(m, 2, &mask))
        return false;
    move_data(m);
    return true;
}

// data, axes; the result has the data's shape.
static bool move_axes(struct move *m) {
    uint32_t mask;
    if (!map_axes(m, 1, &mask))
        return false;
    move_data(m);
    return true;
}

static bool move_reduction(struct move *m) {
    uint32_t mask;
    if (!map_axes(m, 1, &mask))
        return false;
    move_data(m);
    if (!((const struct reduction *)m->n->attrs)->keep_dims)
        m->below = order_without(&m->order, mask);
    return true;
}

static bool move_squeeze(struct move *m) {
    uint32_t mask;
    if (!map_axes(m, 1, &mask))
        return false;
    move_data(m);
    m->below = order_without(&m->order, mask);
    return true;
}

// Where the axes of `below` put the data's axes, in the order in which the data above has them:
// they must be rising, for an Unsqueeze does not reorder.
static bool keeps_order(const struct move *m, uint32_t mask, const struct order *below) {
    int32_t place[SHAPE_MAX_RANK] = {0}, own = 0;
    for (int32_t i = 0; i < below->rank; i++)
        if ((mask >> i & 1U) == 0)
            place[m->order.axis[own++]] = below->axis[i];
    for (int32_t i = 1; i < own; i++)
        if (place[i] < place[i - 1])
            return false;
    return true;
}

// New axes (a bit set of the result's) in front of the channels, which then go last below, too.
static struct order with_axes(const struct move *m, uint32_t mask, int32_t rank) {
    struct order below = {.rank = rank};
    int32_t channels = m->order.axis[m->order.rank - 1];
    for (int32_t i = 0; i < rank; i++)
        below.axis[i] = i == rank - 1 ? channels : i + (i >= channels);
    if (keeps_order(m, mask, &below))
        return below;
    int32_t place[SHAPE_MAX_RANK] = {0}, places = 0, own = 0;
    for (int32_t i = 0; i < rank; i++) // they keep their places instead
        if ((mask >> i & 1U) == 0)
            place[places++] = i;
    for (int32_t i = 0; i < rank; i++)
        below.axis[i] = (mask >> i & 1U) != 0 ? i : place[m->order.axis[own++]];
    return below;
}

static bool move_unsqueeze(struct move *m) {
    uint32_t count, mask = 0;
    const int64_t *axes = list_of(m, 1, &count);
    int64_t mapped[SHAPE_MAX_RANK] = {0};
    int32_t rank = m->n->outputs[0].shape.rank;
    if (axes == NULL || rank != m->order.rank + (int32_t)count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        mapped[i] = axes[i] < 0 ? axes[i] + rank : axes[i];
        mask |= 1U << mapped[i];
    }
    m->below = with_axes(m, mask, rank);
    for (uint32_t i = 0; i < count; i++)
        mapped[i] = m->below.axis[mapped[i]];
    set_list(m, 1, count, mapped);
    move_data(m);
    return true;
}

static bool has_list(const struct move *m, uint32_t input) {
    uint32_t count;
    return list_of(m, input, &count) != NULL && count == (uint32_t)m->order.rank;
}

static bool move_pad(struct move *m) {
    if (!has_list(m, 1) || !has_list(m, 2))
        return false;
    map_list(m, 1);
    map_list(m, 2);
    move_data(m);
    return true;
}

// data, blocks, pads or crops at both ends: lists that have a number for each axis.
static bool move_blocks(struct move *m) {
    if (!has_list(m, 1) || !has_list(m, 2) || !has_list(m, 3))
        return false;
    for (uint32_t i = 1; i <= 3; i++)
        map_list(m, i);
    move_data(m);
    return true;
}

static bool move_tile(struct move *m) {
    if (!map_list(m, 1))
        return false;
    move_data(m);
    return true;
}

static bool readable_slice(const struct move *m, struct slicing *s) {
    const char *wrong;
    if (!slicing_read(m->n, s, &wrong) || s->rank != m->order.rank ||
        node_constant(m->n, 1) == NULL)
        return false;
    for (int32_t i = 0; i < s->out_rank; i++)
        if (s->source[i] < 0)
            return false;
    for (int32_t i = 0; i < s->rank; i++)
        if (!s->ranges[i].known || s->ranges[i].count < 0 || s->ranges[i].stride < 1)
            return false;
    return true;
}

// Begin, end and stride for each axis; an axis that vanishes is an index.
static bool move_slice(struct move *m) {
    struct slicing s;
    int64_t begin[SHAPE_MAX_RANK], end[SHAPE_MAX_RANK], stride[SHAPE_MAX_RANK];
    int64_t none[SHAPE_MAX_RANK] = {0}, shrink[SHAPE_MAX_RANK];
    if (!readable_slice(m, &s))
        return false;
    uint32_t rank = (uint32_t)s.rank, mask = (1U << rank) - 1U;
    for (int32_t i = 0; i < s.out_rank; i++)
        mask &= ~(1U << m->order.axis[s.source[i]]);
    for (int32_t i = 0; i < s.rank; i++) {
        const struct range *r = &s.ranges[i];
        int32_t to = m->order.axis[i];
        begin[to] = r->begin;
        end[to] = r->begin + r->count * r->stride;
        stride[to] = r->stride;
        shrink[to] = (int64_t)(mask >> to & 1U);
    }
    struct strided_slice *a = m->n->attrs;
    a->begin_mask = a->end_mask = a->new_axis_mask = a->ellipsis_mask =
        ints_copy(m->b.graph->arena, none, rank);
    a->shrink_axis_mask = ints_copy(m->b.graph->arena, shrink, rank);
    node_set_input(m->n, 1, build_i64(&m->b, build_name(&m->b, m->n->name, "begin"), rank, begin));
    node_set_input(m->n, 2, build_i64(&m->b, build_name(&m->b, m->n->name, "end"), rank, end));
    struct value *steps = build_i64(&m->b, build_name(&m->b, m->n->name, "strides"), rank, stride);
    if (m->n->input_count > 3)
        node_set_input(m->n, 3, steps);
    else
        node_add_input(m->n, steps);
    move_data(m);
    m->below = order_without(&m->order, mask);
    return true;
}

// The shape of the reordered value: the numbers of the shape, reordered.
static bool move_shape(struct move *m) {
    struct value *shape = &m->n->outputs[0];
    int64_t axes[SHAPE_MAX_RANK];
    for (int32_t i = 0; i < m->order.rank; i++)
        axes[i] = m->order.axis[i];
    move_data(m);
    if (!node_infer(m->n))
        fatal_bug("'%s' has no shape above a Transpose", m->n->name);
    const char *name = build_name(&m->b, m->n->name, "Gather_");
    struct value *inputs[] = {
        shape, build_i64(&m->b, build_name(&m->b, name, "order"), (uint32_t)m->order.rank, axes),
        build_i64_scalar(&m->b, build_name(&m->b, name, "axis"), 0)};
    struct node *gather = build_node(&m->b, &op_Gather, name, 3, inputs);
    node_finish(gather);
    value_replace_except(shape, &gather->outputs[0], gather);
    m->below.rank = 0;
    return true;
}

// --- the walk -----------------------------------------------------------------------------------

static const struct row {
    const struct op_def *op;
    move_function *move;
} rows[] = {
    {&op_Concat, move_axis_attribute},
    {&op_SoftMax, move_axis_attribute},
    {&op_LogSoftmax, move_axis_attribute},
    {&op_Split, move_split},
    {&op_VariadicSplit, move_split},
    {&op_Gather, move_gather},
    {&op_MVN, move_axes},
    {&op_NormalizeL2, move_axes},
    {&op_LRN, move_axes},
    {&op_ReduceMean, move_reduction},
    {&op_ReduceSum, move_reduction},
    {&op_ReduceMax, move_reduction},
    {&op_ReduceMin, move_reduction},
    {&op_ReduceProd, move_reduction},
    {&op_ReduceL1, move_reduction},
    {&op_ReduceL2, move_reduction},
    {&op_Squeeze, move_squeeze},
    {&op_Unsqueeze, move_unsqueeze},
    {&op_Pad, move_pad},
    {&op_Tile, move_tile},
    {&op_SpaceToBatch, move_blocks},
    {&op_BatchToSpace, move_blocks},
    {&op_StridedSlice, move_slice},
    {&op_ShapeOf, move_shape},
    {&op_Reshape, sink_reshape},
    {&op_FakeQuantize, move_operands},
};

static move_function *mover_of(const struct node *n) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].op == n->op)
            return rows[i].move;
    return (n->op->flags & OP_ELEMENTWISE) != 0 ? move_operands : NULL;
}

bool order_may_pass(const struct node *n) {
    return mover_of(n) != NULL;
}

// Elementwise operators and Concat may have the Transpose at any input, others at the first.
static bool find_order(const struct node *n, bool any_input, struct order *out) {
    for (uint32_t i = 0; i < n->input_count && (any_input || i == 0); i++) {
        const struct value *v = node_input(n, i);
        if (v != NULL && v->constant == NULL && order_read(v->producer, out) &&
            order_puts_channels_last(out))
            return true;
    }
    return false;
}

static void put_below(struct move *m) {
    for (uint32_t i = 0; i < m->n->output_count; i++) {
        struct value *v = &m->n->outputs[i];
        if (order_is_identity(&m->below) || v->first_use == NULL)
            continue;
        const char *name = build_name(&m->b, m->n->name, "Transpose_");
        struct value *turned = order_build(&m->b, name, v, &m->below);
        value_replace_except(v, turned, turned->producer);
    }
}

static bool sink_below(struct node *n) {
    struct move m = {.b = {.graph = n->graph, .place = n->place}, .n = n};
    move_function *mover = mover_of(n);
    if (mover == NULL || n->outputs[0].poison || n->outputs[0].constant != NULL ||
        !find_order(n, mover == move_operands || mover == move_axis_attribute, &m.order))
        return false;
    m.below = m.order;
    if (!mover(&m))
        return false;
    if (!node_infer(n))
        fatal_bug("'%s' cannot read above a Transpose", n->name);
    put_below(&m);
    return true;
}

// The pair of insert_transposes, whose lower one is to sink and not to go.
static bool begins(const struct node *n) {
    struct order own;
    const struct node *upper = node_producer(n, 0, &op_Transpose);
    return upper != NULL && order_of_images(node_input(upper, 0)->producer) &&
           order_read(n, &own) && order_puts_channels_last(&own);
}

// A Transpose that nobody reads any more leaves its names to what it read.
static void take_out_unread(struct graph *g) {
    GRAPH_EACH(g, n) {
        if (n->op != &op_Transpose || n->outputs[0].first_use != NULL)
            continue;
        value_move_names(&n->outputs[0], node_input(n, 0));
        node_remove(n);
    }
}

bool sink_transposes(struct graph *g, const struct pass_options *options) {
    (void)options;
    uint32_t count;
    struct node **order = graph_order(g, &count);
    bool progress = false;
    for (uint32_t i = 0; i < count; i++)
        if (node_is(order[i], &op_Transpose) ? !begins(order[i]) && order_join(order[i])
                                             : sink_below(order[i]) || lift_above_reshape(order[i]))
            progress = true;
    if (progress)
        take_out_unread(g);
    return progress;
}
