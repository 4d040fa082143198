// SPDX-License-Identifier: Apache-2.0
// A plain interpreter of graphs, for tests of what passes do to numbers. Operators with an
// evaluator use it; windows, matrix products, cells and loops are computed here by definition.
#ifndef ZOOC_INTERPRETER_H
#define ZOOC_INTERPRETER_H

#include "tests/unit/base_support.h"

#include <math.h>

#include "compiler/ops/blocks.h"
#include "compiler/ops/convolution.h"
#include "compiler/ops/data.h"
#include "compiler/ops/evaluate.h"
#include "compiler/ops/loop.h"
#include "compiler/ops/matmul.h"
#include "compiler/ops/pooling.h"

// --- windows, products --------------------------------------------------------------------------

struct array {
    int64_t n, c, h, w;
    const double *at;
};

static struct array array_of(struct arena *arena, const struct tensor *t) {
    const int64_t *d = t->shape.dims;
    return (struct array){d[0], d[1], d[2], d[3], tensor_as_doubles(arena, t)};
}

static double element(const struct array *a, int64_t n, int64_t c, int64_t h, int64_t w,
                      double outside) {
    if (h < 0 || w < 0 || h >= a->h || w >= a->w)
        return outside;
    return a->at[((n * a->c + c) * a->h + h) * a->w + w];
}

struct window {
    int64_t stride_h, stride_w, pad_h, pad_w, kernel_h, kernel_w, step_h, step_w;
};

// What the window of one output element makes of the data.
typedef double window_function(const struct node *n, const struct array *x, const struct array *f,
                               const struct window *w, const int64_t *at);

static double convolve(const struct node *n, const struct array *x, const struct array *f,
                       const struct window *w, const int64_t *at) {
    int64_t made = n->outputs[0].shape.dims[1], groups = x->c / f->c;
    int64_t first = at[1] / (made / groups) * f->c; // channel of the data
    double sum = 0;
    for (int64_t c = 0; c < f->c; c++)
        for (int64_t i = 0; i < f->h; i++)
            for (int64_t j = 0; j < f->w; j++)
                sum += element(f, at[1], c, i, j, 0) *
                       element(x, at[0], first + c, at[2] * w->stride_h - w->pad_h + i * w->step_h,
                               at[3] * w->stride_w - w->pad_w + j * w->step_w, 0);
    return sum;
}

static double largest(const struct node *n, const struct array *x, const struct array *f,
                      const struct window *w, const int64_t *at) {
    (void)n, (void)f;
    double most = -INFINITY;
    for (int64_t i = 0; i < w->kernel_h; i++)
        for (int64_t j = 0; j < w->kernel_w; j++)
            most = fmax(most, element(x, at[0], at[1], at[2] * w->stride_h - w->pad_h + i,
                                      at[3] * w->stride_w - w->pad_w + j, -INFINITY));
    return most;
}

static const struct tensor *slide(struct node *n, const struct array *f, const struct window *w,
                                  window_function *function) {
    struct arena *arena = n->graph->arena;
    struct shape shape = n->outputs[0].shape;
    struct array x = array_of(arena, node_constant(n, 0));
    uint64_t count;
    assert_true(shape_count(&shape, &count));
    double *out = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++) {
        int64_t at[4], rest = (int64_t)i;
        for (int d = 3; d >= 0; d--) {
            at[d] = rest % shape.dims[d];
            rest /= shape.dims[d];
        }
        out[i] = function(n, &x, f, w, at);
    }
    return tensor_of_doubles(arena, n->outputs[0].type, shape, out);
}

static const struct tensor *run_convolution(struct node *n) {
    const struct convolution *a = n->attrs;
    const struct tensor *filters = node_constant(n, 1);
    if (node_is(n, &op_GroupConvolution)) { // [G, O, I, h, w] as [G * O, I, h, w]
        const int64_t *d = filters->shape.dims;
        filters = tensor_reshape(n->graph->arena, filters, SHAPE(d[0] * d[1], d[2], d[3], d[4]));
    }
    struct array f = array_of(n->graph->arena, filters);
    struct window w = {.stride_h = a->strides.data[0],
                       .stride_w = a->strides.data[1],
                       .pad_h = a->pads_begin.data[0],
                       .pad_w = a->pads_begin.data[1],
                       .step_h = ints_get(a->dilations, 0, 1),
                       .step_w = ints_get(a->dilations, 1, 1)};
    return slide(n, &f, &w, convolve);
}

static const struct tensor *run_pooling(struct node *n) {
    const struct pooling *a = n->attrs;
    struct window w = {.stride_h = a->strides.data[0],
                       .stride_w = a->strides.data[1],
                       .pad_h = a->pads_begin.data[0],
                       .pad_w = a->pads_begin.data[1],
                       .kernel_h = a->kernel.data[0],
                       .kernel_w = a->kernel.data[1]};
    return slide(n, NULL, &w, largest);
}

static const struct tensor *run_matmul(struct node *n) {
    struct arena *arena = n->graph->arena;
    const struct tensor *x = node_constant(n, 0), *w = node_constant(n, 1);
    bool by_row = ((const struct matmul *)n->attrs)->transpose_b;
    int64_t rows = x->shape.dims[0], inner = x->shape.dims[1], made = n->outputs[0].shape.dims[1];
    const double *a = tensor_as_doubles(arena, x), *b = tensor_as_doubles(arena, w);
    double *out = arena_array_of(arena, (size_t)(rows * made), double);
    for (int64_t i = 0; i < rows * made; i++)
        for (int64_t k = 0; k < inner; k++)
            out[i] +=
                a[i / made * inner + k] * b[by_row ? i % made * inner + k : k * made + i % made];
    return tensor_of_doubles(arena, x->type, n->outputs[0].shape, out);
}

// --- recurrence ---------------------------------------------------------------------------------

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

// Row `row` of the gates: x * w + h * r + b.
static double gate(const struct tensor *const *in, const double *const *at, int64_t n,
                   int64_t row) {
    int64_t inputs = in[0]->shape.dims[1], size = in[1]->shape.dims[1];
    double sum = at[5][row];
    for (int64_t i = 0; i < inputs; i++)
        sum += at[0][n * inputs + i] * at[3][row * inputs + i];
    for (int64_t i = 0; i < size; i++)
        sum += at[1][n * size + i] * at[4][row * size + i];
    return sum;
}

// LSTMCell: x, h, c, w, r, b; gates f, i, c, o.
static void run_cell(struct node *n, const struct tensor **results) {
    struct arena *arena = n->graph->arena;
    const struct tensor *in[6];
    const double *at[6];
    for (uint32_t i = 0; i < 6; i++) {
        in[i] = node_constant(n, i);
        at[i] = tensor_as_doubles(arena, in[i]);
    }
    int64_t batch = in[1]->shape.dims[0], size = in[1]->shape.dims[1];
    double *h = arena_array_of(arena, (size_t)(batch * size), double);
    double *c = arena_array_of(arena, (size_t)(batch * size), double);
    for (int64_t i = 0; i < batch * size; i++) {
        int64_t row = i / size, unit = i % size;
        c[i] = sigmoid(gate(in, at, row, unit)) * at[2][i] +
               sigmoid(gate(in, at, row, size + unit)) * tanh(gate(in, at, row, 2 * size + unit));
        h[i] = sigmoid(gate(in, at, row, 3 * size + unit)) * tanh(c[i]);
    }
    results[0] = tensor_of_doubles(arena, in[1]->type, in[1]->shape, h);
    results[1] = tensor_of_doubles(arena, in[1]->type, in[1]->shape, c);
}

enum { MOST_PORTS = 16, MOST_TURNS = 16 };

struct turns { // of a loop that runs
    struct node *n;
    const struct loop *a;
    const struct tensor *given[MOST_PORTS];            // by Parameter of the body
    const struct tensor *made[MOST_PORTS][MOST_TURNS]; // by output
    uint32_t count;
};

static void run(struct graph *g, const struct tensor *const *given);

static void give(struct turns *t) {
    struct arena *arena = t->n->graph->arena;
    for (uint32_t i = 0; i < port_count(t->a->inputs); i++) {
        struct port p = port_at(t->a->inputs, i);
        const struct tensor *whole = node_constant(t->n, loop_first_input(t->n) + i);
        if (p.axis >= 0) {
            int64_t first = p.start < 0 ? whole->shape.dims[p.axis] + p.start : p.start;
            assert_int_equal(p.part, 1);
            t->given[p.place] =
                tensor_range(arena, whole, (int32_t)p.axis, first + t->count * p.stride, 1, 1);
        } else if (t->count == 0) {
            t->given[p.place] = whole;
        }
    }
    if (t->a->current_iteration >= 0) {
        struct value *v = &t->a->body->parameters.items[t->a->current_iteration]->outputs[0];
        t->given[t->a->current_iteration] = tensor_splat(arena, v->type, v->shape, t->count);
    }
}

static const struct tensor *result_of(const struct turns *t, int64_t place) {
    return node_constant(t->a->body->results.items[place], 0);
}

static bool is_true(const struct tensor *t) {
    double number;
    tensor_read_doubles(t, 0, 1, &number);
    return number != 0;
}

// One iteration; whether another one follows as far as the body has a say.
static bool turn(struct turns *t) {
    give(t);
    run(t->a->body, t->given);
    for (uint32_t i = 0; i < t->n->output_count; i++)
        t->made[i][t->count] = result_of(t, port_at(t->a->outputs, i).place);
    for (uint32_t i = 0; i < t->a->back_edges.count; i += 2)
        t->given[t->a->back_edges.data[i + 1]] = result_of(t, t->a->back_edges.data[i]);
    t->count++;
    return t->a->condition < 0 || is_true(result_of(t, t->a->condition));
}

static void run_loop(struct node *n, const struct tensor **results) {
    struct turns t = {.n = n, .a = n->attrs};
    int64_t most = node_is(n, &op_TensorIterator)
                       ? loop_iterations(n)
                       : *tensor_as_i64(n->graph->arena, node_constant(n, 0));
    bool more = node_is(n, &op_TensorIterator) || is_true(node_constant(n, 1));
    while (more && (most < 0 || t.count < most)) {
        assert_true(t.count < MOST_TURNS);
        more = turn(&t);
    }
    assert_true(t.count > 0);
    for (uint32_t i = 0; i < n->output_count; i++) {
        struct port p = port_at(t.a->outputs, i);
        const struct tensor *parts[MOST_TURNS];
        for (uint32_t k = 0; k < t.count; k++)
            parts[k] = t.made[i][p.stride < 0 ? t.count - 1 - k : k];
        results[i] = p.axis >= 0 ? tensor_concat(n->graph->arena, (int32_t)p.axis, parts, t.count)
                                 : t.made[i][t.count - 1];
    }
}

// Whole sequences alone.
static const struct tensor *run_reverse_sequence(struct node *n) {
    int32_t axis = (int32_t)((const struct reverse_sequence *)n->attrs)->seq_axis;
    const struct tensor *t = node_constant(n, 0);
    int64_t steps = t->shape.dims[axis];
    double length;
    assert_true(tensor_uniform(node_constant(n, 1), &length) && length == (double)steps);
    return tensor_range(n->graph->arena, t, axis, steps - 1, -1, steps);
}

// --- the whole ----------------------------------------------------------------------------------

static void run_node(struct node *n, const struct tensor **results) {
    if (node_is(n, &op_Convolution) || node_is(n, &op_GroupConvolution))
        results[0] = run_convolution(n);
    else if (node_is(n, &op_MaxPool))
        results[0] = run_pooling(n);
    else if (node_is(n, &op_MatMul))
        results[0] = run_matmul(n);
    else if (node_is(n, &op_ReverseSequence))
        results[0] = run_reverse_sequence(n);
    else if (node_is(n, &op_LSTMCell))
        run_cell(n, results);
    else if (node_is(n, &op_TensorIterator) || node_is(n, &op_Loop))
        run_loop(n, results);
}

// Computes every value of a graph from those of its Parameters.
static void run(struct graph *g, const struct tensor *const *given) {
    uint32_t count;
    struct node **order = graph_order(g, &count);
    for (uint32_t i = 0; i < g->parameters.count; i++)
        g->parameters.items[i]->outputs[0].constant = given[i];
    for (uint32_t i = 0; i < count; i++) {
        struct node *n = order[i];
        const struct tensor *results[MOST_PORTS] = {NULL};
        if (node_is(n, &op_Constant) || node_is(n, &op_Result) || node_is(n, &op_Parameter))
            continue;
        if (!node_evaluate(n, results))
            run_node(n, results);
        for (uint32_t k = 0; k < n->output_count; k++) {
            if (results[k] == NULL)
                fail_msg("nobody computes %s '%s'", n->op->name, n->name);
            n->outputs[k].constant = results[k];
        }
    }
}

// Largest difference between the results of two graphs, over the largest number in them.
static double difference(struct graph *a, struct graph *b) {
    double most = 0, size = 0;
    assert_int_equal(a->results.count, b->results.count);
    for (uint32_t r = 0; r < a->results.count; r++) {
        const struct tensor *x = node_constant(a->results.items[r], 0);
        const struct tensor *y = node_constant(b->results.items[r], 0);
        assert_true(shape_equal(&x->shape, &y->shape));
        const double *p = tensor_as_doubles(a->arena, x), *q = tensor_as_doubles(a->arena, y);
        for (uint64_t i = 0; i < tensor_count(x); i++) {
            most = fmax(most, fabs(p[i] - q[i]));
            size = fmax(size, fabs(p[i]));
        }
    }
    return most / (size > 0 ? size : 1);
}

// What the passes wrote into their log: one that never had anything to do was not tested.
static void check_used(const char *log, const char *pass) {
    char line[64];
    snprintf(line, sizeof line, "pass %-28s changed", pass);
    unsigned times = 0;
    for (const char *at = log; (at = strstr(at, line)) != NULL; at++)
        times++;
    if (times < 10)
        fail_msg("%s changed only %u graphs", pass, times);
}

// --- random numbers -----------------------------------------------------------------------------

static uint64_t random_state;

static uint32_t random_below(uint32_t bound) {
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(random_state >> 33) % bound;
}

#endif
