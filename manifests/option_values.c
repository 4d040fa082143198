// SPDX-License-Identifier: Apache-2.0
// Conversion options: a value of YAML becomes the text that stands behind the option on a command
// line, and the table of options checks it and brings it into its normal form.
#include "manifests/read.h"

#include <string.h>

#include "compiler/base/strbuf.h"

// Appends the text of `node`; false after a report when the node is not of the kind.
typedef bool put_value(struct reading *r, const char *key, const struct yaml *node,
                       struct strbuf *to);

static bool is_number(const struct yaml *node) {
    return node->type == YAML_IS_INTEGER || node->type == YAML_IS_NUMBER;
}

static bool type_error(struct reading *r, const char *key, const struct yaml *node,
                       const char *wanted) {
    report_type(r, key, node, wanted);
    return false;
}

static bool put_text(struct reading *r, const char *key, const struct yaml *node,
                     struct strbuf *to) {
    const char *text = NULL;
    read_text(r, key, node, &text);
    if (text != NULL)
        strbuf_puts(to, text);
    return text != NULL;
}

static bool put_flag(struct reading *r, const char *key, const struct yaml *node,
                     struct strbuf *to) {
    if (node->type != YAML_IS_FLAG)
        return type_error(r, key, node, "true or false");
    strbuf_puts(to, node->text[0] == 't' || node->text[0] == 'T' ? "true" : "false");
    return true;
}

static bool put_number(struct reading *r, const char *key, const struct yaml *node,
                       struct strbuf *to) {
    if (!is_number(node))
        return type_error(r, key, node, "a number");
    strbuf_puts(to, node->text);
    return true;
}

static bool put_integer(struct reading *r, const char *key, const struct yaml *node,
                        struct strbuf *to) {
    if (node->type != YAML_IS_INTEGER)
        return type_error(r, key, node, "an integer");
    strbuf_puts(to, node->text);
    return true;
}

// The items of a list, parted by `comma`.
static bool put_items(struct reading *r, const char *key, const struct yaml *list,
                      const char *comma, put_value *put, struct strbuf *to) {
    if (list->count == 0)
        report_value(r, key, list, "the list is empty");
    bool done = list->count > 0;
    for (uint32_t i = 0; i < list->count; i++) {
        strbuf_puts(to, i == 0 ? "" : comma);
        done = put(r, key, list->items[i], to) && done;
    }
    return done;
}

static bool put_texts(struct reading *r, const char *key, const struct yaml *node,
                      struct strbuf *to) {
    if (node->type == YAML_IS_LIST)
        return put_items(r, key, node, ",", put_text, to);
    if (node->type != YAML_IS_TEXT)
        return type_error(r, key, node, "text or a list of texts");
    return put_text(r, key, node, to);
}

// A choice may look like a number: ir_version 11.
static bool put_choice(struct reading *r, const char *key, const struct yaml *node,
                       struct strbuf *to) {
    if (node->type == YAML_IS_INTEGER)
        return put_integer(r, key, node, to);
    return put_text(r, key, node, to);
}

static bool put_choices(struct reading *r, const char *key, const struct yaml *node,
                        struct strbuf *to) {
    if (node->type == YAML_IS_LIST)
        return put_items(r, key, node, ",", put_choice, to);
    if (node->type != YAML_IS_TEXT && node->type != YAML_IS_INTEGER)
        return type_error(r, key, node, "one of its values or a list of them");
    return put_choice(r, key, node, to);
}

static bool put_bracketed(struct reading *r, const char *key, const struct yaml *list,
                          const char *comma, put_value *put, struct strbuf *to) {
    strbuf_putc(to, '[');
    bool done = put_items(r, key, list, comma, put, to);
    strbuf_putc(to, ']');
    return done;
}

// name[...] for each entry of a map, or with `arrow` name->value.
static bool put_map(struct reading *r, const char *key, const struct yaml *map, const char *arrow,
                    put_value *put, struct strbuf *to) {
    if (map->count == 0)
        report_value(r, key, map, "the map is empty");
    bool done = map->count > 0;
    for (uint32_t i = 0; i < map->count; i++) {
        strbuf_printf(to, "%s%s%s", i == 0 ? "" : ",", map->keys[i]->text, arrow);
        done = check_map_key(r, key, map->keys[i]) && done;
        done = put(r, key, map->items[i], to) && done;
    }
    return done;
}

// [1,2,3], or a number for all channels.
static bool put_channel_list(struct reading *r, const char *key, const struct yaml *node,
                             struct strbuf *to) {
    if (node->type == YAML_IS_LIST)
        return put_bracketed(r, key, node, ",", put_number, to);
    if (!is_number(node))
        return type_error(r, key, node, "a number or a list of numbers");
    strbuf_printf(to, "[%s]", node->text);
    return true;
}

// The list of one input among several.
static bool put_number_list(struct reading *r, const char *key, const struct yaml *node,
                            struct strbuf *to) {
    if (node->type != YAML_IS_LIST)
        return type_error(r, key, node, "a list of numbers");
    return put_channel_list(r, key, node, to);
}

static bool put_channels(struct reading *r, const char *key, const struct yaml *node,
                         struct strbuf *to) {
    if (node->type == YAML_IS_TEXT)
        return put_text(r, key, node, to);
    if (node->type == YAML_IS_MAP)
        return put_map(r, key, node, "", put_channel_list, to);
    if (node->type == YAML_IS_LIST && node->count > 0 && node->items[0]->type == YAML_IS_LIST)
        return put_items(r, key, node, ",", put_number_list, to);
    if (node->type == YAML_IS_LIST || is_number(node))
        return put_channel_list(r, key, node, to);
    return type_error(r, key, node, "numbers, or a map from inputs to numbers");
}

static bool put_offsets(struct reading *r, const char *key, const struct yaml *node,
                        struct strbuf *to) {
    if (node->type == YAML_IS_TEXT)
        return put_text(r, key, node, to);
    if (node->type != YAML_IS_LIST)
        return type_error(r, key, node, "text or a list of two integers");
    strbuf_putc(to, '(');
    bool done = put_items(r, key, node, ",", put_integer, to);
    strbuf_putc(to, ')');
    return done;
}

static bool put_frozen_scalar(struct reading *r, const char *key, const struct yaml *node,
                              struct strbuf *to) {
    return node->type == YAML_IS_FLAG ? put_flag(r, key, node, to) : put_number(r, key, node, to);
}

static bool put_frozen(struct reading *r, const char *key, const struct yaml *node,
                       struct strbuf *to) {
    if (node->type == YAML_IS_LIST)
        return put_bracketed(r, key, node, " ", put_frozen_scalar, to);
    return put_frozen_scalar(r, key, node, to);
}

static bool put_freeze(struct reading *r, const char *key, const struct yaml *node,
                       struct strbuf *to) {
    if (node->type == YAML_IS_MAP)
        return put_map(r, key, node, "->", put_frozen, to);
    if (node->type != YAML_IS_TEXT && node->type != YAML_IS_LIST)
        return type_error(r, key, node, "text, a list of texts, or a map from inputs to values");
    return put_texts(r, key, node, to);
}

static put_value *const put_by_kind[] = {
    [OPTION_FLAG] = put_flag,         [OPTION_NUMBER] = put_number,
    [OPTION_COUNT] = put_integer,     [OPTION_TEXT] = put_text,
    [OPTION_NAME] = put_text,         [OPTION_NAMES] = put_texts,
    [OPTION_CHOICE] = put_choice,     [OPTION_CHOICES] = put_choices,
    [OPTION_FILE] = put_text,         [OPTION_FILES] = put_texts,
    [OPTION_PREFIX] = put_text,       [OPTION_FOLDER] = put_text,
    [OPTION_FOLDERS] = put_texts,     [OPTION_INPUTS] = put_texts,
    [OPTION_CHANNELS] = put_channels, [OPTION_OFFSETS] = put_offsets,
    [OPTION_FREEZE] = put_freeze,     [OPTION_REGEXES] = put_texts,
    [OPTION_LAYOUTS] = put_texts,
};

static void set_option(struct reading *r, const struct yaml *node, enum option_id id,
                       const char *text) {
    struct place at = yaml_place(r->file, node);
    option_set(r->arena, r->diag, &at, &r->draft->options, &option_table[id],
               arena_strdup(r->arena, text));
}

static void set_with(struct reading *r, const char *key, const struct yaml *node, put_value *put,
                     enum option_id id) {
    struct strbuf text = STRBUF_INIT;
    if (put(r, key, node, &text))
        set_option(r, node, id, text.data);
    strbuf_free(&text);
}

bool manifest_takes_option(const struct option_def *def) {
    enum option_id id = option_id_of(def);
    return def->role != OPTION_RUNS && def->role != OPTION_REFUSED && id != OPT_model_name &&
           id != OPT_extensions;
}

void read_option(struct reading *r, const struct option_def *def, const struct yaml *node) {
    if (def->role == OPTION_REFUSED) {
        set_option(r, node, option_id_of(def), "true"); // says why
    } else if (!manifest_takes_option(def)) {
        struct place at = yaml_place(r->file, node);
        const char *why = "the build decides where files go and what is printed";
        if (option_id_of(def) == OPT_model_name)
            why = "the model's 'name' names its files too";
        if (option_id_of(def) == OPT_extensions)
            why = "a manifest may come from anywhere, and extensions run with all rights";
        diag_report(r->diag, &at, MANIFEST_OPTION, def->name, why);
    } else {
        set_with(r, def->name, node, put_by_kind[def->kind], option_id_of(def));
    }
}

// ---- Keys that say an option in another way ----

void read_pipeline(struct reading *r, const char *key, const struct yaml *node, void *field) {
    (void)field;
    set_with(r, key, node, put_text, OPT_tensorflow_object_detection_api_pipeline_config);
}

// One number for all inputs, or one for each, which is what scale_values says.
void read_scale(struct reading *r, const char *key, const struct yaml *node, void *field) {
    (void)field;
    if (node->type == YAML_IS_MAP)
        set_with(r, key, node, put_channels, OPT_scale_values);
    else if (is_number(node))
        set_with(r, key, node, put_number, OPT_scale);
    else
        report_type(r, key, node, "a number, or a map from inputs to numbers");
}

enum { MOST_INPUTS = 1000 };

// A dimension may be open: -1 or ?.
static bool put_dimension(struct reading *r, const char *key, const struct yaml *node,
                          struct strbuf *to) {
    if (node->type != YAML_IS_TEXT || strcmp(node->text, "?") != 0)
        return put_integer(r, key, node, to);
    strbuf_puts(to, "-1");
    return true;
}

static bool put_shape(struct reading *r, const char *key, const struct yaml *node,
                      struct strbuf *to) {
    if (node->type != YAML_IS_LIST)
        return type_error(r, key, node, "a list of integers");
    return put_bracketed(r, key, node, ",", put_dimension, to);
}

static bool put_shapes(struct reading *r, const char *key, const struct yaml *node,
                       struct strbuf *to) {
    if (node->type == YAML_IS_TEXT)
        return put_text(r, key, node, to);
    if (node->type == YAML_IS_LIST && node->count > 0 && node->items[0]->type == YAML_IS_LIST)
        return put_items(r, key, node, ",", put_shape, to);
    if (node->type == YAML_IS_LIST)
        return put_shape(r, key, node, to);
    return type_error(r, key, node, "a list of integers, or a map from inputs to such lists");
}

static void read_named_shapes(struct reading *r, const char *key, const struct yaml *map) {
    struct model_draft *draft = r->draft;
    draft->shape_names.items = arena_array_of(r->arena, map->count, const char *);
    draft->shapes.items = arena_array_of(r->arena, map->count, const char *);
    for (uint32_t i = 0; i < map->count; i++) {
        struct strbuf text = STRBUF_INIT;
        check_map_key(r, key, map->keys[i]);
        put_shape(r, key, map->items[i], &text);
        draft->shape_names.items[i] = map->keys[i]->text;
        draft->shapes.items[i] = arena_strdup(r->arena, text.data);
        strbuf_free(&text);
    }
    draft->shape_names.count = draft->shapes.count = map->count;
    draft->shapes_at = yaml_place(r->file, map);
}

void read_shapes(struct reading *r, const char *key, const struct yaml *node, void *field) {
    (void)field;
    r->draft->shape_names.count = r->draft->shapes.count = 0;
    r->draft->options.text[OPT_input_shape] = NULL;
    if (node->type == YAML_IS_MAP && node->count > MOST_INPUTS)
        report_value(r, key, node, "a model has at most 1000 inputs");
    else if (node->type == YAML_IS_MAP && node->count > 0)
        read_named_shapes(r, key, node);
    else
        set_with(r, key, node, put_shapes, OPT_input_shape);
}
