// SPDX-License-Identifier: Apache-2.0
// LSTM and RNN: data [T, N, ...] and a mark for each step and sequence, 0 where a new one begins
// and its state is forgotten [T, N]. They become a TensorIterator over the steps: the mark is data,
// so no sequence operator can do it.
#include "compiler/ops/recurrent.h"

#include "compiler/ops/build_layers.h"
#include "compiler/ops/data.h"
#include "compiler/ops/loop.h"
#include "frontends/caffe/layers.h"

enum { GATES = 4, MOST_STATES = 2 };

struct recurrent;

struct kind {
    uint32_t states; // hidden and, of an LSTM, cell
    int64_t gates;
    struct graph *(*step)(const struct recurrent *r);
};

struct recurrent {
    struct layer *l;
    const struct kind *kind;
    struct value *still;              // the same data for every step [N, ...], or NULL
    struct value *first[MOST_STATES]; // [N, hidden]
    int64_t batch, inputs, still_inputs, hidden;
    const struct tensor *weights, *biases, *state_weights; // of the gates
    const struct tensor *out_weights, *out_biases;         // RNN's output
};

// --- what the layer has --------------------------------------------------------

static int64_t count_from(const struct layer *l, uint32_t bottom, int32_t axis) {
    struct shape shape = layer_shape(l, bottom);
    uint64_t count = 0;
    return shape_count_range(&shape, axis, shape.rank, &count) ? (int64_t)count : 0;
}

static bool expect(struct layer *l, uint32_t bottom, const char *what, struct shape wanted) {
    struct shape shape = layer_shape(l, bottom);
    if (shape_equal(&shape, &wanted))
        return true;
    layer_fail(l, SHAPE_MISMATCH,
               arena_printf(l->arena, "%s has the shape %s, not %s", what,
                            shape_text(l->arena, &shape), shape_text(l->arena, &wanted)));
    return false;
}

// Bottoms: data, marks, data for every step, first states; the last two may be missing.
static bool read_bottoms(struct recurrent *r, bool exposed) {
    struct layer *l = r->l;
    uint32_t states = exposed ? r->kind->states : 0;
    if (l->bottom_count != 2 + states && l->bottom_count != 3 + states) {
        layer_fail(l, INPUT_COUNT, l->bottom_count,
                   arena_printf(l->arena, "%u or %u", 2 + states, 3 + states));
        return false;
    }
    for (uint32_t i = 0; i < l->bottom_count; i++)
        if (!layer_static(l, i))
            return false;
    if (!layer_rank(l, 0, 2, SHAPE_MAX_RANK))
        return false;
    struct shape data = layer_shape(l, 0);
    r->batch = data.dims[1];
    r->inputs = count_from(l, 0, 2);
    if (!expect(l, 1, "the second bottom", SHAPE(data.dims[0], r->batch)))
        return false;
    if (l->bottom_count == 2 + states)
        return true;
    r->still = l->bottoms[2];
    r->still_inputs = count_from(l, 2, 1);
    return layer_rank(l, 2, 1, SHAPE_MAX_RANK) &&
           (layer_shape(l, 2).dims[0] == r->batch ||
            expect(l, 2, "the third bottom", SHAPE(r->batch, r->still_inputs)));
}

static bool read_states(struct recurrent *r, bool exposed) {
    struct layer *l = r->l;
    for (uint32_t i = 0; i < r->kind->states; i++) {
        const char *what = i == 0 ? "hidden" : "cell", *name = layer_node(l, what);
        uint32_t bottom = l->bottom_count - r->kind->states + i;
        if (!exposed)
            r->first[i] = build_constant(
                &l->builder, name, tensor_splat(l->arena, DT_F32, SHAPE(r->batch, r->hidden), 0));
        else if (!expect(l, bottom, what, SHAPE(1, r->batch, r->hidden)))
            return false;
        else
            r->first[i] = build_reshape(&l->builder, name, l->bottoms[bottom], 2,
                                        (const int64_t[]){r->batch, r->hidden});
    }
    return true;
}

static bool read_weights(struct recurrent *r) {
    struct layer *l = r->l;
    uint32_t next = 2;
    int64_t rows = r->kind->gates * r->hidden;
    r->weights = layer_blob(l, 0, "weights", SHAPE(rows, r->inputs));
    if (r->weights != NULL)
        r->biases = layer_blob(l, 1, "biases", SHAPE(rows));
    if (r->biases != NULL && r->still != NULL) {
        const struct tensor *parts[] = {
            r->weights, layer_blob(l, next++, "static weights", SHAPE(rows, r->still_inputs))};
        if (parts[1] != NULL)
            r->weights = tensor_concat(l->arena, 1, parts, 2);
    }
    if (!l->failed)
        r->state_weights = layer_blob(l, next, "hidden weights", SHAPE(rows, r->hidden));
    if (!l->failed && r->kind->gates == 1) {
        r->out_weights = layer_blob(l, next + 1, "output weights", SHAPE(r->hidden, r->hidden));
        if (!l->failed)
            r->out_biases = layer_blob(l, next + 2, "output biases", SHAPE(r->hidden));
    }
    return !l->failed;
}

// --- one step --------------------------------------------------------------------

struct step { // inside the body
    struct builder builder;
    struct value *data, *states[MOST_STATES];
};

static struct value *matrix(struct step *s, const char *name, struct value *x, int64_t rows,
                            int64_t columns) {
    return build_reshape(&s->builder, name, x, 2, (const int64_t[]){rows, columns});
}

// The body with its parameters: data, marks, states, data for every step. The states are forgotten
// where the mark says so.
static struct step begin_step(const struct recurrent *r) {
    struct layer *l = r->l;
    struct graph *g = graph_new(l->arena, l->builder.graph->diag, l->name);
    const struct place *place = &l->builder.place;
    struct step s = {.builder = {.graph = g, .place = *place}};
    g->outer = l->builder.graph;
    struct value *x = build_parameter(g, "x", DT_F32, SHAPE(1, r->batch, r->inputs), place);
    struct value *mark = build_parameter(g, "mark", DT_F32, SHAPE(1, r->batch), place);
    for (uint32_t i = 0; i < r->kind->states; i++)
        s.states[i] =
            build_parameter(g, i == 0 ? "h" : "c", DT_F32, SHAPE(r->batch, r->hidden), place);
    s.data = matrix(&s, "x/row", x, r->batch, r->inputs);
    if (r->still != NULL) {
        struct value *still =
            build_parameter(g, "static", DT_F32, SHAPE(r->batch, r->still_inputs), place);
        s.data = build_concat(&s.builder, "x/static", 1, 2, (struct value *[]){s.data, still});
    }
    mark = matrix(&s, "mark/column", mark, r->batch, 1);
    for (uint32_t i = 0; i < r->kind->states; i++)
        s.states[i] =
            build_op2(&s.builder, &op_Multiply, i == 0 ? "h/kept" : "c/kept", s.states[i], mark);
    return s;
}

// Its results: the step's row of the output, the new states.
static struct graph *end_step(const struct recurrent *r, struct step *s, struct value *out) {
    struct graph *g = s->builder.graph;
    build_result(
        g, "row",
        build_reshape(&s->builder, "row", out, 3, (const int64_t[]){1, r->batch, r->hidden}));
    for (uint32_t i = 0; i < r->kind->states; i++)
        build_result(g, i == 0 ? "h/next" : "c/next", s->states[i]);
    return g;
}

// Caffe's gates are input, forget, output, new; the operator's forget, input, new, output.
static const struct tensor *gates_in_order(struct arena *arena, const struct tensor *t,
                                           int64_t hidden) {
    static const int64_t order[GATES] = {1, 0, 3, 2};
    int64_t columns = t->shape.rank == 1 ? 1 : t->shape.dims[1];
    const struct tensor *gates = tensor_reshape(arena, t, SHAPE(GATES, hidden * columns));
    return tensor_reshape(arena, tensor_gather(arena, gates, 0, GATES, order), t->shape);
}

static struct graph *lstm_step(const struct recurrent *r) {
    struct step s = begin_step(r);
    struct arena *arena = r->l->arena;
    struct builder *b = &s.builder;
    struct value *inputs[] = {
        s.data,
        s.states[0],
        s.states[1],
        build_constant(b, "weights", gates_in_order(arena, r->weights, r->hidden)),
        build_constant(b, "hidden_weights", gates_in_order(arena, r->state_weights, r->hidden)),
        build_constant(b, "biases", gates_in_order(arena, r->biases, r->hidden))};
    struct node *cell = build_node(b, &op_LSTMCell, "cell", 6, inputs);
    ((struct cell *)cell->attrs)->hidden_size = r->hidden;
    node_finish(cell);
    s.states[0] = &cell->outputs[0];
    s.states[1] = &cell->outputs[1];
    return end_step(r, &s, s.states[0]);
}

static struct graph *rnn_step(const struct recurrent *r) {
    struct step s = begin_step(r);
    struct builder *b = &s.builder;
    const struct tensor *parts[] = {r->weights, r->state_weights};
    struct value *all = build_concat(b, "x/h", 1, 2, (struct value *[]){s.data, s.states[0]});
    struct value *sum =
        build_fully_connected(b, "hidden", all, tensor_concat(r->l->arena, 1, parts, 2), r->biases);
    s.states[0] = build_op1(b, &op_Tanh, "hidden/tanh", sum);
    struct value *out =
        build_fully_connected(b, "output", s.states[0], r->out_weights, r->out_biases);
    return end_step(r, &s, build_op1(b, &op_Tanh, "output/tanh", out));
}

// --- all steps ---------------------------------------------------------------------

enum { WHOLE = -1, MOST_PORTS = 3 + MOST_STATES };

static int64_t *put_port(int64_t *to, int64_t place, int64_t axis) {
    const int64_t sliced[PORT_FIELDS] = {place, axis, 0, -1, 1, 1},
                  whole[] = {place, WHOLE, 0, 0, 0, 0};
    for (int i = 0; i < PORT_FIELDS; i++)
        *to++ = axis == WHOLE ? whole[i] : sliced[i];
    return to;
}

static void set_maps(const struct recurrent *r, struct loop *a, uint32_t inputs, uint32_t outputs) {
    int64_t in[MOST_PORTS * PORT_FIELDS], out[MOST_PORTS * PORT_FIELDS], back[2 * MOST_STATES];
    int64_t *next = in;
    for (uint32_t i = 0; i < inputs; i++)
        next = put_port(next, i, i < 2 ? 0 : WHOLE);
    next = out;
    for (uint32_t i = 0; i < outputs; i++)
        next = put_port(next, i, i == 0 ? 0 : WHOLE);
    next = back;
    for (uint32_t i = 0; i < r->kind->states; i++) {
        *next++ = 1 + i;
        *next++ = 2 + i;
    }
    a->inputs = ints_copy(r->l->arena, in, inputs * PORT_FIELDS);
    a->outputs = ints_copy(r->l->arena, out, outputs * PORT_FIELDS);
    a->back_edges = ints_copy(r->l->arena, back, 2 * r->kind->states);
}

// In fewer dimensions, unless it has so many.
static struct value *flat(struct layer *l, const char *suffix, struct value *x, uint32_t rank,
                          const int64_t *dims) {
    return x->shape.rank == (int32_t)rank
               ? x
               : build_reshape(&l->builder, layer_node(l, suffix), x, rank, dims);
}

static struct node *run_steps(const struct recurrent *r, struct graph *body, bool exposed) {
    struct layer *l = r->l;
    struct value *inputs[MOST_PORTS];
    uint32_t count = 0, outputs = exposed ? 1 + r->kind->states : 1;
    struct shape data = layer_shape(l, 0);
    inputs[count++] =
        flat(l, "data", l->bottoms[0], 3, (const int64_t[]){data.dims[0], r->batch, r->inputs});
    inputs[count++] = l->bottoms[1];
    for (uint32_t i = 0; i < r->kind->states; i++)
        inputs[count++] = r->first[i];
    if (r->still != NULL)
        inputs[count++] =
            flat(l, "static", r->still, 2, (const int64_t[]){r->batch, r->still_inputs});
    struct node *n = build_node(&l->builder, &op_TensorIterator, l->name, count, inputs);
    struct loop *a = n->attrs;
    set_maps(r, a, count, outputs);
    a->body = body;
    node_set_output_count(n, outputs);
    node_finish(n);
    return n;
}

static void import_recurrent(struct layer *l, const struct kind *kind) {
    const Caffe__RecurrentParameter *p = layer_param(l, "recurrent_param");
    struct recurrent r = {.l = l, .kind = kind, .hidden = p->num_output};
    bool exposed = p->expose_hidden;
    if (p->num_output == 0) {
        layer_fail(l, ATTRIBUTE_MISSING, "num_output");
        return;
    }
    if (!read_bottoms(&r, exposed) || !read_weights(&r) || !read_states(&r, exposed))
        return;
    struct node *n = run_steps(&r, kind->step(&r), exposed);
    l->tops[0] = &n->outputs[0];
    for (uint32_t i = 1; i < l->top_count && i < n->output_count; i++)
        l->tops[i] = build_reshape(&l->builder, layer_node(l, i == 1 ? "hidden/last" : "cell/last"),
                                   &n->outputs[i], 3, (const int64_t[]){1, r.batch, r.hidden});
}

void import_lstm(struct layer *l) {
    static const struct kind kind = {2, GATES, lstm_step};
    import_recurrent(l, &kind);
}

void import_rnn(struct layer *l) {
    static const struct kind kind = {1, 1, rnn_step};
    import_recurrent(l, &kind);
}
