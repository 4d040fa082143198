// SPDX-License-Identifier: Apache-2.0
#include "frontends/mxnet/symbol.h"

#include <json-c/json.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"
#include "frontends/source.h"

struct reader {
    struct arena *arena;
    struct diag *diag;
    struct mxnet_symbol *symbol;
};

static bool damaged(struct reader *r, const char *layer, const char *what) {
    struct place at = {.file = r->symbol->file, .layer = layer};
    diag_report(r->diag, &at, MALFORMED, "MXNet symbol file", what);
    return false;
}

static const char *text_of(struct reader *r, struct json_object *object) {
    if (object == NULL || !json_object_is_type(object, json_type_string))
        return NULL;
    const char *text = json_object_get_string(object);
    size_t length = (size_t)json_object_get_string_len(object);
    if (length > limits.name_bytes || memchr(text, 0, length) != NULL)
        return NULL;
    return arena_strndup(r->arena, text, length);
}

// Adds the string members of node[key]; a key already there stays.
static void read_attrs(struct reader *r, struct mxnet_node *node, struct json_object *object) {
    if (object == NULL || !json_object_is_type(object, json_type_object))
        return;
    uint32_t more = (uint32_t)json_object_object_length(object);
    struct mxnet_attr *attrs = arena_array_of(r->arena, node->attr_count + more, struct mxnet_attr);
    for (uint32_t i = 0; i < node->attr_count; i++)
        attrs[i] = node->attrs[i];
    node->attrs = attrs;
    json_object_object_foreach(object, key, value) {
        const char *text = text_of(r, value);
        if (text != NULL && mxnet_attr(node, key) == NULL)
            attrs[node->attr_count++] =
                (struct mxnet_attr){.key = arena_strdup(r->arena, key), .value = text};
    }
}

static bool read_input(struct reader *r, struct mxnet_node *node, uint32_t at,
                       struct json_object *item) {
    uint32_t index = (uint32_t)(node - r->symbol->nodes);
    if (item == NULL || !json_object_is_type(item, json_type_array) ||
        json_object_array_length(item) < 2)
        return damaged(r, node->name, "an input is not a list of numbers");
    int64_t from = json_object_get_int64(json_object_array_get_idx(item, 0));
    int64_t output = json_object_get_int64(json_object_array_get_idx(item, 1));
    if (from < 0 || from >= (int64_t)index || output < 0 || output > UINT16_MAX)
        return damaged(r, node->name, "an input names no earlier node");
    node->inputs[at] = (struct mxnet_input){.node = (uint32_t)from, .output = (uint32_t)output};
    r->symbol->nodes[from].use_count++;
    return true;
}

static bool read_inputs(struct reader *r, struct mxnet_node *node, struct json_object *list) {
    if (list == NULL)
        return true;
    if (!json_object_is_type(list, json_type_array))
        return damaged(r, node->name, "'inputs' is not a list");
    node->input_count = (uint32_t)json_object_array_length(list);
    node->inputs = arena_array_of(r->arena, node->input_count, struct mxnet_input);
    for (uint32_t i = 0; i < node->input_count; i++)
        if (!read_input(r, node, i, json_object_array_get_idx(list, i)))
            return false;
    return true;
}

static bool read_node(struct reader *r, struct mxnet_node *node, struct json_object *object) {
    static const char *const attr_keys[] = {"attrs", "param", "attr"};
    if (object == NULL || !json_object_is_type(object, json_type_object))
        return damaged(r, NULL, "a node is not an object");
    node->name = text_of(r, json_object_object_get(object, "name"));
    node->op = text_of(r, json_object_object_get(object, "op"));
    if (node->name == NULL || node->op == NULL)
        return damaged(r, node->name, "a node has no 'op' or no 'name'");
    for (size_t i = 0; i < sizeof(attr_keys) / sizeof(attr_keys[0]); i++)
        read_attrs(r, node, json_object_object_get(object, attr_keys[i]));
    return read_inputs(r, node, json_object_object_get(object, "inputs"));
}

// "attrs": {"mxnet_version": ["int", 10301]} at the top of the file.
static int64_t read_version(struct json_object *root) {
    struct json_object *attrs, *version;
    if (!json_object_object_get_ex(root, "attrs", &attrs) ||
        !json_object_is_type(attrs, json_type_object) ||
        !json_object_object_get_ex(attrs, "mxnet_version", &version) ||
        !json_object_is_type(version, json_type_array))
        return 0;
    return json_object_get_int64(json_object_array_get_idx(version, 1));
}

static bool read_root(struct reader *r, struct json_object *root) {
    struct json_object *nodes;
    if (!json_object_is_type(root, json_type_object) ||
        !json_object_object_get_ex(root, "nodes", &nodes) ||
        !json_object_is_type(nodes, json_type_array))
        return damaged(r, NULL, "it has no list 'nodes'");
    size_t count = json_object_array_length(nodes);
    if (count > limits.nodes)
        return damaged(r, NULL, "it has too many nodes");
    r->symbol->nodes = arena_array_of(r->arena, count, struct mxnet_node);
    r->symbol->version = read_version(root);
    for (size_t i = 0; i < count; i++) {
        r->symbol->count = (uint32_t)i + 1;
        if (!read_node(r, &r->symbol->nodes[i], json_object_array_get_idx(nodes, i)))
            return false;
    }
    return true;
}

static struct json_object *parse(struct reader *r, struct slice text) {
    struct json_tokener *tokener = json_tokener_new_ex((int)limits.nesting);
    if (tokener == NULL)
        fatal_out_of_memory();
    struct json_object *root =
        json_tokener_parse_ex(tokener, (const char *)text.data, (int)text.size);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error != json_tokener_success) {
        struct place at = {.file = r->symbol->file,
                           .has_offset = true,
                           .offset = json_tokener_get_parse_end(tokener)};
        diag_report(r->diag, &at, MALFORMED, "MXNet symbol file",
                    error == json_tokener_continue ? "it ends too early"
                                                   : json_tokener_error_desc(error));
        json_object_put(root);
        root = NULL;
    }
    json_tokener_free(tokener);
    return root;
}

bool mxnet_read_symbol(struct arena *arena, struct diag *diag, const char *path,
                       struct mxnet_symbol *out) {
    struct reader r = {.arena = arena, .diag = diag, .symbol = out};
    struct slice text;
    *out = (struct mxnet_symbol){.file = path};
    if (!source_open(arena, diag, path, &text))
        return false;
    if (text.size > limits.text_bytes || text.size > INT32_MAX)
        return damaged(&r, NULL, "it is too large for a symbol file");
    struct json_object *root = parse(&r, text);
    bool good = root != NULL && read_root(&r, root);
    json_object_put(root);
    return good;
}
