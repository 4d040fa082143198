// SPDX-License-Identifier: Apache-2.0
#include "manifests/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "compiler/base/limits.h"
#include "compiler/base/map.h"
#include "compiler/base/names.h"

struct reader {
    struct arena *arena;
    struct diag *diag;
    struct yaml_file *file;
    yaml_parser_t parser;
    struct names *anchors;
    uint64_t nodes;
};

struct children {
    struct yaml **items;
    uint32_t count, capacity;
};

// ---- Places ----

static struct place place_of(const struct yaml_file *file, uint64_t line, uint64_t column) {
    struct place at = {.file = file->path};
    if (line >= 1 && line <= file->line_count) {
        at.line = (uint32_t)line;
        at.column = (uint32_t)column;
        at.text = file->text + file->lines[line - 1];
    }
    return at;
}

struct place yaml_place(const struct yaml_file *file, const struct yaml *node) {
    return place_of(file, node->line, node->column);
}

static struct place place_of_mark(const struct reader *r, yaml_mark_t mark) {
    // An error at the very end is shown on the last line there is.
    uint64_t line = (uint64_t)mark.line + 1, last = r->file->line_count;
    return place_of(r->file, line < last ? line : last, (uint64_t)mark.column + 1);
}

static struct yaml *fail_at(struct reader *r, yaml_mark_t mark, const char *reason) {
    struct place at = place_of_mark(r, mark);
    diag_report(r->diag, &at, MANIFEST_SYNTAX, reason);
    return NULL;
}

static void index_lines(struct reader *r) {
    const char *text = r->file->text;
    uint32_t count = 1;
    for (size_t i = 0; i < r->file->size; i++)
        count += text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n');
    uint32_t *lines = arena_array_of(r->arena, count, uint32_t);
    uint32_t line = 0;
    for (size_t i = 0; i < r->file->size; i++) {
        if (text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n'))
            lines[++line] = (uint32_t)(i + 1);
    }
    r->file->lines = lines;
    // A last line without text is no line.
    r->file->line_count = count > 1 && lines[count - 1] == r->file->size ? count - 1 : count;
}

// ---- Scalars ----

static bool is_one_of(const char *text, const char *const *words) {
    while (*words != NULL && strcmp(text, *words) != 0)
        words++;
    return *words != NULL;
}

static enum yaml_type number_type(const char *text) {
    static const char digits[] = "0123456789";
    const char *s = text + (*text == '-' || *text == '+');
    size_t whole = strspn(s, digits), part = 0;
    s += whole;
    if (whole > 0 && *s == '\0')
        return YAML_IS_INTEGER;
    if (*s == '.') {
        part = strspn(s + 1, digits);
        s += 1 + part;
    }
    if (whole + part == 0)
        return YAML_IS_TEXT;
    if (*s == 'e' || *s == 'E') {
        s += 1 + (s[1] == '-' || s[1] == '+');
        size_t exponent = strspn(s, digits);
        s += exponent;
        if (exponent == 0)
            return YAML_IS_TEXT;
    }
    return *s == '\0' ? YAML_IS_NUMBER : YAML_IS_TEXT;
}

static enum yaml_type plain_type(const char *text) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const flags[] = {"true", "True", "TRUE", "false", "False", "FALSE", NULL};
    if (is_one_of(text, nulls))
        return YAML_IS_NULL;
    if (is_one_of(text, flags))
        return YAML_IS_FLAG;
    return number_type(text);
}

const struct yaml *yaml_item(const struct yaml *map, const char *key) {
    for (uint32_t i = 0; map->type == YAML_IS_MAP && i < map->count; i++) {
        if (strcmp(map->keys[i]->text, key) == 0)
            return map->items[i];
    }
    return NULL;
}

const char *yaml_type_name(enum yaml_type type) {
    static const char *const names[] = {
        [YAML_IS_NULL] = "nothing",       [YAML_IS_FLAG] = "true or false",
        [YAML_IS_INTEGER] = "an integer", [YAML_IS_NUMBER] = "a number",
        [YAML_IS_TEXT] = "text",          [YAML_IS_LIST] = "a list",
        [YAML_IS_MAP] = "a map",
    };
    return names[type];
}

// ---- The tree ----

static struct yaml *new_node(struct reader *r, const yaml_event_t *event) {
    if (++r->nodes > limits.nodes)
        return fail_at(r, event->start_mark, "the file has too many values");
    struct yaml *node = arena_new_of(r->arena, struct yaml);
    node->line = (uint32_t)event->start_mark.line + 1;
    node->column = (uint32_t)event->start_mark.column + 1;
    node->weight = 1;
    return node;
}

static bool next_event(struct reader *r, yaml_event_t *event) {
    if (yaml_parser_parse(&r->parser, event))
        return true;
    const char *problem = r->parser.problem != NULL ? r->parser.problem : "cannot be read";
    if (r->parser.error == YAML_MEMORY_ERROR)
        problem = "not enough memory";
    if (r->parser.error == YAML_READER_ERROR) {
        struct place at = {
            .file = r->file->path, .offset = r->parser.problem_offset, .has_offset = true};
        diag_report(r->diag, &at, MANIFEST_SYNTAX, problem);
        return false;
    }
    if (r->parser.context != NULL)
        problem = arena_printf(r->arena, "%s %s", r->parser.context, problem);
    fail_at(r, r->parser.problem_mark, problem);
    return false;
}

static struct yaml *read_node(struct reader *r, const yaml_event_t *event, uint64_t depth);

static struct yaml *read_scalar(struct reader *r, const yaml_event_t *event) {
    struct yaml *node = new_node(r, event);
    if (node == NULL)
        return NULL;
    const char *value = (const char *)event->data.scalar.value;
    if (strlen(value) != event->data.scalar.length)
        return fail_at(r, event->start_mark, "a value has a zero byte inside");
    node->text = arena_strdup(r->arena, value);
    node->type = YAML_IS_TEXT;
    if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        node->type = plain_type(value);
    return node;
}

static bool add_child(struct reader *r, struct yaml *parent, struct children *children,
                      struct yaml *child, const yaml_event_t *event) {
    ARENA_ROOM(r->arena, children->items, children->count, &children->capacity);
    children->items[children->count++] = child;
    parent->weight += child->weight;
    if (parent->weight <= limits.nodes)
        return true;
    fail_at(r, event->start_mark, "aliases stand for too many values");
    return false;
}

// Reads the next child; NULL at the end of the collection (*ended) or after a report.
static struct yaml *read_child(struct reader *r, uint64_t depth, struct yaml *parent,
                               struct children *children, bool *ended) {
    yaml_event_t event;
    *ended = false;
    if (!next_event(r, &event))
        return NULL;
    *ended = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
    struct yaml *child = *ended ? NULL : read_node(r, &event, depth + 1);
    if (child != NULL && !add_child(r, parent, children, child, &event))
        child = NULL;
    yaml_event_delete(&event);
    return child;
}

static struct yaml *read_list(struct reader *r, const yaml_event_t *event, uint64_t depth) {
    struct yaml *node = new_node(r, event);
    struct children items = {.count = 0};
    bool ended = false;
    if (node == NULL)
        return NULL;
    node->type = YAML_IS_LIST;
    while (read_child(r, depth, node, &items, &ended) != NULL)
        ;
    node->items = items.items;
    node->count = items.count;
    return ended ? node : NULL;
}

enum { FEW_KEYS = 16 }; // so many are compared one by one

// The earlier key of the same text, or NULL; *seen is made when there are many keys.
static const struct yaml *find_twin(struct reader *r, struct names **seen,
                                    const struct children *keys, struct yaml *key) {
    uint32_t before = keys->count - 1;
    for (uint32_t i = 0; i < before && *seen == NULL; i++) {
        if (strcmp(keys->items[i]->text, key->text) == 0)
            return keys->items[i];
    }
    if (keys->count <= FEW_KEYS)
        return NULL;
    if (*seen == NULL) {
        *seen = names_new(r->arena);
        for (uint32_t i = 0; i < before; i++)
            *names_slot(*seen, keys->items[i]->text) = keys->items[i];
    }
    void **slot = names_slot(*seen, key->text);
    const struct yaml *twin = *slot;
    *slot = key;
    return twin;
}

// Keys are text, and no two are alike.
static bool check_key(struct reader *r, struct names **seen, const struct children *keys,
                      struct yaml *key) {
    struct place at = yaml_place(r->file, key);
    if (key->text == NULL) {
        diag_report(r->diag, &at, MANIFEST_SYNTAX, "a key must be text");
        return false;
    }
    const struct yaml *twin = find_twin(r, seen, keys, key);
    if (twin != NULL)
        diag_report(r->diag, &at, MANIFEST_KEY_TWICE, key->text, twin->line);
    return true;
}

static struct yaml *read_map(struct reader *r, const yaml_event_t *event, uint64_t depth) {
    struct yaml *node = new_node(r, event), *key;
    struct children keys = {.count = 0}, values = {.count = 0};
    bool ended = false;
    if (node == NULL)
        return NULL;
    node->type = YAML_IS_MAP;
    struct names *seen = NULL;
    while ((key = read_child(r, depth, node, &keys, &ended)) != NULL) {
        if (!check_key(r, &seen, &keys, key) || read_child(r, depth, node, &values, &ended) == NULL)
            return NULL;
    }
    node->keys = keys.items;
    node->items = values.items;
    node->count = values.count;
    return ended ? node : NULL;
}

static struct yaml *read_alias(struct reader *r, const yaml_event_t *event) {
    struct yaml *node = names_find(r->anchors, (const char *)event->data.alias.anchor);
    return node != NULL ? node : fail_at(r, event->start_mark, "an alias has no anchor before it");
}

static struct yaml *read_node(struct reader *r, const yaml_event_t *event, uint64_t depth) {
    const yaml_char_t *anchor = NULL, *tag = NULL;
    struct yaml *node = NULL;
    if (depth > limits.nesting)
        return fail_at(r, event->start_mark, "values are nested too deeply");
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return read_alias(r, event);
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        node = read_scalar(r, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        node = read_list(r, event, depth);
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        node = read_map(r, event, depth);
        break;
    default:
        return fail_at(r, event->start_mark, "a value is missing");
    }
    if (tag != NULL)
        return fail_at(r, event->start_mark, "tags are not used in manifests");
    if (node != NULL && anchor != NULL)
        *names_slot(r->anchors, arena_strdup(r->arena, (const char *)anchor)) = node;
    return node;
}

// Reads up to the end of the one document.
static const struct yaml *read_document(struct reader *r) {
    static const struct yaml nothing = {.type = YAML_IS_NULL, .line = 1, .column = 1};
    const struct yaml *root = &nothing;
    for (bool seen = false;;) {
        yaml_event_t event;
        if (!next_event(r, &event))
            return NULL;
        yaml_event_type_t type = event.type;
        if (type == YAML_DOCUMENT_START_EVENT && seen)
            root = fail_at(r, event.start_mark, "a second document begins here");
        else if (type != YAML_STREAM_START_EVENT && type != YAML_STREAM_END_EVENT &&
                 type != YAML_DOCUMENT_START_EVENT && type != YAML_DOCUMENT_END_EVENT)
            root = read_node(r, &event, 0);
        seen = seen || type == YAML_DOCUMENT_START_EVENT;
        yaml_event_delete(&event);
        if (root == NULL || type == YAML_STREAM_END_EVENT)
            return root;
    }
}

static bool take_text(struct reader *r, struct slice content) {
    struct place at = {.file = r->file->path};
    if (content.size > limits.text_bytes || content.size >= UINT32_MAX) {
        diag_report(r->diag, &at, FILE_TOO_LARGE, r->file->path, (unsigned long long)content.size,
                    (unsigned long long)limits.text_bytes);
        return false;
    }
    r->file->text = arena_strndup(r->arena, (const char *)content.data, content.size);
    r->file->size = content.size;
    index_lines(r);
    return true;
}

struct yaml_file *yaml_read_text(struct arena *arena, const char *name, struct slice text,
                                 struct diag *diag) {
    struct reader r = {.arena = arena, .diag = diag};
    r.file = arena_new_of(arena, struct yaml_file);
    r.file->path = name;
    r.anchors = names_new(arena);
    if (!take_text(&r, text))
        return NULL;
    if (!yaml_parser_initialize(&r.parser))
        return fail_at(&r, (yaml_mark_t){0}, "not enough memory"), NULL;
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.file->text, r.file->size);
    r.file->root = read_document(&r);
    yaml_parser_delete(&r.parser);
    return r.file->root == NULL ? NULL : r.file;
}

struct yaml_file *yaml_read(struct arena *arena, const char *path, struct diag *diag) {
    struct slice content;
    struct place at = {.file = path};
    if (map_file(arena, path, &content))
        return yaml_read_text(arena, path, content, diag);
    diag_report(diag, &at, FILE_OPEN, path, strerror(errno));
    return NULL;
}
