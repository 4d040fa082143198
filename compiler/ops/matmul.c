// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/matmul.h"

#include <inttypes.h>

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
    .lowered_by = "lower_classic_fully_connected",
};
