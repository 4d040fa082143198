// SPDX-License-Identifier: Apache-2.0
// Operators whose output element depends on the input elements at the same place. The formula
// stands in the entry (`scalar`) and is what constant folding computes.
#ifndef ZOOC_OPS_ELEMENTWISE_H
#define ZOOC_OPS_ELEMENTWISE_H

#include "compiler/ops/ops.h"

#define CONVERT_ATTRS(A) A(TYPE, destination_type, DT_F32, NULL, "destination_type", "precision")
ATTR_STRUCT(convert, CONVERT_ATTRS)

enum round_mode { ROUND_HALF_TO_EVEN, ROUND_HALF_AWAY_FROM_ZERO };
#define ROUND_ATTRS(A) A(ENUM, mode, ROUND_HALF_TO_EVEN, round_modes, "mode", NULL)
ATTR_STRUCT(round, ROUND_ATTRS)

// The entry of an operator whose output element is `formula` of a and b, or of a alone. Further
// fields follow.
#define ELEMENTWISE(kind, inputs, since, more_flags, rule, formula, text, ...)                     \
    static double formula_##kind(const struct node *n, double a, double b) {                       \
        (void)n, (void)a, (void)b;                                                                 \
        return formula;                                                                            \
    }                                                                                              \
    const struct op_def op_##kind = {                                                              \
        .name = #kind,                                                                             \
        .doc = text,                                                                               \
        .opset = since,                                                                            \
        .flags = OP_OPSET | OP_ELEMENTWISE | (more_flags),                                         \
        .min_inputs = inputs,                                                                      \
        .max_inputs = inputs,                                                                      \
        .outputs = 1,                                                                              \
        .infer = rule,                                                                             \
        .scalar = formula_##kind,                                                                  \
        __VA_ARGS__,                                                                               \
    };

// By the formula. An operand that is known in part (a NaN among integers) makes an unknown result.
bool evaluate_scalar(struct node *n, const struct tensor **outputs);

struct value *build_convert(struct graph *g, const char *name, struct value *x, enum dtype type);

#endif
