// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

void child_run(char *const *words, struct child_result *result) {
    int ends[2];
    pid_t pid;
    *result = (struct child_result){.status = -1, .output = STRBUF_INIT};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        result->error = errno;
        return;
    }
    result->error = start(words, ends[1], &pid);
    close(ends[1]);
    if (result->error == 0) {
        read_output(ends[0], &result->output);
        wait_for(pid, result);
    }
    close(ends[0]);
}
