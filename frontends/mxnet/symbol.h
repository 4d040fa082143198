// SPDX-License-Identifier: Apache-2.0
// MXNet's symbol file (`NAME-symbol.json`) as an index of nodes, before anything is imported.
//
// Nodes stand in topological order. An operator's parameters are in "attrs" (1.0 and later), "attr"
// (0.9) or "param" (0.8); files of 0.8 have two numbers per input and no auxiliary states among
// them.
#ifndef ZOOC_MXNET_SYMBOL_H
#define ZOOC_MXNET_SYMBOL_H

#include "compiler/base/diag.h"
#include "compiler/graph/attr.h"

struct mxnet_attr {
    const char *key, *value;
};

struct mxnet_input {
    uint32_t node, output;
};

struct mxnet_node {
    const char *op; // "null" for a variable
    const char *name;
    struct mxnet_attr *attrs;
    uint32_t attr_count;
    struct mxnet_input *inputs;
    uint32_t input_count;
    uint32_t use_count; // inputs of other nodes that read it
};

struct mxnet_symbol {
    const char *file;
    struct mxnet_node *nodes;
    uint32_t count;
    int64_t version; // 10301 for 1.3.1; 0 when the file does not say
};

// Reads and checks `path`: every input names an earlier node. False after a report.
bool mxnet_read_symbol(struct arena *arena, struct diag *diag, const char *path,
                       struct mxnet_symbol *out);

// Attribute texts; NULL when absent. MXNet writes None for "not given": that is absent too.
const char *mxnet_attr(const struct mxnet_node *node, const char *key);
// Values; the default when absent. False when the text is none of the kind.
bool mxnet_attr_bool(const struct mxnet_node *node, const char *key, bool otherwise, bool *out);
bool mxnet_attr_int(const struct mxnet_node *node, const char *key, int64_t otherwise,
                    int64_t *out);
bool mxnet_attr_float(const struct mxnet_node *node, const char *key, double otherwise,
                      double *out);
// A None inside a list of integers.
#define MXNET_NONE INT64_MIN
// "(3, 3)", "[3,3]", "(3,)" or a lone number; absent gives count 0. None inside reads as `none`.
bool mxnet_attr_ints(struct arena *arena, const struct mxnet_node *node, const char *key,
                     int64_t none, struct ints *out);
bool mxnet_attr_floats(struct arena *arena, const struct mxnet_node *node, const char *key,
                       struct floats *out);

#endif
