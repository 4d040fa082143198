// SPDX-License-Identifier: Apache-2.0
// A TensorFlow graph as an index of nodes, before anything is imported: names resolved to edges,
// control edges dropped but for those that say on which branch a constant lies. Files fill it;
// freezing, inlining and control-flow resolution rewrite it; the importer reads it.
#ifndef ZOOC_TF_INDEX_H
#define ZOOC_TF_INDEX_H

#include "compiler/base/diag.h"
#include "compiler/base/names.h"
#include "compiler/graph/attr.h"
#include "compiler/graph/tensor.h"
#include "frontends/tf/schema.pb-c.h"

enum { TF_NONE = UINT32_MAX };

struct tf_edge {
    uint32_t node, output;
};

struct tf_loop;     // loops.h
struct tf_replaced; // replace.h

struct tf_node {
    const char *name, *op;
    Tensorflow__AttrEntry **attrs;
    size_t attr_count;
    struct tf_edge *inputs; // data edges alone; TF_NONE: names no node
    uint32_t input_count;
    uint32_t *controls; // of a node without data edges: the nodes that it waits for
    uint32_t control_count;
    const struct tensor *frozen;        // a value that no attribute holds
    const struct tf_stored *stored;     // where a variable's value is (variables.h)
    const char *fault;                  // why it cannot be imported, if it is reached
    const struct tf_loop *loop;         // of the LoopCond that stands for a whole loop
    const struct tf_replaced *replaced; // of a node that stands for a replaced sub-graph
    bool removed;
    bool internal; // had a reader in the file: never an output of the model of its own accord
};

struct tf_graph {
    struct arena *arena;
    struct diag *diag;
    const char *file;
    struct tf_node *nodes;
    uint32_t count, capacity;
    struct names *by_name;                         // name -> index + 1
    const Tensorflow__FunctionDefLibrary *library; // or NULL
    int32_t producer;                              // version of its format; 0: the file lost it
};

void tf_graph_init(struct tf_graph *g, struct arena *arena, struct diag *diag, const char *file);
// Appends the nodes of a GraphDef. False after a report.
bool tf_graph_add(struct tf_graph *g, const Tensorflow__GraphDef *def);
// A new node; the pointer is good until the next one is made. Inputs are the caller's to set.
struct tf_node *tf_graph_node(struct tf_graph *g, const char *name, const char *op,
                              uint32_t input_count);
// TF_NONE when there is none of that name.
uint32_t tf_find(const struct tf_graph *g, const char *name);
// "name:2", "name", "^name": the edge; control edges and unknown names give TF_NONE.
struct tf_edge tf_parse_edge(const struct tf_graph *g, const char *text);
// Whoever reads `from` reads `to`.
void tf_redirect(struct tf_graph *g, struct tf_edge from, struct tf_edge to);
// Sources before users, ties by place in the file: order[i] is a node. False when there is a cycle;
// *stuck then is a node on it.
bool tf_order(const struct tf_graph *g, uint32_t *order, uint32_t *count, uint32_t *stuck);

struct place tf_place(const struct tf_graph *g, uint32_t node);

// --- attributes ----------------------------------------------------------------------------------
const Tensorflow__AttrValue *tf_attr(const struct tf_node *n, const char *key);
int64_t tf_attr_int(const struct tf_node *n, const char *key, int64_t otherwise);
bool tf_attr_bool(const struct tf_node *n, const char *key, bool otherwise);
double tf_attr_float(const struct tf_node *n, const char *key, double otherwise);
enum dtype tf_attr_type(const struct tf_node *n, const char *key, enum dtype otherwise);
// Text in the arena, or `otherwise`.
const char *tf_attr_text(struct arena *arena, const struct tf_node *n, const char *key,
                         const char *otherwise);
// Numbers of a list; small lists are aligned arrays of the arena.
struct ints tf_attr_ints(const struct tf_node *n, const char *key);

enum dtype tf_dtype(int number); // DT_UNKNOWN where we have none; references count as their type
// Unknown rank where it says so, or is NULL. False when it has too many dimensions.
bool tf_shape(const Tensorflow__TensorShapeProto *proto, struct shape *out);
// A constant. Its bytes stay where they are. NULL after a report.
const struct tensor *tf_tensor(struct arena *arena, struct diag *diag, const struct place *place,
                               const Tensorflow__TensorProto *proto);

#endif
