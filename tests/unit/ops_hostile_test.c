// SPDX-License-Identifier: Apache-2.0
// Shape rules and evaluators bear any attributes and any inputs: they report or give a sound graph,
// under sanitizers.
#include "tests/unit/base_support.h"

#include "compiler/base/strbuf.h"
#include "compiler/ops/build.h"
#include "compiler/ops/data.h"
#include "tests/unit/random_attrs.h"

static const int64_t odd_numbers[] = {
    0,         1,         -1,        2,         3,       4,        7,          -2,        8,   64,
    INT32_MAX, INT64_MAX, INT64_MIN, INT16_MAX, DIM_MAX, -DIM_MAX, 1000000007, INT32_MIN, 255, -9};

static int64_t odd_number(void) {
    uint64_t which = random_below(COUNT_OF(odd_numbers) * 2);
    return which < COUNT_OF(odd_numbers) ? odd_numbers[which] : (int64_t)random_below(5);
}

static enum dtype some_type(void) {
    static const enum dtype types[] = {DT_I64, DT_I64, DT_I32, DT_BOOL, DT_F16};
    return random_below(6) > 0 ? DT_F32 : types[random_below(COUNT_OF(types))];
}

// Often a small picture, on which most rules go on for a while.
static struct shape usual_shape(void) {
    if (random_below(2) == 0)
        return random_shape();
    struct shape shape = SHAPE(1, 2, 4, 4, 4, 4, 2);
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dims[i] += random_below(4) == 0 ? (int64_t)random_below(4) : 0;
    shape.rank = (int32_t)random_below(6);
    return shape;
}

static struct value *random_parameter(struct builder *b, struct shape shape) {
    for (int32_t i = 0; i < shape.rank; i++)
        if (random_below(60) == 0)
            shape.dims[i] = DIM_MAX - (int64_t)random_below(3);
    return build_parameter(b->graph, "p", some_type(), shape, NULL);
}

static struct value *random_list(struct builder *b) {
    int64_t numbers[6];
    uint32_t count = (uint32_t)random_below(7);
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = random_below(3) > 0 ? (int64_t)random_below(4) : odd_number();
    if (random_below(4) == 0)
        return build_i64_scalar(b, "k", odd_number());
    return build_i64(b, "k", count, numbers);
}

// Shapes, lists and tensors; equal shapes often, for else nothing fits.
static struct value *random_input(struct builder *b, struct shape usual) {
    struct arena *arena = b->graph->arena;
    switch (random_below(6)) {
    case 0:
    case 1:
        return random_list(b);
    case 2:
        return random_parameter(b, random_shape());
    case 3: {
        struct shape shape = shape_is_static(&usual) ? usual : SHAPE(2, 3);
        return build_constant(b, "c",
                              tensor_splat(arena, some_type(), shape, (double)random_below(4)));
    }
    default:
        return random_parameter(b, usual);
    }
}

static void odd_ints(struct arena *arena, struct ints *list) {
    int64_t data[5] = {1, 1};
    uint32_t count = (uint32_t)random_below(6);
    for (uint32_t i = 0; i < count; i++)
        data[i] = random_below(4) > 0 ? 1 + (int64_t)random_below(3) : odd_number();
    if (random_below(2) == 0)
        count = 2;
    for (uint32_t i = count; i > 0 && random_below(2) == 0; i--)
        data[i - 1] = 1;
    *list = ints_copy(arena, data, count);
}

// Half of the attributes keep their default: else the first that is odd ends every rule.
static void random_attrs(struct arena *arena, struct node *n) {
    for (uint32_t i = 0; i < n->op->attr_count; i++) {
        const struct attr_def *row = &n->op->attrs[i];
        void *field = attr_field(row, n->attrs);
        if (random_below(2) == 0)
            continue;
        if (row->kind == ATTR_INT)
            *(int64_t *)field = odd_number();
        else if (row->kind == ATTR_INTS)
            odd_ints(arena, field);
        else
            random_attr(arena, row, field);
    }
}

static uint32_t some_inputs(const struct op_def *op) {
    uint32_t most = op->max_inputs == PORTS_VARIADIC ? op->min_inputs + 3U : op->max_inputs;
    return op->min_inputs + (uint32_t)random_below(most - op->min_inputs + 1U);
}

static bool try_node(const struct op_def *op, uint64_t start) {
    seed = start;
    struct arena *arena = arena_new();
    struct builder b = {.graph = graph_new(arena, diag_new(arena), "hostile")};
    struct shape usual = usual_shape();
    struct value *inputs[16];
    uint32_t count = some_inputs(op);
    assert_true(count <= COUNT_OF(inputs));
    for (uint32_t i = 0; i < count; i++)
        inputs[i] = random_input(&b, usual);
    struct node *n = build_node(&b, op, "n", count, inputs);
    random_attrs(arena, n);
    if (op->outputs == PORTS_VARIADIC)
        node_set_output_count(n, (uint32_t)random_below(4));
    bool fine = node_finish(n);
    const struct tensor **results =
        arena_array_of(arena, n->output_count + 1, const struct tensor *);
    if (fine)
        node_evaluate(n, results);
    assert_int_equal(fine, diag_count(b.graph->diag, DIAG_FAILED) == 0);
    const char *fault = graph_check(b.graph);
    if (fault != NULL)
        fail_msg("%s, seed %llu: %s", op->name, (unsigned long long)start, fault);
    arena_free(arena);
    return fine;
}

enum { TRIES = 400 };

static void test_rules_bear_anything(void **state) {
    (void)state;
    bool verbose = getenv("VERBOSE") != NULL;
    for (int i = 0; i < OP_COUNT; i++) {
        const struct op_def *op = op_table[i];
        if (op == &op_Constant || op == &op_Poison)
            continue;
        unsigned fine = 0;
        for (uint64_t k = 0; k < TRIES; k++) {
            uint64_t start = k * 7919 + (uint64_t)i;
            if (verbose) // the last line names the one that crashed
                fprintf(stderr, "%s %llu\n", op->name, (unsigned long long)start);
            fine += try_node(op, start) ? 1 : 0;
        }
        if (verbose)
            printf("%-28s %3u of %d\n", op->name, fine, TRIES);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_bear_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
