// SPDX-License-Identifier: Apache-2.0
// Diagonals and bands of matrices, which are the last two axes of the data.
#include <string.h>

#include "compiler/ops/matmul.h"
#include "frontends/tf/spell.h"

static struct value *row_numbers(struct tf_layer *l, struct value *x, int32_t axis) {
    struct value *rows = spell_range(l, "rows", spell_dim(l, "row_count", x, axis));
    return spell_unsqueeze(l, "rows_column", rows, 1);
}

static struct value *column_numbers(struct tf_layer *l, struct value *x, int32_t axis) {
    return spell_range(l, "columns", spell_dim(l, "column_count", x, axis));
}

// Where row and column of the matrices in x are the same.
static struct value *is_diagonal(struct tf_layer *l, struct value *x, int32_t rows,
                                 int32_t columns) {
    return spell_two(l, &op_Equal, "is_diagonal", row_numbers(l, x, rows),
                     column_numbers(l, x, columns));
}

// The later versions say which diagonal, and more; only the main one is taken.
static bool is_main(struct tf_layer *l, uint32_t k_input) {
    size_t length = strlen(l->node->op);
    int64_t k;
    if (l->node->op[length - 2] != 'V')
        return true;
    if (!tf_number(l, k_input, "k", &k))
        return false;
    if (k != 0)
        tf_fail(l, NOT_SUPPORTED, "a diagonal beside the main one", "k must be 0");
    return k == 0;
}

// --- making matrices -----------------------------------------------------------------------------

static void make_diagonal(struct tf_layer *l, const char *suffix, struct value *x,
                          struct value **out) {
    int32_t last = x->shape.rank - 1;
    struct value *zero = spell_number(l, "zero", x, 0);
    *out = spell_choice(l, suffix, is_diagonal(l, x, last, last), spell_unsqueeze(l, "wide", x, -1),
                        zero);
}

// Sizes that the later versions may say: -1, or those of a square matrix.
static bool is_square(struct tf_layer *l, int64_t dim) {
    for (uint32_t i = 2; i < 4 && i < l->input_count; i++) {
        int64_t wanted;
        if (!tf_number(l, i, i == 2 ? "num_rows" : "num_cols", &wanted))
            return false;
        if (wanted != -1 && wanted != dim) {
            tf_fail(l, NOT_SUPPORTED, "a matrix that is longer than its diagonal",
                    "it must be square");
            return false;
        }
    }
    return true;
}

void tf_matrix_diag(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, SHAPE_MAX_RANK - 1) || !is_main(l, 1) ||
        !is_square(l, l->inputs[0]->shape.dims[l->inputs[0]->shape.rank - 1]))
        return;
    if (l->input_count > 4) {
        double padding;
        const struct tensor *t = tf_constant(l, 4, "padding_value");
        if (t == NULL || !tensor_uniform(t, &padding))
            return;
        if (padding != 0) {
            tf_fail(l, NOT_SUPPORTED, "a padding_value", "it must be 0");
            return;
        }
    }
    make_diagonal(l, NULL, l->inputs[0], &l->outputs[0]);
}

// The result has the axes of the data twice.
void tf_diag(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, SHAPE_MAX_RANK / 2) || !tf_static(l, 0))
        return;
    struct value *x = l->inputs[0];
    int64_t dims[SHAPE_MAX_RANK];
    int32_t rank = x->shape.rank;
    for (int32_t i = 0; i < rank; i++)
        dims[i] = dims[i + rank] = x->shape.dims[i];
    if (rank > 1)
        x = spell_reshape(l, "flat", x, 1, (const int64_t[]){-1});
    make_diagonal(l, rank == 1 ? NULL : "matrix", x, &l->outputs[0]);
    if (rank > 1)
        l->outputs[0] = spell_reshape(l, NULL, l->outputs[0], (uint32_t)rank * 2, dims);
}

// --- taking diagonals ----------------------------------------------------------------------------

// Elements 0, n + 1, 2n + 2, ... of m x n matrices laid out as rows.
static void take_diagonal(struct tf_layer *l, const char *suffix, struct value *x, int64_t rows,
                          int64_t columns, struct value **out) {
    int64_t count = rows < columns ? rows : columns;
    int64_t *places = arena_array_of(l->arena, (uint64_t)count, int64_t);
    for (int64_t i = 0; i < count; i++)
        places[i] = i * (columns + 1);
    *out = spell_gather(l, suffix, x, spell_list(l, "places", (uint32_t)count, places), -1);
}

static bool matrices_are_known(struct tf_layer *l, struct value *x) {
    enum { COUNT_MAX = 1 << 20 };
    int32_t rank = x->shape.rank;
    int64_t rows = x->shape.dims[rank - 2], columns = x->shape.dims[rank - 1];
    if (rows >= 0 && columns >= 0 && rows <= COUNT_MAX && columns <= COUNT_MAX)
        return true;
    tf_fail(l, SHAPE_PARTLY_KNOWN, x->index, x->producer->name, shape_text(l->arena, &x->shape));
    return false;
}

void tf_matrix_diag_part(struct tf_layer *l) {
    if (!tf_rank(l, 0, 2, SHAPE_MAX_RANK) || !is_main(l, 1) || !matrices_are_known(l, l->inputs[0]))
        return;
    struct value *x = l->inputs[0];
    int32_t rank = x->shape.rank;
    int64_t dims[SHAPE_MAX_RANK] = {0};
    for (int32_t i = 0; i < rank - 2; i++)
        dims[i] = x->shape.dims[i] != DIM_UNKNOWN ? x->shape.dims[i] : 0; // 0 copies
    dims[rank - 2] = x->shape.dims[rank - 2] * x->shape.dims[rank - 1];
    struct value *flat = spell_reshape(l, "flat", x, (uint32_t)rank - 1, dims);
    take_diagonal(l, NULL, flat, x->shape.dims[rank - 2], x->shape.dims[rank - 1], &l->outputs[0]);
}

void tf_diag_part(struct tf_layer *l) {
    if (!tf_rank(l, 0, 2, SHAPE_MAX_RANK) || !tf_static(l, 0))
        return;
    struct value *x = l->inputs[0];
    int32_t half = x->shape.rank / 2;
    uint64_t rows, columns;
    if (x->shape.rank % 2 != 0 || !shape_count_range(&x->shape, 0, half, &rows) ||
        !shape_count_range(&x->shape, half, x->shape.rank, &columns) || rows != columns ||
        rows > UINT16_MAX) {
        tf_fail(l, SHAPE_MISMATCH, "the data has not its axes twice");
        return;
    }
    struct value *flat = spell_reshape(l, "flat", x, 1, (const int64_t[]){-1});
    take_diagonal(l, half == 1 ? NULL : "diagonal", flat, (int64_t)rows, (int64_t)columns,
                  &l->outputs[0]);
    if (half > 1)
        l->outputs[0] = spell_reshape(l, NULL, l->outputs[0], (uint32_t)half, x->shape.dims);
}

// --- in place ------------------------------------------------------------------------------------

void tf_matrix_set_diag(struct tf_layer *l) {
    if (!tf_rank(l, 0, 2, SHAPE_MAX_RANK) || !is_main(l, 2) || !tf_rank(l, 1, 1, SHAPE_MAX_RANK))
        return;
    struct value *x = l->inputs[0];
    int32_t rank = x->shape.rank;
    int64_t rows = x->shape.dims[rank - 2], columns = x->shape.dims[rank - 1];
    if ((rows < 0 || columns < 0) && rows != columns) {
        matrices_are_known(l, x);
        return;
    }
    // The diagonal is as long as the shorter axis; along the other it repeats.
    struct value *diagonal =
        spell_unsqueeze(l, "diagonal", l->inputs[1], rows <= columns ? -1 : -2);
    l->outputs[0] = spell_choice(l, NULL, is_diagonal(l, x, rank - 2, rank - 1), diagonal, x);
}

// column - row is at most `upper`, row - column at most `lower`; negative numbers keep all.
static struct value *within(struct tf_layer *l, const char *suffix, struct value *ahead,
                            struct value *most) {
    struct value *limit =
        spell_convert(l, arena_printf(l->arena, "%s/limit", suffix), most, DT_I64);
    struct value *zero = spell_integer(l, arena_printf(l->arena, "%s/zero", suffix), 0);
    struct value *open =
        spell_two(l, &op_Less, arena_printf(l->arena, "%s/is_open", suffix), limit, zero);
    struct value *near =
        spell_two(l, &op_LessEqual, arena_printf(l->arena, "%s/is_near", suffix), ahead, limit);
    return spell_two(l, &op_LogicalOr, suffix, open, near);
}

// Data, how many diagonals below the main one stay, how many above.
void tf_matrix_band_part(struct tf_layer *l) {
    if (!tf_rank(l, 0, 2, SHAPE_MAX_RANK) || !tf_inputs(l, 3))
        return;
    struct value *x = l->inputs[0];
    struct value *rows = row_numbers(l, x, x->shape.rank - 2);
    struct value *columns = column_numbers(l, x, x->shape.rank - 1);
    struct value *below =
        within(l, "lower", spell_two(l, &op_Subtract, "lower/ahead", rows, columns), l->inputs[1]);
    struct value *above =
        within(l, "upper", spell_two(l, &op_Subtract, "upper/ahead", columns, rows), l->inputs[2]);
    struct value *band = spell_two(l, &op_LogicalAnd, "band", below, above);
    l->outputs[0] = spell_choice(l, NULL, band, x, spell_number(l, "zero", x, 0));
}

// --- vectors of three ----------------------------------------------------------------------------

// a x b = a[1,2,0] * b[2,0,1] - a[2,0,1] * b[1,2,0]
void tf_cross(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, SHAPE_MAX_RANK) || !tf_rank(l, 1, 1, SHAPE_MAX_RANK))
        return;
    struct value *next = spell_list(l, "next", 3, (const int64_t[]){1, 2, 0});
    struct value *before = spell_list(l, "before", 3, (const int64_t[]){2, 0, 1});
    struct value *a = l->inputs[0], *b = l->inputs[1];
    struct value *plus = spell_two(l, &op_Multiply, "plus", spell_gather(l, "a_next", a, next, -1),
                                   spell_gather(l, "b_before", b, before, -1));
    struct value *minus =
        spell_two(l, &op_Multiply, "minus", spell_gather(l, "a_before", a, before, -1),
                  spell_gather(l, "b_next", b, next, -1));
    l->outputs[0] = spell_two(l, &op_Subtract, NULL, plus, minus);
}

// --- inverses ------------------------------------------------------------------------------------

// The adjoint of the inverse is the inverse of what is transposed.
void tf_matrix_inverse(struct tf_layer *l) {
    if (!tf_inputs(l, 1))
        return;
    struct node *n = build_node(&l->builder, &op_Inverse, l->name, 1, l->inputs);
    ((struct inverse *)n->attrs)->adjoint = tf_attr_bool(l->node, "adjoint", false);
    node_finish(n);
    l->outputs[0] = &n->outputs[0];
}
