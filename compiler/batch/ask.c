// SPDX-License-Identifier: Apache-2.0
// The question of a step: its kind, the compiler, its options, and the contents of its inputs.
#include <errno.h>
#include <glob.h>
#include <string.h>

#include "build_id.h"
#include "compiler/base/fatal.h"
#include "compiler/batch/cached.h"
#include "rules/ninja/plan.h"

// ---- Inputs that are gone ----
// What an input was may be known without it: from the record of unpacking its archive, or from the
// step's own record. Then an answer that stands, or lies in the cache, is as good as ever.

static void recall_line(struct work *work, const struct record *from, enum record_kind kind,
                        const char *said, const char *name) {
    const struct record_line *line = record_find(from, kind, said);
    if (line != NULL && (kind == RECORD_INPUT || kind == RECORD_OUTPUT))
        record_add_file(work->record, RECORD_INPUT, name, line->hash, line->size);
    else if (line != NULL)
        record_add(work->record, RECORD_INPUT_SUM, name, line->value);
}

static bool recall_member(struct work *work, const char *name, const char *path) {
    const char *root = plan_source_folder(work->arena, work->step->model);
    size_t length = strlen(root);
    bool damaged;
    if (strncmp(path, root, length) != 0)
        return false;
    const struct record *unpacked =
        record_read(work->arena, plan_record(work->arena, work->step->model, "unpack"), &damaged);
    if (unpacked == NULL || record_find(unpacked, RECORD_OUTPUT, path + length) == NULL)
        return false;
    recall_line(work, unpacked, RECORD_OUTPUT, path + length, name);
    recall_line(work, unpacked, RECORD_OUTPUT_SUM, path + length, name);
    return true;
}

static bool recall_own(struct work *work, const char *name) {
    if (work->was == NULL || record_find(work->was, RECORD_INPUT, name) == NULL)
        return false;
    recall_line(work, work->was, RECORD_INPUT, name, name);
    recall_line(work, work->was, RECORD_INPUT_SUM, name, name);
    return true;
}

static bool recall(struct work *work, const char *name, const char *path) {
    // What is unpacked has its sum in the manifest, or it has none.
    bool known = recall_member(work, name, path) || recall_own(work, name) ||
                 (work->step->kind == STEP_UNPACK && cached_is_shared(work));
    if (known && work->gone == NULL)
        work->gone = name;
    return known;
}

void work_report_gone(struct work *work) {
    if (work->gone != NULL)
        diag_report(work->diag, NULL, FILE_OPEN, work->gone, strerror(ENOENT));
}

// ---- Inputs ----

static void note_input(struct work *work, const char *name, const char *path) {
    if (work->input_count == work->input_capacity) {
        work->input_capacity = work->input_capacity == 0 ? 8 : work->input_capacity * 2;
        struct work_input *inputs =
            arena_array_of(work->arena, work->input_capacity, struct work_input);
        for (uint32_t i = 0; i < work->input_count; i++)
            inputs[i] = work->inputs[i];
        work->inputs = inputs;
    }
    work->inputs[work->input_count++] = (struct work_input){.name = name, .path = path};
}

void work_add_input(struct work *work, const char *name, const char *path) {
    struct hash hash;
    uint64_t size;
    if (hash_path(path, &hash, &size)) {
        record_add_file(work->record, RECORD_INPUT, name, hash, size);
        note_input(work, name, path);
    } else if (errno != ENOENT || !recall(work, name, path)) {
        diag_report(work->diag, NULL, FILE_OPEN, name, strerror(errno));
    }
}

// Special characters of glob(3) in a name stand for themselves.
static char *glob_pattern(struct arena *arena, const char *prefix) {
    char *pattern = arena_array(arena, strlen(prefix) + 1, 2), *to = pattern;
    for (; *prefix != '\0'; prefix++) {
        if (strchr("*?[]\\", *prefix) != NULL)
            *to++ = '\\';
        *to++ = *prefix;
    }
    *to = '*';
    return pattern;
}

// Every file whose path begins with the argument's, in the order of their names.
static void add_prefix(struct work *work, const struct step_argument *argument) {
    glob_t found;
    size_t length = strlen(argument->path);
    int status = glob(glob_pattern(work->arena, argument->path), 0, NULL, &found);
    if (status == GLOB_NOSPACE)
        fatal_out_of_memory();
    for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
        const char *tail = found.gl_pathv[i] + length;
        work_add_input(work, arena_printf(work->arena, "%s%s", argument->value, tail),
                       arena_strdup(work->arena, found.gl_pathv[i]));
    }
    if (status != 0)
        diag_report(work->diag, NULL, FILE_OPEN, argument->value, strerror(ENOENT));
    globfree(&found);
}

static void ask_argument(struct work *work, const struct step_argument *argument) {
    if (argument->option[0] != '\0')
        record_add(work->record, RECORD_OPTION, argument->option, argument->value);
    if (argument->word == STEP_PREFIX)
        add_prefix(work, argument);
    else if (argument->word == STEP_FILE)
        work_add_input(work, argument->value, argument->path);
}

void work_ask(struct work *work) {
    static const char *const names[STEP_KIND_COUNT] = {"unpack", "convert", "verify"};
    const struct step *step = work->step;
    const char *what = step->model;
    if (step->variant[0] != '\0')
        what = arena_printf(work->arena, "%s/%s", step->model, step->variant);
    work->record = record_new(work->arena);
    work->was = record_read(work->arena, work->record_path, &work->was_damaged);
    record_add(work->record, RECORD_STEP, names[step->kind], what);
    record_add(work->record, RECORD_BUILD, "", ZOOC_BUILD_ID);
    for (uint32_t i = 0; i < step->argument_count; i++)
        ask_argument(work, &step->arguments[i]);
    if (step->kind == STEP_UNPACK)
        work_ask_sources(work);
    if (step->kind != STEP_VERIFY)
        return;
    static const char *const suffixes[] = {".xml", ".bin"};
    for (size_t i = 0; i < 2; i++) {
        const char *file = arena_printf(work->arena, "%s%s", step->model, suffixes[i]);
        work_add_input(work, file, arena_printf(work->arena, "%s/%s", what, file));
    }
}
