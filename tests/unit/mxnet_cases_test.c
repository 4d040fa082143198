// SPDX-License-Identifier: Apache-2.0
// The records of tests/cases/mxnet/*.txt (README.md there): a symbol, a node a line, becomes a
// symbol file and one of parameters. layer_cases.h has the arguments.
#include "tests/unit/layer_cases.h"

#include <json-c/json.h>

#include "frontends/mxnet/layers.h"
#include "frontends/mxnet/save.h"

enum { MOST_NODES = 64 };

struct writer {
    struct arena *arena;
    const struct layer_record *record;
    struct json_object *nodes;
    const char *names[MOST_NODES];
    unsigned count;
    struct mxnet_array arrays[MOST_NODES];
    struct mxnet_params params;
};

static struct json_object *node_of(struct writer *w, const char *op, const char *name) {
    struct json_object *node = json_object_new_object();
    json_object_object_add(node, "op", json_object_new_string(op));
    json_object_object_add(node, "name", json_object_new_string(name));
    json_object_object_add(node, "inputs", json_object_new_array());
    json_object_array_add(w->nodes, node);
    assert_true(w->count < MOST_NODES);
    w->names[w->count++] = name;
    return node;
}

static unsigned find(const struct writer *w, const char *name, size_t length) {
    for (unsigned i = w->count; i-- > 0;)
        if (strlen(w->names[i]) == length && strncmp(w->names[i], name, length) == 0)
            return i;
    fail_msg("%s: %s: no node '%.*s'", w->record->file, w->record->title, (int)length, name);
    return 0;
}

// --- parameters ----------------------------------------------------------------------------------

static struct shape read_dims(const char *text) {
    struct shape shape = {.rank = 0};
    for (text += strspn(text, "["); *text != ']';) {
        char *end;
        shape.dims[shape.rank++] = strtol(text, &end, 10);
        assert_ptr_not_equal(end, text);
        text = end + (*end == ',');
    }
    return shape;
}

// `[dims] OFFSET SCALE` by the fill rule, or `[dims] {numbers}`; " aux" behind.
static void add_array(struct writer *w, const char *name, const char *text) {
    struct shape shape = read_dims(text);
    uint64_t count = 1;
    for (int32_t i = 0; i < shape.rank; i++)
        count *= (uint64_t)shape.dims[i];
    float *data = arena_array_of(w->arena, count, float);
    const char *at = strchr(text, ']') + 1;
    at += strspn(at, " ");
    char *end = (char *)(uintptr_t)at;
    if (*at == '{') {
        at++;
        for (uint64_t i = 0; i < count; i++, at = end)
            data[i] = strtof(at, &end);
    } else {
        struct fill fill;
        double offset = strtod(at, &end), scale = strtod(end, &end);
        assert_true(fill_start(&fill, name, 0, offset, scale == 0 ? 1 : scale));
        fill_next(&fill, data, count);
    }
    bool auxiliary = strstr(end, "aux") != NULL;
    w->arrays[w->params.count++] = (struct mxnet_array){
        .name = name, .auxiliary = auxiliary, .tensor = tensor_f32(w->arena, shape, data)};
}

// --- nodes ---------------------------------------------------------------------------------------

static void add_inputs(struct writer *w, struct json_object *node, const char *text) {
    struct json_object *inputs = json_object_object_get(node, "inputs");
    while (*text != ')') {
        size_t length = strcspn(text, ":, )");
        long output = text[length] == ':' ? strtol(text + length + 1, NULL, 10) : 0;
        struct json_object *input = json_object_new_array();
        json_object_array_add(input, json_object_new_int((int)find(w, text, length)));
        json_object_array_add(input, json_object_new_int((int)output));
        json_object_array_add(input, json_object_new_int(0));
        json_object_array_add(inputs, input);
        text += strcspn(text, ",)");
        text += strspn(text, ", ");
    }
}

// Blanks separate attributes, so there are none in a value.
static void add_attrs(struct writer *w, struct json_object *node, const char *text) {
    struct json_object *attrs = json_object_new_object();
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t key = strcspn(text, "="), length = strcspn(text, " ");
        assert_true(key < length);
        json_object_object_add(attrs, arena_strndup(w->arena, text, key),
                               json_object_new_string_len(text + key + 1, (int)(length - key - 1)));
        text += length;
    }
    json_object_object_add(node, "attrs", attrs);
}

static void add_line(struct writer *w, const char *line) {
    size_t length = strcspn(line, " ");
    const char *name = arena_strndup(w->arena, line, length), *rest = line + length;
    if (strncmp(rest, " = ", 3) != 0) { // an input and perhaps its shape
        bool shaped = strncmp(rest, " [", 2) == 0;
        rest = shaped ? arena_printf(w->arena, "__shape__=%s", rest + 1) : rest;
        add_attrs(w, node_of(w, "null", name), rest);
        return;
    }
    rest += 3;
    if (*rest == '[') {
        node_of(w, "null", name);
        add_array(w, name, rest);
        return;
    }
    const char *open = strchr(rest, '('), *close = open == NULL ? NULL : strchr(open, ')');
    if (close == NULL)
        fail_msg("%s: %s: what is '%s'?", w->record->file, w->record->title, line);
    struct json_object *node =
        node_of(w, arena_strndup(w->arena, rest, (size_t)(open - rest)), name);
    add_inputs(w, node, open + 1);
    add_attrs(w, node, close + 1);
}

static void write_model(struct arena *arena, const struct layer_record *record) {
    struct writer w = {.arena = arena, .record = record, .nodes = json_object_new_array()};
    struct json_object *root = json_object_new_object();
    json_object_object_add(root, "nodes", w.nodes);
    w.params.arrays = w.arrays;
    for (const char *at = record->texts[0]; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (length > 0)
            add_line(&w, arena_strndup(arena, at, length));
        at += length + (at[length] == '\n');
    }
    const char *text = json_object_to_json_string(root);
    write_file("net-symbol.json", text, strlen(text));
    json_object_put(root);
    remove("net.params");
    assert_true(mxnet_save_params(diag_new(arena), "net.params", &w.params));
}

static const char *type(size_t index) {
    return index < mxnet_layer_row_count ? mxnet_layer_rows[index].op : NULL;
}

int main(int argc, char **argv) {
    static const struct layer_cases cases = {
        .name = "mxnet/cases",
        .pattern = "tests/cases/mxnet/*.txt",
        .frontend = &frontend_mxnet,
        .files = {{"symbol", "net.txt", NULL}, {"mapping", "mapping.xml", "-k"}},
        .model = "net.params",
        .write_model = write_model,
        .type_mark = " = ",
        .type_end = "(",
        .type = type,
    };
    return layer_cases_main(&cases, argc, argv);
}
