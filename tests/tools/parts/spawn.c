// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/parts/spawn.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t anonymous(pid_t pid) {
    char path[64], text[4096];
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t length = read(file, text, sizeof(text) - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    const char *line = strstr(text, "RssAnon:");
    return line != NULL ? strtoull(line + strlen("RssAnon:"), NULL, 10) * 1024 : 0;
}

static uint64_t with_children(pid_t pid, int depth) {
    char path[64], text[4096];
    uint64_t total = anonymous(pid);
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    int file = depth < 8 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return total;
    ssize_t length = read(file, text, sizeof(text) - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    char *end;
    for (char *at = text; *at != '\0'; at = end) {
        long child = strtol(at, &end, 10);
        if (end == at)
            break;
        total += with_children((pid_t)child, depth + 1);
    }
    return total;
}

static void become(const char *const *argv, const char *log) {
    int none = open("/dev/null", O_RDONLY);
    dup2(none, STDIN_FILENO);
    if (log != NULL) {
        int file = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
    }
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    perror(argv[0]);
    _exit(127);
}

bool spawn(const char *const *argv, const char *log, struct spawned *out) {
    *out = (struct spawned){.status = -1};
    fflush(NULL);
    double start = now();
    pid_t pid = fork();
    if (pid == 0)
        become(argv, log);
    int handle = pid > 0 ? pidfd_open(pid, 0) : -1;
    if (pid < 0)
        return false;
    struct pollfd end = {.fd = handle, .events = POLLIN};
    while (handle >= 0 && poll(&end, 1, 1) == 0) {
        uint64_t own = anonymous(pid), tree = with_children(pid, 0);
        out->peak_anonymous = own > out->peak_anonymous ? own : out->peak_anonymous;
        out->peak_tree = tree > out->peak_tree ? tree : out->peak_tree;
    }
    out->seconds = now() - start;
    if (handle >= 0)
        close(handle);
    int status;
    if (waitpid(pid, &status, 0) != pid)
        return false;
    out->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}
