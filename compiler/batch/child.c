// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/base/fatal.h"

enum { KEPT_OUTPUT = 1024 * 1024 };

static int start(char *const *words, int output, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    error = posix_spawn(pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void read_output(int from, struct strbuf *output) {
    char block[4096];
    ssize_t got;
    do {
        got = read(from, block, sizeof block);
        if (got > 0 && output->length < KEPT_OUTPUT)
            strbuf_add(output, block, (size_t)got);
    } while (got > 0 || (got < 0 && errno == EINTR));
}

static void wait_for(pid_t pid, struct child_result *result) {
    int status;
    struct rusage usage;
    pid_t ended;
    do {
        ended = wait4(pid, &status, 0, &usage);
    } while (ended < 0 && errno == EINTR);
    if (ended < 0) {
        result->error = errno;
        return;
    }
    result->memory = (uint64_t)usage.ru_maxrss * 1024;
    if (WIFSIGNALED(status))
        result->signal = WTERMSIG(status);
    else
        result->status = WEXITSTATUS(status);
}

// What the child prints goes into the pipe whose writing end is ends[1].
static bool open_pipe(int ends[2], struct child_result *result) {
    *result = (struct child_result){.status = -1, .output = STRBUF_INIT};
    if (pipe2(ends, O_CLOEXEC) == 0)
        return true;
    result->error = errno;
    return false;
}

static void finish(int ends[2], pid_t pid, struct child_result *result) {
    close(ends[1]);
    if (result->error == 0) {
        read_output(ends[0], &result->output);
        wait_for(pid, result);
    }
    close(ends[0]);
}

void child_run(char *const *words, struct child_result *result) {
    int ends[2];
    pid_t pid = -1;
    if (!open_pipe(ends, result))
        return;
    result->error = start(words, ends[1], &pid);
    finish(ends, pid, result);
}

static _Noreturn void be_child(child_function *function, char **words, int output) {
    int argc = 0, nothing = open("/dev/null", O_RDONLY);
    while (words[argc] != NULL)
        argc++;
    dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    int code = function(argc, words);
    _exit(fflush(NULL) == 0 ? code : EXIT_INPUT);
}

void child_run_function(child_function *function, char **words, struct child_result *result) {
    int ends[2];
    if (!open_pipe(ends, result))
        return;
    fflush(NULL); // or the child would print it once more
    pid_t pid = fork();
    if (pid == 0)
        be_child(function, words, ends[1]);
    result->error = pid < 0 ? errno : 0;
    finish(ends, pid, result);
}

bool child_ends_with(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return getppid() == parent;
}
