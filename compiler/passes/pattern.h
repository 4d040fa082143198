// SPDX-License-Identifier: Apache-2.0
// Small sub-graphs that a source spells out and for which there is one operator. A pattern is a
// table of steps, producers first; the last is what the sub-graph gives.
//
//     static const struct pattern_step steps[] = {
//         {"scaled", &op_Multiply, {"x", "=slope"}},
//         {"y", &op_Maximum, {"x", "scaled"}},
//     };
//
// An input names an earlier step, or else binds a value: the same name, the same value everywhere.
// "=NAME" is a constant that is one number, "#2.5" a constant that is that number. Operands of what
// commutes may stand either way round. Nothing outside reads the steps but the last.
#ifndef ZOOC_PATTERN_H
#define ZOOC_PATTERN_H

#include "compiler/ops/build.h"

enum { PATTERN_INPUTS = 3, PATTERN_BOUND = 12 };

struct pattern_step {
    const char *name;
    const struct op_def *op;
    const char *inputs[PATTERN_INPUTS];
};

struct match {
    struct {
        const char *name;
        struct value *value;
    } bound[PATTERN_BOUND];
    uint32_t count;
};

// What takes the place of the root's output, or NULL when it is no match after all.
typedef struct value *pattern_make(struct builder *b, const struct node *root,
                                   const struct match *m);

struct pattern {
    const struct pattern_step *steps;
    uint32_t count;
    pattern_make *make;
};
#define PATTERN(steps_, make_)                                                                     \
    { .steps = (steps_), .count = sizeof(steps_) / sizeof(steps_)[0], .make = (make_) }

// The value or step of that name.
struct value *match_value(const struct match *m, const char *name);
double match_number(const struct match *m, const char *name);

// Replaces every occurrence, the first pattern that fits a node first.
bool patterns_replace(struct graph *g, const struct pattern *patterns, size_t count);

#endif
