// SPDX-License-Identifier: Apache-2.0
// LSTM cells with the weights of input and state in one blob; sequences as TensorIterators around
// such a cell, one for each direction.
#include "compiler/ops/data.h"
#include "compiler/ops/loop.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/recurrent.h"
#include "compiler/passes/lower.h"

static void finish_pair(struct node *n, struct node *made) {
    node_finish(made);
    for (uint32_t i = 0; i < n->output_count; i++)
        value_replace(&n->outputs[i], &made->outputs[i]);
    node_remove(n);
}

// [4h, I] and [4h, h] side by side.
static struct value *joined_weights(struct builder *b, const char *name, const struct tensor *input,
                                    const struct tensor *state) {
    const struct tensor *parts[] = {input, state};
    return build_constant(b, build_name(b, name, "weights"),
                          tensor_concat(b->graph->arena, 1, parts, 2));
}

// ---- One step ----

static bool lower_cell(struct node *n) {
    const struct tensor *w = node_constant(n, 3), *r = node_constant(n, 4);
    if (w == NULL || r == NULL || node_constant(n, 5) == NULL)
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    struct value *inputs[] = {n->inputs[0].value, n->inputs[1].value, n->inputs[2].value,
                              joined_weights(&b, n->name, w, r), n->inputs[5].value};
    struct node *made = build_node(&b, &op_LSTMCellIE, n->name, 5, inputs);
    *(struct cell *)made->attrs = *(const struct cell *)n->attrs;
    finish_pair(n, made);
    return true;
}

// ---- A sequence ----

struct side { // one direction of a sequence
    struct node *sequence;
    const char *name; // of what is made for it
    int64_t index;    // along the axis of directions
    bool reverse;
    int64_t batch, steps, inputs, hidden;
    const struct tensor *w, *r, *biases;
};

struct outcome {
    struct value *all, *hidden, *cell; // [N,1,T,h], [N,1,h], [N,1,h]
};

static const struct tensor *side_of(struct arena *arena, const struct tensor *t, int64_t index,
                                    struct shape shape) {
    return tensor_reshape(arena, tensor_gather(arena, t, 0, 1, &index), shape);
}

// The initial state of one direction: [N,D,h] to [N,h].
static struct value *initial_state(struct builder *b, const struct side *s, uint32_t input,
                                   const char *suffix) {
    struct value *v = s->sequence->inputs[input].value;
    const char *name = build_name(b, s->name, suffix);
    if (v->shape.dims[1] != 1) {
        struct value *index = build_i64(b, build_name(b, name, "index"), 1, &s->index);
        struct value *axis = build_i64_scalar(b, build_name(b, name, "axis"), 1);
        struct node *one = build_node(b, &op_Gather, build_name(b, name, "side"), 3,
                                      (struct value *[]){v, index, axis});
        node_finish(one);
        v = &one->outputs[0];
    }
    return build_reshape(b, name, v, 2, (const int64_t[]){s->batch, s->hidden});
}

// The body: one row of the data and the state before give the state after.
static struct graph *step_body(const struct side *s, struct place place) {
    struct graph *outer = s->sequence->graph, *g = graph_new(outer->arena, outer->diag, s->name);
    struct builder b = {.graph = g, .place = place};
    const struct sequence *a = s->sequence->attrs;
    enum dtype type = s->w->type;
    g->outer = outer;
    struct value *x = build_parameter(g, "x", type, SHAPE(s->batch, 1, s->inputs), &place);
    struct value *h = build_parameter(g, "h", type, SHAPE(s->batch, s->hidden), &place);
    struct value *c = build_parameter(g, "c", type, SHAPE(s->batch, s->hidden), &place);
    x = build_reshape(&b, build_name(&b, s->name, "input_squeeze"), x, 2,
                      (const int64_t[]){s->batch, s->inputs});
    const char *name = build_name(&b, s->name, "LSTMCell");
    struct value *inputs[] = {x, h, c, joined_weights(&b, name, s->w, s->r),
                              build_constant(&b, build_name(&b, name, "biases"), s->biases)};
    struct node *cell = build_node(&b, &op_LSTMCellIE, name, 5, inputs);
    *(struct cell *)cell->attrs = (struct cell){.hidden_size = a->hidden_size,
                                                .activations = a->activations,
                                                .activations_alpha = a->activations_alpha,
                                                .activations_beta = a->activations_beta,
                                                .clip = a->clip};
    node_finish(cell);
    struct value *row =
        build_reshape(&b, build_name(&b, s->name, "output_unsqueeze"), &cell->outputs[0], 3,
                      (const int64_t[]){s->batch, 1, s->hidden});
    build_result(g, "row", row);
    build_result(g, "hidden", &cell->outputs[0]);
    build_result(g, "cell", &cell->outputs[1]);
    return g;
}

static void set_maps(struct arena *arena, struct loop *a, bool reverse) {
    int64_t start = reverse ? -1 : 0, end = reverse ? 0 : -1, stride = reverse ? -1 : 1;
    const int64_t inputs[] = {0, 1, start, end, stride, 1, 1, -1, 0, 0, 0, 0, 2, -1, 0, 0, 0, 0};
    const int64_t outputs[] = {0, 1, start, end, stride, 1, 1, -1, 0, 0, 0, 0, 2, -1, 0, 0, 0, 0};
    const int64_t back[] = {1, 1, 2, 2};
    a->inputs = ints_copy(arena, inputs, sizeof inputs / sizeof *inputs);
    a->outputs = ints_copy(arena, outputs, sizeof outputs / sizeof *outputs);
    a->back_edges = ints_copy(arena, back, 4);
}

static struct outcome run_side(struct builder *b, const struct side *s) {
    struct arena *arena = b->graph->arena;
    struct value *inputs[] = {s->sequence->inputs[0].value,
                              initial_state(b, s, 1, "HiddenStateResize"),
                              initial_state(b, s, 2, "CellStateResize")};
    struct node *n =
        build_node(b, &op_TensorIterator, build_name(b, s->name, "TensorIterator"), 3, inputs);
    struct loop *a = n->attrs;
    set_maps(arena, a, s->reverse);
    a->body = step_body(s, b->place);
    node_set_output_count(n, 3);
    node_finish(n);
    const int64_t all[] = {s->batch, 1, s->steps, s->hidden}, state[] = {s->batch, 1, s->hidden};
    return (struct outcome){
        build_reshape(b, build_name(b, s->name, "SqueezeNumDirections"), &n->outputs[0], 4, all),
        build_reshape(b, build_name(b, s->name, "SqueezeNumDirections/1"), &n->outputs[1], 3,
                      state),
        build_reshape(b, build_name(b, s->name, "SqueezeNumDirections/2"), &n->outputs[2], 3,
                      state)};
}

// Sizes and weights of a sequence that can be written so.
static bool read_sequence(struct node *n, struct side *s) {
    const struct shape *x = &n->inputs[0].value->shape;
    double length;
    if (!shape_is_static(x) || x->rank != 3 || !shape_is_static(&n->inputs[1].value->shape))
        return false;
    for (uint32_t i = 3; i < 7; i++)
        if (node_constant(n, i) == NULL)
            return false;
    *s = (struct side){.sequence = n,
                       .batch = x->dims[0],
                       .steps = x->dims[1],
                       .inputs = x->dims[2],
                       .hidden = ((const struct sequence *)n->attrs)->hidden_size};
    return tensor_uniform(node_constant(n, 3), &length) && length == (double)s->steps;
}

static struct outcome make_side(struct builder *b, const struct side *whole, int64_t index) {
    const struct node *n = whole->sequence;
    const struct sequence *a = n->attrs;
    struct arena *arena = b->graph->arena;
    int64_t gates = 4 * whole->hidden;
    struct side s = *whole;
    bool both = a->direction == DIRECTION_BOTH;
    s.index = index;
    s.reverse = a->direction == DIRECTION_REVERSE || index == 1;
    s.name = !both ? n->name : lower_name(n, s.reverse ? "Split/reverse" : "Split/forward");
    s.w = side_of(arena, node_constant(n, 4), index, SHAPE(gates, s.inputs));
    s.r = side_of(arena, node_constant(n, 5), index, SHAPE(gates, s.hidden));
    s.biases = side_of(arena, node_constant(n, 6), index, SHAPE(gates));
    return run_side(b, &s);
}

static bool lower_sequence(struct node *n) {
    struct side whole;
    if (!read_sequence(n, &whole))
        return false;
    struct builder b = {.graph = n->graph, .place = n->place};
    struct outcome out = make_side(&b, &whole, 0);
    if (((const struct sequence *)n->attrs)->direction == DIRECTION_BOTH) {
        struct outcome back = make_side(&b, &whole, 1);
        out.all = build_concat(&b, lower_name(n, "FinalConcat/Data"), 1, 2,
                               (struct value *[]){out.all, back.all});
        out.hidden = build_concat(&b, lower_name(n, "FinalConcat/HiddenState"), 1, 2,
                                  (struct value *[]){out.hidden, back.hidden});
        out.cell = build_concat(&b, lower_name(n, "FinalConcat/CellState"), 1, 2,
                                (struct value *[]){out.cell, back.cell});
    }
    value_replace(&n->outputs[0], out.all);
    value_replace(&n->outputs[1], out.hidden);
    value_replace(&n->outputs[2], out.cell);
    node_remove(n);
    return true;
}

bool lower_classic_recurrent(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    GRAPH_EACH(g, n) {
        if (n->op == &op_LSTMSequence)
            changed |= lower_sequence(n);
        else if (n->op == &op_LSTMCell)
            changed |= lower_cell(n);
    }
    return changed;
}
