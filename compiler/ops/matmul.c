// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/matmul.h"

#include <inttypes.h>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/shape_rules.h"

#define ATTR_OWNER struct matmul
static const struct attr_def matmul_attrs[] = {MATMUL_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

struct matrix { // an operand as rows x columns after its transpose, and what stands before
    int64_t rows, columns;
    struct shape batch;
    bool vector;
};

// A vector is a row on the left and a column on the right; its transpose flag means nothing.
static struct matrix matrix_of(struct shape s, bool transpose, bool left) {
    struct matrix m = {.vector = s.rank == 1};
    if (m.vector) {
        m.rows = left ? 1 : s.dims[0];
        m.columns = left ? s.dims[0] : 1;
        return m;
    }
    m.rows = s.dims[s.rank - (transpose ? 1 : 2)];
    m.columns = s.dims[s.rank - (transpose ? 2 : 1)];
    m.batch = shape_make(s.rank - 2, s.dims);
    return m;
}

bool infer_matmul(struct node *n) {
    const struct matmul *a = n->attrs;
    struct shape x = input_shape(n, 0), y = input_shape(n, 1), out;
    int64_t inner;
    if (!same_types(n, 0, 2) || !input_rank(n, 0, 1, SHAPE_MAX_RANK) ||
        !input_rank(n, 1, 1, SHAPE_MAX_RANK))
        return false;
    set_output(n, 0, input_type(n, 0), SHAPE_UNKNOWN);
    if (x.rank == RANK_UNKNOWN || y.rank == RANK_UNKNOWN)
        return true;
    struct matrix left = matrix_of(x, a->transpose_a, true);
    struct matrix right = matrix_of(y, a->transpose_b, false);
    if (!merge_dim(left.columns, right.rows, &inner))
        return shape_error(n, "%" PRId64 " columns times %" PRId64 " rows", left.columns,
                           right.rows);
    if (!shape_broadcast(&left.batch, &right.batch, &out))
        return shape_error(n, "the batches of matrices cannot be broadcast");
    if (!left.vector)
        out.dims[out.rank++] = left.rows;
    if (!right.vector)
        out.dims[out.rank++] = right.columns;
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// --- evaluation ---------------------------------------------------------------------------------

struct product {
    const struct tensor *a, *b; // with all leading dimensions of the output
    uint64_t rows, inner, columns;
    bool transpose_a, transpose_b;
};

static double element(const struct product *p, uint64_t index) {
    uint64_t column = index % p->columns, row = index / p->columns % p->rows;
    uint64_t batch = index / (p->columns * p->rows);
    double sum = 0;
    for (uint64_t k = 0; k < p->inner; k++) {
        double x, y;
        uint64_t at_a = p->transpose_a ? k * p->rows + row : row * p->inner + k;
        uint64_t at_b = p->transpose_b ? column * p->inner + k : k * p->columns + column;
        tensor_read_doubles(p->a, batch * p->rows * p->inner + at_a, 1, &x);
        tensor_read_doubles(p->b, batch * p->inner * p->columns + at_b, 1, &y);
        sum += x * y;
    }
    return sum;
}

static bool compute_product(void *context, uint64_t first, uint64_t count, double *out) {
    for (uint64_t i = 0; i < count; i++)
        out[i] = element(context, first + i);
    return true;
}

// The operand with the batch of the output in front of its matrix.
static const struct tensor *with_batch(struct arena *arena, const struct tensor *t,
                                       const struct shape *batch, bool left) {
    struct shape matrix = t->shape, wide = *batch;
    if (matrix.rank == 1)
        matrix = left ? SHAPE(1, t->shape.dims[0]) : SHAPE(t->shape.dims[0], 1);
    wide.dims[wide.rank++] = matrix.dims[matrix.rank - 2];
    wide.dims[wide.rank++] = matrix.dims[matrix.rank - 1];
    return tensor_tile(arena, tensor_reshape(arena, t, matrix), wide);
}

enum { FOLD_MAX = 1 << 24 }; // multiplications

static bool evaluate_matmul(struct node *n, const struct tensor **outputs) {
    const struct matmul *a = n->attrs;
    struct shape batch, out = n->outputs[0].shape;
    struct matrix left = matrix_of(input_shape(n, 0), a->transpose_a, true);
    struct matrix right = matrix_of(input_shape(n, 1), a->transpose_b, false);
    uint64_t count, work;
    if (!shape_broadcast(&left.batch, &right.batch, &batch) || batch.rank + 2 > SHAPE_MAX_RANK ||
        !shape_count(&out, &count) ||
        __builtin_mul_overflow(count, (uint64_t)left.columns, &work) || work > FOLD_MAX)
        return false;
    struct product p = {
        .a = with_batch(n->graph->arena, node_constant(n, 0), &batch, true),
        .b = with_batch(n->graph->arena, node_constant(n, 1), &batch, false),
        .rows = (uint64_t)left.rows,
        .inner = (uint64_t)left.columns,
        .columns = (uint64_t)right.columns,
        .transpose_a = a->transpose_a && !left.vector,
        .transpose_b = a->transpose_b && !right.vector,
    };
    outputs[0] = tensor_compute(n->graph->arena, n->outputs[0].type, out, compute_product, &p);
    return outputs[0] != NULL;
}

const struct op_def op_MatMul = {
    .name = "MatMul",
    .doc = "product of matrices, leading dimensions broadcast",
    .opset = "opset1",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(matmul_attrs, matmul),
    .infer = infer_matmul,
    .evaluate = evaluate_matmul,
    .lowered_by = "lower_classic_fully_connected",
};

static bool infer_gemm(struct node *n) {
    struct shape x = input_shape(n, 0), y = input_shape(n, 1);
    if (!input_rank(n, 0, 2, SHAPE_MAX_RANK) || !input_rank(n, 1, 2, SHAPE_MAX_RANK))
        return false;
    if (x.rank != RANK_UNKNOWN && y.rank != RANK_UNKNOWN && x.rank != y.rank)
        return shape_error(n, "the matrices have not as many axes");
    return infer_matmul(n);
}

static const struct classic_form gemm_form = {.type = "GEMM"};

const struct op_def op_Gemm = {
    .name = "Gemm",
    .doc = "product of matrices with as many axes",
    .flags = OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(matmul_attrs, matmul),
    .infer = infer_gemm,
    .classic = &gemm_form,
};

bool matmul_turns(const struct use *u) {
    const struct matmul *a = u->user->attrs;
    return node_is(u->user, &op_MatMul) && (u->index == 0 ? a->transpose_a : a->transpose_b);
}

// --- Inverse -------------------------------------------------------------------------------------

#define ATTR_OWNER struct inverse
static const struct attr_def inverse_attrs[] = {INVERSE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static bool infer_inverse(struct node *n) {
    struct shape in = input_shape(n, 0);
    int64_t dim;
    if (!input_rank(n, 0, 2, SHAPE_MAX_RANK))
        return false;
    if (in.rank != RANK_UNKNOWN && !merge_dim(in.dims[in.rank - 2], in.dims[in.rank - 1], &dim))
        return shape_error(n, "the matrices are not square");
    return infer_same(n);
}

const struct op_def op_Inverse = {
    .name = "Inverse",
    .doc = "inverses of square matrices",
    .opset = "opset14",
    .flags = OP_OPSET,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(inverse_attrs, inverse),
    .infer = infer_inverse,
};
