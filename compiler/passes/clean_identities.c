// SPDX-License-Identifier: Apache-2.0
// Operators that give back their input: x + 0, x * 1, a squeeze to the same shape, a concatenation
// of one... A Reshape that changes nothing stays: classic IR has always had it
// (lower_opset_reshapes takes it out). Each rule says whether a node is one; `input` is the input
// it gives back.
#include "compiler/ops/movement.h"
#include "compiler/ops/slicing.h"
#include "compiler/passes/linear.h"

static bool same_shape(const struct node *n, uint32_t input) {
    const struct shape *from = &n->inputs[input].value->shape, *to = &n->outputs[0].shape;
    int32_t unknown = 0;
    for (int32_t i = 0; i < to->rank; i++)
        unknown += to->dims[i] < 0;
    return to->rank >= 0 && unknown <= 1 && shape_equal(from, to);
}

// One number everywhere, which may be broadcast to a shape that is not known.
static bool input_is(const struct node *n, uint32_t index, double wanted) {
    const struct node *wide = node_producer(n, index, &op_Broadcast);
    const struct tensor *t = wide != NULL ? node_constant(wide, 0) : node_constant(n, index);
    double number;
    return t != NULL && tensor_uniform(t, &number) && number == wanted;
}

// The operand that changes nothing, and in which places it may stand.
static bool has_neutral(const struct node *n, double neutral, bool commutes, uint32_t *input) {
    for (uint32_t i = 0; i < (commutes ? 2U : 1U); i++) {
        *input = i;
        if (input_is(n, 1 - i, neutral) && same_shape(n, i))
            return true;
    }
    return false;
}

// Also through a Transpose that has not sunk yet.
static bool is_of_layer(const struct value *v) {
    const struct node *n = v->producer;
    return has_filters(node_is(n, &op_Transpose) ? node_input(n, 0)->producer : n);
}

// The bias of a layer stays even when it is zero: classic IR writes it.
static bool is_bias(const struct node *n) {
    return is_of_layer(n->inputs[0].value) || is_of_layer(n->inputs[1].value);
}

static bool adds_nothing(const struct node *n, uint32_t *input) {
    return !is_bias(n) && has_neutral(n, 0, true, input);
}
static bool subtracts_nothing(const struct node *n, uint32_t *input) {
    return has_neutral(n, 0, false, input);
}
static bool multiplies_by_one(const struct node *n, uint32_t *input) {
    return has_neutral(n, 1, true, input);
}
static bool ends_in_one(const struct node *n, uint32_t *input) {
    return has_neutral(n, 1, false, input);
}

// For operators that keep the elements' order whenever they keep the shape.
static bool keeps_shape(const struct node *n, uint32_t *input) {
    *input = 0;
    return same_shape(n, 0);
}

// An unknown dimension may have been repeated.
static bool repeats_nothing(const struct node *n, uint32_t *input) {
    *input = 0;
    return same_shape(n, 0) && shape_is_static(&n->outputs[0].shape);
}

static bool keeps_type(const struct node *n, uint32_t *input) {
    *input = 0;
    return n->inputs[0].value->type == n->outputs[0].type;
}

static bool has_one_input(const struct node *n, uint32_t *input) {
    *input = 0;
    return n->input_count == 1;
}

static bool has_one_output(const struct node *n, uint32_t *input) {
    *input = 0;
    return n->output_count == 1;
}

static bool keeps_order(const struct node *n, uint32_t *input) {
    const struct tensor *t = node_constant(n, 1);
    const int64_t *order = t != NULL ? tensor_as_i64(n->graph->arena, t) : NULL;
    *input = 0;
    if (order == NULL || tensor_count(t) == 0)
        return false;
    for (uint64_t i = 0; i < tensor_count(t); i++)
        if (order[i] != (int64_t)i)
            return false;
    return true;
}

static bool pads_nothing(const struct node *n, uint32_t *input) {
    *input = 0;
    return input_is(n, 1, 0) && input_is(n, 2, 0);
}

static bool slices_everything(const struct node *n, uint32_t *input) {
    struct slicing slicing;
    const char *wrong;
    *input = 0;
    if (!same_shape(n, 0) || !shape_is_static(&n->outputs[0].shape) ||
        !slicing_read(n, &slicing, &wrong))
        return false;
    for (int32_t i = 0; i < slicing.out_rank; i++)
        if (slicing.source[i] != i)
            return false;
    for (int32_t i = 0; i < slicing.rank; i++)
        if (slicing.ranges[i].stride != 1)
            return false;
    return true;
}

static const struct rule {
    const struct op_def *op;
    bool (*is_identity)(const struct node *n, uint32_t *input);
} rules[] = {
    {&op_Add, adds_nothing},
    {&op_Subtract, subtracts_nothing},
    {&op_Multiply, multiplies_by_one},
    {&op_Divide, ends_in_one},
    {&op_Power, ends_in_one},
    {&op_Convert, keeps_type},
    {&op_Concat, has_one_input},
    {&op_Split, has_one_output},
    {&op_VariadicSplit, has_one_output},
    {&op_Flatten, keeps_shape},
    {&op_Squeeze, keeps_shape},
    {&op_Unsqueeze, keeps_shape},
    {&op_Tile, repeats_nothing},
    {&op_Broadcast, repeats_nothing},
    {&op_Transpose, keeps_order},
    {&op_Pad, pads_nothing},
    {&op_StridedSlice, slices_everything},
};

static bool is_identity(const struct node *n, uint32_t *input) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].op == n->op)
            return rules[i].is_identity(n, input) &&
                   n->inputs[*input].value->type == n->outputs[0].type;
    return false;
}

bool clean_identities(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool progress = false;
    GRAPH_EACH(g, n) {
        uint32_t input;
        if (n->output_count == 0 || n->outputs[0].poison || !is_identity(n, &input))
            continue;
        value_replace(&n->outputs[0], node_input(n, input));
        node_remove(n);
        progress = true;
    }
    return progress;
}
