// SPDX-License-Identifier: Apache-2.0
// The graph: what every front end makes, every pass edits and every emitter reads.
//
// - A graph owns nothing but belongs to an arena; a model dies with its arena at once.
// - Nodes keep creation order and ids that are never reused. Every walk follows creation order or
// the
//   topological order with ties by id, never a pointer's or a hash table's order.
// - An output port owns a value; an input port is a use record in the value's list of uses.
// - Edit only through the functions below: they keep the use records right.
//
// Attributes: a plain struct per operator (compiler/ops/*.h) described by rows (attr.h).
#ifndef ZOOC_GRAPH_H
#define ZOOC_GRAPH_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/dtype.h"
#include "compiler/graph/shape.h"
#include "compiler/graph/tensor.h"

struct op_def; // compiler/graph/op.h
struct node;
struct value;
struct graph;

struct use { // an input port: `user` reads `value` as its input `index`
    struct value *value;
    struct node *user;
    uint32_t index;
    struct use *next, *prev; // other uses of the same value, in the order they were made
};

struct source_name { // a name that a value has in the source model, oldest first
    const char *name;
    struct source_name *next;
};

struct value {
    struct node *producer;
    uint32_t index; // which output of the producer
    enum dtype type;
    struct shape shape;
    const struct tensor *constant; // when its elements are known, else NULL
    // Of shape arithmetic whose elements are known in part: f64, NaN where unknown; else NULL.
    const struct tensor *partial;
    bool poison; // comes from something that could not be imported; already reported
    struct use *first_use, *last_use;
    struct source_name *names; // tensor names of the source model: `names` of v11 ports, `.mapping`
};

struct node {
    struct graph *graph;
    const struct op_def *op;
    uint32_t id;
    const char *name; // unique in its graph (graph_finish_names)
    struct place place;
    void *attrs;        // struct of the operator
    struct use *inputs; // array; an absent optional input has value == NULL
    uint32_t input_count, input_capacity;
    struct value *outputs; // array, never moved
    uint32_t output_count;
    struct node *prev, *next; // creation order
    bool removed;
    // Scratch for the pass that is running; not kept between passes.
    uint32_t mark;
    void *scratch;
};

struct node_list { // growing list of nodes
    struct node **items;
    uint32_t count, capacity;
};

struct graph {
    struct arena *arena;
    struct diag *diag;
    const char *name;
    struct node *first, *last;
    uint32_t next_id, node_count;
    struct node_list parameters; // in the order of the source model's inputs
    struct node_list results;    // in the order of its outputs
    struct graph *outer;         // the graph whose node holds this one as its body, or NULL
    // What is left as it is in models of this kind, because their users know it so.
    bool keep_strides, keep_split_convolutions;
    // The source keeps channels last: classic IR, whose readers want them first, turns inputs and
    // results.
    bool channels_last;
};

struct graph *graph_new(struct arena *arena, struct diag *diag, const char *name);

// --- making nodes -------------------------------------------------------------------------------
// 1. node_new: attributes have their defaults; 2. set attributes, add inputs; 3. node_finish.
struct node *node_new(struct graph *g, const struct op_def *op, const char *name,
                      const struct place *place);
// NULL for an absent optional input.
void node_add_input(struct node *n, struct value *v);
// Checks ports, makes the outputs, infers their types and shapes (and constants of shape
// arithmetic). False after a report: the outputs are then poison. An input that is poison makes
// poison silently.
bool node_finish(struct node *n);
// Where a message about the node points: its source place, or its own name.
struct place node_place(const struct node *n);
// Outputs beyond the operator's fixed number (Split, VariadicSplit, ...): call before node_finish.
void node_set_output_count(struct node *n, uint32_t count);
// Runs the operator's shape rule again after an edit. False after a report.
bool node_infer(struct node *n);
// The outputs' constants when all inputs are constant and the operator has an evaluator.
bool node_evaluate(struct node *n, const struct tensor **outputs);
// What node_infer does last: constants of small outputs, also of inputs known in part.
void node_fold_small(struct node *n);
// `partial`: f64, NaN where unknown; becomes the value's constant when all is known.
void value_set_partial(struct value *v, const struct tensor *partial);
// A Constant node's value. Its name is derived by the caller ("conv1/weights").
struct value *graph_constant(struct graph *g, const char *name, const struct tensor *t);
// A poison value of a node that stands for `name`, for importers.
struct value *graph_poison(struct graph *g, const char *name, const struct place *place);

// --- editing ------------------------------------------------------------------------------------
void node_set_input(struct node *n, uint32_t index, struct value *v);
void node_remove_input(struct node *n, uint32_t index);
// Every use of `from` reads `to` instead; the source names of `from` move to `to`.
void value_replace(struct value *from, struct value *to);
// As value_replace, but the use by `except` stays.
void value_replace_except(struct value *from, struct value *to, const struct node *except);
// Takes the node out; its outputs must be unused.
void node_remove(struct node *n);
void value_add_name(struct value *v, const char *name);
void value_move_names(struct value *from, struct value *to);
uint32_t value_use_count(const struct value *v);
// The only user, or NULL when there are none or several.
struct node *value_only_user(const struct value *v);
static inline struct value *node_input(const struct node *n, uint32_t index) {
    return index < n->input_count ? n->inputs[index].value : NULL;
}
// The constant behind an input, or NULL.
static inline const struct tensor *node_constant(const struct node *n, uint32_t index) {
    const struct value *v = node_input(n, index);
    return v != NULL ? v->constant : NULL;
}
void node_list_add(struct arena *arena, struct node_list *list, struct node *n);

// --- walking ------------------------------------------------------------------------------------
// Safe while nodes are removed (the current one too) and appended (new ones are visited too).
#define GRAPH_EACH(g, n) for (struct node *n = (g)->first; n != NULL; n = graph_next(n))
struct node *graph_next(const struct node *n);
#define VALUE_EACH_USE(v, u)                                                                       \
    for (struct use *u = (v)->first_use, *u##_next_; u != NULL && (u##_next_ = u->next, true);     \
         u = u##_next_)
// Nodes in topological order, ties by id. The array belongs to the graph's arena.
struct node **graph_order(struct graph *g, uint32_t *count);
// A copy of the graph in the same arena; constants are shared.
struct graph *graph_clone(struct graph *g);

// --- checking, text -----------------------------------------------------------------------------
// Invariants (use records, uniqueness, acyclic, types inferred, attributes in range). NULL when all
// hold, else what is wrong, for fatal_bug.
const char *graph_check(struct graph *g);
// Makes every node name unique: the first keeps it, later ones get "_1", "_2"... in creation order.
void graph_finish_names(struct graph *g);
// The text form (compiler/graph/README.md); constants are printed up to a few elements unless
// `full`.
struct strbuf;
void graph_print(struct graph *g, struct strbuf *out, bool full);
// Reads the text form; NULL after a report with line and column.
struct graph *graph_parse(struct arena *arena, struct diag *diag, const char *file,
                          struct slice text);

#endif
