// SPDX-License-Identifier: Apache-2.0
// Random numbers, losses, and integers that stand for real numbers.
#include <float.h>
#include <math.h>
#include <string.h>

#include "compiler/ops/activation.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/indexing.h"
#include "frontends/tf/spell.h"

// --- random numbers ------------------------------------------------------------------------------

static struct value *draw(struct tf_layer *l, const char *suffix, enum dtype type,
                          struct value *least, struct value *end, int64_t stream) {
    struct value *inputs[] = {l->inputs[0], least, end};
    struct node *n = build_node(&l->builder, &op_RandomUniform,
                                suffix == NULL ? l->name : tf_name(l, suffix), 3, inputs);
    struct random_uniform *a = n->attrs;
    a->output_type = type;
    a->global_seed = tf_attr_int(l->node, "seed", 0) & INT64_MAX; // IR has no negative ones
    a->op_seed = (tf_attr_int(l->node, "seed2", 0) & INT32_MAX) + stream;
    node_finish(n);
    return &n->outputs[0];
}

// Numbers of [0, 1). The seeds are the node's; the numbers are the runtime's own.
void tf_random_uniform(struct tf_layer *l) {
    enum dtype type = tf_attr_type(l->node, "dtype", DT_F32);
    if (!tf_rank(l, 0, 1, 1))
        return;
    struct value like = {.type = type};
    l->outputs[0] = draw(l, NULL, type, spell_number(l, "least", &like, 0),
                         spell_number(l, "end", &like, 1), 0);
}

void tf_random_integers(struct tf_layer *l) { // RandomUniformInt: shape, least, end
    if (tf_rank(l, 0, 1, 1) && tf_inputs(l, 3))
        l->outputs[0] = draw(l, NULL, l->inputs[1]->type, l->inputs[1], l->inputs[2], 0);
}

// Two even numbers make a normal one: sqrt(-2 log u) cos(2 pi v). TruncatedNormal draws again what
// is beyond 2; here u is bounded so that nothing is.
void tf_random_normal(struct tf_layer *l) {
    enum dtype type = tf_attr_type(l->node, "dtype", DT_F32);
    struct value like = {.type = type};
    if (!tf_rank(l, 0, 1, 1))
        return;
    bool truncated = strcmp(l->node->op, "TruncatedNormal") == 0;
    struct value *least = spell_number(l, "least", &like, truncated ? exp(-2) : (double)FLT_MIN);
    struct value *one = spell_number(l, "end", &like, 1), *zero = spell_number(l, "zero", &like, 0);
    struct value *u = draw(l, "distance", type, least, one, 0);
    struct value *v = draw(l, "angle", type, zero, one, 1);
    struct value *square = spell_two(l, &op_Multiply, "square", spell_one(l, &op_Log, "log", u),
                                     spell_number(l, "minus_two", u, -2));
    struct value *turn =
        spell_two(l, &op_Multiply, "turn", v, spell_number(l, "whole_turn", v, 2 * M_PI));
    l->outputs[0] = spell_two(l, &op_Multiply, NULL, spell_one(l, &op_Sqrt, "radius", square),
                              spell_one(l, &op_Cos, "cosine", turn));
}

// --- losses --------------------------------------------------------------------------------------

static struct value *over_classes(struct tf_layer *l, const struct op_def *op, const char *suffix) {
    struct node *n = build_node(&l->builder, op, tf_name(l, suffix), 1, l->inputs);
    ((struct softmax *)n->attrs)->axis = 1;
    node_finish(n);
    return &n->outputs[0];
}

// Logits [n, classes], and as many probabilities, or one class for each row. Outputs: the losses,
// and how they grow with the logits.
void tf_cross_entropy(struct tf_layer *l) {
    if (!tf_rank(l, 0, 2, 2) || !tf_inputs(l, 2))
        return;
    struct value *labels = l->inputs[1];
    if (strncmp(l->node->op, "Sparse", 6) == 0) {
        struct value *x = l->inputs[0];
        struct value *inputs[] = {labels, spell_dim(l, "classes", x, 1),
                                  spell_number(l, "one", x, 1), spell_number(l, "zero", x, 0)};
        labels = spell(l, &op_OneHot, "labels", 4, inputs);
    }
    struct value *log = over_classes(l, &op_LogSoftmax, "log");
    struct value *sum = spell_reduce(l, &op_ReduceSum, "sum",
                                     spell_two(l, &op_Multiply, "shares", labels, log), 1, false);
    l->outputs[0] = spell_one(l, &op_Negative, NULL, sum);
    if (l->output_count > 1)
        l->outputs[1] =
            spell_two(l, &op_Subtract, "backprop", over_classes(l, &op_SoftMax, "softmax"), labels);
}

// --- integers for real numbers -------------------------------------------------------------------

struct range {
    double low, high;
};

static bool read_end(struct tf_layer *l, uint32_t input, const char *what, double *out) {
    const struct tensor *t = tf_constant(l, input, what);
    if (t == NULL)
        return false;
    if (tensor_count(t) != 1) {
        tf_fail(l, NOT_SUPPORTED, "a range for each channel", "there must be one");
        return false;
    }
    tensor_read_doubles(t, 0, 1, out);
    return true;
}

// The real number is integer * scale + shift.
struct steps {
    float scale, shift;
};

static bool find_steps(struct tf_layer *l, enum dtype type, struct range r, struct steps *out) {
    const char *mode = tf_attr_text(l->arena, l->node, "mode", "MIN_COMBINED");
    bool is_signed = dtype_is_signed(type);
    double count = ldexp(1, (int)dtype_size(type) * 8), least = is_signed ? -count / 2 : 0;
    if (strcmp(mode, "SCALED") == 0) {
        double below = is_signed ? r.low / least : 0, above = r.high / (count - 1 + least);
        *out = (struct steps){(float)(below > above ? below : above), 0};
        return true;
    }
    float scale = (float)((r.high - r.low) / (count - 1)), low = (float)r.low;
    if (strcmp(mode, "MIN_FIRST") == 0)
        low = roundf(low / scale) * scale;
    *out = (struct steps){scale, (float)(low - least * (double)scale)};
    return strcmp(mode, "MIN_COMBINED") == 0 || strcmp(mode, "MIN_FIRST") == 0;
}

// Integers, the ends of their range.
void tf_dequantize(struct tf_layer *l) {
    struct range r;
    struct steps s;
    if (!tf_inputs(l, 3) || !read_end(l, 1, "min_range", &r.low) ||
        !read_end(l, 2, "max_range", &r.high))
        return;
    struct value *x = l->inputs[0];
    if (dtype_is_float(x->type) || dtype_size(x->type) > 4 || !find_steps(l, x->type, r, &s)) {
        tf_fail(l, NOT_SUPPORTED, "this way of standing for real numbers",
                "modes are MIN_COMBINED, MIN_FIRST and SCALED");
        return;
    }
    x = build_convert(l->builder.graph, tf_name(l, "numbers"), x, DT_F32);
    x = spell_two(l, &op_Multiply, "scaled", x, spell_number(l, "scale", x, (double)s.scale));
    l->outputs[0] = spell_two(l, &op_Add, NULL, x, spell_number(l, "shift", x, (double)s.shift));
}
