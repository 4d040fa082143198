// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/report.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "build_id.h"
#include "cache/record.h"
#include "compiler/base/fatal.h"
#include "compiler/base/outfile.h"
#include "compiler/base/printable.h"
#include "compiler/batch/list.h"
#include "rules/ninja/plan.h"

struct reporting {
    const char *folder;
    struct diag *diag;
};

// Records are read into an arena of their own for each model: a zoo may have thousands. One that is
// damaged is removed, for ninja sees that one is missing and not what is in it.
static struct record *read_record(struct arena *arena, const struct reporting *r, const char *model,
                                  const char *step) {
    bool damaged;
    const char *path = arena_printf(arena, "%s/%s", r->folder, plan_record(arena, model, step));
    struct record *record = record_read(arena, path, &damaged);
    if (record == NULL && damaged) {
        unlink(path);
        diag_report(r->diag, NULL, RECORD_DAMAGED, step, model);
    }
    return record;
}

static struct json_object *text(const char *value) {
    struct strbuf line = STRBUF_INIT;
    printable_text(&line, value); // JSON is UTF-8, and names of files are anything
    struct json_object *object = json_object_new_string(line.data);
    strbuf_free(&line);
    if (object == NULL)
        fatal_out_of_memory();
    return object;
}

// The last component of an absolute path: where a file lies on this machine is nobody's business.
static const char *shown_name(const char *name) {
    return name[0] == '/' ? strrchr(name, '/') + 1 : name;
}

static struct json_object *file_object(const struct record_line *line) {
    char hash[HASH_TEXT_SIZE];
    hash_to_text(line->hash, hash);
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "name", text(shown_name(line->name)));
    json_object_object_add(object, "size", json_object_new_int64((int64_t)line->size));
    json_object_object_add(object, "xxh3_128", text(hash));
    return object;
}

static struct json_object *file_array(const struct record *record, enum record_kind kind) {
    struct json_object *array = json_object_new_array();
    for (uint32_t i = 0; i < record->count; i++) {
        if (record->lines[i].kind == kind)
            json_object_array_add(array, file_object(&record->lines[i]));
    }
    return array;
}

static struct json_object *options_object(const struct record *record) {
    struct json_object *object = json_object_new_object();
    for (uint32_t i = 0; i < record->count; i++) {
        const struct record_line *line = &record->lines[i];
        if (line->kind == RECORD_OPTION)
            json_object_object_add(object, line->name, text(shown_name(line->value)));
    }
    return object;
}

// An archive or a source: its name, its sum when the manifest gives one, and what was read of it
// when it lies on this machine. `line` says "sha256 0123..." or nothing.
static struct json_object *origin_object(const struct record *record,
                                         const struct record_line *line, const char *name) {
    const struct record_line *input = record_find(record, RECORD_INPUT, name);
    const char *blank = strchr(line->value, ' ');
    struct json_object *object;
    if (input != NULL) {
        object = file_object(input);
    } else {
        object = json_object_new_object();
        json_object_object_add(object, "name", text(shown_name(name)));
    }
    if (blank != NULL) {
        char kind[16] = "";
        snprintf(kind, sizeof kind, "%.*s", (int)(blank - line->value), line->value);
        json_object_object_add(object, kind, text(blank + 1));
    }
    return object;
}

static void add_origins(struct json_object *object, const struct list_model *model,
                        const struct record *record) {
    static const char source[] = "source ";
    struct json_object *sources = json_object_new_array();
    for (uint32_t i = 0; i < record->count; i++) {
        const struct record_line *line = &record->lines[i];
        if (line->kind != RECORD_OPTION)
            continue;
        if (model->archive != NULL && strcmp(line->name, "archive") == 0)
            json_object_object_add(object, "archive", origin_object(record, line, model->archive));
        else if (strncmp(line->name, source, sizeof source - 1) == 0)
            json_object_array_add(sources,
                                  origin_object(record, line, line->name + sizeof source - 1));
    }
    if (json_object_array_length(sources) > 0)
        json_object_object_add(object, "sources", sources);
    else
        json_object_put(sources);
}

static struct json_object *variant_object(struct arena *arena, const struct reporting *r,
                                          const struct list_model *model,
                                          const struct list_variant *variant) {
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "folder",
                           text(arena_printf(arena, "%s/%s", model->name, variant->name)));
    json_object_object_add(object, "precision", text(variant->precision));
    json_object_object_add(object, "ir_version", text(variant->version));
    const struct record *record = read_record(arena, r, model->name, variant->name);
    if (record == NULL) {
        json_object_object_add(object, "failed", json_object_new_boolean(true));
        return object;
    }
    json_object_object_add(object, "options", options_object(record));
    json_object_object_add(object, "inputs", file_array(record, RECORD_INPUT));
    json_object_object_add(object, "outputs", file_array(record, RECORD_OUTPUT));
    unsigned verified = 0;
    for (unsigned i = 1; i <= variant->goldens; i++) {
        const char *step = plan_verify_step(arena, variant->name, i);
        verified += read_record(arena, r, model->name, step) != NULL;
    }
    json_object_object_add(object, "goldens", json_object_new_int64(variant->goldens));
    json_object_object_add(object, "verified", json_object_new_int64(verified));
    return object;
}

static struct json_object *model_object(const struct reporting *r, const struct list_model *model) {
    struct arena *arena = arena_new();
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "name", text(model->name));
    if (model->framework != NULL)
        json_object_object_add(object, "framework", text(model->framework));
    const struct record *record = NULL;
    if (model->has_folder)
        record = read_record(arena, r, model->name, "unpack");
    if (record != NULL)
        add_origins(object, model, record);
    struct json_object *variants = json_object_new_array();
    for (uint32_t i = 0; i < model->variant_count; i++)
        json_object_array_add(variants, variant_object(arena, r, model, &model->variants[i]));
    json_object_object_add(object, "variants", variants);
    arena_free(arena);
    return object;
}

static struct json_object *zoo_object(const struct reporting *r, const struct list *list) {
    struct json_object *root = json_object_new_object(), *models = json_object_new_array();
    json_object_object_add(root, "format", json_object_new_int(1));
    json_object_object_add(root, "build_id", text(ZOOC_BUILD_ID));
    for (uint32_t i = 0; i < list->count; i++)
        json_object_array_add(models, model_object(r, &list->models[i]));
    json_object_object_add(root, "models", models);
    return root;
}

bool report_write(struct arena *arena, const char *folder, struct diag *diag) {
    struct list *list = list_read(arena, folder);
    if (list == NULL) {
        diag_report(diag, NULL, FILE_OPEN, ".zooc/zoo.list", strerror(errno));
        return false;
    }
    const struct reporting reporting = {.folder = folder, .diag = diag};
    struct json_object *root = zoo_object(&reporting, list);
    const char *json = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY |
                                                                JSON_C_TO_STRING_NOSLASHESCAPE);
    const char *path = arena_printf(arena, "%s/zoo.json", folder);
    const char *whole = arena_printf(arena, "%s\n", json);
    bool done = outfile_replace(path, whole, strlen(whole), NULL);
    if (!done)
        diag_report(diag, NULL, OUTPUT_WRITE, path, strerror(errno));
    json_object_put(root);
    return done && diag_count(diag, DIAG_FAILED) == 0;
}
