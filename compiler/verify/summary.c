// SPDX-License-Identifier: Apache-2.0
#include "compiler/verify/summary.h"

#include <json-c/json.h>
#include <string.h>

static void *add(struct arena *arena, struct summary_list *list, size_t size) {
    list->items = arena_room(arena, list->items, list->count, &list->capacity, size);
    return (char *)list->items + size * list->count++;
}

void summary_add_value(struct arena *arena, struct summary_list *list, struct summary_value value) {
    *(struct summary_value *)add(arena, list, sizeof(value)) = value;
}

// Sorted by type; there are few types.
static void count_type(struct model_summary *s, const char *type) {
    struct summary_count *counts = s->counts.items;
    size_t at = 0;
    while (at < s->counts.count && strcmp(counts[at].type, type) < 0)
        at++;
    if (at < s->counts.count && strcmp(counts[at].type, type) == 0) {
        counts[at].count++;
        return;
    }
    add(s->arena, &s->counts, sizeof(*counts));
    counts = s->counts.items;
    memmove(counts + at + 1, counts + at, (s->counts.count - 1 - at) * sizeof(*counts));
    counts[at] = (struct summary_count){type, 1};
}

void summary_add_layer(struct model_summary *s, struct summary_layer layer) {
    *(struct summary_layer *)add(s->arena, &s->layers, sizeof(layer)) = layer;
    count_type(s, layer.type);
}

// --- text ---------------------------------------------------------------------------------------

static void print_values(const char *title, const struct summary_list *list, FILE *to) {
    const struct summary_value *values = list->items;
    fprintf(to, "%s\n", title);
    for (size_t i = 0; i < list->count; i++)
        fprintf(to, "  %-32s %-6s %s\n", values[i].name, values[i].type, values[i].shape);
}

static void print_size(uint64_t bytes, FILE *to) {
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1000 && unit < 4; unit++)
        value /= 1000;
    fprintf(to, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

void summary_print(const struct model_summary *s, bool layers, FILE *to) {
    fprintf(to, "model   %s (%s)\n", s->name, s->format);
    fprintf(to, "weights %llu constants, ", (unsigned long long)s->constants);
    print_size(s->constant_bytes, to);
    fputc('\n', to);
    print_values("inputs", &s->inputs, to);
    print_values("outputs", &s->outputs, to);
    fprintf(to, "operators %zu\n", s->layers.count);
    const struct summary_count *counts = s->counts.items;
    for (size_t i = 0; i < s->counts.count; i++)
        fprintf(to, "  %-32s %llu\n", counts[i].type, (unsigned long long)counts[i].count);
    const struct summary_layer *layer = s->layers.items;
    for (size_t i = 0; layers && i < s->layers.count; i++)
        fprintf(to, "%-40s %-20s %s\n", layer[i].name, layer[i].type, layer[i].shapes);
}

// --- JSON ---------------------------------------------------------------------------------------

static void put_text(struct json_object *object, const char *key, const char *text) {
    json_object_object_add(object, key, json_object_new_string(text));
}

static struct json_object *json_values(const struct summary_list *list) {
    const struct summary_value *values = list->items;
    struct json_object *array = json_object_new_array();
    for (size_t i = 0; i < list->count; i++) {
        struct json_object *item = json_object_new_object();
        put_text(item, "name", values[i].name);
        put_text(item, "type", values[i].type);
        put_text(item, "shape", values[i].shape);
        json_object_array_add(array, item);
    }
    return array;
}

static struct json_object *json_layers(const struct summary_list *list) {
    const struct summary_layer *layers = list->items;
    struct json_object *array = json_object_new_array();
    for (size_t i = 0; i < list->count; i++) {
        struct json_object *item = json_object_new_object();
        put_text(item, "name", layers[i].name);
        put_text(item, "type", layers[i].type);
        put_text(item, "shapes", layers[i].shapes);
        json_object_array_add(array, item);
    }
    return array;
}

void summary_print_json(const struct model_summary *s, bool layers, FILE *to) {
    struct json_object *root = json_object_new_object(), *counts = json_object_new_object();
    const struct summary_count *count = s->counts.items;
    for (size_t i = 0; i < s->counts.count; i++)
        json_object_object_add(counts, count[i].type,
                               json_object_new_int64((int64_t)count[i].count));
    put_text(root, "model", s->name);
    put_text(root, "format", s->format);
    json_object_object_add(root, "inputs", json_values(&s->inputs));
    json_object_object_add(root, "outputs", json_values(&s->outputs));
    json_object_object_add(root, "operators", counts);
    json_object_object_add(root, "constants", json_object_new_int64((int64_t)s->constants));
    json_object_object_add(root, "constant_bytes",
                           json_object_new_int64((int64_t)s->constant_bytes));
    if (layers)
        json_object_object_add(root, "layers", json_layers(&s->layers));
    fprintf(to, "%s\n",
            json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
                                                     JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
}
