// SPDX-License-Identifier: Apache-2.0
// What only shows when all keys of a model are known: which option each of its files is, the order
// of named shapes, and what is missing.
#include "manifests/read.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/strbuf.h"
#include "compiler/options/values.h"

// ---- Model files ----

struct suffix_row {
    const char *suffix;
    enum option_id option;
    const char *framework; // NULL: any
};

static const struct suffix_row suffixes[] = {
    {".caffemodel", OPT_input_model, "caffe"},
    {".prototxt", OPT_input_proto, "caffe"},
    {".binaryproto", OPT_mean_file, "caffe"},
    {".params", OPT_input_model, "mxnet"},
    {".json", OPT_input_symbol, "mxnet"},
    {".pb", OPT_input_model, "tf"},
    {".pbtxt", OPT_input_model, "tf"},
    {".meta", OPT_input_meta_graph, "tf"},
    {".ckpt", OPT_input_checkpoint, "tf"},
    {".config", OPT_tensorflow_object_detection_api_pipeline_config, "tf"},
    {".onnx", OPT_input_model, "onnx"},
    {".nnet", OPT_input_model, "kaldi"},
    {".mdl", OPT_input_model, "kaldi"},
    {".counts", OPT_counts, "kaldi"},
};

static bool has_suffix(const char *path, const char *suffix) {
    size_t length = strlen(path), tail = strlen(suffix);
    return length >= tail && strcmp(path + length - tail, suffix) == 0;
}

static const struct suffix_row *row_of(const char *path) {
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (has_suffix(path, suffixes[i].suffix))
            return &suffixes[i];
    }
    return NULL;
}

static void set_file(struct reading *r, const struct place *at, enum option_id id,
                     const char *path) {
    struct option_values *options = &r->draft->options;
    if (options->text[id] != NULL)
        diag_report(r->diag, at, MANIFEST_CONFLICT, options->text[id], path);
    else
        option_set(r->arena, r->diag, at, options, &option_table[id], path);
}

// A suffix says which option the file is; without a known one it is the model.
static void set_model_files(struct reading *r, const struct place *at,
                            const struct text_list *files, bool only_known) {
    for (uint32_t i = 0; i < files->count; i++) {
        const struct suffix_row *row = row_of(files->items[i]);
        if (row == NULL && only_known)
            continue;
        set_file(r, at, row == NULL ? OPT_input_model : row->option, files->items[i]);
        if (has_suffix(files->items[i], ".pbtxt"))
            r->draft->options.text[OPT_input_model_is_text] = "true";
    }
}

// ---- Files that are found beside others ----
// A conversion finds them by itself, but they must be inputs of the step: what is not named here
// would change without anybody noticing.

static const char *without(struct reading *r, const char *path, const char *suffix) {
    return arena_strndup(r->arena, path, strlen(path) - strlen(suffix));
}

// Where the beginning of a checkpoint's files ends: before `.index`, `.meta` or `.data-...`.
static const char *checkpoint_prefix(struct reading *r, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    const char *data = strstr(name, ".data-");
    if (has_suffix(path, "/checkpoint"))
        return without(r, path, "/checkpoint"); // it names others of its folder
    if (data != NULL)
        return without(r, path, data);
    if (has_suffix(path, ".index"))
        return without(r, path, ".index");
    return has_suffix(path, ".meta") ? without(r, path, ".meta") : path;
}

// A MetaGraph's checkpoint lies beside it under its name.
static void set_checkpoint(struct reading *r, const struct place *at) {
    const char **text = r->draft->options.text;
    const char *model = text[OPT_input_model];
    if (model != NULL && has_suffix(model, ".meta")) {
        text[OPT_input_model] = NULL;
        set_file(r, at, OPT_input_meta_graph, model);
    }
    const char *meta = text[OPT_input_meta_graph], *checkpoint = text[OPT_input_checkpoint];
    const char *prefix = meta == NULL ? NULL : checkpoint_prefix(r, meta);
    if (meta != NULL && prefix != meta)
        text[OPT_input_meta_graph] = arena_printf(r->arena, "%s.meta", prefix);
    if (checkpoint != NULL)
        text[OPT_input_checkpoint] = checkpoint_prefix(r, checkpoint);
    else if (meta != NULL && prefix != meta)
        set_file(r, at, OPT_input_checkpoint, prefix);
}

// Caffe's topology, when only the weights are given.
static void set_proto(struct reading *r, const struct place *at) {
    const char *const *text = r->draft->options.text;
    const char *model = text[OPT_input_model];
    if (model != NULL && text[OPT_input_proto] == NULL && has_suffix(model, ".caffemodel"))
        set_file(r, at, OPT_input_proto,
                 arena_printf(r->arena, "%s.prototxt", without(r, model, ".caffemodel")));
}

// The prefix of MXNet's .nd files is a name in the symbol's folder; elsewhere it is a path.
static void set_nd_prefix(struct reading *r) {
    const char **text = r->draft->options.text;
    const char *prefix = text[OPT_nd_prefix_name], *symbol = text[OPT_input_symbol];
    const char *slash = symbol == NULL ? NULL : strrchr(symbol, '/');
    if (prefix != NULL && slash != NULL && strchr(prefix, '/') == NULL)
        text[OPT_nd_prefix_name] =
            arena_printf(r->arena, "%.*s%s", (int)(slash + 1 - symbol), symbol, prefix);
}

// PREFIX of PREFIX-0000.params and PREFIX.params.
static size_t params_prefix(const char *path) {
    size_t length = strlen(path) - strlen(".params"), digits = length;
    while (digits > 0 && path[digits - 1] >= '0' && path[digits - 1] <= '9')
        digits--;
    bool numbered = length - digits >= 4 && digits > 0 && path[digits - 1] == '-';
    return numbered ? digits - 1 : length;
}

// MXNet's symbol lies beside the parameters.
static void set_symbol(struct reading *r, const struct place *at) {
    const char *const *text = r->draft->options.text;
    const char *params = text[OPT_input_model];
    if (params == NULL || text[OPT_input_symbol] != NULL || text[OPT_nd_prefix_name] != NULL ||
        !has_suffix(params, ".params"))
        return;
    set_file(r, at, OPT_input_symbol,
             arena_printf(r->arena, "%.*s-symbol.json", (int)params_prefix(params), params));
}

static void check_paths_inside(struct reading *r, const struct place *at) {
    const struct model_draft *draft = r->draft;
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        if (draft->options.text[i] != NULL && option_reads_path(&option_table[i]))
            check_inside(r, at, option_table[i].name, draft->options.text[i]);
    }
    for (uint32_t i = 0; i < draft->files.count; i++)
        check_inside(r, at, "files", draft->files.items[i]);
    for (uint32_t i = 0; i < draft->goldens.count; i++) {
        const struct manifest_golden *golden = &draft->goldens.items[i];
        const char *paths[] = {golden->inputs, golden->outputs, golden->labels};
        for (size_t k = 0; k < 3; k++) {
            if (paths[k] != NULL)
                check_inside(r, at, "golden", paths[k]);
        }
    }
}

static bool names_a_model(const struct option_values *options) {
    static const enum option_id models[] = {OPT_input_model,      OPT_input_proto,
                                            OPT_input_meta_graph, OPT_saved_model_dir,
                                            OPT_input_symbol,     OPT_nd_prefix_name};
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        if (options->text[models[i]] != NULL)
            return true;
    }
    return false;
}

// ---- Shapes by name ----

static int position_of(const struct text_list *names, const char *name) {
    for (uint32_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0)
            return (int)i;
    }
    return -1;
}

// Without `input` the map names the inputs; with it, each of them must have its shape.
static const char *inputs_in_order(struct reading *r, struct text_list *order) {
    struct model_draft *draft = r->draft;
    const char *given = draft->options.text[OPT_input];
    struct option_parser parser = {r->arena, r->diag, &draft->shapes_at, "input"};
    struct option_names items;
    *order = draft->shape_names;
    if (given == NULL || !option_parse_names(&parser, given, &items))
        return NULL;
    order->items = (const char **)(uintptr_t)items.items;
    order->count = items.count;
    return given;
}

static void set_named_shapes(struct reading *r) {
    struct model_draft *draft = r->draft;
    struct text_list order;
    const char *given = inputs_in_order(r, &order);
    struct strbuf inputs = STRBUF_INIT, shapes = STRBUF_INIT;
    for (uint32_t i = 0; i < order.count; i++) {
        int position = position_of(&draft->shape_names, order.items[i]);
        if (position < 0) {
            diag_report(r->diag, &draft->shapes_at, MANIFEST_VALUE, "input", order.items[i],
                        "'input_shape' has no shape for it");
            continue;
        }
        strbuf_printf(&inputs, "%s%s", i == 0 ? "" : ",", order.items[i]);
        strbuf_printf(&shapes, "%s%s", i == 0 ? "" : ",", draft->shapes.items[position]);
    }
    for (uint32_t i = 0; i < draft->shape_names.count; i++) {
        if (position_of(&order, draft->shape_names.items[i]) < 0)
            diag_report(r->diag, &draft->shapes_at, MANIFEST_VALUE, "input_shape",
                        draft->shape_names.items[i], "'input' does not name it");
    }
    if (given == NULL)
        option_set(r->arena, r->diag, &draft->shapes_at, &draft->options, &option_table[OPT_input],
                   arena_strdup(r->arena, inputs.data));
    option_set(r->arena, r->diag, &draft->shapes_at, &draft->options,
               &option_table[OPT_input_shape], arena_strdup(r->arena, shapes.data));
    strbuf_free(&inputs);
    strbuf_free(&shapes);
}

// ---- The whole ----

// A list option that makes several IRs becomes the list of variants.
static struct text_list take_choices(struct reading *r, const struct place *at, enum option_id id) {
    struct option_parser parser = {r->arena, r->diag, at, option_table[id].name};
    struct option_names items = {.count = 0};
    struct text_list list = {.count = 0};
    const char *text = option_text(&r->draft->options, id);
    if (text == NULL || !option_parse_names(&parser, text, &items))
        return list;
    list.items = arena_array_of(r->arena, items.count, const char *);
    for (uint32_t i = 0; i < items.count; i++) {
        if (position_of(&list, items.items[i]) < 0)
            list.items[list.count++] = items.items[i];
    }
    r->draft->options.text[id] = NULL;
    return list;
}

// What --framework says, or else a file's suffix.
static const char *framework_of(const struct model_draft *draft) {
    const char *framework = draft->options.text[OPT_framework];
    for (size_t i = 0; framework == NULL && i < OPTION_COUNT_OF_IDS; i++) {
        const char *path = draft->options.text[i];
        if (path == NULL || !option_reads_path(&option_table[i]))
            continue;
        const struct suffix_row *row = row_of(path);
        framework = row == NULL ? option_group_framework(option_table[i].group) : row->framework;
    }
    return framework;
}

static void check_has_model(struct reading *r, const struct yaml *node,
                            const struct model_draft *draft) {
    if (names_a_model(&draft->options) || yaml_item(node, "model") != NULL)
        return;
    const char *what = "a model";
    if (draft->name != NULL)
        what = arena_printf(r->arena, "model '%s'", draft->name);
    report_missing(r, node, what, "'model'");
}

void finish_model(struct reading *r, const struct yaml *node, struct model_draft *draft) {
    struct manifest_model *model = draft->model;
    struct place at = yaml_place(r->file, node);
    if (yaml_item(node, "name") == NULL)
        report_missing(r, node, "a model", "'name'");
    model->name = draft->name;
    model->archive = draft->archive;
    model->sources = draft->sources;
    model->preparations = draft->prepare;
    model->files = draft->files;
    model->goldens = draft->goldens;
    set_model_files(r, &at, &draft->model_files, false);
    if (draft->model_files.count == 0 && !names_a_model(&draft->options))
        set_model_files(r, &at, &draft->files, true);
    set_checkpoint(r, &at);
    set_symbol(r, &at);
    set_proto(r, &at);
    set_nd_prefix(r);
    check_has_model(r, node, draft);
    model->framework = framework_of(draft);
    check_sources(r, node, draft);
    if (manifest_has_folder(model))
        check_paths_inside(r, &at);
    if (draft->shape_names.count > 0)
        set_named_shapes(r);
    model->precisions = take_choices(r, &at, OPT_data_type);
    model->versions = take_choices(r, &at, OPT_ir_version);
    options_check(r->arena, r->diag, &at, &draft->options);
    model->options = draft->options;
}
