// SPDX-License-Identifier: Apache-2.0
// The operators that the graph itself knows.
#include "compiler/ops/data.h"

#include "compiler/base/fatal.h"
#include "compiler/ops/shape_rules.h"

#define ATTR_OWNER struct parameter
static const struct attr_def parameter_attrs[] = {PARAMETER_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

static bool infer_parameter(struct node *n) {
    const struct parameter *a = n->attrs;
    set_output(n, 0, a->element_type, a->shape);
    return true;
}

// The output's tensor is the attribute: graph_constant put it there.
static bool infer_constant(struct node *n) {
    const struct tensor *t = n->outputs[0].constant;
    if (t == NULL)
        fatal_bug("constant '%s' has no tensor", n->name);
    set_output(n, 0, t->type, t->shape);
    return true;
}

static bool infer_nothing(struct node *n) {
    (void)n;
    return true;
}

static const struct classic_form input_form = {.type = "Input"};
static const struct classic_form const_form = {.type = "Const"};

const struct op_def op_Parameter = {
    .name = "Parameter",
    .doc = "an input of the model",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC | OP_EFFECT,
    .outputs = 1,
    OP_ATTRS(parameter_attrs, parameter),
    .infer = infer_parameter,
    .classic = &input_form,
};

const struct op_def op_Constant = {
    .name = "Constant",
    .opset_type = "Const",
    .doc = "a tensor that is known",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .outputs = 1,
    .infer = infer_constant,
    .classic = &const_form,
};

const struct op_def op_Result = {
    .name = "Result",
    .doc = "an output of the model",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC | OP_EFFECT,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 0,
    .infer = infer_nothing,
};

const struct op_def op_Poison = {
    .name = "Poison",
    .doc = "stands for a source layer that could not be imported",
    .max_inputs = PORTS_VARIADIC,
    .outputs = PORTS_VARIADIC,
    .infer = infer_nothing,
};
