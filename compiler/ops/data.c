// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/data.h"

struct value *build_parameter(struct graph *g, const char *name, enum dtype type,
                              struct shape shape, const struct place *place) {
    struct node *n = node_new(g, &op_Parameter, name, place);
    struct parameter *a = n->attrs;
    a->element_type = type;
    a->shape = shape;
    node_finish(n);
    return &n->outputs[0];
}

struct node *build_result(struct graph *g, const char *name, struct value *v) {
    struct node *n = node_new(g, &op_Result, arena_printf(g->arena, "%s/sink", name), NULL);
    node_add_input(n, v);
    node_finish(n);
    value_add_name(v, name);
    return n;
}
