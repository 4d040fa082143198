// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "compiler/base/path.h"
#include "compiler/options/options.h"
#include "manifests/omz_import.h"

// The path behind a variable: plain names that lead down, for what comes out of the zoo shall name
// nothing else of this machine.
static bool leads_down(const char *path, size_t length) {
    for (size_t at = 0; at <= length;) {
        size_t part = strcspn(path + at, "/");
        part = part < length - at ? part : length - at;
        bool dots = (part == 1 || part == 2) && strncmp(path + at, "..", part) == 0;
        if (part == 0 || dots)
            return false;
        at += part + 1;
    }
    return true;
}

// A file that comes with the description becomes one more source. NULL when it may not.
static const char *config_file(struct importing *m, const struct yaml *node, const char *name) {
    if (m->request->standalone) {
        omz_leave_out(m, node, "it needs a file of the zoo's own folder");
        return NULL;
    }
    const char *from = path_absolute(m->arena, m->request->manifest_folder);
    const char *to = path_absolute(m->arena, m->folder);
    if (from == NULL || to == NULL) {
        omz_leave_out(m, node, strerror(errno));
        return NULL;
    }
    const char *path = arena_printf(m->arena, "%s%s", path_relative(m->arena, from, to), name);
    return path[0] == '/' || strncmp(path, "../", 3) == 0 ? path
                                                          : arena_printf(m->arena, "./%s", path);
}

// The folder of downloads is that of the model: nothing stands for it.
static const char *download(struct importing *m, const struct yaml *node, const char *name) {
    (void)m, (void)node;
    return name;
}

static const char *converted(struct importing *m, const struct yaml *node, const char *name) {
    (void)name;
    omz_leave_out(m, node, "a Python script of the zoo makes its files first");
    return NULL;
}

static const struct variable {
    const char *name;
    const char *(*reach)(struct importing *m, const struct yaml *node, const char *path);
} variables[] = {
    {"$dl_dir", download},    {"$config_dir", config_file},
    {"$conv_dir", converted}, {"$mo_dir", NULL}, // files of the Model Optimizer itself
    {"$mo_ext_dir", NULL},
};

static const struct variable *variable_at(const char *text, size_t *length) {
    *length = 1 + strspn(text + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        if (strlen(variables[i].name) == *length && strncmp(variables[i].name, text, *length) == 0)
            return &variables[i];
    }
    return NULL;
}

static void lose_argument(struct importing *m, const struct yaml *node) {
    struct place at = yaml_place(m->file, node);
    diag_report(m->diag, &at, OMZ_ARGUMENT, m->name, node->text,
                "the file belongs to the Model Optimizer");
    strbuf_printf(m->out, "    # without %s\n", node->text);
}

// The variable at `text` and the path behind it; false when the argument is not taken.
static bool put_variable(struct importing *m, const struct yaml *node, const char **text,
                         struct strbuf *out) {
    size_t length;
    const struct variable *variable = variable_at(*text, &length);
    const char *path = *text + length;
    size_t size = strcspn(path, ",");
    if (variable == NULL) {
        omz_leave_out(m, node,
                      arena_printf(m->arena, "the variable in '%s' is not known", node->text));
        return false;
    }
    if (variable->reach == NULL) {
        lose_argument(m, node);
        return false;
    }
    if (variable->reach != converted && (path[0] != '/' || !leads_down(path + 1, size - 1))) {
        omz_leave_out(m, node,
                      arena_printf(m->arena, "'%s' names no file of the model", node->text));
        return false;
    }
    const char *reached =
        variable->reach(m, node, size == 0 ? "" : arena_strndup(m->arena, path + 1, size - 1));
    if (reached != NULL)
        strbuf_puts(out, reached);
    *text = path + size;
    return reached != NULL;
}

// The argument without variables; NULL: it is left out alone, or the model is.
static const char *expand(struct importing *m, const struct yaml *node) {
    struct strbuf out = STRBUF_INIT;
    const char *text = node->text, *copy = NULL;
    bool good = true;
    while (good && *text != '\0') {
        size_t plain = strcspn(text, "$");
        strbuf_add(&out, text, plain);
        text += plain;
        if (*text != '\0')
            good = put_variable(m, node, &text, &out);
    }
    if (good)
        copy = arena_strdup(m->arena, out.data);
    strbuf_free(&out);
    return copy;
}

// Paths without a variable are from the folder in which somebody would call the Model Optimizer.
static bool names_stranger(const struct option_values *before, const struct option_values *after,
                           const char *text) {
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        if (after->text[i] != before->text[i] && option_reads_path(&option_table[i]) &&
            strchr(text, '$') == NULL)
            return true;
    }
    return false;
}

static void take_argument(struct importing *m, const struct yaml *node,
                          struct option_values *values) {
    if (node->type != YAML_IS_TEXT || !omz_is_line(node->text)) {
        omz_leave_out(m, node, "an argument is no line of text");
        return;
    }
    const char *word = expand(m, node);
    if (word == NULL)
        return;
    // Its own messages would not name the model.
    struct diag *own = diag_new(m->arena);
    struct option_values before = *values;
    char *words[] = {arena_strdup(m->arena, word)};
    if (word[0] != '-' || !options_read(m->arena, own, 1, words, values) ||
        diag_count(own, DIAG_FAILED) > 0)
        omz_leave_out(m, node,
                      arena_printf(m->arena, "zooc does not take the argument '%s'", word));
    else if (names_stranger(&before, values, node->text))
        omz_leave_out(m, node, arena_printf(m->arena, "'%s' names no file of the model", word));
}

static void add_separated(struct strbuf *to, const char *text) {
    strbuf_printf(to, "%s%s", to->length == 0 ? "" : ",", text);
}

// "[1,3,224,224]" of a list; false when it is none.
static bool add_shape(struct strbuf *to, const struct yaml *shape) {
    if (shape == NULL || shape->type != YAML_IS_LIST || shape->count == 0)
        return false;
    add_separated(to, "[");
    for (uint32_t i = 0; i < shape->count; i++)
        strbuf_printf(to, "%s%s", i == 0 ? "" : ",",
                      shape->items[i]->text == NULL ? "?" : shape->items[i]->text);
    strbuf_putc(to, ']');
    return true;
}

static void set_unless_given(struct importing *m, const struct yaml *node,
                             struct option_values *values, enum option_id id,
                             const struct strbuf *text) {
    struct diag *own = diag_new(m->arena);
    if (text->length == 0 || values->text[id] != NULL)
        return;
    if (!option_set(m->arena, own, NULL, values, &option_table[id],
                    arena_strdup(m->arena, text->data)))
        omz_leave_out(m, node,
                      arena_printf(m->arena, "zooc does not take %s '%s'", option_table[id].name,
                                   text->data));
}

// Newer descriptions tell names, shapes and layouts of the inputs apart from the arguments.
static void take_inputs(struct importing *m, const struct yaml *root,
                        struct option_values *values) {
    const struct yaml *inputs = yaml_item(root, "input_info");
    struct strbuf names = STRBUF_INIT, shapes = STRBUF_INIT, layouts = STRBUF_INIT;
    bool all = true;
    for (uint32_t i = 0; inputs != NULL && i < inputs->count && !m->left_out; i++) {
        const struct yaml *input = inputs->items[i], *layout = yaml_item(input, "layout");
        const char *name = omz_text(m, input, "name");
        if (name == NULL)
            break;
        add_separated(&names, name);
        all = add_shape(&shapes, yaml_item(input, "shape")) && all;
        if (layout != NULL && layout->text != NULL)
            add_separated(&layouts, arena_printf(m->arena, "%s(%s)", name, layout->text));
    }
    if (inputs != NULL && !m->left_out) {
        set_unless_given(m, inputs, values, OPT_input, &names);
        if (all)
            set_unless_given(m, inputs, values, OPT_input_shape, &shapes);
        set_unless_given(m, inputs, values, OPT_layout, &layouts);
    }
    strbuf_free(&names);
    strbuf_free(&shapes);
    strbuf_free(&layouts);
}

static void put_options(struct importing *m, const struct option_values *values) {
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        const struct option_def *def = &option_table[i];
        const char *text = values->text[i];
        if (text == NULL || !option_makes_ir(def))
            continue;
        bool bare =
            def->kind == OPTION_FLAG || def->kind == OPTION_NUMBER || def->kind == OPTION_COUNT;
        if (bare)
            strbuf_printf(m->out, "    %s: %s\n", def->name, text);
        else
            omz_put_line(m->out, "    ", def->name, text);
    }
}

void omz_import_arguments(struct importing *m, const struct yaml *root) {
    const struct yaml *arguments = yaml_item(root, "model_optimizer_args");
    struct option_values values = {.text = {NULL}};
    if (arguments == NULL || arguments->type != YAML_IS_LIST) {
        omz_leave_out(m, root, "it has no model_optimizer_args");
        return;
    }
    for (uint32_t i = 0; i < arguments->count && !m->left_out; i++)
        take_argument(m, arguments->items[i], &values);
    if (!m->left_out)
        take_inputs(m, root, &values);
    if (!m->left_out)
        put_options(m, &values);
}
