// SPDX-License-Identifier: Apache-2.0
// The inputs of a step's question: contents of files, or what is known of those that are gone.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cache/tree.h"
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

static const char *unpack_record(const struct work *work) {
    return plan_record(work->arena, work->step->model, "unpack");
}

// The line of the record of unpacking that tells of the file at `path`; NULL when there is none.
static const struct record_line *unpacked_line(const struct work *work, const char *path,
                                               const struct record **from) {
    const char *root = plan_source_folder(work->arena, work->step->model);
    size_t length = strlen(root);
    bool damaged;
    *from = NULL;
    if (strncmp(path, root, length) == 0)
        *from = record_read(work->arena, unpack_record(work), &damaged);
    return *from == NULL ? NULL : record_find(*from, RECORD_OUTPUT, path + length);
}

static bool recall_member(struct work *work, const char *name, const char *path) {
    const struct record *unpacked;
    const struct record_line *line = unpacked_line(work, path, &unpacked);
    if (line == NULL)
        return false;
    recall_line(work, unpacked, RECORD_OUTPUT, line->name, name);
    recall_line(work, unpacked, RECORD_OUTPUT_SUM, line->name, name);
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
    if (work->spoilt != NULL)
        diag_report(work->diag, NULL, UNPACKED_SPOILT, work->gone);
    else if (work->gone != NULL)
        diag_report(work->diag, NULL, FILE_OPEN, work->gone, strerror(ENOENT));
}

// Ninja misses the one or the other. The file goes first: who comes between finds no file, or one
// that nothing says anything of.
void work_drop_spoilt(const struct work *work) {
    if (work->spoilt == NULL)
        return;
    tree_remove(work->spoilt);
    unlink(unpack_record(work));
}

// ---- Inputs ----

static void note_input(struct work *work, const struct work_input *input) {
    ARENA_ROOM(work->arena, work->inputs, work->input_count, &work->input_capacity);
    work->inputs[work->input_count++] = *input;
}

// What comes out of an archive and is then changed by somebody, or by a power cut, would pass for
// what the archive holds.
static bool is_spoilt(const struct work *work, const char *path, struct hash hash, uint64_t size) {
    const struct record *unpacked;
    const struct record_line *line = unpacked_line(work, path, &unpacked);
    return line != NULL && (line->size != size || !hash_equal(line->hash, hash));
}

static bool hash_input(struct work *work, const struct work_input *input) {
    struct memo memo;
    uint64_t size = (uint64_t)input->status.st_size;
    bool known = cached_recall(work, &input->status, &memo);
    if (!known && !hash_path(input->path, &memo.hash, &size))
        return false;
    if (is_spoilt(work, input->path, memo.hash, size)) {
        work->spoilt = input->path;
        errno = ENOENT;
        return false;
    }
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
