// SPDX-License-Identifier: Apache-2.0
// State that outlives a run.
#include "compiler/ops/loop.h"
#include "compiler/ops/shape_rules.h"

#define ATTR_OWNER struct variable
static const struct attr_def variable_attrs[] = {VARIABLE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct memory
static const struct attr_def memory_attrs[] = {MEMORY_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static bool infer_variable(struct node *n) {
    if (((const struct variable *)n->attrs)->variable_id[0] == '\0')
        return shape_error(n, "the variable has no name");
    return infer_same(n);
}

const struct op_def op_ReadValue = {
    .name = "ReadValue",
    .doc = "the value of a variable; the input before anything was assigned",
    .opset = "opset3",
    .flags = OP_OPSET | OP_EFFECT,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(variable_attrs, variable),
    .infer = infer_variable,
};

const struct op_def op_Assign = {
    .name = "Assign",
    .doc = "gives a variable the value of its input",
    .opset = "opset3",
    .flags = OP_OPSET | OP_EFFECT,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(variable_attrs, variable),
    .infer = infer_variable,
};

static bool infer_memory(struct node *n) {
    const struct memory *a = n->attrs;
    if (n->output_count == 1 && n->input_count == 0)
        set_output(n, 0, a->type, a->shape);
    else if (n->output_count != 0 || n->input_count != 1)
        return shape_error(n, "a Memory has one input or one output");
    return true;
}

static const struct classic_form memory_form = {.type = "Memory"};

const struct op_def op_MemoryIE = {
    .name = "MemoryIE",
    .doc = "one end of a value kept between runs",
    .flags = OP_CLASSIC | OP_EFFECT,
    .min_inputs = 0,
    .max_inputs = 1,
    .outputs = PORTS_VARIADIC,
    OP_ATTRS(memory_attrs, memory),
    .infer = infer_memory,
    .classic = &memory_form,
};
