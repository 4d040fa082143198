// SPDX-License-Identifier: Apache-2.0
// Comparisons, logic and choice: a line each.
#include <math.h>

#include "compiler/ops/elementwise.h"
#include "compiler/ops/evaluate.h"
#include "compiler/ops/shape_rules.h"

#define COMPARE(kind, inputs, more_flags, rule, formula, text)                                     \
    ELEMENTWISE(kind, inputs, "opset1", more_flags, rule, formula, text,                           \
                .partial = inputs == 2 ? 3 : 1, .evaluate = evaluate_scalar)

COMPARE(Equal, 2, OP_COMMUTES, infer_compare, a == b, "a == b")
COMPARE(NotEqual, 2, OP_COMMUTES, infer_compare, a != b, "a != b")
COMPARE(Less, 2, 0, infer_compare, a < b, "a < b")
COMPARE(LessEqual, 2, 0, infer_compare, a <= b, "a <= b")
COMPARE(Greater, 2, 0, infer_compare, a > b, "a > b")
COMPARE(GreaterEqual, 2, 0, infer_compare, a >= b, "a >= b")
COMPARE(LogicalAnd, 2, OP_COMMUTES, infer_compare, a != 0 && b != 0, "a and b")
COMPARE(LogicalOr, 2, OP_COMMUTES, infer_compare, a != 0 || b != 0, "a or b")
COMPARE(LogicalXor, 2, OP_COMMUTES, infer_compare, (a != 0) != (b != 0), "either a or b")
COMPARE(LogicalNot, 1, 0, infer_compare, a == 0, "not a")

// --- Select -------------------------------------------------------------------------------------

static bool infer_select(struct node *n) {
    struct shape out = input_shape(n, 0);
    if (!same_types(n, 1, 2))
        return false;
    for (uint32_t i = 1; i < 3; i++) {
        struct shape s = input_shape(n, i), joined;
        if (!shape_broadcast(&out, &s, &joined))
            return shape_error(n, "shapes cannot be broadcast to one");
        out = joined;
    }
    set_output(n, 0, input_type(n, 1), out);
    return true;
}

struct choice {
    const struct tensor *condition, *yes, *no; // broadcast
};

static bool compute_choice(void *context, uint64_t first, uint64_t count, double *out) {
    const struct choice *c = context;
    for (uint64_t i = 0; i < count; i++) {
        double condition;
        tensor_read_doubles(c->condition, first + i, 1, &condition);
        if (isnan(condition))
            out[i] = NAN;
        else
            tensor_read_doubles(condition != 0 ? c->yes : c->no, first + i, 1, &out[i]);
    }
    return true;
}

static bool evaluate_select(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    struct shape shape = n->outputs[0].shape;
    if (!shape_is_static(&shape))
        return false;
    struct choice c = {tensor_tile(arena, node_constant(n, 0), shape),
                       tensor_tile(arena, node_constant(n, 1), shape),
                       tensor_tile(arena, node_constant(n, 2), shape)};
    bool partial =
        constant_is_partial(n, 0) || constant_is_partial(n, 1) || constant_is_partial(n, 2);
    outputs[0] =
        tensor_compute(arena, partial ? DT_F64 : n->outputs[0].type, shape, compute_choice, &c);
    return outputs[0] != NULL;
}

const struct op_def op_Select = {
    .name = "Select",
    .doc = "b where a is true, else c",
    .opset = "opset1",
    .flags = OP_OPSET | OP_ELEMENTWISE,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    .infer = infer_select,
    .evaluate = evaluate_select,
    .partial = 7,
};
