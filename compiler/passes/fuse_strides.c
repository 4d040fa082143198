// SPDX-License-Identifier: Apache-2.0
// A 1x1 convolution with a stride throws away most of what it reads. Where all users of a value do
// so, its producer need not compute it: the stride moves up through ReLU and elementwise operators
// into the convolutions before. Where only some users took part, a 1x1 pooling with the stride
// makes up for what was moved, as the Model Optimizer does it.
#include "compiler/base/fatal.h"
#include "compiler/ops/build.h"
#include "compiler/ops/classic.h"
#include "compiler/ops/convolution.h"
#include "compiler/ops/pooling.h"
#include "compiler/passes/pass.h"

struct step { // how a node's output is read: every h-th row, every w-th column
    int64_t h, w;
};

struct strides {
    struct graph *graph;
    struct step *wanted; // by node id: the step at which the node reads its inputs
    bool *changed;       // by node id: its shape must be inferred again
    bool progress;
};

static bool is_one(struct step s) {
    return s.h == 1 && s.w == 1;
}

static bool is_convolution(const struct node *n) {
    return (n->op == &op_Convolution || n->op == &op_GroupConvolution) &&
           n->outputs[0].shape.rank == 4;
}

// Nothing that varies along height or width comes from a constant.
static bool constants_are_flat(const struct node *n) {
    for (uint32_t i = 0; i < n->input_count; i++) {
        const struct tensor *t = node_constant(n, i);
        int32_t rank = t != NULL ? t->shape.rank : 0;
        if ((rank >= 1 && t->shape.dims[rank - 1] != 1) ||
            (rank >= 2 && t->shape.dims[rank - 2] != 1))
            return false;
        const struct value *v = node_input(n, i);
        if (t == NULL && v->shape.rank != 4)
            return false;
    }
    return true;
}

// All its inputs have rank 4 then: the scale stands over the whole of the data.
static bool scales_from_the_first_axis(const struct node *n) {
    return ((const struct scale_shift *)n->attrs)->axis == 0;
}

static bool lets_strides_pass(const struct node *n) {
    static const struct op_def *const ops[] = {&op_ReLU,     &op_Add,     &op_Subtract,
                                               &op_Multiply, &op_Maximum, &op_Eltwise};
    if (node_is(n, &op_ScaleShift))
        return scales_from_the_first_axis(n) && constants_are_flat(n);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (n->op == ops[i])
            return n->outputs[0].shape.rank == 4 && constants_are_flat(n);
    return false;
}

static struct step step_of(const struct convolution *conv) {
    return (struct step){conv->strides.data[0], conv->strides.data[1]};
}

static void set_step(struct strides *s, struct node *n, struct step step) {
    struct convolution *conv = n->attrs;
    const int64_t numbers[] = {step.h, step.w};
    conv->strides = ints_copy(s->graph->arena, numbers, 2);
    conv->auto_pad = PAD_EXPLICIT; // the pads are those of the stride it had
    s->changed[n->id] = true;
    s->progress = true;
}

static bool has_pads(const struct convolution *conv) {
    return conv->pads_begin.data[0] != 0 || conv->pads_begin.data[1] != 0 ||
           conv->pads_end.data[0] != 0 || conv->pads_end.data[1] != 0;
}

// A 1x1 convolution reads nothing but what its stride steps on.
static struct step step_read_by(const struct node *n) {
    const struct shape *filters = &n->inputs[1].value->shape;
    const struct convolution *conv = n->attrs;
    if (filters->dims[filters->rank - 1] != 1 || filters->dims[filters->rank - 2] != 1 ||
        has_pads(conv))
        return (struct step){1, 1};
    return step_of(conv);
}

// The step that all users of a value share; false when they do not, or it is 1.
static bool common_step(const struct strides *s, const struct value *v, struct step *out) {
    if (v->first_use == NULL)
        return false;
    *out = s->wanted[v->first_use->user->id];
    VALUE_EACH_USE(v, u) {
        struct step step = s->wanted[u->user->id];
        bool reads_weights = is_convolution(u->user) && u->index != 0;
        if (step.h != out->h || step.w != out->w || reads_weights)
            return false;
    }
    return !is_one(*out);
}

static struct value *insert_pooling(struct strides *s, struct value *v, struct step step) {
    struct builder b = {.graph = s->graph, .place = v->producer->place};
    struct node *n =
        build_node(&b, &op_MaxPool, build_name(&b, v->producer->name, "Pooling_"), 1, &v);
    struct pooling *pool = n->attrs;
    pool->kernel = ints_copy(s->graph->arena, (const int64_t[]){1, 1}, 2);
    pool->strides = ints_copy(s->graph->arena, (const int64_t[]){step.h, step.w}, 2);
    if (!node_finish(n))
        fatal_bug("no pooling behind '%s'", v->producer->name);
    s->changed[n->id] = true;
    s->progress = true;
    return &n->outputs[0];
}

// The first user that gave its stride away and reads `v` directly.
static struct node *user_to_restore(const struct strides *s, const struct value *v) {
    VALUE_EACH_USE(v, u) {
        if (!is_one(s->wanted[u->user->id]) && !is_convolution(u->user))
            return u->user;
    }
    return NULL;
}

// Users that gave their stride away get it back; convolutions still have theirs.
static void restore_steps(struct strides *s, struct value *v) {
    for (struct node *user; (user = user_to_restore(s, v)) != NULL;) {
        struct value *pooled = insert_pooling(s, v, s->wanted[user->id]);
        for (uint32_t i = 0; i < user->input_count; i++)
            if (user->inputs[i].value == v)
                node_set_input(user, i, pooled);
    }
}

static void take_steps(struct strides *s, struct node *n, struct step step) {
    VALUE_EACH_USE(&n->outputs[0], u) {
        if (is_convolution(u->user))
            set_step(s, u->user, (struct step){1, 1});
    }
    if (is_convolution(n)) {
        struct step own = step_of(n->attrs);
        set_step(s, n, (struct step){own.h * step.h, own.w * step.w});
    } else {
        s->wanted[n->id] = step;
        s->changed[n->id] = true;
    }
}

// Users come before: what they want is known.
static void visit(struct strides *s, struct node *n) {
    struct step step;
    bool takes = is_convolution(n) || lets_strides_pass(n);
    if (takes && common_step(s, &n->outputs[0], &step))
        take_steps(s, n, step);
    else if (!node_is(n, &op_Constant))
        for (uint32_t i = 0; i < n->output_count; i++)
            restore_steps(s, &n->outputs[i]);
    if (is_convolution(n))
        s->wanted[n->id] = step_read_by(n);
}

static void infer_again(struct strides *s) {
    uint32_t count;
    struct node **order = graph_order(s->graph, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct node *n = order[i];
        if (s->changed[n->id] && !node_infer(n))
            fatal_bug("moving strides broke '%s'", n->name);
    }
}

// Ids of today's nodes and of the poolings that may come: at most one for each input port.
static uint32_t most_ids(struct graph *g) {
    uint32_t ids = g->next_id + 1;
    GRAPH_EACH(g, n) {
        ids += n->input_count;
    }
    return ids;
}

bool fuse_strides(struct graph *g, const struct pass_options *options) {
    (void)options;
    if (g->keep_strides)
        return false;
    struct arena *scratch = arena_new();
    uint32_t count, ids = most_ids(g);
    struct strides s = {.graph = g,
                        .wanted = arena_array_of(scratch, ids, struct step),
                        .changed = arena_array_of(scratch, ids, bool)};
    for (uint32_t i = 0; i < ids; i++)
        s.wanted[i] = (struct step){1, 1};
    struct node **order = graph_order(g, &count);
    while (count-- > 0)
        visit(&s, order[count]);
    if (s.progress)
        infer_again(&s);
    arena_free(scratch);
    return s.progress;
}
