// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/build.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache/tree.h"
#include "compiler/base/fatal.h"
#include "compiler/batch/child.h"
#include "compiler/batch/list.h"
#include "compiler/batch/progress.h"
#include "compiler/batch/report.h"
#include "compiler/batch/restore.h"
#include "compiler/batch/summary.h"

enum { NINJA_INTERRUPTED = 130 };

struct build {
    struct arena *arena;
    const struct build_request *request;
    struct diag *diag;
    struct progress progress;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// Two builds in one folder would take each other's files away.
static bool lock_folder(struct build *b) {
    const char *folder = arena_printf(b->arena, "%s/.zooc", b->request->gen.folder);
    const char *path = arena_printf(b->arena, "%s/lock", folder);
    int fd = -1;
    if (tree_make_folders(folder))
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return true; // kept until the process ends
    if (fd >= 0 && errno == EWOULDBLOCK)
        diag_report(b->diag, NULL, BUILD_RUNS, b->request->gen.folder);
    else
        diag_report(b->diag, NULL, OUTPUT_WRITE, path, strerror(errno));
    return false;
}

// Manifests that are wrong leave no folder behind that was not there before.
static void remove_fresh_folder(struct build *b) {
    const char *folder = b->request->gen.folder;
    unlink(arena_printf(b->arena, "%s/.zooc/lock", folder));
    rmdir(arena_printf(b->arena, "%s/.zooc", folder));
    rmdir(folder);
}

// An empty file for the events of this build; the steps append to it.
static bool start_events(struct build *b) {
    const char *path = arena_printf(b->arena, "%s/.zooc/events.jsonl", b->request->gen.folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        diag_report(b->diag, NULL, OUTPUT_WRITE, path, strerror(errno));
        return false;
    }
    close(fd);
    cache_forget_faults(b->arena, b->request->gen.folder);
    setenv("ZOOC_EVENTS", ".zooc/events.jsonl", 1); // steps run in the build folder
    setenv("NINJA_STATUS", PROGRESS_STATUS, 1);
    return true;
}

static int spawn_ninja(struct build *b, int output, pid_t *pid) {
    char *words[8] = {"ninja", "-C", arena_strdup(b->arena, b->request->gen.folder), "-k", "0"};
    if (b->request->jobs > 0)
        words[5] = arena_printf(b->arena, "-j%u", b->request->jobs);
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    error = posix_spawnp(pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void show_lines(struct build *b, int from) {
    FILE *lines = fdopen(from, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    if (lines == NULL)
        fatal_out_of_memory();
    while ((length = getline(&line, &size, lines)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        progress_line(&b->progress, line);
    }
    free(line);
    fclose(lines);
}

typedef int start_function(struct build *b, int output, pid_t *pid);

// Shows the lines of what `start` starts until it ends. False with errno when it could not be run.
static bool watch(struct build *b, start_function *start, int *status) {
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    int error = start(b, ends[1], &pid);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        errno = error;
        return false;
    }
    // The child gets an interrupt from the terminal too, and ends; we then tell what was built.
    signal(SIGINT, SIG_IGN);
    progress_start(&b->progress, stdout);
    show_lines(b, ends[0]);
    progress_end(&b->progress);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    return true;
}

// Ninja's exit code; -1 when it could not be run.
static int run_ninja(struct build *b) {
    int status = -1;
    if (!watch(b, spawn_ninja, &status)) {
        diag_report(b->diag, NULL, NINJA_MISSING, strerror(errno));
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : NINJA_INTERRUPTED;
}

// ---- What the cache has ----

static int fork_restore(struct build *b, int output, pid_t *pid) {
    fflush(NULL); // or the child would print it once more
    pid_t parent = getpid();
    *pid = fork();
    if (*pid != 0)
        return *pid < 0 ? errno : 0;
    if (!child_ends_with(parent) || dup2(output, STDOUT_FILENO) < 0 ||
        chdir(b->request->gen.folder) != 0)
        _exit(EXIT_BUG);
    _exit(restore_run(b->arena, b->request->jobs) ? EXIT_DONE : EXIT_BUG);
}

// False when the user has interrupted it. All else that may go wrong is left to ninja.
static bool restore(struct build *b, bool is_new) {
    int status;
    // What another program would answer is not known here.
    if (b->request->gen.program != NULL ||
        !restore_is_due(b->arena, b->request->gen.folder, is_new) ||
        !watch(b, fork_restore, &status))
        return true;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
        return false;
    signal(SIGINT, SIG_DFL); // ninja inherits it
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_DONE)
        puts("taking from the cache beforehand was broken off; each step looks for itself");
    return true;
}

// What continuous integration and people read after the build.
static void tell_files(struct build *b, const struct tally *tally) {
    const struct build_request *request = b->request;
    tally_write_logs(b->arena, tally, b->diag);
    if (request->junit != NULL)
        tally_write_junit(b->arena, tally, request->junit, b->diag);
    if (request->markdown != NULL)
        tally_write_markdown(b->arena, tally, request->markdown, b->diag);
}

static int finish(struct build *b, int ninja, double start) {
    struct list *list = list_read(b->arena, b->request->gen.folder);
    if (list == NULL) {
        diag_report(b->diag, NULL, FILE_OPEN, ".zooc/zoo.list", strerror(errno));
        return EXIT_INPUT;
    }
    // Ninja makes the report only when every model is well.
    if (ninja != 0)
        report_write(b->arena, b->request->gen.folder, b->diag);
    struct tally *tally = tally_make(b->arena, b->request->gen.folder, list, ninja == 0);
    tally->seconds = now() - start;
    tell_files(b, tally);
    bool filled =
        tally->outcomes[MODEL_CACHED].models > 0 && cache_environment(b->arena).url != NULL;
    if (tally->outcomes[MODEL_BUILT].models > 0 || filled)
        cache_shrink(b->arena);
    struct summary summary = {.tally = tally, .nothing_ran = b->progress.nothing_to_do};
    build_summary_print(b->arena, &summary, stdout);
    if (ninja == NINJA_INTERRUPTED)
        fputs("interrupted; the next build goes on from here\n", stdout);
    return ninja != 0 || tally->outcomes[MODEL_FAILED].models > 0 ? EXIT_INPUT : EXIT_DONE;
}

int build_run(struct arena *arena, const struct build_request *request, struct diag *diag) {
    struct build b = {.arena = arena, .request = request, .diag = diag};
    double start = now();
    bool fresh = access(request->gen.folder, F_OK) != 0;
    if (!cache_set_environment(arena, &request->cache, diag))
        return EXIT_USAGE;
    if (!lock_folder(&b))
        return diag_exit_code(diag);
    tree_sweep(request->gen.folder);
    tree_sweep(arena_printf(arena, "%s/.zooc", request->gen.folder));
    enum gen_outcome planned = gen_write(arena, &request->gen, diag);
    if (planned == GEN_FAILED) {
        if (fresh)
            remove_fresh_folder(&b);
        return diag_exit_code(diag);
    }
    if (!start_events(&b))
        return diag_exit_code(diag);
    if (request->offline)
        setenv("ZOOC_OFFLINE", "1", 1); // for the steps, like the settings of the cache
    int ninja = restore(&b, planned == GEN_WRITTEN) ? run_ninja(&b) : NINJA_INTERRUPTED;
    int code = ninja < 0 ? EXIT_INPUT : finish(&b, ninja, start);
    return diag_exit_code(diag) > code ? diag_exit_code(diag) : code;
}
