// SPDX-License-Identifier: Apache-2.0
// The operator Custom: code of the user's own, which MXNet finds by its op_type and we by the rows
// of CustomLayersMapping.xml.
#include <string.h>

#include "frontends/mxnet/layers.h"

// What the symbol says, but for what MXNet itself reads.
static struct free_attr *attributes_of(struct mxnet_layer *l) {
    struct free_attr *first = NULL, **last = &first;
    for (uint32_t i = 0; i < l->node->attr_count; i++) {
        const struct mxnet_attr *from = &l->node->attrs[i];
        if (strcmp(from->key, "op_type") == 0 || strncmp(from->key, "__", 2) == 0)
            continue;
        *last = arena_new_of(l->arena, struct free_attr);
        **last = (struct free_attr){.name = from->key, .value = from->value};
        last = &(*last)->next;
    }
    return first;
}

// The constants that are the last inputs are its blobs.
static const char *blobs_of(struct mxnet_layer *l) {
    uint32_t first = l->input_count;
    const char *names = "";
    while (first > 0 && l->inputs[first - 1]->constant != NULL)
        first--;
    for (uint32_t i = first; i < l->input_count; i++) {
        const char *name = custom_blob_name(l->arena, i - first);
        names = i == first ? name : arena_printf(l->arena, "%s,%s", names, name);
    }
    return names;
}

void mxnet_custom(struct mxnet_layer *l) {
    const char *type = mxnet_attr(l->node, "op_type");
    if (type == NULL) {
        mxnet_fail(l, ATTRIBUTE_MISSING, "op_type");
        return;
    }
    const struct custom_layer *custom = custom_find(l->custom, type);
    if (custom == NULL) {
        mxnet_fail(l, UNKNOWN_LAYER, type);
        return;
    }
    struct shape *shapes = arena_array_of(l->arena, l->output_count, struct shape);
    for (uint32_t i = 0; i < l->output_count && !l->failed; i++)
        l->failed = !custom_shape(&l->builder, custom, l->input_count, l->inputs, &shapes[i]);
    if (l->failed)
        return;
    struct custom_parts parts = {.name = l->name,
                                 .type = type,
                                 .inputs = l->inputs,
                                 .input_count = l->input_count,
                                 .blobs = blobs_of(l),
                                 .attributes = custom->has_param ? attributes_of(l) : NULL,
                                 .shapes = shapes,
                                 .output_count = l->output_count};
    struct node *n = custom_node(&l->builder, &parts);
    for (uint32_t i = 0; i < l->output_count; i++)
        l->outputs[i] = &n->outputs[i];
}
