// SPDX-License-Identifier: Apache-2.0
// A step of a long short-term memory that is spelled out becomes one LSTMCell:
//
//     gates = Split([x, h] * w + b)                      in any order
//     c' = c * sigmoid(f + forget bias) + sigmoid(i) * tanh(j)
//     h' = tanh(c') * sigmoid(o)
//
// The cell takes the gates in the order f, i, j, o, each with its own rows of the weights.
#include <string.h>

#include "compiler/ops/build.h"
#include "compiler/ops/matmul.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/recurrent.h"
#include "compiler/passes/pass.h"

enum { GATES = 4, FORGET = 0, INPUT, NEW, OUTPUT };

struct lstm {
    struct node *inside[16]; // nodes that the cell replaces
    uint32_t count;
    struct node *split;
    uint32_t gate[GATES]; // which output of the split is f, i, j, o
    double forget_bias;
    struct value *x, *h, *c;
    const struct node *joined;             // the Concat of x and h
    const struct tensor *weights, *biases; // biases: NULL = none
    bool transposed;
    struct value *state, *hidden; // c', h'
    int64_t inputs, size;
};

static struct node *step(struct lstm *m, const struct value *v, const struct op_def *op) {
    if (v == NULL || v->producer->op != op || m->count == sizeof m->inside / sizeof *m->inside)
        return NULL;
    m->inside[m->count++] = v->producer;
    return v->producer;
}

// --- gates ---------------------------------------------------------------------------------------

static bool set_gate(struct lstm *m, int which, const struct value *v) {
    struct node *n = v->producer;
    if (n->op != &op_Split || n->output_count != GATES || (m->split != NULL && m->split != n))
        return false;
    m->split = n;
    m->gate[which] = v->index;
    return true;
}

static bool activated(struct lstm *m, int which, const struct value *v, const struct op_def *op) {
    const struct node *n = step(m, v, op);
    return n != NULL && set_gate(m, which, n->inputs[0].value);
}

static bool forget_gate(struct lstm *m, const struct value *v) {
    const struct node *n = step(m, v, &op_Sigmoid);
    const struct value *of = n == NULL ? NULL : n->inputs[0].value;
    m->forget_bias = 0;
    if (of == NULL || of->producer->op != &op_Add)
        return of != NULL && set_gate(m, FORGET, of);
    const struct node *add = step(m, of, &op_Add);
    for (uint32_t i = 0; add != NULL && i < 2; i++) {
        const struct tensor *bias = node_constant(add, i);
        if (bias != NULL && tensor_uniform(bias, &m->forget_bias))
            return set_gate(m, FORGET, add->inputs[1 - i].value);
    }
    return false;
}

// Both operands, in either order. Steps that a failed try took are given back.
typedef bool take_pair(struct lstm *m, struct value *a, struct value *b);

static bool either_way(struct lstm *m, const struct node *n, take_pair *take) {
    struct lstm before = *m;
    if (take(m, n->inputs[0].value, n->inputs[1].value))
        return true;
    *m = before;
    return take(m, n->inputs[1].value, n->inputs[0].value);
}

static bool take_kept(struct lstm *m, struct value *c, struct value *gate) {
    m->c = c;
    return forget_gate(m, gate);
}

static bool take_added(struct lstm *m, struct value *input, struct value *fresh) {
    return activated(m, INPUT, input, &op_Sigmoid) && activated(m, NEW, fresh, &op_Tanh);
}

static bool take_sum(struct lstm *m, struct value *kept, struct value *added) {
    const struct node *k = step(m, kept, &op_Multiply), *a = step(m, added, &op_Multiply);
    return k != NULL && a != NULL && either_way(m, k, take_kept) && either_way(m, a, take_added);
}

static bool take_shown(struct lstm *m, struct value *shown, struct value *gate) {
    const struct node *tanh = step(m, shown, &op_Tanh);
    const struct node *sum = tanh == NULL ? NULL : step(m, tanh->inputs[0].value, &op_Add);
    if (sum == NULL || !activated(m, OUTPUT, gate, &op_Sigmoid))
        return false;
    m->state = tanh->inputs[0].value;
    return either_way(m, sum, take_sum);
}

// --- weights -------------------------------------------------------------------------------------

static bool axis_is_last(const struct node *n, uint32_t input) {
    const struct tensor *t = node_constant(n, input);
    double axis;
    return t != NULL && tensor_uniform(t, &axis) && (axis == 1 || axis == -1);
}

// [x, h] * w, with or without biases behind.
static bool take_linear(struct lstm *m) {
    struct value *v = m->split->inputs[0].value;
    m->biases = NULL;
    if (v->producer->op == &op_Add) {
        const struct node *add = step(m, v, &op_Add);
        uint32_t side = add != NULL && node_constant(add, 1) != NULL ? 1 : 0;
        m->biases = add == NULL ? NULL : node_constant(add, side);
        if (m->biases == NULL)
            return false;
        v = add->inputs[1 - side].value;
    }
    const struct node *product = step(m, v, &op_MatMul);
    if (product == NULL || node_constant(product, 1) == NULL)
        return false;
    const struct matmul *a = product->attrs;
    m->weights = node_constant(product, 1);
    m->transposed = a->transpose_b;
    m->joined = step(m, product->inputs[0].value, &op_Concat);
    if (m->joined == NULL || m->joined->input_count != 2 || a->transpose_a)
        return false;
    int64_t axis = ((const struct concat *)m->joined->attrs)->axis;
    m->x = m->joined->inputs[0].value;
    m->h = m->joined->inputs[1].value;
    return axis == 1 || axis == -1;
}

static bool is_row(const struct value *v, int64_t *size) {
    *size = v->shape.rank == 2 ? v->shape.dims[1] : -1;
    return *size > 0 && dtype_is_float(v->type);
}

static bool sizes_fit(struct lstm *m) {
    int64_t h, c, gate[GATES] = {0};
    uint64_t biases = m->biases == NULL ? 0 : tensor_count(m->biases);
    if (!is_row(m->x, &m->inputs) || !is_row(m->h, &h) || !is_row(m->c, &c) || h != c ||
        !is_row(&m->split->outputs[0], &m->size) || m->size != h || m->weights->shape.rank != 2)
        return false;
    for (int i = 0; i < GATES; i++)
        gate[m->gate[i]]++;
    for (int i = 0; i < GATES; i++)
        if (gate[i] != 1)
            return false;
    const int64_t *dims = m->weights->shape.dims;
    return dims[m->transposed ? 1 : 0] == m->inputs + h &&
           dims[m->transposed ? 0 : 1] == GATES * h && m->weights->type == m->x->type &&
           (m->biases == NULL || biases == (uint64_t)(GATES * h));
}

// Nobody outside reads what goes; the new state alone may be read.
static bool is_closed(const struct lstm *m) {
    for (uint32_t i = 0; i < m->count; i++)
        for (uint32_t k = 0; k < m->inside[i]->output_count; k++) {
            const struct value *v = &m->inside[i]->outputs[k];
            if (v == m->state || v == m->hidden)
                continue;
            VALUE_EACH_USE(v, u) {
                bool inside = false;
                for (uint32_t j = 0; j < m->count && !inside; j++)
                    inside = m->inside[j] == u->user;
                if (!inside)
                    return false;
            }
        }
    return true;
}

static bool match(struct lstm *m, struct node *root) {
    *m = (struct lstm){.hidden = &root->outputs[0]};
    const struct node *n = step(m, m->hidden, &op_Multiply);
    if (n == NULL || !either_way(m, n, take_shown) || m->split == NULL ||
        !axis_is_last(m->split, 1))
        return false;
    m->inside[m->count++] = m->split;
    return take_linear(m) && sizes_fit(m) && is_closed(m);
}

// --- the cell ------------------------------------------------------------------------------------

// Rows of the gates in the cell's order.
static int64_t *gate_rows(struct arena *arena, const struct lstm *m) {
    int64_t *rows = arena_array_of(arena, (size_t)(GATES * m->size), int64_t);
    for (int g = 0; g < GATES; g++)
        for (int64_t i = 0; i < m->size; i++)
            rows[g * m->size + i] = m->gate[g] * m->size + i;
    return rows;
}

static struct tensor *columns(struct arena *arena, const struct tensor *t, int64_t from,
                              int64_t count) {
    int64_t *indices = arena_array_of(arena, (size_t)count, int64_t);
    for (int64_t i = 0; i < count; i++)
        indices[i] = from + i;
    return tensor_gather(arena, t, 1, (uint64_t)count, indices);
}

static const struct tensor *cell_biases(struct arena *arena, const struct lstm *m,
                                        const int64_t *rows) {
    int64_t count = GATES * m->size;
    const struct tensor *t = m->biases;
    if (t == NULL)
        t = tensor_splat(arena, m->weights->type, SHAPE(count), 0);
    t = tensor_gather(arena, tensor_reshape(arena, t, SHAPE(count)), 0, (uint64_t)count, rows);
    double *scale = arena_array_of(arena, (size_t)count, double);
    double *shift = arena_array_of(arena, (size_t)count, double);
    for (int64_t i = 0; i < count; i++) {
        scale[i] = 1;
        shift[i] = i < m->size ? m->forget_bias : 0;
    }
    return tensor_affine(arena, t, 0, scale, shift);
}

// What reads the hidden state is named after the operator that makes it, where a loop joins it.
static void rename_readers(struct node *cell, const char *old) {
    struct builder b = {.graph = cell->graph};
    const char *suffix = "Output_0/Data_/OutputUnsqueeze", *name = build_name(&b, old, suffix);
    VALUE_EACH_USE(&cell->outputs[0], u) {
        if (strcmp(u->user->name, name) == 0)
            u->user->name = build_name(&b, cell->name, suffix);
    }
}

static bool is_read(const struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++)
        if (n->outputs[i].first_use != NULL)
            return true;
    return false;
}

// At once: passes of the same round look whether a cell stands alone.
static void remove_steps(const struct lstm *m) {
    for (bool progress = true; progress;) {
        progress = false;
        for (uint32_t i = 0; i < m->count; i++) {
            if (m->inside[i]->removed || is_read(m->inside[i]))
                continue;
            node_remove(m->inside[i]);
            progress = true;
        }
    }
}

static void make_cell(struct node *root, const struct lstm *m) {
    static const int32_t swapped[] = {1, 0};
    struct arena *arena = root->graph->arena;
    struct builder b = {.graph = root->graph, .place = root->place};
    const char *name = build_name(&b, m->joined->name, "LSTMCell");
    const int64_t *rows = gate_rows(arena, m);
    const struct tensor *w =
        m->transposed ? m->weights : tensor_permute(arena, m->weights, swapped);
    w = tensor_gather(arena, w, 0, (uint64_t)(GATES * m->size), rows);
    struct value *inputs[] = {
        m->x,
        m->h,
        m->c,
        build_constant(&b, build_name(&b, name, "W"), columns(arena, w, 0, m->inputs)),
        build_constant(&b, build_name(&b, name, "R"), columns(arena, w, m->inputs, m->size)),
        build_constant(&b, build_name(&b, name, "B"), cell_biases(arena, m, rows)),
    };
    struct node *cell = build_node(&b, &op_LSTMCell, name, 6, inputs);
    ((struct cell *)cell->attrs)->hidden_size = m->size;
    node_finish(cell);
    value_replace(m->hidden, &cell->outputs[0]);
    value_replace(m->state, &cell->outputs[1]);
    rename_readers(cell, root->name);
    remove_steps(m);
}

bool replace_lstm_cells(struct graph *g, const struct pass_options *options) {
    (void)options;
    struct lstm m;
    bool progress = false;
    GRAPH_EACH(g, n) {
        if (n->op != &op_Multiply || n->outputs[0].poison || !match(&m, n))
            continue;
        make_cell(n, &m);
        progress = true;
    }
    return progress;
}
