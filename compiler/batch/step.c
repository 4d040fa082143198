// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/step.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "build_id.h"
#include "cache/tree.h"
#include "compiler/base/fatal.h"
#include "compiler/batch/work.h"
#include "rules/ninja/plan.h"

// ---- The question ----

void work_add_input(struct work *work, const char *name, const char *path) {
    struct hash hash;
    uint64_t size;
    if (hash_path(path, &hash, &size))
        record_add_file(work->record, RECORD_INPUT, name, hash, size);
    else
        diag_report(work->diag, NULL, FILE_OPEN, name, strerror(errno));
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
                       found.gl_pathv[i]);
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

static void ask(struct work *work) {
    static const char *const names[STEP_KIND_COUNT] = {"unpack", "convert", "verify"};
    const struct step *step = work->step;
    const char *what = step->model;
    if (step->variant[0] != '\0')
        what = arena_printf(work->arena, "%s/%s", step->model, step->variant);
    work->record = record_new(work->arena);
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
    bool damaged;
    const struct record *was = record_read(work->arena, work->record_path, &damaged);
    if (was == NULL) {
        strbuf_puts(&work->why, damaged ? "the record is damaged" : "there is no record");
        return false;
    }
    return record_answers(was, work->record, &work->why) && outputs_stand(work, was);
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

static enum event_outcome do_step(struct work *work) {
    static work_function *const functions[STEP_KIND_COUNT] = {work_unpack, work_convert,
                                                              work_verify};
    ask(work);
    if (diag_count(work->diag, DIAG_FAILED) == 0) {
        if (is_answered(work))
            return EVENT_SAME;
        unlink(work->record_path); // from here on it would be untrue
        if (functions[work->step->kind](work) && work->cause == NULL) {
            if (record_write(work->record, work->record_path))
                return EVENT_DONE;
            diag_report(work->diag, NULL, OUTPUT_WRITE, work->record_path, strerror(errno));
        }
    }
    unlink(work->record_path);
    work_remove_outputs(work);
    return EVENT_FAILED;
}

int step_run(struct arena *arena, const struct step *step,
             child_function *(*find)(const char *name)) {
    struct work work = {
        .arena = arena,
        .diag = diag_new(arena),
        .step = step,
        .find = find,
        .name = step_name(arena, step),
        .output_root = output_root(arena, step),
        .why = STRBUF_INIT,
        .output = STRBUF_INIT,
    };
    work.record_path = plan_record(arena, step->model, work.name);
    work.log_path = arena_printf(arena, ".zooc/models/%s/%s.log", step->model, work.name);
    work.log = lock_log(&work);
    double start = now();
    enum event_outcome outcome = do_step(&work);
    work_tell(&work, outcome, now() - start);
    if (work.log >= 0)
        close(work.log);
    strbuf_free(&work.why);
    strbuf_free(&work.output);
    return outcome == EVENT_FAILED ? EXIT_INPUT : EXIT_DONE;
}
