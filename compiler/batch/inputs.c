// SPDX-License-Identifier: Apache-2.0
// The inputs of a step's question: contents of files, or what is known of those that are gone.
#include <errno.h>
#include <string.h>

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

static void note_input(struct work *work, const struct work_input *input) {
    if (work->input_count == work->input_capacity) {
        work->input_capacity = work->input_capacity == 0 ? 8 : work->input_capacity * 2;
        struct work_input *inputs =
            arena_array_of(work->arena, work->input_capacity, struct work_input);
        for (uint32_t i = 0; i < work->input_count; i++)
            inputs[i] = work->inputs[i];
        work->inputs = inputs;
    }
    work->inputs[work->input_count++] = *input;
}

static bool hash_input(struct work *work, const struct work_input *input) {
    struct memo memo;
    uint64_t size = (uint64_t)input->status.st_size;
    bool known = cached_recall(work, &input->status, &memo);
    if (!known && !hash_path(input->path, &memo.hash, &size))
        return false;
    record_add_file(work->record, RECORD_INPUT, input->name, memo.hash, size);
    if (known && work->step->kind == STEP_CONVERT)
        record_add(work->record, RECORD_INPUT_SUM, input->name, memo.sha256);
    return true;
}

void work_add_input(struct work *work, const char *name, const char *path) {
    struct work_input input = {.name = name, .path = path};
    // By its own name, and once more by the beginning of others' names.
    if (record_find(work->record, RECORD_INPUT, name) != NULL)
        return;
    if (stat(path, &input.status) == 0 && hash_input(work, &input))
        note_input(work, &input);
    else if (errno != ENOENT || !recall(work, name, path))
        diag_report(work->diag, NULL, FILE_OPEN, name, strerror(errno));
}
