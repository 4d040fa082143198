// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/restore.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build_id.h"
#include "compiler/base/fatal.h"
#include "compiler/batch/child.h"
#include "compiler/batch/gen.h"
#include "compiler/batch/list.h"
#include "compiler/batch/settings.h"
#include "compiler/batch/step.h"
#include "rules/ninja/build_file.h"
#include "rules/ninja/log.h"

static const char log_path[] = ".zooc/.ninja_log";

// A worker that finds nothing leaves the rest to ninja, whose steps would look once more.
enum { PATIENCE = 8, MOST_JOBS = 256, FULL = 64 * 1024 };

struct candidate {
    const struct plan_step *step;
    uint64_t hash; // of its command
};

struct restore {
    struct arena *arena;
    const struct ninja_log *log;
    struct candidate *candidates;
    uint32_t count;
    int64_t start;      // when the inputs were looked at, by the clock of the file system
    atomic_uint *taken; // by all workers
};

// ---- Is it due? ----

static bool cache_is_used(struct arena *arena) {
    struct cache_environment where = cache_environment(arena);
    return where.mode != CACHE_OFF && (where.folder != NULL || where.url != NULL);
}

static bool lacks_ir(struct arena *arena, const char *folder) {
    const struct list *list = list_read(arena, folder);
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct list_model *model = &list->models[i];
        for (uint32_t v = 0; v < model->variant_count; v++) {
            const char *xml = arena_printf(arena, "%s/%s/%s/%s.xml", folder, model->name,
                                           model->variants[v].name, model->name);
            if (access(xml, F_OK) != 0)
                return true;
        }
    }
    return false;
}

bool restore_is_due(struct arena *arena, const char *folder, bool is_new) {
    return cache_is_used(arena) && (is_new || lacks_ir(arena, folder));
}

// ---- What ninja would make ----

static int64_t changed(const struct stat *status) {
    return (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

static bool are_older(const struct text_list *inputs, int64_t than) {
    struct stat status;
    for (uint32_t i = 0; i < inputs->count; i++) {
        if (stat(inputs->items[i], &status) == 0 && changed(&status) > than)
            return false;
    }
    return true;
}

static bool are_made(const struct restore *r, const struct text_list *outputs, uint64_t hash,
                     int64_t *made) {
    for (uint32_t i = 0; i < outputs->count; i++) {
        const struct ninja_log_entry *entry = ninja_log_find(r->log, outputs->items[i]);
        if (entry == NULL || entry->hash != hash || access(outputs->items[i], F_OK) != 0)
            return false;
        *made = entry->changed < *made ? entry->changed : *made;
    }
    return true;
}

static uint64_t command_hash(const struct plan_step *step) {
    struct strbuf command = STRBUF_INIT;
    build_file_command(&command, step, ZOOC_BUILD_ID);
    uint64_t hash = ninja_log_hash(command.data, command.length);
    strbuf_free(&command);
    return hash;
}

static bool is_made(const struct restore *r, const struct plan_step *step, uint64_t hash) {
    int64_t made = INT64_MAX;
    return are_made(r, &step->outputs, hash, &made) &&
           are_made(r, &step->implicit_outputs, hash, &made) && are_older(&step->inputs, made) &&
           are_older(&step->implicit_inputs, made);
}

// A model whose files must be unpacked first is left to ninja.
static void find_candidates(struct restore *r, const struct plan *plan) {
    const char *unmade = "";
    r->candidates = arena_array_of(r->arena, plan->count, struct candidate);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        uint64_t hash = command_hash(step);
        if (step->kind == PLAN_VERIFY || strcmp(step->model, unmade) == 0 || is_made(r, step, hash))
            continue;
        if (step->kind == PLAN_UNPACK)
            unmade = step->model;
        else
            r->candidates[r->count++] = (struct candidate){step, hash};
    }
}

// ---- A worker ----

static bool take(const struct plan_step *planned) {
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct step step;
    int count = (int)planned->words.count + 4;
    char **words = arena_array_of(arena, (size_t)count, char *);
    const char *const first[] = {"--model", planned->model, "--variant", planned->variant};
    for (int i = 0; i < count; i++)
        words[i] = arena_strdup(arena, i < 4 ? first[i] : planned->words.items[i - 4]);
    bool taken =
        step_parse(arena, diag, STEP_CONVERT, count, words, &step) && step_restore(arena, &step);
    arena_free(arena);
    return taken;
}

static void enter(const struct restore *r, const struct candidate *candidate, struct strbuf *to) {
    const struct ninja_log_entry entry = {r->start, candidate->hash};
    const struct text_list *lists[] = {&candidate->step->outputs,
                                       &candidate->step->implicit_outputs};
    for (size_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < lists[k]->count; i++)
            ninja_log_add(to, lists[k]->items[i], &entry);
    }
}

// In one write, for others append too.
static void flush(struct strbuf *lines) {
    int fd = open(log_path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || write(fd, lines->data, lines->length) < 0)
        perror(log_path); // ninja makes them once more
    if (fd >= 0)
        close(fd);
    strbuf_reset(lines);
}

static void tell(const struct restore *r, const struct plan_step *step) {
    printf("@%u/%u restore %s %s\n", atomic_fetch_add(r->taken, 1) + 1, r->count, step->model,
           step->variant);
}

static void work(const struct restore *r, uint32_t worker, uint32_t workers) {
    struct strbuf lines = STRBUF_INIT;
    uint32_t hits = 0, misses = 0;
    for (uint32_t i = worker; i < r->count && misses <= hits + PATIENCE; i += workers) {
        if (take(r->candidates[i].step)) {
            hits++;
            tell(r, r->candidates[i].step);
            enter(r, &r->candidates[i], &lines);
        } else {
            misses++;
        }
        fflush(stdout); // each line in one write: the workers share the pipe
        if (lines.length > FULL)
            flush(&lines);
    }
    if (lines.length > 0)
        flush(&lines);
    strbuf_free(&lines);
}

static bool run_workers(const struct restore *r, uint32_t workers) {
    pid_t self = getpid();
    bool whole = true;
    int status;
    for (uint32_t i = 0; i < workers; i++) {
        pid_t pid = fork();
        if (pid < 0)
            break; // its share is left to ninja
        if (pid == 0) {
            if (child_ends_with(self))
                work(r, i, workers);
            _exit(EXIT_DONE);
        }
    }
    while (wait(&status) > 0)
        whole = whole && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE;
    return whole;
}

// ---- All of it ----

// The log is made here when it is not there, and its time is that of the file system.
static bool start_log(struct restore *r) {
    static const char clock_path[] = ".zooc/clock";
    struct stat status;
    struct strbuf first = STRBUF_INIT;
    int fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    ninja_log_start(&first);
    bool started =
        fd >= 0 && fstat(fd, &status) == 0 &&
        (status.st_size > 0 || write(fd, first.data, first.length) == (ssize_t)first.length);
    if (fd >= 0)
        close(fd);
    strbuf_free(&first);
    fd = open(clock_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    started = started && fd >= 0 && futimens(fd, NULL) == 0 && fstat(fd, &status) == 0;
    r->start = started ? changed(&status) : 0;
    if (fd >= 0)
        close(fd);
    unlink(clock_path);
    return started;
}

static bool ninja_keeps_known_log(void) {
    char *words[] = {"/usr/bin/env", "ninja", "--version", NULL};
    struct child_result result;
    child_run(words, &result);
    bool known = result.error == 0 && result.status == 0 && ninja_log_is_known(result.output.data);
    strbuf_free(&result.output);
    return known;
}

static uint32_t worker_count(const struct restore *r, unsigned jobs) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t workers = jobs > 0 ? jobs : (uint32_t)(processors > 0 ? processors : 1);
    workers = workers < MOST_JOBS ? workers : MOST_JOBS;
    return workers < r->count ? workers : r->count;
}

bool restore_run(struct arena *arena, unsigned jobs) {
    struct restore r = {.arena = arena, .log = ninja_log_read(arena, log_path)};
    if (r.log == NULL || !ninja_keeps_known_log() || !start_log(&r))
        return true;
    const struct plan *plan = gen_plan(arena, diag_new(arena));
    if (plan == NULL)
        return true;
    find_candidates(&r, plan);
    r.taken =
        mmap(NULL, sizeof *r.taken, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return r.taken == MAP_FAILED || run_workers(&r, worker_count(&r, jobs));
}
