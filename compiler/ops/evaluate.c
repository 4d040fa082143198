// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/evaluate.h"

#include <math.h>

#include "compiler/base/checked.h"
#include "compiler/base/limits.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/shape_rules.h"

enum { BLOCK = 1024 };
static const double exact_max = 9007199254740992.0; // 2^53: larger integers lose bits in a double

bool constant_is_partial(const struct node *n, uint32_t index) {
    const struct value *v = node_input(n, index);
    return v != NULL && v->constant != NULL && v->constant->type != v->type;
}

enum dtype result_type(const struct node *n, uint32_t index) {
    return node_constant(n, index)->type;
}

static double integer_most(enum dtype type) {
    if (type == DT_BOOL)
        return 1;
    double bits = (double)dtype_size(type) * 8 - (dtype_is_signed(type) ? 1 : 0);
    return fmin(ldexp(1, (int)bits) - 1, exact_max);
}

static bool store_block(enum dtype type, uint8_t *out, const double *numbers, uint64_t count) {
    bool integer = !dtype_is_float(type);
    double most = integer ? integer_most(type) : 0, least = dtype_is_signed(type) ? -most - 1 : 0;
    for (uint64_t i = 0; i < count; i++) {
        if (integer && !(numbers[i] >= least && numbers[i] <= most))
            return false;
        dtype_store(type, out, i, numbers[i]);
    }
    return true;
}

struct tensor *tensor_compute(struct arena *arena, enum dtype type, struct shape shape,
                              compute_function *compute, void *context) {
    uint64_t count, bytes;
    double block[BLOCK];
    if (!shape_count(&shape, &count) || !checked_mul(count, dtype_size(type), &bytes) ||
        bytes > limits.arena_tensor_bytes)
        return NULL;
    uint8_t *out = arena_alloc(arena, bytes > 0 ? bytes : 1);
    for (uint64_t first = 0; first < count; first += BLOCK) {
        uint64_t part = count - first < BLOCK ? count - first : BLOCK;
        if (!compute(context, first, part, block) ||
            !store_block(type, out + first * dtype_size(type), block, part))
            return NULL;
    }
    return tensor_of_slice(arena, type, shape, slice_of(out, bytes));
}

// --- maps ---------------------------------------------------------------------------------------

struct map {
    const struct tensor *source;
    double (*f)(double);
};

static bool compute_map(void *context, uint64_t first, uint64_t count, double *out) {
    const struct map *map = context;
    tensor_read_doubles(map->source, first, count, out);
    for (uint64_t i = 0; i < count; i++)
        out[i] = map->f(out[i]);
    return true;
}

struct tensor *map_doubles(struct arena *arena, const struct tensor *t, double (*f)(double)) {
    struct map map = {t, f};
    return tensor_compute(arena, t->type, t->shape, compute_map, &map);
}

// --- recipes ------------------------------------------------------------------------------------

int64_t *index_list(struct arena *arena, int64_t count) {
    if ((uint64_t)count > limits.arena_tensor_bytes / sizeof(int64_t))
        return NULL;
    return arena_array_of(arena, (size_t)count, int64_t);
}

const struct tensor *tensor_range(struct arena *arena, const struct tensor *t, int32_t axis,
                                  int64_t begin, int64_t stride, int64_t count) {
    if (begin == 0 && stride == 1 && count == t->shape.dims[axis])
        return t;
    int64_t *indices = index_list(arena, count);
    for (int64_t i = 0; i < count && indices != NULL; i++)
        indices[i] = begin + i * stride;
    return indices == NULL ? NULL : tensor_gather(arena, t, axis, (uint64_t)count, indices);
}

static const struct tensor *constant_part(struct arena *arena, const struct tensor *t, int32_t axis,
                                          int64_t length, double value) {
    struct shape shape = t->shape;
    shape.dims[axis] = length;
    return tensor_splat(arena, t->type, shape, value);
}

const struct tensor *tensor_pad(struct arena *arena, const struct tensor *t, int32_t axis,
                                int64_t begin, int64_t end, double value) {
    int64_t first = begin < 0 ? -begin : 0;
    int64_t kept = t->shape.dims[axis] - first - (end < 0 ? -end : 0);
    if (kept < 0)
        return NULL;
    const struct tensor *parts[3];
    uint32_t count = 0;
    if (begin > 0)
        parts[count++] = constant_part(arena, t, axis, begin, value);
    parts[count] = tensor_range(arena, t, axis, first, 1, kept);
    if (parts[count++] == NULL)
        return NULL;
    if (end > 0)
        parts[count++] = constant_part(arena, t, axis, end, value);
    return count == 1 ? parts[0] : tensor_concat(arena, axis, parts, count);
}

// --- formulas -----------------------------------------------------------------------------------

struct formula {
    const struct node *node;
    const struct tensor *a, *b; // broadcast to the output's shape; b == NULL: one operand
    bool integer;               // operands that a double cannot hold are refused
};

static bool compute_formula(void *context, uint64_t first, uint64_t count, double *out) {
    const struct formula *f = context;
    double b[BLOCK];
    tensor_read_doubles(f->a, first, count, out);
    if (f->b != NULL)
        tensor_read_doubles(f->b, first, count, b);
    for (uint64_t i = 0; i < count; i++) {
        double x = out[i], y = f->b != NULL ? b[i] : 0;
        if (f->integer && (fabs(x) > exact_max || fabs(y) > exact_max))
            return false;
        out[i] = isnan(x) || isnan(y) ? NAN : f->node->op->scalar(f->node, x, y);
    }
    return true;
}

bool evaluate_scalar(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    struct shape shape = n->outputs[0].shape;
    if (!shape_is_static(&shape))
        return false;
    bool binary = n->input_count > 1;
    bool partial = constant_is_partial(n, 0) || (binary && constant_is_partial(n, 1));
    struct formula f = {
        .node = n,
        .a = tensor_tile(arena, node_constant(n, 0), shape),
        .b = binary ? tensor_tile(arena, node_constant(n, 1), shape) : NULL,
        .integer = !dtype_is_float(input_type(n, 0)) && !partial,
    };
    outputs[0] =
        tensor_compute(arena, partial ? DT_F64 : n->outputs[0].type, shape, compute_formula, &f);
    return outputs[0] != NULL;
}
