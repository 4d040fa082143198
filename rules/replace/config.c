// SPDX-License-Identifier: Apache-2.0
#include "rules/replace/config.h"

#include <errno.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"
#include "compiler/base/map.h"

const char *const match_kinds[] = {"scope", "points", "general", NULL};

enum { MOST_ITEMS = 4096 }; // of a list

struct reader {
    struct arena *arena;
    struct diag *diag;
    const char *file;
};

// --- parts ---------------------------------------------------------------------------------------

static bool invalid(struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool invalid(struct reader *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *what = arena_vprintf(r->arena, format, args);
    va_end(args);
    diag_report(r->diag, NULL, REPLACEMENT_INVALID, r->file, what);
    return false;
}

// The text lives as long as the arena, with the JSON that holds it.
static const char *text_of(struct json_object *value) {
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static bool is_list(struct json_object *value) {
    return json_object_is_type(value, json_type_array) &&
           json_object_array_length(value) <= MOST_ITEMS;
}

static bool read_texts(struct reader *r, const struct replacement *of, const char *key,
                       struct json_object *list, struct text_list *out) {
    if (!is_list(list))
        return invalid(r, "'%s' of '%s' is no list of names", key, of->id);
    size_t count = json_object_array_length(list);
    out->items = arena_array_of(r->arena, count, const char *);
    for (size_t i = 0; i < count; i++) {
        const char *text = text_of(json_object_array_get_idx(list, i));
        if (text == NULL || *text == '\0')
            return invalid(r, "entry %zu of '%s' of '%s' is no name", i, key, of->id);
        out->items[out->count++] = text;
    }
    return true;
}

static bool read_ports(struct reader *r, const struct replacement *of, const char *key,
                       struct json_object *list, struct pattern_ports *out) {
    if (!is_list(list))
        return invalid(r, "'%s' of '%s' is not made of lists", key, of->id);
    size_t count = json_object_array_length(list);
    out->items = arena_array_of(r->arena, count, struct pattern_port);
    for (size_t i = 0; i < count; i++) {
        struct json_object *entry = json_object_array_get_idx(list, i);
        const char *node = text_of(json_object_object_get(entry, "node"));
        struct json_object *port = json_object_object_get(entry, "port");
        int64_t number = port == NULL ? 0 : json_object_get_int64(port);
        if (node == NULL || (port != NULL && !json_object_is_type(port, json_type_int)) ||
            number < 0 || number > UINT16_MAX)
            return invalid(r, "'%s' of '%s' need a 'node' and a 'port'", key, of->id);
        out->items[out->count++] = (struct pattern_port){node, (uint32_t)number};
    }
    return true;
}

static bool read_inputs(struct reader *r, struct json_object *list, struct replacement *out) {
    if (!is_list(list))
        return invalid(r, "'inputs' of '%s' is no list", out->id);
    size_t count = json_object_array_length(list);
    out->inputs = arena_array_of(r->arena, count, struct pattern_ports);
    for (size_t i = 0; i < count; i++) {
        struct pattern_ports *ports = &out->inputs[out->input_count++];
        if (!read_ports(r, out, "inputs", json_object_array_get_idx(list, i), ports))
            return false;
        if (ports->count == 0)
            return invalid(r, "input %zu of '%s' has no node", i, out->id);
    }
    return true;
}

// --- instances -----------------------------------------------------------------------------------

static bool read_points(struct reader *r, struct json_object *instances, struct replacement *out) {
    struct json_object *start = json_object_object_get(instances, "start_points");
    struct json_object *end = json_object_object_get(instances, "end_points");
    if (!json_object_is_type(instances, json_type_object) || start == NULL || end == NULL) {
        diag_report(r->diag, NULL, INSTANCES_NOT_ONE, out->id);
        return false;
    }
    if (!read_texts(r, out, "start_points", start, &out->start_points) ||
        !read_texts(r, out, "end_points", end, &out->end_points))
        return false;
    if (out->start_points.count > 0 && out->end_points.count > 0)
        return true;
    diag_report(r->diag, NULL, INSTANCES_EMPTY, out->id);
    return false;
}

static bool read_instances(struct reader *r, struct json_object *entry, struct replacement *out) {
    struct json_object *instances = json_object_object_get(entry, "instances");
    if (out->kind == MATCH_GENERAL)
        return true;
    if (instances == NULL) {
        diag_report(r->diag, NULL, INSTANCES_MISSING, out->id);
        return false;
    }
    if (out->kind == MATCH_POINTS)
        return read_points(r, instances, out);
    if (!read_texts(r, out, "instances", instances, &out->instances))
        return false;
    if (out->instances.count > 0)
        return true;
    diag_report(r->diag, NULL, INSTANCES_EMPTY, out->id);
    return false;
}

// The nodes at the points belong to the sub-graph; the files say so, for tools to come.
static bool read_includes(struct reader *r, struct json_object *entry,
                          const struct replacement *of) {
    static const char *const keys[] = {"include_inputs_to_sub_graph",
                                       "include_outputs_to_sub_graph"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct json_object *value = json_object_object_get(entry, keys[i]);
        if (value != NULL && !json_object_get_boolean(value))
            return invalid(r, "'%s' of '%s' must be true", keys[i], of->id);
    }
    return true;
}

// --- the whole -----------------------------------------------------------------------------------

static bool read_kind(struct reader *r, struct json_object *entry, struct replacement *out) {
    const char *kind = text_of(json_object_object_get(entry, "match_kind"));
    if (kind == NULL)
        return invalid(r, "'%s' has no 'match_kind'", out->id);
    for (unsigned i = 0; match_kinds[i] != NULL; i++)
        if (strcmp(kind, match_kinds[i]) == 0) {
            out->kind = (enum match_kind)i;
            return true;
        }
    diag_report(r->diag, NULL, MATCH_KIND_CLASS, kind, out->id, "scope, points, general");
    return false;
}

static bool read_id(struct reader *r, struct json_object *entry, struct replacements *all,
                    uint32_t index) {
    const char *id = text_of(json_object_object_get(entry, "id"));
    if (id == NULL) {
        diag_report(r->diag, NULL, REPLACEMENT_NO_ID, index, r->file);
        return false;
    }
    for (uint32_t i = 0; i < index; i++)
        if (strcmp(all->items[i].id, id) == 0)
            return invalid(r, "two replacements have the id '%s'", id);
    all->items[index].id = id;
    return true;
}

static bool read_entry(struct reader *r, struct json_object *entry, struct replacements *all,
                       uint32_t index) {
    struct replacement *out = &all->items[index];
    struct json_object *inputs, *outputs;
    if (!json_object_is_type(entry, json_type_object))
        return invalid(r, "replacement %u is no object", index);
    if (!read_id(r, entry, all, index) || !read_kind(r, entry, out) ||
        !read_instances(r, entry, out) || !read_includes(r, entry, out))
        return false;
    out->op = text_of(json_object_object_get(entry, "op"));
    out->has_inputs = json_object_object_get_ex(entry, "inputs", &inputs);
    out->has_outputs = json_object_object_get_ex(entry, "outputs", &outputs);
    if ((out->has_inputs && !read_inputs(r, inputs, out)) ||
        (out->has_outputs && !read_ports(r, out, "outputs", outputs, &out->outputs)))
        return false;
    out->attributes = json_object_object_get(entry, "custom_attributes");
    if (out->attributes != NULL && !json_object_is_type(out->attributes, json_type_object))
        return invalid(r, "'custom_attributes' of '%s' is no object", out->id);
    return true;
}

static bool read_root(struct reader *r, struct replacements *out) {
    if (!is_list(out->root))
        return invalid(r, "it is no list of replacements");
    size_t count = json_object_array_length(out->root);
    out->items = arena_array_of(r->arena, count, struct replacement);
    for (size_t i = 0; i < count; i++) {
        if (!read_entry(r, json_object_array_get_idx(out->root, i), out, (uint32_t)i))
            return false;
        out->count++;
    }
    return true;
}

static void put_json(void *json) {
    json_object_put(json);
}

static bool is_blank(struct slice text, size_t from) {
    while (from < text.size && strchr(" \t\r\n", (char)text.data[from]) != NULL &&
           text.data[from] != '\0')
        from++;
    return from >= text.size;
}

static bool parse(struct reader *r, struct slice text, struct replacements *out) {
    struct json_tokener *tokener = json_tokener_new_ex((int)limits.nesting);
    if (tokener == NULL)
        fatal_out_of_memory();
    out->root = json_tokener_parse_ex(tokener, (const char *)text.data, (int)text.size);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    size_t end = json_tokener_get_parse_end(tokener);
    const char *wrong = error == json_tokener_continue  ? "it ends too early"
                        : error != json_tokener_success ? json_tokener_error_desc(error)
                        : is_blank(text, end)           ? NULL
                                                        : "something stands behind the list";
    if (wrong != NULL) {
        struct place at = {.file = r->file, .has_offset = true, .offset = end};
        diag_report(r->diag, &at, REPLACEMENT_SYNTAX, r->file, wrong);
    }
    json_tokener_free(tokener);
    if (out->root != NULL)
        arena_at_free(r->arena, put_json, out->root);
    return wrong == NULL;
}

bool replacements_read(struct arena *arena, struct diag *diag, const char *path,
                       struct replacements *out) {
    struct reader r = {.arena = arena, .diag = diag, .file = path};
    struct slice text;
    *out = (struct replacements){.file = path};
    if (!map_file(arena, path, &text)) {
        if (errno == ENOENT)
            diag_report(diag, NULL, REPLACEMENT_FILE_MISSING, path);
        else
            diag_report(diag, NULL, REPLACEMENT_FILE, path, strerror(errno));
        return false;
    }
    if (text.size > limits.text_bytes || text.size > INT32_MAX) {
        diag_report(diag, NULL, REPLACEMENT_SYNTAX, path, "it is too large");
        return false;
    }
    return parse(&r, text, out) && read_root(&r, out);
}
