// SPDX-License-Identifier: Apache-2.0
// Tensors: every recipe against a plain computation of the same elements.
#include "tests/unit/base_support.h"

#include "compiler/base/limits.h"
#include "compiler/graph/tensor.h"

static struct arena *arena;

static int set_up(void **state) {
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

// A repeatable sequence of its own: the tests must not depend on the C library's.
static uint64_t random_state;

static uint32_t random_below(uint32_t bound) {
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(random_state >> 33) % bound;
}

// --- the plain model: every element in a double array -------------------------------------------

struct model {
    struct shape shape;
    double *numbers;
    uint64_t count;
};

static struct model model_new(struct shape shape) {
    struct model m = {.shape = shape};
    assert_true(shape_count(&shape, &m.count));
    m.numbers = arena_array_of(arena, m.count, double);
    return m;
}

static void unravel(const struct shape *shape, uint64_t position, int64_t *at) {
    for (int32_t i = shape->rank - 1; i >= 0; i--) {
        at[i] = (int64_t)(position % (uint64_t)shape->dims[i]);
        position /= (uint64_t)shape->dims[i];
    }
}

static double model_at(const struct model *m, const int64_t *at) {
    uint64_t position = 0;
    for (int32_t i = 0; i < m->shape.rank; i++)
        position = position * (uint64_t)m->shape.dims[i] + (uint64_t)at[i];
    return m->numbers[position];
}

static struct model model_permute(struct model m, const int32_t *order) {
    struct shape shape = m.shape;
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = m.shape.dims[order[i]];
    struct model out = model_new(shape);
    for (uint64_t p = 0; p < out.count; p++) {
        int64_t at[SHAPE_MAX_RANK], from[SHAPE_MAX_RANK];
        unravel(&shape, p, at);
        for (int32_t i = 0; i < shape.rank; i++)
            from[order[i]] = at[i];
        out.numbers[p] = model_at(&m, from);
    }
    return out;
}

static struct model model_gather(struct model m, int32_t axis, uint64_t count,
                                 const int64_t *indices) {
    struct shape shape = m.shape;
    shape.dims[axis] = (int64_t)count;
    struct model out = model_new(shape);
    for (uint64_t p = 0; p < out.count; p++) {
        int64_t at[SHAPE_MAX_RANK];
        unravel(&shape, p, at);
        at[axis] = indices[at[axis]];
        out.numbers[p] = model_at(&m, at);
    }
    return out;
}

static struct model model_concat(struct model a, struct model b, int32_t axis) {
    struct shape shape = a.shape;
    shape.dims[axis] += b.shape.dims[axis];
    struct model out = model_new(shape);
    for (uint64_t p = 0; p < out.count; p++) {
        int64_t at[SHAPE_MAX_RANK] = {0};
        unravel(&shape, p, at);
        bool in_b = at[axis] >= a.shape.dims[axis];
        if (in_b)
            at[axis] -= a.shape.dims[axis];
        out.numbers[p] = model_at(in_b ? &b : &a, at);
    }
    return out;
}

static struct model model_affine(struct model m, int32_t axis, const double *scale,
                                 const double *shift) {
    struct model out = model_new(m.shape);
    for (uint64_t p = 0; p < out.count; p++) {
        int64_t at[SHAPE_MAX_RANK];
        unravel(&m.shape, p, at);
        out.numbers[p] = m.numbers[p] * scale[at[axis]] + shift[at[axis]];
    }
    return out;
}

static struct model model_tile(struct model m, struct shape shape) {
    struct model out = model_new(shape);
    for (uint64_t p = 0; p < out.count; p++) {
        int64_t at[SHAPE_MAX_RANK], from[SHAPE_MAX_RANK];
        unravel(&shape, p, at);
        for (int32_t i = 0; i < m.shape.rank; i++) {
            int64_t step = at[i + shape.rank - m.shape.rank];
            from[i] = m.shape.dims[i] == 1 ? 0 : step;
        }
        out.numbers[p] = model_at(&m, from);
    }
    return out;
}

static void assert_same(const struct tensor *t, const struct model *m) {
    assert_true(shape_equal(&t->shape, &m->shape));
    double *all = arena_array_of(arena, m->count + 1, double);
    tensor_read_doubles(t, 0, m->count, all);
    for (uint64_t i = 0; i < m->count; i++)
        assert_true(all[i] == m->numbers[i]);
    for (int tries = 0; tries < 4 && m->count > 0; tries++) {
        uint64_t first = random_below((uint32_t)m->count);
        uint64_t count = random_below((uint32_t)(m->count - first) + 1);
        tensor_read_doubles(t, first, count, all);
        for (uint64_t i = 0; i < count; i++)
            assert_true(all[i] == m->numbers[first + i]);
    }
}

// --- random recipes -----------------------------------------------------------------------------

struct pair {
    struct tensor *t;
    struct model m;
};

static struct shape random_shape(void) {
    struct shape shape = {.rank = 1 + (int32_t)random_below(4)};
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = 1 + (int64_t)random_below(i == 0 ? 40 : 6);
    return shape;
}

// Small whole numbers: exact in every type and through every scale below.
static struct pair random_leaf(enum dtype type, struct shape shape) {
    struct pair p = {.m = model_new(shape)};
    double same = random_below(9);
    uint32_t kind = random_below(4);
    for (uint64_t i = 0; i < p.m.count; i++)
        p.m.numbers[i] = kind == 0 ? same : random_below(50);
    p.t = tensor_of_doubles(arena, type, shape, p.m.numbers);
    if (kind == 0) {
        p.t = tensor_splat(arena, type, shape, same);
    } else if (kind == 1) {
        size_t size = dtype_size(type);
        uint8_t *spread = arena_alloc(arena, p.m.count * (size + 3) + 1);
        for (uint64_t i = 0; i < p.m.count; i++)
            memcpy(spread + 1 + i * (size + 3), p.t->bytes.data + i * size, size);
        p.t = tensor_strided(arena, type, shape, slice_of(spread + 1, p.m.count * (size + 3)),
                             size + 3);
    } else if (kind == 2) { // unaligned, as in a file
        uint8_t *shifted = arena_alloc(arena, p.t->bytes.size + 1);
        memcpy(shifted + 1, p.t->bytes.data, p.t->bytes.size);
        p.t = tensor_of_slice(arena, type, shape, slice_of(shifted + 1, p.t->bytes.size));
    }
    return p;
}

static void grow_permute(struct pair *p) {
    int32_t order[SHAPE_MAX_RANK] = {0};
    int32_t rank = p->m.shape.rank;
    for (int32_t i = 0; i < rank; i++) {
        int32_t j = (int32_t)random_below((uint32_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    p->t = tensor_permute(arena, p->t, order);
    p->m = model_permute(p->m, order);
}

static void grow_gather(struct pair *p) {
    int64_t indices[64];
    int32_t axis = (int32_t)random_below((uint32_t)p->m.shape.rank);
    uint64_t count = 1 + random_below(8);
    uint32_t steps = (uint32_t)p->m.shape.dims[axis];
    uint32_t start = random_below(steps);
    bool run = random_below(2) == 0;
    if (run && count > steps - start)
        count = steps - start;
    for (uint64_t i = 0; i < count; i++)
        indices[i] = (int64_t)(run ? start + i : random_below(steps));
    p->t = tensor_gather(arena, p->t, axis, count, indices);
    p->m = model_gather(p->m, axis, count, indices);
}

static void grow_affine(struct pair *p) {
    double scale[512], shift[512];
    int32_t axis = (int32_t)random_below((uint32_t)p->m.shape.rank);
    int64_t steps = p->m.shape.dims[axis];
    if (steps > 512)
        return;
    bool uniform = random_below(3) == 0;
    for (int64_t i = 0; i < steps; i++) {
        scale[i] = uniform && i > 0 ? scale[0] : random_below(3);
        shift[i] = uniform && i > 0 ? shift[0] : random_below(4);
    }
    p->t = tensor_affine(arena, p->t, axis, scale, shift);
    p->m = model_affine(p->m, axis, scale, shift);
}

static void grow_concat(struct pair *p) {
    struct shape shape = p->m.shape;
    int32_t axis = (int32_t)random_below((uint32_t)shape.rank);
    shape.dims[axis] = 1 + random_below(3);
    struct pair other = random_leaf(p->t->type, shape);
    const struct tensor *parts[] = {p->t, other.t};
    p->t = tensor_concat(arena, axis, parts, 2);
    p->m = model_concat(p->m, other.m, axis);
}

static void grow_tile(struct pair *p) {
    struct shape shape = p->m.shape;
    for (int32_t i = 0; i < shape.rank; i++)
        if (shape.dims[i] == 1)
            shape.dims[i] = 1 + random_below(3);
    if (shape.rank < 4 && random_below(2) == 0) {
        memmove(shape.dims + 1, shape.dims, sizeof shape.dims - sizeof shape.dims[0]);
        shape.dims[0] = 1 + random_below(3);
        shape.rank++;
    }
    p->t = tensor_tile(arena, p->t, shape);
    p->m = model_tile(p->m, shape);
}

static void grow_reshape(struct pair *p) {
    struct shape shape = p->m.shape;
    if (shape.rank > 1) { // join two axes
        int32_t axis = (int32_t)random_below((uint32_t)shape.rank - 1);
        shape.dims[axis] *= shape.dims[axis + 1];
        memmove(shape.dims + axis + 1, shape.dims + axis + 2,
                (size_t)(shape.rank - axis - 2) * sizeof shape.dims[0]);
        shape.rank--;
    } else {
        shape = SHAPE(1, p->m.shape.dims[0], 1);
    }
    p->t = tensor_reshape(arena, p->t, shape);
    p->m.shape = shape;
}

static void grow_cast(struct pair *p) {
    static const enum dtype types[] = {DT_F32, DT_F64, DT_I32, DT_I64};
    p->t = tensor_cast(arena, p->t, types[random_below(4)]);
}

static void test_random_recipes(void **state) {
    (void)state;
    static void (*const grow[])(struct pair *) = {
        grow_permute, grow_gather, grow_affine, grow_concat, grow_reshape, grow_cast, grow_tile};
    for (uint64_t seed = 0; seed < 1500; seed++) {
        random_state = seed;
        struct pair p = random_leaf(seed % 2 ? DT_F32 : DT_I32, random_shape());
        for (uint32_t steps = random_below(7); steps > 0; steps--)
            if (p.m.count < 20000)
                grow[random_below(7)](&p);
        assert_same(p.t, &p.m);
        arena_free(arena);
        arena = arena_new();
    }
}

// --- single facts -------------------------------------------------------------------------------

static void test_affine_rounds_once(void **state) {
    (void)state;
    const float x[] = {0.1F, 3.0e38F, -7.25F};
    const double first[] = {1.0 / 3.0, 1e3, 1}, second[] = {3.0, 1e-3, 2};
    struct tensor *t = tensor_f32(arena, SHAPE(3), x);
    t = tensor_affine(arena, t, 0, first, NULL);
    t = tensor_affine(arena, t, 0, second, (const double[]){0, 0, 0.5});
    assert_int_equal(t->kind, TENSOR_AFFINE);
    assert_int_equal(t->source->kind, TENSOR_BYTES);
    float out[3];
    tensor_read(t, 0, 3, out);
    assert_true(out[0] == 0.1F);    // 0.1F / 3 * 3, not rounded between
    assert_true(out[1] == 3.0e38F); // no overflow between
    assert_true(out[2] == -14.0F);
}

static void test_steps(void **state) {
    (void)state;
    const float x[] = {-3, 0.24F, 0.25F, 0.75F, 9, 1.3F};
    const int32_t order[] = {1, 0};
    struct tensor *t = tensor_steps(arena, tensor_f32(arena, SHAPE(2, 3), x), -1, 2, 0.5F);
    t = tensor_permute(arena, t, order);
    assert_int_equal(t->kind, TENSOR_STEPS); // the axes move below
    t = tensor_reshape(arena, t, SHAPE(6));
    float out[6];
    tensor_read(t, 0, 6, out);
    const float wanted[] = {-1, 1, 0, 2, 0.5F, 1.5F}; // cut, and halves go up
    assert_memory_equal(out, wanted, sizeof wanted);
}

static void test_normal_form(void **state) {
    (void)state;
    const float x[24] = {0};
    const double scale[] = {1, 2, 3};
    struct tensor *leaf = tensor_f32(arena, SHAPE(2, 3, 4), x);
    struct tensor *t = tensor_affine(arena, leaf, 1, scale, NULL);
    t = tensor_cast(arena, t, DT_F16);
    t = tensor_permute(arena, t, (const int32_t[]){2, 1, 0});
    assert_int_equal(t->kind, TENSOR_CAST);
    assert_int_equal(t->source->kind, TENSOR_AFFINE);
    assert_int_equal(t->source->source->kind, TENSOR_PERMUTE);
    assert_ptr_equal(t->source->source->source, leaf);
    // There and back is nothing.
    t = tensor_permute(arena, tensor_permute(arena, leaf, (const int32_t[]){1, 2, 0}),
                       (const int32_t[]){2, 0, 1});
    assert_int_equal(t->kind, TENSOR_BYTES);
    t = tensor_gather(arena, leaf, 0, 1, (const int64_t[]){1});
    assert_int_equal(t->kind, TENSOR_BYTES);
    assert_ptr_equal(t->bytes.data, leaf->bytes.data + 48);
    struct slice direct;
    assert_true(tensor_direct(t, &direct));
    assert_int_equal(direct.size, 48);
    assert_false(tensor_direct(tensor_splat(arena, DT_F32, SHAPE(2), 1), &direct));
}

static void test_deep_recipes_are_carried_out(void **state) {
    (void)state;
    struct tensor *t = tensor_i64(arena, SHAPE(1, 2), (const int64_t[]){1, 2});
    for (int i = 0; i < 5000; i++) {
        const struct tensor *parts[] = {t, t};
        t = tensor_concat(arena, 0, parts, 2);
        t = tensor_gather(arena, t, 1, 2, (const int64_t[]){1, 0});
        t = tensor_gather(arena, t, 0, 1, (const int64_t[]){1});
    }
    assert_true(t->depth < 100);
    int64_t out[2];
    tensor_read(t, 0, 2, out);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 2);
}

static void test_uniform(void **state) {
    (void)state;
    double value;
    assert_true(tensor_uniform(tensor_f32(arena, SHAPE(3), (const float[]){2, 2, 2}), &value));
    assert_true(value == 2);
    assert_false(tensor_uniform(tensor_f32(arena, SHAPE(3), (const float[]){2, 2, 3}), &value));
    assert_false(tensor_uniform(tensor_f32(arena, SHAPE(0), NULL), &value));
    const double scale[] = {2, 1};
    struct tensor *t = tensor_f32(arena, SHAPE(2, 2), (const float[]){1, 1, 2, 2});
    assert_true(tensor_uniform(tensor_affine(arena, t, 0, scale, NULL), &value));
    assert_true(value == 2);
}

static void test_limit_of_memory(void **state) {
    (void)state;
    uint64_t limit = limits.arena_tensor_bytes;
    limits.arena_tensor_bytes = 64;
    struct tensor *large = tensor_splat(arena, DT_F32, SHAPE(1000, 1000, 1000), 1);
    assert_null(tensor_materialize(arena, large));
    assert_null(tensor_as_i64(arena, large));
    assert_null(tensor_as_doubles(arena, large));
    struct tensor *small = tensor_splat(arena, DT_I32, SHAPE(2), 7);
    const int64_t *numbers = tensor_as_i64(arena, small);
    assert_int_equal(numbers[1], 7);
    limits.arena_tensor_bytes = limit;
}

static void test_empty(void **state) {
    (void)state;
    struct tensor *t = tensor_of_slice(arena, DT_F32, SHAPE(0, 3), slice_of("", 0));
    t = tensor_permute(arena, t, (const int32_t[]){1, 0});
    t = tensor_cast(arena, t, DT_F16);
    assert_int_equal(tensor_count(t), 0);
    tensor_read(t, 0, 0, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_recipes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_affine_rounds_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_normal_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deep_recipes_are_carried_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_uniform, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limit_of_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("graph/tensor", tests, NULL, NULL);
}
