// SPDX-License-Identifier: Apache-2.0
// Random networks compute the same numbers before and after the passes. (Those with loops:
// passes_loops_test.c.)
#include "tests/unit/interpreter.h"

#include "compiler/base/strbuf.h"
#include "compiler/ops/build.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/reduction.h"
#include "compiler/passes/pass.h"

// --- random networks ----------------------------------------------------------------------------

enum { MOST_VALUES = 64 };

struct maker {
    struct builder b;
    struct value *values[MOST_VALUES]; // of rank 4
    uint32_t count;
};

static const struct tensor *random_tensor(struct maker *m, struct shape shape) {
    uint64_t count;
    assert_true(shape_count(&shape, &count));
    float *numbers = arena_array_of(m->b.graph->arena, count, float);
    for (uint64_t i = 0; i < count; i++)
        numbers[i] = ((float)random_below(2001) - 1000.0F) / 1000.0F;
    return tensor_f32(m->b.graph->arena, shape, numbers);
}

static struct value *constant(struct maker *m, struct shape shape) {
    return build_constant(&m->b, "c", random_tensor(m, shape));
}

static void keep(struct maker *m, struct value *v) {
    assert_false(v->poison);
    if (m->count < MOST_VALUES)
        m->values[m->count++] = v;
}

// Mostly the newest value, so that chains come about.
static struct value *pick(struct maker *m) {
    return m->values[random_below(3) > 0 ? m->count - 1 : random_below(m->count)];
}

static struct value *convolution_of(struct maker *m, struct value *x, int64_t kernel,
                                    int64_t stride, int64_t groups, int64_t made) {
    int64_t channels = x->shape.dims[1];
    const struct op_def *op = groups > 1 ? &op_GroupConvolution : &op_Convolution;
    struct shape shape = groups > 1
                             ? SHAPE(groups, made / groups, channels / groups, kernel, kernel)
                             : SHAPE(made, channels, kernel, kernel);
    struct node *n = build_node(&m->b, op, "conv", 2, (struct value *[]){x, constant(m, shape)});
    struct convolution *a = n->attrs;
    struct arena *arena = m->b.graph->arena;
    const int64_t pad = kernel == 3 ? (int64_t)random_below(2) : 0;
    a->strides = ints_copy(arena, (const int64_t[]){stride, stride}, 2);
    a->pads_begin = ints_copy(arena, (const int64_t[]){pad, pad}, 2);
    a->pads_end = a->pads_begin;
    assert_true(node_finish(n));
    return &n->outputs[0];
}

static void make_convolution(struct maker *m) {
    struct value *x = pick(m);
    bool small = x->shape.dims[2] < 3 || x->shape.dims[3] < 3;
    int64_t channels = x->shape.dims[1];
    int64_t groups =
        random_below(3) == 0 ? (random_below(2) == 0 && channels % 2 == 0 ? 2 : channels) : 1;
    int64_t made = groups * (1 + (int64_t)random_below(3));
    keep(m, convolution_of(m, x, small || random_below(2) == 0 ? 1 : 3, 1 + random_below(2), groups,
                           made));
}

static void make_linear(struct maker *m) {
    static const struct op_def *const ops[] = {&op_Add, &op_Multiply, &op_Subtract, &op_Add,
                                               &op_Multiply};
    struct value *x = pick(m);
    uint32_t kind = random_below(8);
    struct shape shape = kind == 0   ? shape_scalar()
                         : kind == 1 ? SHAPE(1, 1, 1, x->shape.dims[3])
                         : kind < 5  ? SHAPE(1, x->shape.dims[1], 1, 1)
                                     : SHAPE(x->shape.dims[1], 1, 1);
    struct value *c = constant(m, shape);
    bool swap = random_below(4) == 0;
    keep(m, build_op2(&m->b, ops[random_below(5)], "lin", swap ? c : x, swap ? x : c));
}

static void make_batch_norm(struct maker *m) {
    struct value *x = pick(m);
    struct shape shape = SHAPE(1, x->shape.dims[1], 1, 1);
    struct value *y = build_op2(&m->b, &op_Multiply, "bn", x, constant(m, shape));
    keep(m, build_op2(&m->b, &op_Add, "bn", y, constant(m, shape)));
}

static void make_relu(struct maker *m) {
    keep(m, build_op1(&m->b, &op_ReLU, "relu", pick(m)));
}

static void make_sum(struct maker *m) {
    struct value *x = pick(m);
    for (uint32_t tries = 0; tries < 8; tries++) {
        struct value *y = m->values[random_below(m->count)];
        if (y != x && shape_equal(&x->shape, &y->shape)) {
            keep(m, build_op2(&m->b, random_below(3) ? &op_Add : &op_Maximum, "sum", x, y));
            return;
        }
    }
}

static void make_pad(struct maker *m) {
    struct value *x = pick(m);
    int64_t begin[4] = {0, 0, random_below(2), random_below(2)}, end[4] = {0, 0, 1, 0};
    struct value *inputs[] = {x, build_i64(&m->b, "begin", 4, begin),
                              build_i64(&m->b, "end", 4, end)};
    struct node *n = build_node(&m->b, &op_Pad, "pad", 3, inputs);
    assert_true(node_finish(n));
    keep(m, &n->outputs[0]);
}

static void make_identity(struct maker *m) {
    struct value *x = pick(m);
    if (random_below(2) == 0)
        keep(m, build_op2(&m->b, &op_Multiply, "one", x, build_f32_scalar(&m->b, "c", 1)));
    else
        keep(m, build_transpose(&m->b, "same", x, 4, (const int64_t[]){0, 1, 2, 3}));
}

static void make_pool(struct maker *m) {
    struct value *x = pick(m);
    if (x->shape.dims[2] < 2 || x->shape.dims[3] < 2)
        return;
    struct node *n = build_node(&m->b, &op_MaxPool, "pool", 1, &x);
    struct pooling *a = n->attrs;
    a->kernel = ints_copy(m->b.graph->arena, (const int64_t[]){2, 2}, 2);
    a->strides = a->kernel;
    assert_true(node_finish(n));
    keep(m, &n->outputs[0]);
}

static void make_groups(struct maker *m) {
    struct value *x = pick(m), *parts[2];
    if (x->shape.dims[1] % 2 != 0)
        return;
    struct value *axis = build_i64_scalar(&m->b, "axis", 1);
    struct node *split = build_node(&m->b, &op_Split, "split", 2, (struct value *[]){x, axis});
    ((struct split *)split->attrs)->num_splits = 2;
    node_set_output_count(split, 2);
    assert_true(node_finish(split));
    bool with_bias = random_below(2) == 0;
    int64_t made = 1 + (int64_t)random_below(3);
    for (int i = 0; i < 2; i++) {
        parts[i] = convolution_of(m, &split->outputs[i], 1, 1, 1, made);
        if (with_bias)
            parts[i] = build_op2(&m->b, &op_Add, "b", parts[i], constant(m, SHAPE(1, made, 1, 1)));
    }
    keep(m, build_concat(&m->b, "concat", 1, 2, parts));
}

static void make_dense(struct maker *m, struct value *x) {
    int64_t count = x->shape.dims[1] * x->shape.dims[2] * x->shape.dims[3];
    struct value *flat = build_reshape(&m->b, "flat", x, 2, (const int64_t[]){0, -1});
    bool by_row = random_below(2) == 0;
    struct value *w = constant(m, by_row ? SHAPE(5, count) : SHAPE(count, 5));
    struct node *n = build_node(&m->b, &op_MatMul, "fc", 2, (struct value *[]){flat, w});
    ((struct matmul *)n->attrs)->transpose_b = by_row;
    assert_true(node_finish(n));
    struct value *y = &n->outputs[0];
    for (uint32_t more = random_below(4); more > 0; more--)
        y = build_op2(&m->b, random_below(2) ? &op_Add : &op_Multiply, "fclin", y,
                      constant(m, SHAPE(1, 5)));
    build_result(m->b.graph, "out", y);
}

static struct graph *make_graph(struct arena *arena, struct diag *diag, uint64_t seed) {
    static void (*const make[])(struct maker *) = {
        make_convolution, make_convolution, make_linear, make_linear,
        make_batch_norm,  make_identity,    make_pad,    make_relu,
        make_sum,         make_sum,         make_pool,   make_groups};
    struct maker m = {.b = {.graph = graph_new(arena, diag, "random")}};
    random_state = seed;
    keep(&m, build_parameter(m.b.graph, "data", DT_F32, SHAPE(2, 3, 9, 9), NULL));
    for (uint32_t steps = 3 + random_below(22); steps > 0; steps--)
        make[random_below(sizeof make / sizeof make[0])](&m);
    make_dense(&m, m.values[m.count - 1]);
    if (random_below(2) == 0)
        make_dense(&m, pick(&m));
    return m.b.graph;
}

static const struct tensor *input_of(struct arena *arena) {
    enum { COUNT = 2 * 3 * 9 * 9 };
    float *x = arena_array_of(arena, COUNT, float);
    for (int i = 0; i < COUNT; i++)
        x[i] = (float)((i * 37) % 101) / 50.0F - 1.0F;
    return tensor_f32(arena, SHAPE(2, 3, 9, 9), x);
}

// --- random networks of channels last -----------------------------------------------------------

// As front ends write a convolution of such a source.
static void make_last_convolution(struct maker *m) {
    struct value *x = pick(m);
    bool small = x->shape.dims[1] < 3 || x->shape.dims[2] < 3;
    x = build_transpose(&m->b, "first", x, 4, (const int64_t[]){0, 3, 1, 2});
    x = convolution_of(m, x, small || random_below(2) == 0 ? 1 : 3, 1, 1, 2 + random_below(3));
    keep(m, build_transpose(&m->b, "last", x, 4, (const int64_t[]){0, 2, 3, 1}));
}

static struct value *blocks_of(struct maker *m, const struct op_def *op, struct value *x,
                               const int64_t *block, const int64_t *begin, const int64_t *end) {
    struct value *inputs[] = {x, build_i64(&m->b, "block", 4, block),
                              build_i64(&m->b, "begin", 4, begin), build_i64(&m->b, "end", 4, end)};
    struct node *n = build_node(&m->b, op, "blocks", 4, inputs);
    assert_true(node_finish(n));
    return &n->outputs[0];
}

// A dilated convolution of 2x2 as TensorFlow spells it: what pads beyond the data is cut off again.
static void make_last_dilated(struct maker *m) {
    const int64_t none[4] = {0}, block[] = {1, 2, 3, 1}, begin[] = {0, random_below(3), 3, 0};
    struct value *x = pick(m);
    if (x->shape.dims[1] < 4 || x->shape.dims[2] < 4)
        return;
    int64_t end[4] = {0};
    for (int i = 1; i < 3; i++)
        end[i] = (block[i] - (x->shape.dims[i] + begin[i]) % block[i]) % block[i];
    x = blocks_of(m, &op_SpaceToBatch, x, block, begin, end);
    x = build_transpose(&m->b, "first", x, 4, (const int64_t[]){0, 3, 1, 2});
    int64_t made = 1 + (int64_t)random_below(3);
    struct value *w = constant(m, SHAPE(made, x->shape.dims[1], 2, 2));
    x = build_op2(&m->b, &op_Convolution, "conv", x, w);
    x = build_transpose(&m->b, "last", x, 4, (const int64_t[]){0, 2, 3, 1});
    keep(m, blocks_of(m, &op_BatchToSpace, x, block, none, end));
}

static void make_last_leaky(struct maker *m) {
    struct value *x = pick(m), *slope = build_f32_scalar(&m->b, "c", 0.25F);
    struct value *scaled = build_op2(&m->b, &op_Multiply, "scaled", x, slope);
    keep(m, build_op2(&m->b, &op_Maximum, "leaky", scaled, x));
}

// One place, from a list of channels.
static void make_last_vector(struct maker *m) {
    struct value *x = pick(m);
    struct value *axes = build_i64(&m->b, "axes", 2, (const int64_t[]){1, 2});
    struct value *mean = build_op2(&m->b, &op_ReduceMax, "most", x, axes);
    keep(m, build_reshape(&m->b, "place", mean, 4, (const int64_t[]){0, 1, 1, -1}));
}

static void make_last_linear(struct maker *m) {
    struct value *x = pick(m);
    uint32_t kind = random_below(4);
    struct shape shape = kind == 0   ? shape_scalar()
                         : kind == 1 ? SHAPE(x->shape.dims[2], 1)
                                     : SHAPE(x->shape.dims[3]);
    const struct op_def *op = random_below(2) ? &op_Add : &op_Multiply;
    keep(m, build_op2(&m->b, op, "lin", x, constant(m, shape)));
}

static void make_last_concat(struct maker *m) {
    struct value *x = pick(m);
    struct value *parts[] = {x, build_op1(&m->b, &op_Tanh, "tanh", x)};
    keep(m, build_concat(&m->b, "concat", random_below(2) ? 3 : -3, 2, parts));
}

static void make_last_split(struct maker *m) {
    struct value *x = pick(m);
    if (x->shape.dims[3] % 2 != 0)
        return;
    struct value *inputs[] = {x, build_i64_scalar(&m->b, "axis", random_below(2) ? 3 : -1)};
    struct node *n = build_node(&m->b, &op_Split, "split", 2, inputs);
    ((struct split *)n->attrs)->num_splits = 2;
    node_set_output_count(n, 2);
    assert_true(node_finish(n));
    keep(m, &n->outputs[0]);
    keep(m, &n->outputs[1]);
}

static void make_last_slice(struct maker *m) {
    struct value *x = pick(m);
    if (x->shape.dims[1] < 3)
        return;
    struct value *inputs[] = {x, build_i64(&m->b, "begin", 2, (const int64_t[]){0, 1}),
                              build_i64(&m->b, "end", 2, (const int64_t[]){0, 5}),
                              build_i64(&m->b, "steps", 2, (const int64_t[]){1, 2})};
    struct node *n = build_node(&m->b, &op_StridedSlice, "slice", 4, inputs);
    struct strided_slice *a = n->attrs;
    a->begin_mask = a->end_mask = ints_copy(m->b.graph->arena, (const int64_t[]){1, 0}, 2);
    assert_true(node_finish(n));
    keep(m, &n->outputs[0]);
}

static void make_last_pad(struct maker *m) {
    const int64_t pads[] = {0, random_below(2), 1, random_below(2)};
    struct value *x = pick(m);
    if (x->shape.dims[1] * x->shape.dims[2] * x->shape.dims[3] > 2000)
        return;
    struct value *inputs[] = {x, build_i64(&m->b, "begin", 4, pads),
                              build_i64(&m->b, "end", 4, pads)};
    struct node *n = build_node(&m->b, &op_Pad, "pad", 3, inputs);
    assert_true(node_finish(n));
    keep(m, &n->outputs[0]);
}

// The mean over height and width, multiplied back in.
static void make_last_gate(struct maker *m) {
    struct value *x = pick(m);
    struct value *axes = build_i64(&m->b, "axes", 2, (const int64_t[]){1, 2});
    struct node *n = build_node(&m->b, &op_ReduceMean, "mean", 2, (struct value *[]){x, axes});
    bool keeps = random_below(2) == 0;
    ((struct reduction *)n->attrs)->keep_dims = keeps;
    assert_true(node_finish(n));
    struct value *mean = &n->outputs[0];
    if (!keeps)
        mean = build_op2(&m->b, &op_Unsqueeze, "wide", mean, axes);
    keep(m, build_op2(&m->b, &op_Multiply, "gate", x, mean));
}

static struct graph *make_last_graph(struct arena *arena, struct diag *diag, uint64_t seed) {
    static void (*const make[])(struct maker *) = {make_last_convolution, make_last_convolution,
                                                   make_last_linear,      make_relu,
                                                   make_last_concat,      make_last_split,
                                                   make_last_slice,       make_last_pad,
                                                   make_last_gate,        make_sum,
                                                   make_last_dilated,     make_last_leaky,
                                                   make_last_vector};
    struct maker m = {.b = {.graph = graph_new(arena, diag, "random")}};
    random_state = seed;
    keep(&m, build_parameter(m.b.graph, "data", DT_F32, SHAPE(2, 3, 9, 9), NULL));
    if (seed % 2 == 1) {
        m.b.graph->channels_last = true;
        ((struct parameter *)m.values[0]->producer->attrs)->layout = "NHWC";
        if (random_below(2) == 0)
            make_last_pad(&m);
    }
    make_last_convolution(&m);
    for (uint32_t steps = 3 + random_below(18); steps > 0; steps--)
        make[random_below(sizeof make / sizeof make[0])](&m);
    make_dense(&m, m.values[m.count - 1]);
    if (random_below(2) == 0)
        build_result(m.b.graph, "more", pick(&m));
    return m.b.graph;
}

// --- the property -------------------------------------------------------------------------------

static const double mean[] = {0.1, -0.2, 0.3}, scale[] = {2, 3, 0.5};
static const struct input_preprocess preprocess = {
    .parameter = "data", .mean = mean, .scale = scale, .mean_count = 3, .scale_count = 3};

static void show(struct graph *g, const char *title) {
    struct strbuf text = STRBUF_INIT;
    graph_print(g, &text, false);
    print_message("%s\n%s\n", title, text.data);
    strbuf_free(&text);
}

typedef struct graph *make_function(struct arena *arena, struct diag *diag, uint64_t seed);

static void check_seed(make_function *make, uint64_t seed, FILE *log) {
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct graph *g = make(arena, diag, seed);
    struct pass_options options = {0};
    if (seed % 2 == 0) { // what these insert is part of the graph before
        options.reverse_input_channels = true;
        options.preprocess = &preprocess;
        options.preprocess_count = 1;
    }
    insert_preprocessing(g, &options);
    struct graph *before = graph_clone(g);
    struct pass_options rest = {
        .check = true, .log = log, .disable_resnet_optimization = seed % 3 == 0};
    assert_true(passes_optimize(g, &rest));
    struct graph *after = graph_clone(g);
    const struct tensor *input = input_of(arena);
    run(before, &input);
    run(after, &input);
    double gap = difference(before, after);
    if (!(gap < 1e-4)) {
        show(before, "before");
        show(after, "after");
        fail_msg("seed %llu: the results differ by %g", (unsigned long long)seed, gap);
    }
    arena_free(arena);
}

// passes_loops_test.c holds these.
static const char *const of_loops[] = {"clean_loops", "replace_lstm_cells", "replace_loop_slices"};

static bool is_of_loops(const char *pass) {
    for (size_t i = 0; i < COUNT_OF(of_loops); i++)
        if (strcmp(pass, of_loops[i]) == 0)
            return true;
    return false;
}

static void test_passes_keep_the_numbers(void **state) {
    (void)state;
    char *text;
    size_t size;
    FILE *log = open_memstream(&text, &size);
    for (uint64_t seed = 0; seed < 900; seed++)
        check_seed(seed % 3 == 2 ? make_last_graph : make_graph, seed, log);
    fclose(log);
    for (unsigned i = 0; i < pass_count; i++)
        if (!is_of_loops(pass_table[i].name) &&
            (pass_table[i].group == GROUP_FUSE || pass_table[i].group == GROUP_CLEAN ||
             pass_table[i].group == GROUP_LAYOUT || pass_table[i].group == GROUP_SINK ||
             pass_table[i].group == GROUP_REPLACE))
            check_used(text, pass_table[i].name);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_passes_keep_the_numbers)};
    return cmocka_run_group_tests_name("passes/property", tests, NULL, NULL);
}
