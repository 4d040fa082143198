// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "cache/tree.h"
#include "compiler/base/fatal.h"
#include "compiler/base/map.h"
#include "compiler/batch/cached.h"
#include "compiler/batch/work.h"
#include "rules/ninja/plan.h"

// ---- Is there an answer already? ----

static bool output_stands(const struct work *work, const struct record_line *line) {
    struct hash hash;
    uint64_t size;
    const char *path = arena_printf(work->arena, "%s%s", work->output_root, line->name);
    return hash_path(path, &hash, &size) && size == line->size && hash_equal(hash, line->hash);
}

static bool outputs_stand(struct work *work, const struct record *was) {
    for (uint32_t i = 0; i < was->count; i++) {
        const struct record_line *line = &was->lines[i];
        if (line->kind == RECORD_OUTPUT && !output_stands(work, line)) {
            strbuf_printf(&work->why, "output '%s' is missing or has been changed", line->name);
            return false;
        }
    }
    return true;
}

static bool is_answered(struct work *work) {
    if (work->was == NULL) {
        strbuf_puts(&work->why, work->was_damaged ? "the record is damaged" : "there is no record");
        return false;
    }
    // Without an archive what came out of it is not missed before a step has to read it.
    bool unpacked = work->step->kind == STEP_UNPACK && work->gone != NULL;
    return record_answers(work->was, work->record, &work->why) &&
           (unpacked || outputs_stand(work, work->was));
}

// ---- The step ----

static const char *step_name(struct arena *arena, const struct step *step) {
    if (step->kind == STEP_UNPACK)
        return "unpack";
    return step->kind == STEP_CONVERT ? step->variant
                                      : plan_verify_step(arena, step->variant, step->golden);
}

static const char *output_root(struct arena *arena, const struct step *step) {
    if (step->kind == STEP_UNPACK)
        return plan_source_folder(arena, step->model);
    if (step->kind == STEP_CONVERT)
        return arena_printf(arena, "%s/%s/", step->model, step->variant);
    return arena_printf(arena, ".zooc/models/%s/", step->model);
}

// A step of a build that was killed may still be at work: its log is locked, and the lock is
// inherited by the program it runs (no O_CLOEXEC), so that two never write the same files.
static int lock_log(struct work *work) {
    const char *folder = arena_printf(work->arena, ".zooc/models/%s", work->step->model);
    if (!tree_make_folders(folder))
        return -1;
    int fd = open(work->log_path, O_RDWR | O_CREAT, 0644);
    while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR)
        ;
    return fd;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static bool write_answer(struct work *work) {
    if (record_write(work->record, work->record_path))
        return true;
    diag_report(work->diag, NULL, OUTPUT_WRITE, work->record_path, strerror(errno));
    return false;
}

static bool work_out(struct work *work) {
    static work_function *const functions[STEP_KIND_COUNT] = {work_unpack, work_convert,
                                                              work_verify};
    work_report_gone(work);
    return diag_count(work->diag, DIAG_FAILED) == 0 && functions[work->step->kind](work) &&
           work->cause == NULL;
}

// Are the files that are unpacked out of reach, or could they not be fetched?
static bool lacks_origin(const struct work *work) {
    bool lacks = work->gone != NULL;
    for (uint32_t i = 0; i < work->step->origin_count; i++)
        lacks = lacks || work->step->origins[i].path == NULL;
    return lacks;
}

// Conversions come from the cache if they can. An archive is unpacked if it can be, for others may
// have to read what is in it; if not, it may be known what would come out, and that is enough for
// conversions that are in the cache.
static enum event_outcome answer(struct work *work) {
    bool unpacks = work->step->kind == STEP_UNPACK;
    uint32_t asked = work->record->count;
    if (!unpacks && cached_take(work))
        return EVENT_CACHED;
    if (work_out(work)) {
        cached_keep(work);
        return EVENT_DONE;
    }
    work->record->count = asked;
    if (!unpacks || !lacks_origin(work) || !cached_take(work))
        return EVENT_FAILED;
    if (work->gone == NULL)
        work->gone = work->step->origins[0].name;
    work->diag = diag_new(work->arena);
    work->cause = NULL;
    return EVENT_CACHED;
}

static enum event_outcome do_step(struct work *work) {
    work_ask(work);
    work_drop_spoilt(work);
    if (diag_count(work->diag, DIAG_FAILED) == 0) {
        if (is_answered(work))
            return EVENT_SAME;
        unlink(work->record_path); // from here on it would be untrue
        // What a step that was killed has left; the lock says that nobody is writing there now.
        if (work->step->kind == STEP_CONVERT)
            tree_sweep(work->output_root);
        enum event_outcome outcome = answer(work);
        if (outcome != EVENT_FAILED && write_answer(work))
            return outcome;
    }
    unlink(work->record_path);
    work_remove_outputs(work);
    return EVENT_FAILED;
}

static void begin(struct work *work, struct arena *arena, const struct step *step,
                  child_function *(*find)(const char *name)) {
    *work = (struct work){
        .arena = arena,
        .diag = diag_new(arena),
        .step = step,
        .find = find,
        .name = step_name(arena, step),
        .output_root = output_root(arena, step),
        .log = -1,
        .why = STRBUF_INIT,
        .output = STRBUF_INIT,
    };
    work->record_path = plan_record(arena, step->model, work->name);
    work->log_path = arena_printf(arena, ".zooc/models/%s/%s.log", step->model, work->name);
}

static void end(struct work *work) {
    if (work->log >= 0)
        close(work->log);
    strbuf_free(&work->why);
    strbuf_free(&work->output);
}

int step_run(struct arena *arena, const struct step *step,
             child_function *(*find)(const char *name)) {
    struct work work;
    begin(&work, arena, step, find);
    work.log = lock_log(&work);
    double start = now();
    enum event_outcome outcome = do_step(&work);
    cached_end(&work);
    work_tell(&work, outcome, now() - start);
    end(&work);
    return outcome == EVENT_FAILED ? EXIT_INPUT : EXIT_DONE;
}

// ---- Only from the cache ----

static enum event_outcome restore(struct work *work) {
    char key[SHA256_TEXT_SIZE];
    if (is_answered(work))
        return EVENT_SAME;
    if (!cached_knows(work, key))
        return EVENT_FAILED;
    unlink(work->record_path);
    tree_sweep(work->output_root);
    return cached_take(work) && write_answer(work) ? EVENT_CACHED : EVENT_FAILED;
}

bool step_restore(struct arena *arena, const struct step *step) {
    struct work work;
    begin(&work, arena, step, NULL);
    work.log = lock_log(&work);
    double start = now();
    work_ask(&work);
    enum event_outcome outcome = EVENT_FAILED;
    if (diag_count(work.diag, DIAG_FAILED) == 0)
        outcome = restore(&work);
    cached_end(&work);
    if (outcome != EVENT_FAILED)
        work_tell(&work, outcome, now() - start);
    else if (work.notice != NULL)
        puts(work.notice);
    end(&work);
    return outcome != EVENT_FAILED;
}

// ---- Explaining ----

// What the log says of the last time that the step ran, without the end of the line.
static const char *last_reason(const struct work *work) {
    static const char mark[] = "ran because ";
    struct slice log;
    if (!map_file(work->arena, work->log_path, &log))
        return NULL;
    const char *text = arena_strndup(work->arena, (const char *)log.data, log.size);
    const char *reason = strstr(text, mark);
    return reason == NULL ? NULL
                          : arena_strndup(work->arena, reason + sizeof mark - 1,
                                          strcspn(reason + sizeof mark - 1, "\r\n"));
}

static void explain_cache(struct work *work, FILE *to) {
    char key[SHA256_TEXT_SIZE];
    bool known = cached_knows(work, key);
    if (key[0] != '\0')
        fprintf(to, "    cache: %s %s\n", key, known ? "is there" : "is not there");
}

// Only the step that runs before it can tell what it will read.
static bool explain_question(struct work *work, const char *earlier, FILE *to) {
    work_ask(work);
    if (diag_count(work->diag, DIAG_FAILED) > 0 && earlier == NULL) {
        fprintf(to, "cannot run:\n");
        diag_print(work->diag, to, DIAG_PLAIN, DIAG_WARNING);
        return false;
    }
    if (diag_count(work->diag, DIAG_FAILED) > 0) {
        fprintf(to, "will run after %s\n", earlier);
        return true;
    }
    if (is_answered(work)) {
        fprintf(to, "up to date%s%s%s\n", earlier == NULL ? "" : ", unless ",
                earlier == NULL ? "" : earlier, earlier == NULL ? "" : " changes what it reads");
        return false;
    }
    fprintf(to, "will run because %s\n", work->why.data);
    return true;
}

bool step_explain(struct arena *arena, const struct step *step, const char *earlier, FILE *to) {
    struct work work;
    begin(&work, arena, step, NULL);
    bool runs = explain_question(&work, earlier, to);
    if (diag_count(work.diag, DIAG_FAILED) == 0)
        explain_cache(&work, to);
    const char *reason = last_reason(&work);
    if (reason != NULL)
        fprintf(to, "    last time it ran because %s\n", reason);
    cached_end(&work);
    end(&work);
    return runs;
}
