// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/cached.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/action.h"
#include "cache/tree.h"
#include "compiler/batch/settings.h"

static const char log_name[] = "log"; // of the result line that holds what the program printed

struct cached {
    struct action_cache cache;
    bool is_asked;
    char key[SHA256_TEXT_SIZE]; // "": the question cannot be asked of others
    struct record *entry;       // under that key, NULL: none
};

// What is worth keeping: conversions, and what came out of files whose sums the manifest has. A
// verification rests on the runtime of this machine.
bool cached_is_shared(const struct work *work) {
    const struct step *step = work->step;
    bool known = step->kind == STEP_UNPACK;
    for (uint32_t i = 0; i < step->origin_count; i++)
        known = known && (step->origins[i].sha256 != NULL || step->origins[i].sha384 != NULL);
    return known || step->kind == STEP_CONVERT;
}

static struct cached *open_cache(struct work *work) {
    if (work->cached != NULL)
        return work->cached;
    struct cached *cached = work->cached = arena_new_of(work->arena, struct cached);
    struct cache_environment where = cache_environment(work->arena);
    if (where.mode == CACHE_OFF || !cached_is_shared(work))
        return cached;
    cached->cache.read_only = where.mode == CACHE_READ;
    if (where.folder != NULL)
        cached->cache.store = store_open(work->arena, where.folder, cached->cache.read_only);
    if (where.url != NULL)
        cached->cache.remote = remote_open(work->arena, where.url, CACHE_FAULT_MARK);
    return cached;
}

// ---- Sums of inputs ----

bool cached_recall(struct work *work, const struct stat *status, struct memo *memo) {
    const struct cached *cached = open_cache(work);
    return cached->cache.store != NULL && memo_find(work->arena, cached->cache.store, status, memo);
}

static void remember(struct work *work, const struct cached *cached, const struct work_input *input,
                     const char *sum) {
    struct memo memo = {.hash = record_find(work->record, RECORD_INPUT, input->name)->hash};
    struct stat now;
    memcpy(memo.sha256, sum, sizeof memo.sha256);
    if (cached->cache.store != NULL && !cached->cache.read_only && stat(input->path, &now) == 0 &&
        memo_is_same_file(&now, &input->status))
        memo_keep(cached->cache.store, &now, &memo);
}

static bool sum_input(struct work *work, const struct cached *cached,
                      const struct work_input *input) {
    char sum[SHA256_TEXT_SIZE];
    if (record_find(work->record, RECORD_INPUT_SUM, input->name) != NULL)
        return true; // known, because it is gone or large
    if (!action_sum(input->path, sum))
        return false;
    record_add(work->record, RECORD_INPUT_SUM, input->name, sum);
    remember(work, cached, input, sum);
    return true;
}

// A file that was written while the program read it would be kept under a wrong name for ever.
static bool input_stands(const struct work *work, const struct work_input *input) {
    struct stat now;
    char sum[SHA256_TEXT_SIZE];
    if (stat(input->path, &now) != 0)
        return false;
    if (S_ISDIR(now.st_mode))
        return action_sum(input->path, sum) &&
               strcmp(record_find(work->record, RECORD_INPUT_SUM, input->name)->value, sum) == 0;
    return memo_is_same_file(&now, &input->status);
}

// ---- The question ----

static struct cached *ask(struct work *work) {
    struct cached *cached = open_cache(work);
    bool known = !cached->is_asked && (cached->cache.store != NULL || cached->cache.remote != NULL);
    cached->is_asked = true;
    if (!known)
        return cached;
    for (uint32_t i = 0; i < work->input_count && work->step->kind == STEP_CONVERT; i++)
        known = sum_input(work, cached, &work->inputs[i]) && known;
    if (!known || !action_key(work->record, cached->key))
        cached->key[0] = '\0';
    else
        cached->entry = action_find(work->arena, &cached->cache, cached->key);
    return cached;
}

// ---- Taking ----

// Of an entry's lines those that answer.
static void copy_answer(struct work *work, const struct record *entry) {
    for (uint32_t i = 0; i < entry->count; i++) {
        const struct record_line *line = &entry->lines[i];
        if (line->kind == RECORD_OUTPUT)
            record_add_file(work->record, line->kind, line->name, line->hash, line->size);
        if (line->kind == RECORD_OUTPUT_SUM)
            record_add(work->record, line->kind, line->name, line->value);
        // An archive that is gone: its sum is all that we know.
        if (line->kind == RECORD_INPUT && record_find(work->record, line->kind, line->name) == NULL)
            record_add_file(work->record, line->kind, line->name, line->hash, line->size);
        if (line->kind == RECORD_RESULT && strcmp(line->name, log_name) == 0)
            strbuf_puts(&work->output, line->value);
    }
}

static bool take_files(struct work *work, struct cached *cached, const struct record *entry) {
    if (!tree_make_folders(
            arena_strndup(work->arena, work->output_root, strlen(work->output_root) - 1)))
        return false;
    for (size_t i = 0; i < work_ir_file_count; i++) {
        const char *name = work_ir_file(work, i);
        const char *path = arena_printf(work->arena, "%s%s", work->output_root, name);
        if (record_find(entry, RECORD_OUTPUT, name) == NULL ||
            !action_take(&cached->cache, entry, name, path))
            return false;
    }
    return true;
}

bool cached_take(struct work *work) {
    struct cached *cached = ask(work);
    const struct record *entry = cached->entry;
    if (entry == NULL)
        return false;
    if (work->step->kind == STEP_CONVERT && !take_files(work, cached, entry)) {
        action_drop(&cached->cache, cached->key);
        return false;
    }
    copy_answer(work, entry);
    return true;
}

bool cached_knows(struct work *work, char key[SHA256_TEXT_SIZE]) {
    const struct cached *cached = ask(work);
    memcpy(key, cached->key, sizeof cached->key);
    return cached->entry != NULL;
}

// ---- Keeping ----

static bool put_outputs(struct work *work, struct cached *cached) {
    uint32_t count = work->record->count; // sums are added behind
    for (uint32_t i = 0; i < count; i++) {
        const char *name = work->record->lines[i].name;
        const char *path = arena_printf(work->arena, "%s%s", work->output_root, name);
        char sum[SHA256_TEXT_SIZE];
        if (work->record->lines[i].kind != RECORD_OUTPUT)
            continue;
        if (work->step->kind == STEP_CONVERT &&
            !action_put(&cached->cache, work->record, name, path))
            return false;
        // Of an archive the names and sums of what is in it are kept, not the contents.
        if (work->step->kind == STEP_UNPACK) {
            if (!digest_file(DIGEST_SHA256, path, sum))
                return false;
            record_add(work->record, RECORD_OUTPUT_SUM, name, sum);
        }
    }
    return true;
}

static void keep_entry(struct work *work, struct cached *cached) {
    struct record *entry = record_new(work->arena);
    for (uint32_t i = 0; i < work->record->count; i++) {
        const struct record_line *line = &work->record->lines[i];
        if (line->kind == RECORD_INPUT || line->kind == RECORD_OUTPUT)
            record_add_file(entry, line->kind, line->name, line->hash, line->size);
        else
            record_add(entry, line->kind, line->name, line->value);
    }
    if (work->output.length > 0)
        record_add(entry, RECORD_RESULT, log_name, work->output.data);
    action_keep(&cached->cache, entry, cached->key);
}

// A step cleans the more likely the more it has put, so that a build outgrows the limit by a
// sixteenth of it at a time, whether its models are many or large.
static bool is_time_to_clean(const struct work *work, const char *key) {
    uint64_t put = 0, most = cache_environment(work->arena).size / 16;
    for (uint32_t i = 0; i < work->record->count; i++)
        put += work->record->lines[i].kind == RECORD_OUTPUT ? work->record->lines[i].size : 0;
    char digits[9] = {0};
    memcpy(digits, key, 8);
    return put > 0 && (double)strtoul(digits, NULL, 16) / 4294967296.0 * (double)most < (double)put;
}

void cached_keep(struct work *work) {
    struct cached *cached = ask(work);
    if (cached->key[0] == '\0' || cached->cache.read_only)
        return;
    for (uint32_t i = 0; i < work->input_count && work->step->kind == STEP_CONVERT; i++) {
        if (!input_stands(work, &work->inputs[i]))
            return;
    }
    if (!put_outputs(work, cached))
        return;
    keep_entry(work, cached);
    if (is_time_to_clean(work, cached->key))
        cache_shrink(work->arena);
}

void cached_end(struct work *work) {
    struct cached *cached = work->cached;
    if (cached == NULL)
        return;
    if (remote_fault(cached->cache.remote) != NULL)
        work->notice =
            arena_printf(work->arena, "remote cache: %s", remote_fault(cached->cache.remote));
    remote_close(cached->cache.remote);
}
