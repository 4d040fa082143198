// SPDX-License-Identifier: Apache-2.0
// What the tests of compiler/base share: cmocka, and running a function that must end its process.
#ifndef ZOOC_BASE_SUPPORT_H
#define ZOOC_BASE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

// Runs `body` in a child process; gives its wait status and what it wrote to standard error.
static inline int run_child(void (*body)(void), char *errors, size_t size) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        body();
        _exit(0);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got = 1; got > 0 && length<size - 1; length += got> 0 ? (size_t)got : 0)
        got = read(ends[0], errors + length, size - 1 - length);
    errors[length] = '\0';
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static inline void assert_exit(void (*body)(void), int code, const char *expected_errors) {
    char errors[2048];
    int status = run_child(body, errors, sizeof errors);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
    assert_string_equal(errors, expected_errors);
}

#endif
