// SPDX-License-Identifier: Apache-2.0
// Rows that are joined when they have the same number: sums, means, products, largest, smallest.
#include <string.h>

#include "compiler/ops/indexing.h"
#include "compiler/ops/matmul.h"
#include "frontends/tf/spell.h"

enum segment_mean { MEAN_NONE, MEAN_PLAIN, MEAN_ROOT };

struct segment_kind {
    const char *word; // in the operator's name
    int reduction;
    double empty; // what a segment without rows has; of Unsorted with NO_ROWS, the worst number
    enum segment_mean mean;
};

static const struct segment_kind kinds[] = {
    {"Sum", SCATTER_SUM, 0, MEAN_NONE},   {"Mean", SCATTER_SUM, 0, MEAN_PLAIN},
    {"SqrtN", SCATTER_SUM, 0, MEAN_ROOT}, {"Prod", SCATTER_PROD, 1, MEAN_NONE},
    {"Max", SCATTER_MAX, 0, MEAN_NONE},   {"Min", SCATTER_MIN, 0, MEAN_NONE},
};

static const struct segment_kind *kind_of(const struct tf_layer *l) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strstr(l->node->op, kinds[i].word) != NULL)
            return &kinds[i];
    return &kinds[0];
}

struct segments {
    struct value *rows;    // [n, ...]
    struct value *numbers; // [n]
    struct value *count;   // [1]
    bool sorted;
};

// The worst number of a type: each other one is larger, or smaller.
static double worst_of(enum dtype type, bool largest) {
    double most = dtype_is_float(type) ? 3.4028234663852886e38
                  : type == DT_I64     ? 9223372036854774784.0
                                       : 2147483647;
    return largest ? (dtype_is_float(type) ? -most : -most - 1) : most;
}

static double first_number(const struct segment_kind *k, enum dtype type) {
    bool largest = k->reduction == SCATTER_MAX;
    return largest || k->reduction == SCATTER_MIN ? worst_of(type, largest) : k->empty;
}

// How many rows each segment has, with an axis for each of the data.
static struct value *sizes_of(struct tf_layer *l, const struct segments *s) {
    int64_t dims[SHAPE_MAX_RANK] = {-1};
    int32_t rank = s->rows->shape.rank;
    for (int32_t i = 1; i < rank; i++)
        dims[i] = 1;
    struct value *one = spell_number(l, "one", s->rows, 1);
    struct value *ones =
        spell_two(l, &op_Broadcast, "ones", one, spell_shape(l, "numbers_shape", s->numbers));
    struct value *none =
        spell_two(l, &op_Broadcast, "none", spell_number(l, "zero", s->rows, 0), s->count);
    struct value *sizes = spell_scatter(l, "sizes", SCATTER_SUM, none,
                                        spell_unsqueeze(l, "sizes/places", s->numbers, -1), ones);
    return spell_reshape(l, "each_size", sizes, (uint32_t)rank, dims);
}

static void join_rows(struct tf_layer *l, const struct segments *s) {
    const struct segment_kind *k = kind_of(l);
    bool holes = s->sorted && (k->reduction == SCATTER_MAX || k->reduction == SCATTER_MIN);
    bool more = holes || k->mean != MEAN_NONE;
    struct value *start =
        spell_rows_like(l, "start", s->count, s->rows, first_number(k, s->rows->type));
    struct value *places = spell_unsqueeze(l, "places", s->numbers, -1);
    struct value *all =
        spell_scatter(l, more ? "joined" : NULL, k->reduction, start, places, s->rows);
    l->outputs[0] = all;
    if (!more || all->poison)
        return;
    struct value *sizes = sizes_of(l, s);
    if (holes) {
        struct value *empty =
            spell_two(l, &op_Equal, "is_empty", sizes, spell_number(l, "no_rows", sizes, 0));
        l->outputs[0] = spell_choice(l, NULL, empty, spell_number(l, "empty", all, k->empty), all);
        return;
    }
    sizes = spell_two(l, &op_Maximum, "divisor", sizes, spell_number(l, "one_row", sizes, 1));
    if (k->mean == MEAN_ROOT)
        sizes = spell_one(l, &op_Sqrt, "root", sizes);
    l->outputs[0] = spell_two(l, &op_Divide, NULL, all, sizes);
}

// As many segments as the last number says.
static struct value *count_by_numbers(struct tf_layer *l, struct value *numbers) {
    struct value *last = spell_reduce(l, &op_ReduceMax, "last", numbers, 0, true);
    return spell_two(l, &op_Add, "count", last, spell_list(l, "next", 1, (const int64_t[]){1}));
}

static struct value *count_by_input(struct tf_layer *l, uint32_t input) {
    struct value *count = spell_convert(l, "count_whole", l->inputs[input], DT_I64);
    return spell_reshape(l, "count", count, 1, (const int64_t[]){1});
}

// SegmentSum and its like: rows, their numbers in rising order.
void tf_segment(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, SHAPE_MAX_RANK) || !tf_rank(l, 1, 1, 1))
        return;
    struct segments s = {.rows = l->inputs[0], .sorted = true};
    s.numbers = spell_convert(l, "numbers", l->inputs[1], DT_I64);
    s.count = count_by_numbers(l, s.numbers);
    join_rows(l, &s);
}

// SparseSegmentSum and its like: data, which rows of it, their numbers; how many segments.
void tf_sparse_segment(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, SHAPE_MAX_RANK) || !tf_rank(l, 1, 1, 1) || !tf_rank(l, 2, 1, 1))
        return;
    struct segments s = {.rows = spell_gather(l, "rows", l->inputs[0], l->inputs[1], 0),
                         .sorted = true};
    s.numbers = spell_convert(l, "numbers", l->inputs[2], DT_I64);
    s.count = l->input_count > 3 ? count_by_input(l, 3) : count_by_numbers(l, s.numbers);
    join_rows(l, &s);
}

// UnsortedSegmentSum and its like: data, a number for each row, how many segments. Rows with a
// negative number are dropped: they become a segment of their own, behind the last.
void tf_unsorted_segment(struct tf_layer *l) {
    if (!tf_rank(l, 0, 1, SHAPE_MAX_RANK) || !tf_rank(l, 1, 1, 1) || !tf_inputs(l, 3))
        return;
    struct segments s = {.rows = l->inputs[0]};
    struct value *count = count_by_input(l, 2);
    struct value *numbers = spell_convert(l, "numbers", l->inputs[1], DT_I64);
    struct value *dropped =
        spell_two(l, &op_Less, "is_dropped", numbers, spell_integer(l, "zero_number", 0));
    s.numbers = spell_choice(l, "kept", dropped, count, numbers);
    s.count =
        spell_two(l, &op_Add, "one_more", count, spell_list(l, "next", 1, (const int64_t[]){1}));
    struct value *start =
        spell_rows_like(l, "start", s.count, s.rows, first_number(kind_of(l), s.rows->type));
    struct value *all = spell_scatter(l, "joined", kind_of(l)->reduction, start,
                                      spell_unsqueeze(l, "places", s.numbers, -1), s.rows);
    l->outputs[0] = all->poison ? all : spell_slice(l, NULL, all, 0, 0, -1);
}

// --- counts and sparse matrices ------------------------------------------------------------------

// Numbers, how many bins, weights (none: 1 each): the sum in each bin. Numbers beyond go to a bin
// behind the last, which is cut.
void tf_bincount(struct tf_layer *l) {
    uint64_t weight_count;
    if (!tf_rank(l, 0, 0, SHAPE_MAX_RANK) || !tf_inputs(l, 3))
        return;
    struct value *weights = l->inputs[2];
    struct value *numbers = spell_convert(l, "numbers", l->inputs[0], DT_I64);
    numbers = spell_reshape(l, "list", numbers, 1, (const int64_t[]){-1});
    struct value *count = count_by_input(l, 1);
    if (shape_count(&weights->shape, &weight_count) && weight_count == 0)
        weights = spell_two(l, &op_Broadcast, "ones", spell_number(l, "one", weights, 1),
                            spell_shape(l, "list_shape", numbers));
    else
        weights = spell_reshape(l, "weights", weights, 1, (const int64_t[]){-1});
    struct value *bins = spell_two(l, &op_Minimum, "bins", numbers, count);
    struct value *size =
        spell_two(l, &op_Add, "one_more", count, spell_list(l, "next", 1, (const int64_t[]){1}));
    struct value *none =
        spell_two(l, &op_Broadcast, "none", spell_number(l, "zero", weights, 0), size);
    struct value *all =
        spell_scatter(l, "all", SCATTER_SUM, none, spell_unsqueeze(l, "places", bins, -1), weights);
    l->outputs[0] = all->poison ? all : spell_slice(l, NULL, all, 0, 0, -1);
}

// Places [n, 2], numbers [n], the matrix's shape, a dense matrix.
void tf_sparse_matmul(struct tf_layer *l) {
    if (!tf_rank(l, 0, 2, 2) || !tf_rank(l, 1, 1, 1) || !tf_inputs(l, 4))
        return;
    struct value *none = spell_two(l, &op_Broadcast, "zeros",
                                   spell_number(l, "zero", l->inputs[1], 0), l->inputs[2]);
    struct value *dense = spell_scatter(l, "dense", SCATTER_SUM, none, l->inputs[0], l->inputs[1]);
    struct node *n =
        build_node(&l->builder, &op_MatMul, l->name, 2, (struct value *[]){dense, l->inputs[3]});
    ((struct matmul *)n->attrs)->transpose_a = tf_attr_bool(l->node, "adjoint_a", false);
    ((struct matmul *)n->attrs)->transpose_b = tf_attr_bool(l->node, "adjoint_b", false);
    node_finish(n);
    l->outputs[0] = &n->outputs[0];
}

// The same, with a dense tensor of that shape.
void tf_sparse_add(struct tf_layer *l) {
    if (tf_rank(l, 0, 2, 2) && tf_rank(l, 1, 1, 1) && tf_inputs(l, 4))
        l->outputs[0] =
            spell_scatter(l, NULL, SCATTER_SUM, l->inputs[3], l->inputs[0], l->inputs[1]);
}
