// SPDX-License-Identifier: Apache-2.0
// What takes the place of replaced sub-graphs: one layer of the user's own, YOLO's regions.
#include <inttypes.h>
#include <string.h>

#include "compiler/base/strbuf.h"
#include "compiler/ops/detection.h"
#include "frontends/mapping.h"
#include "frontends/tf/layers.h"
#include "frontends/tf/replace.h"

// --- custom_attributes ---------------------------------------------------------------------------

static bool bad_attribute(struct tf_layer *l, const char *key) {
    tf_fail(l, ATTRIBUTE_VALUE, key, "what the replacement says");
    return false;
}

static struct json_object *attribute(const struct tf_layer *l, const char *key) {
    return json_object_object_get(l->node->replaced->rule->attributes, key);
}

static bool take_int(struct tf_layer *l, const char *key, int64_t *out) {
    struct json_object *value = attribute(l, key);
    if (value == NULL)
        return true;
    if (!json_object_is_type(value, json_type_int) &&
        !json_object_is_type(value, json_type_boolean))
        return bad_attribute(l, key);
    *out = json_object_get_int64(value);
    return true;
}

enum { MOST_NUMBERS = 1024 };

// The number of elements of a list of numbers; false after a report.
static bool list_size(struct tf_layer *l, const char *key, struct json_object *list,
                      uint32_t *count) {
    if (!json_object_is_type(list, json_type_array) ||
        json_object_array_length(list) > MOST_NUMBERS)
        return bad_attribute(l, key);
    *count = (uint32_t)json_object_array_length(list);
    for (uint32_t i = 0; i < *count; i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        if (!json_object_is_type(item, json_type_int) &&
            !json_object_is_type(item, json_type_double))
            return bad_attribute(l, key);
    }
    return true;
}

static bool take_floats(struct tf_layer *l, const char *key, struct floats *out) {
    struct json_object *list = attribute(l, key);
    uint32_t count;
    if (list == NULL)
        return true;
    if (!list_size(l, key, list, &count))
        return false;
    float *data = arena_array_of(l->arena, count, float);
    for (uint32_t i = 0; i < count; i++)
        data[i] = (float)json_object_get_double(json_object_array_get_idx(list, i));
    *out = (struct floats){data, count};
    return true;
}

static bool take_ints(struct tf_layer *l, const char *key, struct json_object *list,
                      struct ints *out) {
    uint32_t count;
    if (list == NULL)
        return true;
    if (!list_size(l, key, list, &count))
        return false;
    int64_t *data = arena_array_of(l->arena, count, int64_t);
    for (uint32_t i = 0; i < count; i++)
        data[i] = json_object_get_int64(json_object_array_get_idx(list, i));
    *out = (struct ints){data, count};
    return true;
}

static bool is_replaced(struct tf_layer *l) {
    if (l->node->replaced != NULL)
        return true;
    tf_fail(l, UNKNOWN_LAYER, l->node->op); // a source model's own operator of that name
    return false;
}

// --- one layer -----------------------------------------------------------------------------------

static void put_value(struct strbuf *to, struct json_object *value) {
    if (json_object_is_type(value, json_type_boolean))
        strbuf_puts(to, json_object_get_boolean(value) ? "1" : "0");
    else if (json_object_is_type(value, json_type_double))
        strbuf_double(to, json_object_get_double(value));
    else
        strbuf_puts(to, json_object_get_string(value));
}

// Text, a number, or a list of such; NULL for what an attribute cannot hold.
static const char *value_text(struct tf_layer *l, struct json_object *value) {
    struct strbuf text = STRBUF_INIT;
    bool list = json_object_is_type(value, json_type_array), good = value != NULL;
    size_t count = list ? json_object_array_length(value) : 1;
    for (size_t i = 0; i < count && good; i++) {
        struct json_object *item = list ? json_object_array_get_idx(value, i) : value;
        good = item != NULL && !json_object_is_type(item, json_type_array) &&
               !json_object_is_type(item, json_type_object);
        if (i > 0)
            strbuf_putc(&text, ',');
        if (good)
            put_value(&text, item);
    }
    const char *out = good ? arena_strdup(l->arena, text.data) : NULL;
    strbuf_free(&text);
    return out;
}

static bool free_attributes(struct tf_layer *l, struct free_attr **out) {
    struct free_attr **end = out;
    *out = NULL;
    if (l->node->replaced->rule->attributes == NULL)
        return true;
    json_object_object_foreach(l->node->replaced->rule->attributes, key, value) {
        const char *text = value_text(l, value);
        if (text == NULL)
            return bad_attribute(l, key);
        *end = arena_new_of(l->arena, struct free_attr);
        **end = (struct free_attr){.name = key, .value = text};
        end = &(*end)->next;
    }
    return true;
}

// Images stand with their channels first before and behind the layer.
static bool is_turned(const struct tf_layer *l, const struct value *v) {
    return !l->node->replaced->channels_first && v->shape.rank >= 4;
}

static struct shape turned_shape(const struct tf_layer *l, const struct value *v) {
    struct shape shape = v->shape;
    if (!is_turned(l, v))
        return shape;
    for (int32_t i = 1; i < shape.rank; i++)
        shape.dims[i] = v->shape.dims[i == 1 ? shape.rank - 1 : i - 1];
    return shape;
}

// The shapes are those of the sub-graph, which was imported for them and goes afterwards.
void tf_replaced_layer(struct tf_layer *l) {
    if (!is_replaced(l))
        return;
    uint32_t count = l->node->replaced->input_count, results = l->input_count - count;
    struct value **inputs = arena_array_of(l->arena, count, struct value *);
    struct shape *shapes = arena_array_of(l->arena, results, struct shape);
    struct free_attr *attributes;
    for (uint32_t i = 0; i < count; i++)
        inputs[i] = is_turned(l, l->inputs[i])
                        ? tf_to_first(l, arena_printf(l->arena, "to_channels_first_%" PRIu32, i),
                                      l->inputs[i])
                        : l->inputs[i];
    for (uint32_t i = 0; i < results; i++)
        shapes[i] = turned_shape(l, l->inputs[count + i]);
    if (!free_attributes(l, &attributes))
        return;
    const struct custom_parts parts = {.name = l->name,
                                       .type = l->node->replaced->rule->op,
                                       .inputs = inputs,
                                       .input_count = count,
                                       .blobs = "",
                                       .attributes = attributes,
                                       .shapes = shapes,
                                       .output_count = results};
    struct node *n = custom_node(&l->builder, &parts);
    for (uint32_t i = 0; i < results && i < l->output_count; i++)
        l->outputs[i] =
            is_turned(l, l->inputs[count + i]) ? tf_to_last(l, &n->outputs[i]) : &n->outputs[i];
}

// --- YOLO ----------------------------------------------------------------------------------------

// Of an image with three sizes of boxes, each region has its own boxes: `masks` lists them by
// region.
static struct json_object *mask_of(const struct tf_layer *l) {
    struct json_object *all = attribute(l, "masks");
    uint32_t region = l->node->replaced->instance;
    if (json_object_is_type(all, json_type_array) && region < json_object_array_length(all))
        return json_object_array_get_idx(all, region);
    return attribute(l, "mask");
}

void tf_region(struct tf_layer *l) {
    if (!is_replaced(l) || !tf_rank(l, 0, 4, 4))
        return;
    struct value *x = l->node->replaced->channels_first
                          ? l->inputs[0]
                          : tf_to_first(l, "to_channels_first", l->inputs[0]);
    struct node *n = build_node(&l->builder, &op_RegionYolo, l->name, 1, &x);
    struct region_yolo *a = n->attrs;
    int64_t softmax = 0;
    if (!take_int(l, "classes", &a->classes) || !take_int(l, "coords", &a->coords) ||
        !take_int(l, "num", &a->num) || !take_int(l, "do_softmax", &softmax) ||
        !take_floats(l, "anchors", &a->anchors) || !take_ints(l, "mask", mask_of(l), &a->mask))
        return;
    a->do_softmax = softmax != 0;
    node_finish(n);
    l->outputs[0] = &n->outputs[0];
}
