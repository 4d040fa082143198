// SPDX-License-Identifier: Apache-2.0
// Einsum of one or two operands as sums, a product of matrices and transposes. Letters in both
// operands and the result are a batch, those in both but not the result are summed over, those in
// one operand and the result stay beside one another.
#include <ctype.h>
#include <string.h>

#include "compiler/ops/matmul.h"
#include "frontends/tf/spell.h"

enum { LETTERS_MAX = SHAPE_MAX_RANK };

struct letters {
    uint32_t count;
    char at[LETTERS_MAX];
};

struct operand {
    struct value *value;
    struct letters letters;
    const char *name;
};

static bool has(const struct letters *all, char letter) {
    return all->count > 0 && memchr(all->at, letter, all->count) != NULL;
}

static int64_t place_of(const struct letters *all, char letter) {
    for (uint32_t i = 0; i < all->count; i++)
        if (all->at[i] == letter)
            return i;
    return -1;
}

static void append(struct letters *all, char letter) {
    if (all->count < LETTERS_MAX)
        all->at[all->count++] = letter;
}

static void append_all(struct letters *all, const struct letters *more) {
    for (uint32_t i = 0; i < more->count; i++)
        append(all, more->at[i]);
}

// --- the equation --------------------------------------------------------------------------------

static bool fail_equation(struct tf_layer *l, const char *why) {
    tf_fail(l, NOT_SUPPORTED, "this equation", why);
    return false;
}

// Axes that "..." stands for, as letters 'A' + 64 and on: the last ones of each operand match.
static void append_rest(struct letters *out, uint32_t count, uint32_t most) {
    for (uint32_t i = most - count; i < most; i++)
        append(out, (char)(1 + i));
}

// One operand's letters up to `end`. `rest` is how many axes "..." stands for there.
static bool read_letters(struct tf_layer *l, const char *text, const char *end, uint32_t rest,
                         uint32_t most_rest, struct letters *out) {
    *out = (struct letters){.count = 0};
    for (; text < end; text++) {
        if (*text == ' ')
            continue;
        if (end - text >= 3 && strncmp(text, "...", 3) == 0) {
            append_rest(out, rest, most_rest);
            text += 2;
            continue;
        }
        if (!isalpha((unsigned char)*text) || has(out, *text) || out->count == LETTERS_MAX)
            return fail_equation(l, "an axis stands twice in one operand, or is no letter");
        append(out, *text);
    }
    return true;
}

static uint32_t count_letters(const char *text, const char *end) {
    uint32_t count = 0;
    for (; text < end; text++)
        count += isalpha((unsigned char)*text) ? 1 : 0;
    return count;
}

// Each operand's part of the equation.
struct part {
    const char *start, *end;
    uint32_t rest;
};

static bool split_equation(struct tf_layer *l, const char *equation, struct part *parts,
                           struct part *result) {
    const char *arrow = strstr(equation, "->"), *at = equation;
    if (arrow == NULL)
        return fail_equation(l, "it must say its result");
    for (uint32_t i = 0; i < l->input_count; i++) {
        const char *end = memchr(at, ',', (size_t)(arrow - at));
        bool last = i + 1 == l->input_count;
        if ((end == NULL) != last)
            return fail_equation(l, "it has not a part for each operand");
        parts[i] = (struct part){.start = at, .end = last ? arrow : end};
        int64_t rank = l->inputs[i]->shape.rank, letters = count_letters(at, parts[i].end);
        bool open = memchr(at, '.', (size_t)(parts[i].end - at)) != NULL;
        if (rank < letters || (!open && rank != letters))
            return fail_equation(l, "its letters are not the axes of an operand");
        parts[i].rest = (uint32_t)(rank - letters);
        at = parts[i].end + 1;
    }
    *result = (struct part){.start = arrow + 2, .end = arrow + strlen(arrow)};
    return true;
}

static bool read_equation(struct tf_layer *l, struct operand *operands, struct letters *result) {
    const char *equation = tf_attr_text(l->arena, l->node, "equation", "");
    struct part parts[2], out;
    if (!split_equation(l, equation, parts, &out))
        return false;
    for (uint32_t i = 0; i < l->input_count; i++)
        out.rest = parts[i].rest > out.rest ? parts[i].rest : out.rest;
    for (uint32_t i = 0; i < l->input_count; i++)
        if (!read_letters(l, parts[i].start, parts[i].end, parts[i].rest, out.rest,
                          &operands[i].letters))
            return false;
    if (!read_letters(l, out.start, out.end, out.rest, out.rest, result))
        return false;
    for (uint32_t i = 0; i < result->count; i++)
        if (!has(&operands[0].letters, result->at[i]) &&
            (l->input_count < 2 || !has(&operands[1].letters, result->at[i])))
            return fail_equation(l, "its result has an axis that no operand has");
    return true;
}

// --- operands ------------------------------------------------------------------------------------

static const char *step_name(struct tf_layer *l, const struct operand *o, const char *what) {
    return arena_printf(l->arena, "%s/%s", o->name, what);
}

// Sums over letters that nobody else has.
static void sum_alone(struct tf_layer *l, struct operand *o, const struct letters *other,
                      const struct letters *result) {
    struct letters kept = {.count = 0};
    int64_t axes[LETTERS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < o->letters.count; i++) {
        char letter = o->letters.at[i];
        if (has(result, letter) || (other != NULL && has(other, letter)))
            append(&kept, letter);
        else
            axes[count++] = i;
    }
    if (count == 0)
        return;
    o->value = spell_two(l, &op_ReduceSum, step_name(l, o, "sum"), o->value,
                         spell_list(l, step_name(l, o, "sum/axes"), count, axes));
    o->letters = kept;
}

static void turn_to(struct tf_layer *l, const char *suffix, struct value **x,
                    const struct letters *from, const struct letters *to) {
    int64_t order[LETTERS_MAX];
    bool same = true;
    for (uint32_t i = 0; i < to->count; i++) {
        order[i] = place_of(from, to->at[i]);
        same = same && order[i] == i;
    }
    if (!same || suffix == NULL)
        *x = build_transpose(&l->builder, suffix == NULL ? l->name : tf_name(l, suffix), *x,
                             to->count, order);
}

struct product {
    struct letters batch, left, right, summed;
};

static struct product sort_letters(const struct operand *o, const struct letters *result) {
    struct product p = {0};
    for (uint32_t i = 0; i < o[0].letters.count; i++) {
        char letter = o[0].letters.at[i];
        bool both = has(&o[1].letters, letter);
        append(!both ? &p.left : has(result, letter) ? &p.batch : &p.summed, letter);
    }
    for (uint32_t i = 0; i < o[1].letters.count; i++)
        if (!has(&o[0].letters, o[1].letters.at[i]))
            append(&p.right, o[1].letters.at[i]);
    return p;
}

static int64_t dim_of(const struct operand *o, char letter) {
    int64_t at = place_of(&o->letters, letter);
    return at < 0 || at >= o->value->shape.rank ? 1 : o->value->shape.dims[at];
}

static void append_dims(int64_t *dims, uint32_t *rank, const struct operand *o,
                        const struct letters *letters) {
    for (uint32_t i = 0; i < letters->count; i++)
        dims[(*rank)++] = dim_of(o, letters->at[i]);
}

// One number for several axes: unknown when one of them is. False after a report.
static bool joined_dim(struct tf_layer *l, const struct operand *o, const struct letters *letters,
                       int64_t *out) {
    bool open = false, large = false;
    *out = 1;
    for (uint32_t i = 0; i < letters->count; i++) {
        int64_t dim = dim_of(o, letters->at[i]);
        if (dim == DIM_UNKNOWN)
            open = true;
        else
            large = __builtin_mul_overflow(*out, dim, out) || large;
    }
    if (open)
        *out = DIM_UNKNOWN;
    return !large || fail_equation(l, "its axes are too large together");
}

static uint32_t count_open(const int64_t *dims, uint32_t rank) {
    uint32_t open = 0;
    for (uint32_t i = 0; i < rank; i++)
        open += dims[i] == DIM_UNKNOWN;
    return open;
}

// The operand as [batch..., rows, columns], each of the two one axis.
static bool to_matrices(struct tf_layer *l, struct operand *o, const struct letters *batch,
                        const struct letters *rows, const struct letters *columns) {
    struct letters order = *batch;
    int64_t dims[LETTERS_MAX + 2];
    uint32_t rank = 0;
    append_all(&order, rows);
    append_all(&order, columns);
    append_dims(dims, &rank, o, batch);
    if (!joined_dim(l, o, rows, &dims[rank]) || !joined_dim(l, o, columns, &dims[rank + 1]))
        return false;
    rank += 2;
    turn_to(l, step_name(l, o, "turned"), &o->value, &o->letters, &order);
    o->letters = order;
    if (rows->count == 1 && columns->count == 1)
        return true;
    if (count_open(dims, rank) > 1 || rank > SHAPE_MAX_RANK) {
        const struct value *x = o->value;
        tf_fail(l, SHAPE_PARTLY_KNOWN, x->index, x->producer->name,
                shape_text(l->arena, &x->shape));
        return false;
    }
    o->value = spell_reshape(l, step_name(l, o, "matrices"), o->value, rank, dims);
    return true;
}

// --- the product ---------------------------------------------------------------------------------

// [batch..., left, right] as the result has them.
static void give_result(struct tf_layer *l, const struct product *p, const struct operand *before,
                        struct value *y, const struct letters *result) {
    struct letters order = p->batch;
    int64_t dims[LETTERS_MAX * 2];
    uint32_t rank = 0;
    append_all(&order, &p->left);
    append_all(&order, &p->right);
    for (; rank < p->batch.count; rank++) { // they broadcast
        int64_t dim = dim_of(&before[0], p->batch.at[rank]);
        dims[rank] = dim == 1 ? dim_of(&before[1], p->batch.at[rank]) : dim;
    }
    append_dims(dims, &rank, &before[0], &p->left);
    append_dims(dims, &rank, &before[1], &p->right);
    if (p->left.count != 1 || p->right.count != 1) {
        if (count_open(dims, rank) > 1) {
            tf_fail(l, SHAPE_PARTLY_KNOWN, y->index, y->producer->name,
                    shape_text(l->arena, &y->shape));
            return;
        }
        y = spell_reshape(l, "apart", y, rank, dims);
    }
    turn_to(l, NULL, &y, &order, result);
    l->outputs[0] = y;
}

// Neither operand has an axis of its own: element by element, and a sum.
static void multiply_elements(struct tf_layer *l, struct operand *o, const struct product *p,
                              const struct letters *result) {
    turn_to(l, step_name(l, &o[1], "turned"), &o[1].value, &o[1].letters, &o[0].letters);
    struct operand both = {.name = "both", .letters = o[0].letters};
    both.value = spell_two(l, &op_Multiply, "product", o[0].value, o[1].value);
    if (p->summed.count > 0)
        sum_alone(l, &both, NULL, result);
    turn_to(l, NULL, &both.value, &both.letters, result);
    l->outputs[0] = both.value;
}

static void multiply(struct tf_layer *l, struct operand *o, const struct letters *result) {
    sum_alone(l, &o[0], &o[1].letters, result);
    sum_alone(l, &o[1], &o[0].letters, result);
    struct product p = sort_letters(o, result);
    struct operand before[2] = {o[0], o[1]};
    if (p.left.count + p.right.count == 0) {
        multiply_elements(l, o, &p, result);
        return;
    }
    if (p.batch.count + p.left.count + p.right.count > LETTERS_MAX) {
        fail_equation(l, "it has too many axes");
        return;
    }
    if (!to_matrices(l, &o[0], &p.batch, &p.left, &p.summed) ||
        !to_matrices(l, &o[1], &p.batch, &p.summed, &p.right))
        return;
    struct value *y = spell_two(l, &op_MatMul, "product", o[0].value, o[1].value);
    if (!y->poison)
        give_result(l, &p, before, y, result);
}

void tf_einsum(struct tf_layer *l) {
    struct operand operands[2] = {{.name = "a"}, {.name = "b"}};
    struct letters result;
    if (!tf_inputs(l, 1))
        return;
    if (l->input_count > 2) {
        fail_equation(l, "it has more than two operands");
        return;
    }
    for (uint32_t i = 0; i < l->input_count; i++) {
        operands[i].value = l->inputs[i];
        if (!tf_rank(l, i, 0, SHAPE_MAX_RANK))
            return;
    }
    if (!read_equation(l, operands, &result))
        return;
    if (l->input_count == 2) {
        multiply(l, operands, &result);
        return;
    }
    sum_alone(l, &operands[0], NULL, &result);
    turn_to(l, NULL, &operands[0].value, &operands[0].letters, &result);
    l->outputs[0] = operands[0].value;
}
