// SPDX-License-Identifier: Apache-2.0
// Constant folding of large tensors. Small ones are in tests/cases/ops.
#include "tests/unit/base_support.h"

#include "compiler/base/limits.h"
#include "compiler/ops/build.h"
#include "compiler/ops/elementwise.h"

enum { ROWS = 300, COLUMNS = 257 };

static struct builder start(struct arena *arena) {
    return (struct builder){.graph = graph_new(arena, diag_new(arena), "test")};
}

static struct value *numbers(struct builder *b, struct shape shape, float first, float step) {
    uint64_t count;
    assert_true(shape_count(&shape, &count));
    float *data = arena_array_of(b->graph->arena, count, float);
    for (uint64_t i = 0; i < count; i++)
        data[i] = first + step * (float)(i % 9973);
    return build_constant(b, "c", tensor_f32(b->graph->arena, shape, data));
}

// The result of one operator; checks that it is a recipe or is not.
static const struct tensor *evaluate(struct builder *b, const struct op_def *op, struct value *x,
                                     struct value *y, bool recipe) {
    const struct tensor *result[1];
    struct value *v = build_op2(b, op, "op", x, y);
    assert_null(v->constant); // too large to be computed on the way
    assert_true(node_evaluate(v->producer, result));
    assert_int_equal(result[0]->kind == TENSOR_AFFINE, recipe);
    assert_true(shape_equal(&result[0]->shape, &v->shape));
    return result[0];
}

static float at(const struct tensor *t, int row, int column) {
    float number;
    tensor_read(t, (uint64_t)row * COLUMNS + (uint64_t)column, 1, &number);
    return number;
}

#define CHECK(result, expected)                                                                    \
    do {                                                                                           \
        const struct tensor *result_ = (result);                                                   \
        for (int r = 0; r < ROWS; r += 7)                                                          \
            for (int c = 0; c < COLUMNS; c += 5)                                                   \
                assert_true(at(result_, r, c) == (float)(expected));                               \
    } while (0)

static void test_numbers_along_an_axis_make_a_recipe(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct builder b = start(arena);
    struct value *large = numbers(&b, SHAPE(ROWS, COLUMNS), -3.7F, 0.013F);
    struct value *row = numbers(&b, SHAPE(COLUMNS), 0.1F, 0.7F);
    struct value *column = numbers(&b, SHAPE(ROWS, 1), 5, -0.3F);
    struct value *one = build_f32_scalar(&b, "one", 0.3F);
    const struct tensor *l = large->constant, *x = row->constant, *y = column->constant;
    float u, v;
#define ROW (tensor_read(x, (uint64_t)c, 1, &u), (double)u)
#define COLUMN (tensor_read(y, (uint64_t)r, 1, &v), (double)v)
#define LARGE ((double)at(l, r, c))
    CHECK(evaluate(&b, &op_Add, large, row, true), LARGE + ROW);
    CHECK(evaluate(&b, &op_Add, column, large, true), COLUMN + LARGE);
    CHECK(evaluate(&b, &op_Subtract, large, column, true), LARGE - COLUMN);
    CHECK(evaluate(&b, &op_Subtract, row, large, false), ROW - LARGE);
    CHECK(evaluate(&b, &op_Multiply, row, large, true), ROW * LARGE);
    CHECK(evaluate(&b, &op_Multiply, large, one, true), LARGE * (double)0.3F);
    CHECK(evaluate(&b, &op_Multiply, large, large, false), LARGE * LARGE);
    CHECK(evaluate(&b, &op_Divide, large, row, false), LARGE / ROW);
    CHECK(evaluate(&b, &op_Maximum, large, column, false), LARGE > COLUMN ? LARGE : COLUMN);
    // Both small: there is no large tensor to keep.
    CHECK(evaluate(&b, &op_Add, row, column, false), ROW + COLUMN);
    arena_free(arena);
}

static void test_recipes_take_no_memory(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct builder b = start(arena);
    struct value *huge = build_constant(
        &b, "huge", tensor_splat(arena, DT_F32, SHAPE(4096, 65536), 2)); // a gigabyte, if it were
    struct value *one = build_f32_scalar(&b, "one", 3);
    const struct tensor *result[1];
    size_t before = arena_used(arena);
    assert_true(node_evaluate(build_op2(&b, &op_Multiply, "m", huge, one)->producer, result));
    assert_true(arena_used(arena) - before < 1 << 20);
    double uniform;
    assert_true(tensor_uniform(result[0], &uniform));
    assert_true(uniform == 6);
    arena_free(arena);
}

static void test_more_than_the_limit_is_left_alone(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct builder b = start(arena);
    uint64_t kept = limits.arena_tensor_bytes;
    struct value *x = numbers(&b, SHAPE(ROWS, COLUMNS), 1, 1);
    struct value *exp = build_op1(&b, &op_Sqrt, "sqrt", x);
    const struct tensor *result[1];
    limits.arena_tensor_bytes = 1 << 16;
    assert_false(node_evaluate(exp->producer, result));
    limits.arena_tensor_bytes = kept;
    assert_true(node_evaluate(exp->producer, result));
    arena_free(arena);
}

// A few bytes of a model can ask for a tensor of any size: nothing is made of it.
static void test_absurd_sizes_are_left_alone(void **state) {
    (void)state;
    static const char text[] = "x = Constant() : f32[2] = [1, 2]\n"
                               "many = Constant() : i64[1] = 1000000000000\n"
                               "some = Constant() : i64[1] = 1000000000\n"
                               "zero = Constant() : i64[1] = 0\n"
                               "tile = Tile(x, many)\n"
                               "long = Tile(x, some)\n"
                               "pad = Pad(x, some, some) {pad_mode=edge}\n"
                               "wide = Pad(x, many, many)\n"
                               "shape = Constant() : i64[2] = [1000000000000, 2]\n"
                               "broadcast = Broadcast(x, shape)\n"
                               "one = Constant() : f32[1] = 1\n"
                               "fits = Broadcast(one, some)\n"
                               "minus = Constant() : i64[1] = -1\n"
                               "slice = StridedSlice(fits, minus, zero, minus)\n"
                               "axis = Constant() : i64[1] = 0\n"
                               "reverse = Reverse(fits, axis)\n";
    struct arena *arena = arena_new();
    struct graph *g = graph_parse(arena, diag_new(arena), "test", slice_of(text, sizeof text - 1));
    const struct tensor *result[1] = {NULL};
    assert_non_null(g);
    GRAPH_EACH(g, n) {
        bool recipe = strcmp(n->name, "fits") == 0; // one number, everywhere
        if (n->op != &op_Constant)
            assert_int_equal(node_evaluate(n, result), recipe);
        if (recipe)
            n->outputs[0].constant = result[0];
    }
    assert_true(arena_used(arena) < 1 << 20);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_along_an_axis_make_a_recipe),
        cmocka_unit_test(test_recipes_take_no_memory),
        cmocka_unit_test(test_absurd_sizes_are_left_alone),
        cmocka_unit_test(test_more_than_the_limit_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
