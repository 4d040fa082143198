// SPDX-License-Identifier: Apache-2.0
// From files to models: which keys an object has, which files there are, what defaults mean.
#include "manifests/read.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/names.h"

struct zoo_section {
    struct text_list includes;
    const struct yaml *defaults, *models;
};

// ---- The table of keys ----

#define STRUCT_OF_ZOO struct zoo_section
#define STRUCT_OF_MODEL struct model_draft
#define STRUCT_OF_ARCHIVE struct manifest_archive
#define STRUCT_OF_LIMITS struct manifest_limits
#define STRUCT_OF_SOURCE struct manifest_source
#define STRUCT_OF_PREPARE struct manifest_preparation
#define STRUCT_OF_GOLDEN struct manifest_golden

static const struct key_row key_rows[] = {
#define KEY(object, name, read, field)                                                             \
    {OBJECT_##object, #name, read, offsetof(STRUCT_OF_##object, field)},
#include "manifests/keys.def"
#undef KEY
};

enum { KEY_COUNT = sizeof key_rows / sizeof key_rows[0] };

const char *const *manifest_keys(enum manifest_object object) {
    static _Thread_local const char *names[KEY_COUNT + 1];
    size_t count = 0;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (key_rows[i].object == object)
            names[count++] = key_rows[i].name;
    }
    names[count] = NULL;
    return names;
}

// ---- Models ----

struct zoo_reading {
    struct reading reading;
    struct zoo *zoo;
    uint32_t capacity;
    struct names *names;      // of models -> struct manifest_model
    struct names *seen_files; // by real path
    struct text_list queue;   // files to read
    uint32_t queue_capacity, file_capacity, content_capacity;
};

static void add_text(struct arena *arena, struct text_list *list, uint32_t *capacity,
                     const char *text) {
    ARENA_ROOM(arena, list->items, list->count, capacity);
    list->items[list->count++] = text;
}

static void add_model(struct zoo_reading *z, struct manifest_model *model) {
    struct reading *r = &z->reading;
    void **slot = names_slot(z->names, model->name);
    const struct manifest_model *other = *slot;
    if (other != NULL) {
        diag_report(r->diag, &model->at, MANIFEST_NAME_TWICE, model->name, other->at.file,
                    other->at.line);
        return;
    }
    *slot = model;
    ARENA_ROOM(r->arena, z->zoo->models, z->zoo->count, &z->capacity);
    z->zoo->models[z->zoo->count++] = model;
}

// What a model says replaces not only the same key of the defaults but also its counterpart.
static void drop_counterparts(struct model_draft *draft, const struct yaml *node) {
    static const struct {
        const char *key;
        enum option_id drops;
    } rows[] = {
        {"scale", OPT_scale_values},    {"scale_values", OPT_scale},    {"scale", OPT_scale},
        {"mean_file", OPT_mean_values}, {"mean_values", OPT_mean_file}, {"batch", OPT_input_shape},
        {"input_shape", OPT_batch},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (yaml_item(node, rows[i].key) != NULL)
            draft->options.text[rows[i].drops] = NULL;
    }
    if (yaml_item(node, "batch") != NULL)
        draft->shape_names.count = draft->shapes.count = 0;
}

static void read_model(struct zoo_reading *z, const struct yaml *node,
                       const struct model_draft *defaults) {
    struct reading *r = &z->reading;
    struct model_draft draft = *defaults;
    struct manifest_model *model = arena_new_of(r->arena, struct manifest_model);
    model->at = yaml_place(r->file, node);
    draft.model = model;
    draft.is_defaults = false;
    r->draft = &draft;
    const char *what = "a model";
    if (node->type != YAML_IS_MAP) {
        report_type(r, "models", node, "a list of maps");
        return;
    }
    const struct yaml *name = yaml_item(node, "name");
    if (name != NULL && name->type == YAML_IS_TEXT)
        what = arena_printf(r->arena, "model '%s'", name->text);
    drop_counterparts(&draft, node);
    unsigned before = diag_count(r->diag, DIAG_FAILED);
    if (read_object(r, OBJECT_MODEL, what, "models", node, &draft))
        finish_model(r, node, &draft);
    if (model->name != NULL && diag_count(r->diag, DIAG_FAILED) == before)
        add_model(z, model);
}

// Defaults are a model without what makes it one.
static void read_defaults(struct zoo_reading *z, const struct yaml *node,
                          struct model_draft *defaults) {
    static const char *const own[] = {"name",  "archive", "sources", "prepare",
                                      "files", "model",   "golden"};
    struct reading *r = &z->reading;
    r->draft = defaults;
    defaults->is_defaults = true;
    if (node == NULL || !read_object(r, OBJECT_MODEL, "'defaults'", "defaults", node, defaults))
        return;
    for (uint32_t i = 0; i < node->count; i++) {
        for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) {
            if (strcmp(node->keys[i]->text, own[k]) == 0) {
                struct place at = yaml_place(r->file, node->keys[i]);
                diag_report(r->diag, &at, MANIFEST_KEY, "'defaults'", own[k],
                            ", which belongs to one model");
            }
        }
    }
}

static void read_models(struct zoo_reading *z, const struct zoo_section *section) {
    struct reading *r = &z->reading;
    struct model_draft defaults = {.is_defaults = true};
    const struct yaml *models = section->models;
    read_defaults(z, section->defaults, &defaults);
    if (models != NULL && models->type != YAML_IS_LIST)
        report_type(r, "models", models, "a list of models");
    bool list = models != NULL && models->type == YAML_IS_LIST;
    for (uint32_t i = 0; list && i < models->count && !too_many_errors(r); i++)
        read_model(z, models->items[i], &defaults);
    r->draft = NULL;
}

// ---- Files ----

static const char *folder_of(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "" : arena_strndup(arena, path, (size_t)(slash - path) + 1);
}

// Files that include one another are read once each.
static bool is_new_file(struct zoo_reading *z, const char *path) {
    char *real = realpath(path, NULL);
    if (real == NULL)
        return true; // reading it says why
    void **slot = names_slot(z->seen_files, arena_strdup(z->reading.arena, real));
    free(real);
    bool is_new = *slot == NULL;
    *slot = z;
    return is_new;
}

static void add_file(struct zoo_reading *z, const struct yaml_file *file) {
    struct zoo *zoo = z->zoo;
    ARENA_ROOM(z->reading.arena, zoo->contents, zoo->files.count, &z->content_capacity);
    zoo->contents[zoo->files.count] = slice_of(file->text, file->size);
    add_text(z->reading.arena, &zoo->files, &z->file_capacity, file->path);
}

static void read_zoo(struct zoo_reading *z, const struct yaml_file *file) {
    struct reading *r = &z->reading;
    struct zoo_section section = {.models = NULL};
    r->file = file;
    if (!read_object(r, OBJECT_ZOO, "a manifest", "the manifest", file->root, &section))
        return;
    if (section.models == NULL && yaml_item(file->root, "include") == NULL)
        report_missing(r, file->root, "a manifest", "'models' or 'include'");
    const char *folder = folder_of(r->arena, file->path);
    for (uint32_t i = 0; i < section.includes.count; i++) {
        const char *name = section.includes.items[i];
        if (name[0] != '/')
            name = arena_printf(r->arena, "%s%s", folder, name);
        add_text(r->arena, &z->queue, &z->queue_capacity, name);
    }
    uint32_t first = z->zoo->count;
    read_models(z, &section);
    for (uint32_t i = first; i < z->zoo->count; i++)
        z->zoo->models[i]->folder = folder;
}

static void read_file(struct zoo_reading *z, const char *path) {
    struct reading *r = &z->reading;
    if (!is_new_file(z, path))
        return;
    struct yaml_file *file = yaml_read(r->arena, path, r->diag);
    if (file == NULL)
        return;
    add_file(z, file);
    read_zoo(z, file);
}

static void start(struct zoo_reading *z, struct arena *arena, struct diag *diag) {
    *z = (struct zoo_reading){
        .reading = {.arena = arena, .diag = diag, .keys = key_rows, .key_count = KEY_COUNT}};
    z->zoo = arena_new_of(arena, struct zoo);
    z->names = names_new(arena);
    z->seen_files = names_new(arena);
}

struct zoo *zoo_read(struct arena *arena, const char *const *paths, uint32_t count,
                     struct diag *diag) {
    struct zoo_reading z;
    start(&z, arena, diag);
    for (uint32_t i = 0; i < count; i++)
        add_text(arena, &z.queue, &z.queue_capacity, paths[i]);
    for (uint32_t i = 0; i < z.queue.count && !too_many_errors(&z.reading); i++)
        read_file(&z, z.queue.items[i]);
    return diag_count(diag, DIAG_FAILED) == 0 ? z.zoo : NULL;
}

bool zoo_takes_text(struct slice text) {
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct zoo_reading z;
    start(&z, arena, diag);
    const struct yaml_file *file = yaml_read_text(arena, "", text, diag);
    if (file != NULL)
        read_zoo(&z, file);
    bool takes = diag_count(diag, DIAG_FAILED) == 0;
    arena_free(arena);
    return takes;
}
