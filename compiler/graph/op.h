// SPDX-License-Identifier: Apache-2.0
// What an operator entry is. One line in compiler/ops/ops.def, one `const struct op_def op_NAME` in
// its family file; everything else (checks, inference, folding, both emitters, `zooc ops`,
// coverage) is derived.
//
// The operator set is OpenVINO's opset vocabulary (OP_OPSET), plus operators that only classic IR
// knows (OP_CLASSIC, made by the lower_classic passes), plus internal ones that a named pass must
// remove before emission (neither flag; `lowered_by` names the pass).
#ifndef ZOOC_OP_H
#define ZOOC_OP_H

#include "compiler/graph/attr.h"
#include "compiler/graph/graph.h"

enum dialect_id { DIALECT_NONE, DIALECT_OPSET, DIALECT_CLASSIC };

enum op_flags {
    OP_OPSET = 1,   // may stand in IR v10/v11
    OP_CLASSIC = 2, // may stand in IR v2 to v7
    OP_ELEMENTWISE =
        4, // output element depends on the input elements at the same place (broadcast)
    OP_COMMUTES = 8,
    OP_EFFECT = 16, // keeps state or is a graph end: never removed as dead or merged
    OP_UNARY_KEEPS_ZERO = 32,
};

enum { PORTS_VARIADIC = 255 };

// Reports through shape_error (shape_rules.h) and returns false when the inputs do not fit.
typedef bool infer_function(struct node *n);
// Fills outputs[i] with the constants of node `n`, whose inputs are all constant; false when it
// cannot.
typedef bool evaluate_function(struct node *n, const struct tensor **outputs);

// A constant input that classic IR does not have: its content stands in the attributes.
#define CLASSIC_NO_PORT ""

struct classic_form {
    const char *type; // layer type in classic IR
    // Names of the blobs that the constant inputs become, by input index; NULL = a real input port.
    const char *blobs[5];
    // Extra attributes that no single row gives (kernel, output, ...), or NULL.
    void (*attributes)(const struct node *n,
                       void (*put)(void *to, const char *name, const char *value), void *to);
};

struct op_def {
    const char *name;       // OpenVINO's type
    const char *opset_type; // its type in IR v10/v11 where that is spelled otherwise, or NULL
    const char *doc;        // one line
    const char *opset; // first opset with this form: "opset1"... (version attribute of IR v10/v11)
    // Where the form, and so the opset, depends on the node; or NULL.
    const char *(*opset_of)(const struct node *n);
    unsigned flags;                 // enum op_flags
    uint8_t min_inputs, max_inputs; // PORTS_VARIADIC: any number
    uint8_t outputs;                // PORTS_VARIADIC: node_set_output_count
    size_t attrs_size;
    const struct attr_def *attrs;
    uint32_t attr_count;
    infer_function *infer;
    evaluate_function *evaluate; // NULL: never folded
    // Inputs that may be known in part (bit i = input i) when shape arithmetic is evaluated.
    uint32_t partial;
    double (*scalar)(const struct node *n, double a, double b); // elementwise formula, or NULL
    const struct classic_form *classic;                         // NULL: `lowered_by`, or none
    // Type and blobs in classic IR where the node itself says them (Custom), or NULL.
    const char *(*classic_type)(const struct node *n);
    const char *(*classic_blob)(const struct node *n, uint32_t input);
    const char *lowered_by; // pass that replaces it where a dialect lacks it
};

#define OP_ATTRS(rows, tag)                                                                        \
    .attrs_size = sizeof(struct tag), .attrs = (rows),                                             \
    .attr_count = sizeof(rows) / sizeof((rows)[0])

// The table is compiler/ops/ops.c; graph modules look names up through these two.
const struct op_def *op_find(const char *name);
const char *op_suggest(const char *wrong); // the nearest name, or NULL
const struct attr_def *op_find_attr(const struct op_def *op, const char *name);
extern const struct op_def op_Constant, op_Parameter, op_Result, op_Poison;

static inline const char *op_opset_type(const struct op_def *op) {
    return op->opset_type != NULL ? op->opset_type : op->name;
}
static inline const char *node_opset(const struct node *n) {
    return n->op->opset_of != NULL ? n->op->opset_of(n) : n->op->opset;
}
static inline bool node_is(const struct node *n, const struct op_def *op) {
    return n != NULL && n->op == op;
}
// The producer of an input when it is an `op` node, else NULL.
static inline struct node *node_producer(const struct node *n, uint32_t index,
                                         const struct op_def *op) {
    const struct value *v = node_input(n, index);
    return v != NULL && v->producer->op == op ? v->producer : NULL;
}

#endif
