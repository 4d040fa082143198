// SPDX-License-Identifier: Apache-2.0
// SpaceToBatch, convolution, BatchToSpace: how TensorFlow spells a dilated convolution. Transposes
// may stand between, and the Unsqueeze and Squeeze of a convolution over one axis.
#include "compiler/base/fatal.h"
#include "compiler/ops/blocks.h"
#include "compiler/ops/movement.h"
#include "compiler/passes/order.h"
#include "compiler/passes/pass.h"

enum { MOST_BETWEEN = 4, GONE = -1 };

// From the convolution up to SpaceToBatch, or down to BatchToSpace.
struct road {
    struct node *between[MOST_BETWEEN]; // nearest to the convolution first
    uint32_t count;
    struct node *end;
    int32_t axis[SHAPE_MAX_RANK]; // the convolution's axes there; GONE: it has none
};

struct blocks { // by axis of the convolution's data
    int64_t size[SHAPE_MAX_RANK], begin[SHAPE_MAX_RANK], end[SHAPE_MAX_RANK];
};

static bool read_axes(const struct node *n, const struct shape *shape, uint32_t *mask) {
    const struct tensor *t = node_constant(n, 1);
    *mask = 0;
    if (t == NULL || tensor_count(t) > SHAPE_MAX_RANK)
        return false;
    const int64_t *axes = tensor_as_i64(n->graph->arena, t);
    for (uint64_t i = 0; i < tensor_count(t); i++) {
        int32_t axis;
        if (!shape_axis(shape, axes[i], &axis))
            return false;
        *mask |= 1U << axis;
    }
    return true;
}

// Axes of `mask` vanish.
static void take_away(int32_t *axes, int32_t rank, uint32_t mask) {
    for (int32_t i = 0; i < rank; i++) {
        if (axes[i] == GONE)
            continue;
        uint32_t below = mask & ((1U << axes[i]) - 1U);
        axes[i] = (mask >> axes[i] & 1U) != 0 ? GONE : axes[i] - __builtin_popcount(below);
    }
}

static void reorder(int32_t *axes, int32_t rank, const struct order *order) {
    for (int32_t i = 0; i < rank; i++)
        if (axes[i] != GONE)
            axes[i] = order->axis[axes[i]];
}

// Past one node between; `remover` is what takes axes away on this way.
static bool pass(const struct node *n, const struct op_def *remover, const struct shape *wide,
                 bool down, int32_t *axes, int32_t rank) {
    struct order order;
    uint32_t mask;
    if (order_read(n, &order)) {
        struct order inverse = order_inverse(&order);
        reorder(axes, rank, down ? &inverse : &order);
        return true;
    }
    if (n->op != remover || !read_axes(n, wide, &mask))
        return false;
    take_away(axes, rank, mask);
    return true;
}

static struct road road_begin(int32_t rank) {
    struct road r = {.count = 0};
    for (int32_t i = 0; i < rank; i++)
        r.axis[i] = i;
    return r;
}

static bool walk_up(struct node *conv, int32_t rank, struct road *r) {
    struct node *reader = conv;
    *r = road_begin(rank);
    for (;;) {
        struct value *v = node_input(reader, 0);
        struct node *n = v->producer;
        if (value_only_user(v) != reader)
            return false;
        r->end = n;
        if (n->op == &op_SpaceToBatch)
            return true;
        if (r->count == MOST_BETWEEN ||
            !pass(n, &op_Unsqueeze, &n->outputs[0].shape, false, r->axis, rank))
            return false;
        r->between[r->count++] = n;
        reader = n;
    }
}

static bool walk_down(struct node *conv, int32_t rank, struct road *r) {
    struct node *n = conv;
    *r = road_begin(rank);
    for (;;) {
        struct node *user = value_only_user(&n->outputs[0]);
        if (user == NULL)
            return false;
        r->end = user;
        if (user->op == &op_BatchToSpace)
            return true;
        if (r->count == MOST_BETWEEN ||
            !pass(user, &op_Squeeze, &n->outputs[0].shape, true, r->axis, rank))
            return false;
        r->between[r->count++] = user;
        n = user;
    }
}

// --- the blocks ----------------------------------------------------------------------------------

static bool read_list(const struct road *r, uint32_t input, int32_t rank, int64_t none,
                      int64_t *out) {
    const struct tensor *t = node_constant(r->end, input);
    int32_t own = node_input(r->end, 0)->shape.rank;
    if (t == NULL || own < 0 || tensor_count(t) != (uint64_t)own)
        return false;
    const int64_t *numbers = tensor_as_i64(r->end->graph->arena, t);
    for (int32_t i = 0; i < rank; i++)
        out[i] = r->axis[i] == GONE ? none : numbers[r->axis[i]];
    return true;
}

static bool read_blocks(const struct road *r, int32_t rank, struct blocks *out) {
    return read_list(r, 1, rank, 1, out->size) && read_list(r, 2, rank, 0, out->begin) &&
           read_list(r, 3, rank, 0, out->end);
}

// What the convolution is to do itself.
static bool dilated(const struct node *conv, int32_t rank, const struct blocks *in,
                    const struct blocks *out, struct convolution *a) {
    int64_t dilations[SHAPE_MAX_RANK], begin[SHAPE_MAX_RANK], end[SHAPE_MAX_RANK];
    *a = *(const struct convolution *)conv->attrs;
    bool any = false;
    for (int32_t i = 0; i < rank; i++) {
        uint32_t k = (uint32_t)i - 2;
        bool plain = in->size[i] == 1 && in->begin[i] == 0 && in->end[i] == 0 &&
                     out->size[i] == 1 && out->begin[i] == 0 && out->end[i] == 0;
        if (i >= 2) {
            dilations[k] = ints_get(a->dilations, k, 1) * in->size[i];
            begin[k] = ints_get(a->pads_begin, k, 0) + in->begin[i] - out->begin[i];
            end[k] = ints_get(a->pads_end, k, 0) + in->end[i] - out->end[i];
        }
        if (plain)
            continue;
        any = true;
        if (i < 2 || in->size[i] != out->size[i] || ints_get(a->strides, k, 1) != 1 ||
            ints_get(a->dilations, k, 1) != 1 || ints_get(a->pads_begin, k, 0) != 0 ||
            ints_get(a->pads_end, k, 0) != 0 || begin[k] < 0 || end[k] < 0)
            return false;
        a->auto_pad = PAD_EXPLICIT;
    }
    a->dilations = ints_copy(conv->graph->arena, dilations, (uint32_t)rank - 2);
    a->pads_begin = ints_copy(conv->graph->arena, begin, (uint32_t)rank - 2);
    a->pads_end = ints_copy(conv->graph->arena, end, (uint32_t)rank - 2);
    return any;
}

// --- the edit ------------------------------------------------------------------------------------

static void infer_again(struct node *n) {
    if (!node_infer(n))
        fatal_bug("'%s' does not fit without its blocks", n->name);
}

static void bypass(struct node *conv, const struct road *up, const struct road *down) {
    struct node *first = up->count > 0 ? up->between[up->count - 1] : conv;
    node_set_input(first, 0, node_input(up->end, 0));
    for (uint32_t i = up->count; i > 0; i--)
        infer_again(up->between[i - 1]);
    infer_again(conv);
    for (uint32_t i = 0; i < down->count; i++)
        infer_again(down->between[i]);
    value_replace(&down->end->outputs[0], node_input(down->end, 0));
    node_remove(down->end);
}

static bool fuse(struct node *conv) {
    struct road up, down;
    struct blocks in, out;
    struct convolution a;
    int32_t rank = conv->outputs[0].shape.rank;
    if (rank < 3 || !walk_up(conv, rank, &up) || !walk_down(conv, rank, &down) ||
        !read_blocks(&up, rank, &in) || !read_blocks(&down, rank, &out) ||
        !dilated(conv, rank, &in, &out, &a))
        return false;
    *(struct convolution *)conv->attrs = a;
    bypass(conv, &up, &down);
    return true;
}

bool fuse_dilations(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool progress = false;
    GRAPH_EACH(g, n) {
        if ((n->op == &op_Convolution || n->op == &op_GroupConvolution) && fuse(n))
            progress = true;
    }
    return progress;
}
