// SPDX-License-Identifier: Apache-2.0
// Random networks around one loop compute the same numbers before and after the passes. They are
// written in the graph's text form, as front ends leave them: an LSTM's step spelled out or as a
// cell, batch or sequence first, forwards or backwards, with state and outputs that nobody needs.
#include "tests/unit/interpreter.h"

#include "compiler/base/strbuf.h"
#include "compiler/passes/pass.h"

enum { BATCH = 2, INPUTS = 3, SIZE = 2 };

// --- networks -----------------------------------------------------------------------------------

struct kind {
    uint32_t steps;
    bool batch_first, backwards, turned_back, cell, by_row, forget_bias;
    bool idle;     // a state that serves only itself
    bool same;     // a state that never changes, which is added
    bool outside;  // a constant that is read from outside, and added
    bool last;     // the last state is an output, too
    bool counting; // a Loop whose body counts and says when it ends, not a TensorIterator
};

static bool coin(void) {
    return random_below(2) == 0;
}

static struct kind random_kind(void) {
    bool plain = coin(); // nothing but the cell
    return (struct kind){.steps = 2 + random_below(6),
                         .batch_first = coin(),
                         .backwards = coin(),
                         .turned_back = random_below(4) > 0,
                         .cell = coin(),
                         .by_row = coin(),
                         .forget_bias = coin(),
                         .idle = coin(),
                         .same = !plain && coin(),
                         .outside = !plain && coin(),
                         .last = coin(),
                         .counting = random_below(4) == 0};
}

static void put_constant(struct strbuf *t, const char *name, const char *type, unsigned count) {
    strbuf_printf(t, "%s = Constant() : %s = [", name, type);
    for (unsigned i = 0; i < count; i++)
        strbuf_printf(t, "%s%g", i > 0 ? ", " : "", ((double)random_below(2001) - 1000) / 1000);
    strbuf_puts(t, "]\n");
}

// [N,4h] by a matrix product, then the gates one by one: h', c'.
static void put_spelled_step(struct strbuf *t, const struct kind *k) {
    put_constant(t, "w", k->by_row ? "f32[8,5]" : "f32[5,8]", 40);
    put_constant(t, "b", "f32[8]", 8);
    strbuf_puts(t, "both = Concat(x, h) {axis=1}\n");
    strbuf_printf(t, "product = MatMul(both, w)%s\n", k->by_row ? " {transpose_b=true}" : "");
    strbuf_puts(
        t, "gates = Add(product, b)\n"
           "axis = Constant() : i64[] = 1\n"
           "split = Split(gates, axis) {num_splits=4} : f32[2,2], f32[2,2], f32[2,2], f32[2,2]\n"
           "bias = Constant() : f32[] = 0.5\n"
           "raised = Add(split:2, bias)\n");
    strbuf_printf(t, "f = Sigmoid(%s)\n", k->forget_bias ? "raised" : "split:2");
    strbuf_puts(t, "i = Sigmoid(split)\n"
                   "j = Tanh(split:1)\n"
                   "o = Sigmoid(split:3)\n"
                   "kept = Multiply(c, f)\n"
                   "new = Multiply(i, j)\n"
                   "state = Add(kept, new)\n"
                   "shown = Tanh(state)\n"
                   "hidden = Multiply(shown, o)\n");
}

static void put_cell(struct strbuf *t) {
    put_constant(t, "w", "f32[8,3]", 24);
    put_constant(t, "r", "f32[8,2]", 16);
    put_constant(t, "b", "f32[8]", 8);
    strbuf_puts(t, "hidden = LSTMCell(x, h, c, w, r, b) {hidden_size=2} : f32[2,2], f32[2,2]\n");
}

// Parameters 0 row, 1 h, 2 c, 3 idle, 4 same, 5 outside, 6 count; Results 0 out, 1 h, 2 c, 3 idle,
// 4 same, 5 count, 6 whether it goes on.
static void put_body(struct strbuf *t, const struct kind *k) {
    strbuf_puts(t, "row = Parameter() {shape=[1,2,3]} : f32[1,2,3]\n"
                   "h = Parameter() {shape=[2,2]} : f32[2,2]\n"
                   "c = Parameter() {shape=[2,2]} : f32[2,2]\n"
                   "idle = Parameter() {shape=[2,2]} : f32[2,2]\n"
                   "same = Parameter() {shape=[2,2]} : f32[2,2]\n"
                   "outside = Parameter() {shape=[2,2]} : f32[2,2]\n"
                   "count = Parameter() {element_type=i32, shape=[]} : i32[]\n"
                   "row/shape = Constant() : i64[2] = [-1, 3]\n"
                   "x = Reshape(row, row/shape)\n");
    if (k->cell)
        put_cell(t);
    else
        put_spelled_step(t, k);
    const char *out = "hidden", *state = k->cell ? "hidden:1" : "state";
    if (k->same)
        strbuf_printf(t, "with_same = Add(%s, same)\n", out);
    out = k->same ? "with_same" : out;
    if (k->outside)
        strbuf_printf(t, "with_outside = Multiply(%s, outside)\n", out);
    out = k->outside ? "with_outside" : out;
    strbuf_printf(t,
                  "out/shape = Constant() : i64[3] = [1, -1, 2]\n"
                  "out = Reshape(%s, out/shape)\n"
                  "busy = Tanh(idle)\n"
                  "one = Constant() : i32[] = 1\n"
                  "next = Add(count, one)\n"
                  "most = Constant() : i32[] = %u\n"
                  "go = Less(next, most)\n"
                  "out/sink = Result(out)\nh/sink = Result(hidden)\nc/sink = Result(%s)\n"
                  "idle/sink = Result(busy)\nsame/sink = Result(same)\n"
                  "count/sink = Result(next)\ngo/sink = Result(go)\n",
                  out, k->steps, state);
}

static void put_loop(struct strbuf *t, const struct kind *k, const char *sequence) {
    put_constant(t, "h0", "f32[2,2]", 4);
    put_constant(t, "c0", "f32[2,2]", 4);
    put_constant(t, "idle0", "f32[2,2]", 4);
    put_constant(t, "same0", "f32[2,2]", 4);
    put_constant(t, "outside0", "f32[2,2]", 4);
    strbuf_puts(t, "count0 = Constant() : i32[] = 0\n"
                   "trips = Constant() : i64[] = -1\n"
                   "yes = Constant() : boolean[] = 1\n");
    strbuf_printf(t, "loop = %s%s, h0, c0, idle0, same0, outside0, count0) {",
                  k->counting ? "Loop(trips, yes, " : "TensorIterator(", sequence);
    strbuf_puts(t, "inputs=[0,0,0,-1,1,1, 1,-1,0,0,0,0, 2,-1,0,0,0,0, 3,-1,0,0,0,0, "
                   "4,-1,0,0,0,0, 5,-1,0,0,0,0, 6,-1,0,0,0,0], "
                   "outputs=[0,0,0,-1,1,1, 1,-1,0,0,0,0, 2,-1,0,0,0,0, 4,-1,0,0,0,0], "
                   "back_edges=[1,1, 2,2, 3,3, 4,4, 5,6], ");
    strbuf_printf(t, "%sbody={\n", k->counting ? "condition=6, " : "");
    put_body(t, k);
    strbuf_printf(t, "}} : f32[%u,2,2], f32[2,2], f32[2,2], f32[2,2]\n", k->steps);
}

static void put_network(struct strbuf *t, const struct kind *k) {
    const char *at = "data";
    unsigned first = k->batch_first ? BATCH : k->steps, second = k->batch_first ? k->steps : BATCH;
    strbuf_printf(t, "data = Parameter() {shape=[%u,%u,3]} : f32[%u,%u,3]\n", first, second, first,
                  second);
    strbuf_printf(t,
                  "order = Constant() : i64[3] = [1, 0, 2]\n"
                  "along = Constant() : i64[1] = 0\n"
                  "lengths = Constant() : i32[2] = %u\n",
                  k->steps);
    if (k->batch_first)
        strbuf_printf(t, "turned = Transpose(%s, order)\n", at), at = "turned";
    if (k->backwards)
        strbuf_printf(t, "reversed = ReverseSequence(%s, lengths) {batch_axis=1, seq_axis=0}\n",
                      at),
            at = "reversed";
    put_loop(t, k, at);
    at = "loop";
    if (k->backwards && k->turned_back)
        strbuf_printf(t, "forth = Reverse(%s, along)\n", at), at = "forth";
    if (k->batch_first && k->turned_back)
        strbuf_printf(t, "back = Transpose(%s, order)\n", at), at = "back";
    strbuf_printf(t, "result/sink = Result(%s)\n", at);
    if (k->last)
        strbuf_puts(t, "last/sink = Result(loop:2)\n");
    if (k->idle)
        strbuf_puts(t, "same/sink = Result(loop:3)\n");
}

// --- the property -------------------------------------------------------------------------------

static const struct tensor *input_of(struct graph *g) {
    const struct value *v = &g->parameters.items[0]->outputs[0];
    uint64_t count;
    assert_true(shape_count(&v->shape, &count));
    float *x = arena_array_of(g->arena, count, float);
    for (uint64_t i = 0; i < count; i++)
        x[i] = (float)((i * 37) % 101) / 50.0F - 1.0F;
    return tensor_f32(g->arena, v->shape, x);
}

// Loops along the second axis, which the networks before have none of.
static unsigned swapped(const struct graph *g) {
    unsigned count = 0;
    GRAPH_EACH(g, n) {
        const struct loop *a = n->attrs;
        count += node_is(n, &op_TensorIterator) && port_at(a->inputs, 0).axis == 1;
    }
    return count;
}

static unsigned check_seed(uint64_t seed, FILE *log) {
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct strbuf text = STRBUF_INIT;
    random_state = seed;
    struct kind kind = random_kind();
    put_network(&text, &kind);
    struct graph *g = graph_parse(arena, diag, "network", slice_of(text.data, text.length));
    if (g == NULL)
        diag_print(diag, stderr, DIAG_PLAIN, DIAG_NOTE);
    assert_non_null(g);
    struct graph *before = graph_clone(g);
    assert_true(passes_optimize(g, &(struct pass_options){.check = true, .log = log}));
    struct graph *after = graph_clone(g);
    const struct tensor *input = input_of(g);
    run(before, &input);
    run(after, &input);
    double gap = difference(before, after);
    if (!(gap < 1e-6)) {
        strbuf_puts(&text, "--- after\n");
        graph_print(g, &text, true);
        print_error("%s\n", text.data);
        fail_msg("seed %llu: the results differ by %g", (unsigned long long)seed, gap);
    }
    unsigned count = swapped(g);
    strbuf_free(&text);
    arena_free(arena);
    return count;
}

static void passes_keep_the_numbers_of_loops(void **state) {
    (void)state;
    char *text;
    size_t size;
    unsigned along_second = 0;
    FILE *log = open_memstream(&text, &size);
    for (uint64_t seed = 0; seed < 300; seed++)
        along_second += check_seed(seed, log);
    fclose(log);
    assert_true(along_second >= 10);
    check_used(text, "clean_loops");
    check_used(text, "replace_lstm_cells");
    check_used(text, "replace_loop_slices");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(passes_keep_the_numbers_of_loops)};
    return cmocka_run_group_tests_name("passes/loops", tests, NULL, NULL);
}
