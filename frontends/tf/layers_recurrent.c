// SPDX-License-Identifier: Apache-2.0
// Recurrent cells that TensorFlow computes in one operator, spelled out as its Python cells spell
// them: passes recognise a cell however it came in.
#include <string.h>

#include "compiler/ops/activation.h"
#include "compiler/ops/data.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/loop.h"
#include "compiler/ops/matmul.h"
#include "compiler/ops/movement.h"
#include "frontends/tf/layers.h"

struct cell { // where its nodes are made, and what it says
    struct builder *b;
    const char *name;
    double forget_bias, clip;     // clip 0: none
    bool peephole, forget_second; // gates: input, forget, new, output
};

static struct value *op1(struct cell *c, const struct op_def *op, const char *name,
                         struct value *x) {
    return build_op1(c->b, op, build_name(c->b, c->name, name), x);
}

static struct value *op2(struct cell *c, const struct op_def *op, const char *name, struct value *x,
                         struct value *y) {
    return build_op2(c->b, op, build_name(c->b, c->name, name), x, y);
}

static struct value *number(struct cell *c, const char *name, enum dtype type, double value) {
    return build_constant(c->b, build_name(c->b, c->name, name),
                          tensor_splat(c->b->graph->arena, type, shape_scalar(), value));
}

// [x, h] times weights, plus biases.
static struct value *linear(struct cell *c, const char *name, struct value *x, struct value *h,
                            struct value *weights, struct value *biases) {
    const char *base = build_name(c->b, c->name, name);
    struct value *both = build_concat(c->b, base, 1, 2, (struct value *[]){x, h});
    struct value *v = build_op2(c->b, &op_MatMul, build_name(c->b, base, "MatMul"), both, weights);
    return build_op2(c->b, &op_Add, build_name(c->b, base, "BiasAdd"), v, biases);
}

static struct value *split(struct cell *c, const char *name, struct value *x, uint32_t parts) {
    const char *full = build_name(c->b, c->name, name);
    struct value *axis = build_i64_scalar(c->b, build_name(c->b, full, "axis"), 1);
    struct node *n = build_node(c->b, &op_Split, full, 2, (struct value *[]){x, axis});
    ((struct split *)n->attrs)->num_splits = parts;
    node_set_output_count(n, parts);
    node_finish(n);
    return n->outputs;
}

static struct value *peep(struct cell *c, const char *name, struct value *gate, struct value *state,
                          struct value *weights) {
    if (!c->peephole)
        return gate;
    struct value *v = op2(c, &op_Multiply, build_name(c->b, name, "peephole"), state, weights);
    return op2(c, &op_Add, build_name(c->b, name, "sum"), gate, v);
}

// --- LSTM ----------------------------------------------------------------------------------------

enum { CELL_INPUT, CELL_STATE, CELL_FORGET, CELL_OUTPUT, CELL_NEW, CELL_SHOWN, CELL_HIDDEN };
enum { LSTM_OUTPUTS = 7 };

struct lstm { // what a step reads
    struct value *x, *state, *hidden, *weights, *peepholes[3], *biases;
};

static struct value *clipped(struct cell *c, struct value *state) {
    if (c->clip <= 0)
        return state;
    struct node *n = build_node(c->b, &op_Clamp, build_name(c->b, c->name, "clip"), 1, &state);
    ((struct clamp *)n->attrs)->min = (float)-c->clip;
    ((struct clamp *)n->attrs)->max = (float)c->clip;
    node_finish(n);
    return &n->outputs[0];
}

// Gates stand in the order input, new, forget, output; of the second version, as the struct says.
static void make_lstm(struct cell *c, const struct lstm *in, struct value **out) {
    struct value *gates = linear(c, "concat", in->x, in->hidden, in->weights, in->biases);
    if (gates->poison)
        return;
    struct value *parts = split(c, "split", gates, 4);
    if (parts->poison)
        return;
    struct value *fresh = &parts[c->forget_second ? 2 : 1];
    struct value *forget = op2(c, &op_Add, "add", &parts[c->forget_second ? 1 : 2],
                               number(c, "forget_bias", parts->type, c->forget_bias));
    struct value *i = peep(c, "i", &parts[0], in->state, in->peepholes[0]);
    out[CELL_INPUT] = op1(c, &op_Sigmoid, "Sigmoid_1", i);
    forget = peep(c, "f", forget, in->state, in->peepholes[1]);
    out[CELL_FORGET] = op1(c, &op_Sigmoid, "Sigmoid", forget);
    out[CELL_NEW] = op1(c, &op_Tanh, "Tanh", fresh);
    struct value *kept = op2(c, &op_Multiply, "mul", in->state, out[CELL_FORGET]);
    struct value *added = op2(c, &op_Multiply, "mul_1", out[CELL_INPUT], out[CELL_NEW]);
    out[CELL_STATE] = clipped(c, op2(c, &op_Add, "add_1", kept, added));
    struct value *o = peep(c, "o", &parts[3], out[CELL_STATE], in->peepholes[2]);
    out[CELL_OUTPUT] = op1(c, &op_Sigmoid, "Sigmoid_2", o);
    out[CELL_SHOWN] = op1(c, &op_Tanh, "Tanh_1", out[CELL_STATE]);
    out[CELL_HIDDEN] = op2(c, &op_Multiply, "mul_2", out[CELL_SHOWN], out[CELL_OUTPUT]);
}

// BlockLSTMV2 has other gates, and other numbers where nothing is said.
static struct cell cell_of(struct tf_layer *l) {
    bool second = strcmp(l->node->op, "BlockLSTMV2") == 0;
    return (struct cell){.b = &l->builder,
                         .name = l->name,
                         .forget_bias = tf_attr_float(l->node, "forget_bias", second ? 0 : 1),
                         .clip = tf_attr_float(l->node, "cell_clip", second ? 0 : 3),
                         .peephole = tf_attr_bool(l->node, "use_peephole", false),
                         .forget_second = second};
}

// x, state, hidden, weights, three peepholes, biases -> the values of LSTM_OUTPUTS
void tf_lstm_block_cell(struct tf_layer *l) {
    if (!tf_inputs(l, 8) || !tf_rank(l, 0, 2, 2))
        return;
    struct value **in = l->inputs, *out[LSTM_OUTPUTS] = {NULL};
    struct lstm step = {in[0], in[1], in[2], in[3], {in[4], in[5], in[6]}, in[7]};
    struct cell c = cell_of(l);
    make_lstm(&c, &step, out);
    for (uint32_t i = 0; i < l->output_count && i < LSTM_OUTPUTS; i++)
        l->outputs[i] = out[i];
}

// --- a sequence of LSTM steps --------------------------------------------------------------------

enum { BLOCK_X = 1, BLOCK_STATE, BLOCK_HIDDEN, BLOCK_WEIGHTS, BLOCK_BIASES = 8, BLOCK_INPUTS };

struct block { // a BlockLSTM while its TensorIterator is made
    struct tf_layer *l;
    struct builder inside;
    struct value *x;                    // the rows that are walked over
    struct value *inputs[BLOCK_INPUTS]; // of the node
    int64_t map[BLOCK_INPUTS * PORT_FIELDS];
    uint32_t count;
};

static void set_port(int64_t *map, int64_t place, int64_t axis) {
    const int64_t one = axis < 0 ? 0 : 1;
    const int64_t fields[PORT_FIELDS] = {place, axis, 0, -one, one, one};
    for (int i = 0; i < PORT_FIELDS; i++)
        map[i] = fields[i];
}

static struct value *enter(struct block *k, const char *name, uint32_t input, int64_t axis) {
    struct value *v = input == BLOCK_X ? k->x : k->l->inputs[input];
    struct shape shape = v->shape;
    const char *full = build_name(&k->inside, k->l->name, name);
    if (axis < 0 && v->constant != NULL && input >= BLOCK_WEIGHTS)
        return build_constant(&k->inside, full, v->constant);
    if (axis >= 0)
        shape.dims[axis] = 1;
    set_port(k->map + (size_t)PORT_FIELDS * k->count, k->count, axis);
    k->inputs[k->count++] = v;
    return build_parameter(k->inside.graph, full, v->type, shape, &k->l->builder.place);
}

static struct value *row(struct block *k, const struct op_def *op, const char *name,
                         struct value *v) {
    const char *full = build_name(&k->inside, k->l->name, name);
    struct value *axis =
        build_i64(&k->inside, build_name(&k->inside, full, "axis"), 1, (const int64_t[]){0});
    return build_op2(&k->inside, op, full, v, axis);
}

// The body: its first results are rows of the outputs, then come the two states.
static void fill_body(struct block *k, struct value **out) {
    static const char *const names[] = {"i", "cs", "f", "o", "ci", "co", "h"};
    struct lstm step = {.x = NULL};
    step.x = row(k, &op_Squeeze, "x/row", enter(k, "x", BLOCK_X, 0));
    step.state = enter(k, "cs_prev", BLOCK_STATE, -1); // their places: back edges name them
    step.hidden = enter(k, "h_prev", BLOCK_HIDDEN, -1);
    step.weights = enter(k, "w", BLOCK_WEIGHTS, -1);
    step.biases = enter(k, "b", BLOCK_BIASES, -1);
    struct cell c = cell_of(k->l);
    c.b = &k->inside;
    for (uint32_t i = 0; i < 3 && c.peephole; i++)
        step.peepholes[i] = enter(k, names[i], BLOCK_WEIGHTS + 1 + i, -1);
    make_lstm(&c, &step, out);
    for (uint32_t i = 0; i < LSTM_OUTPUTS && out[LSTM_OUTPUTS - 1] != NULL; i++)
        build_result(k->inside.graph, names[i],
                     row(k, &op_Unsqueeze, build_name(&k->inside, names[i], "row"), out[i]));
}

static struct node *make_iterator(struct block *k) {
    struct arena *arena = k->l->arena;
    struct value *out[LSTM_OUTPUTS] = {NULL};
    int64_t outputs[LSTM_OUTPUTS * PORT_FIELDS];
    fill_body(k, out);
    if (out[LSTM_OUTPUTS - 1] == NULL)
        return NULL;
    build_result(k->inside.graph, "state", out[CELL_STATE]);
    build_result(k->inside.graph, "hidden", out[CELL_HIDDEN]);
    for (uint32_t i = 0; i < LSTM_OUTPUTS; i++)
        set_port(outputs + (size_t)PORT_FIELDS * i, i, 0);
    struct node *n =
        build_node(&k->l->builder, &op_TensorIterator, k->l->name, k->count, k->inputs);
    struct loop *a = n->attrs;
    const int64_t back[] = {LSTM_OUTPUTS, 1, LSTM_OUTPUTS + 1, 2};
    a->body = k->inside.graph;
    a->inputs = ints_copy(arena, k->map, k->count * PORT_FIELDS);
    a->outputs = ints_copy(arena, outputs, LSTM_OUTPUTS * PORT_FIELDS);
    a->back_edges = ints_copy(arena, back, 4);
    node_set_output_count(n, LSTM_OUTPUTS);
    return node_finish(n) ? n : NULL;
}

// Steps that were not made give zeros.
static struct value *padded(struct tf_layer *l, const char *name, struct value *v, int64_t rows) {
    struct shape rest = v->shape;
    rest.dims[0] = rows - v->shape.dims[0];
    if (!shape_is_static(&rest)) {
        tf_fail(l, SHAPE_PARTLY_KNOWN, v->index, v->producer->name,
                shape_text(l->arena, &v->shape));
        return NULL;
    }
    struct value *zeros = build_constant(&l->builder, build_name(&l->builder, name, "zeros"),
                                         tensor_splat(l->arena, v->type, rest, 0));
    return build_concat(&l->builder, name, 0, 2, (struct value *[]){v, zeros});
}

// Steps from the computed length on give zeros.
static struct value *masked(struct tf_layer *l, const char *name, struct value *v, int64_t rows) {
    struct builder *b = &l->builder;
    int64_t *steps = arena_array_of(l->arena, (size_t)rows, int64_t);
    for (int64_t i = 0; i < rows; i++)
        steps[i] = i;
    struct value *step = build_constant(b, build_name(b, name, "steps"),
                                        tensor_i64(l->arena, SHAPE(rows, 1, 1), steps));
    struct value *length =
        build_convert(b->graph, build_name(b, name, "length"), l->inputs[0], DT_I64);
    struct value *zero = build_constant(b, build_name(b, name, "zero"),
                                        tensor_splat(l->arena, v->type, shape_scalar(), 0));
    struct value *made = build_op2(b, &op_Less, build_name(b, name, "made"), step, length);
    struct node *n = build_node(b, &op_Select, name, 3, (struct value *[]){made, v, zero});
    node_finish(n);
    return &n->outputs[0];
}

static struct value *first_rows(struct tf_layer *l, struct value *x, int64_t count) {
    struct builder *b = &l->builder;
    const int64_t zero = 0, one = 1;
    struct value *inputs[] = {x, build_i64(b, tf_name(l, "x/begin"), 1, &zero),
                              build_i64(b, tf_name(l, "x/end"), 1, &count),
                              build_i64(b, tf_name(l, "x/step"), 1, &one)};
    struct node *n = build_node(b, &op_StridedSlice, tf_name(l, "x/rows"), 4, inputs);
    struct strided_slice *a = n->attrs;
    a->begin_mask = a->end_mask = ints_copy(l->arena, &zero, 1);
    node_finish(n);
    return &n->outputs[0];
}

// number of steps, x, state, hidden, weights, three peepholes, biases -> as a cell, for each step
void tf_block_lstm(struct tf_layer *l) {
    enum { ROWS_MAX = 1 << 16 };
    double length;
    if (!tf_inputs(l, BLOCK_INPUTS) || !tf_rank(l, BLOCK_X, 3, 3))
        return;
    struct block k = {.l = l, .inside = l->builder, .x = l->inputs[BLOCK_X]};
    int64_t rows = l->inputs[BLOCK_X]->shape.dims[0];
    const struct tensor *most = l->inputs[0]->constant;
    bool known = most != NULL && tensor_uniform(most, &length);
    if (rows < 1 || rows > ROWS_MAX || (known && length < 1)) {
        tf_fail(l, NOT_SUPPORTED, "a sequence of this length", "it must be known");
        return;
    }
    bool shorter = known && length < (double)rows;
    if (shorter)
        k.x = first_rows(l, k.x, (int64_t)length);
    k.inside.graph = graph_new(l->arena, l->builder.graph->diag, l->name);
    k.inside.graph->outer = l->builder.graph;
    struct node *n = make_iterator(&k);
    for (uint32_t i = 0; n != NULL && i < l->output_count && i < LSTM_OUTPUTS; i++) {
        const char *name = tf_name(l, arena_printf(l->arena, "output_%u", i));
        l->outputs[i] = &n->outputs[i];
        if (!known)
            l->outputs[i] = masked(l, name, l->outputs[i], rows);
        else if (shorter)
            l->outputs[i] = padded(l, name, l->outputs[i], rows);
    }
}

// --- GRU -----------------------------------------------------------------------------------------

// x, hidden, weights and those of the candidate, biases and those of the candidate -> r, u, c, h
void tf_gru_block_cell(struct tf_layer *l) {
    if (!tf_inputs(l, 6) || !tf_rank(l, 0, 2, 2))
        return;
    struct cell c = {.b = &l->builder, .name = l->name};
    struct value **in = l->inputs, *x = in[0], *h = in[1];
    struct value *gates = linear(&c, "gates", x, h, in[2], in[4]);
    if (gates->poison)
        return;
    struct value *parts = split(&c, "split", op1(&c, &op_Sigmoid, "Sigmoid", gates), 2);
    if (parts->poison)
        return;
    struct value *reset = &parts[0], *update = &parts[1];
    struct value *kept = op2(&c, &op_Multiply, "mul", reset, h);
    struct value *candidate =
        op1(&c, &op_Tanh, "Tanh", linear(&c, "candidate", x, kept, in[3], in[5]));
    struct value *rest = op2(&c, &op_Subtract, "sub", number(&c, "one", update->type, 1), update);
    struct value *old = op2(&c, &op_Multiply, "mul_1", update, h);
    struct value *fresh = op2(&c, &op_Multiply, "mul_2", rest, candidate);
    struct value *out[] = {reset, update, candidate, op2(&c, &op_Add, "add", old, fresh)};
    for (uint32_t i = 0; i < l->output_count && i < 4; i++)
        l->outputs[i] = out[i];
}
