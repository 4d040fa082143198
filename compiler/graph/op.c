// SPDX-License-Identifier: Apache-2.0
// What operators and nodes tell of themselves.
#include "compiler/graph/op.h"

#include <string.h>

const struct attr_def *op_find_attr(const struct op_def *op, const char *name) {
    for (uint32_t i = 0; i < op->attr_count; i++)
        if (strcmp(op->attrs[i].name, name) == 0)
            return &op->attrs[i];
    return NULL;
}

struct place node_place(const struct node *n) {
    struct place place = n->place;
    if (place.layer == NULL) {
        place.layer = n->name;
        place.layer_type = n->op->name;
    }
    return place;
}
