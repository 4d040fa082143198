// SPDX-License-Identifier: Apache-2.0
// What the tests of compiler/base share: cmocka, a scratch folder, and running a function that must
// end its process.
#ifndef ZOOC_BASE_SUPPORT_H
#define ZOOC_BASE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

// A fresh folder and the working directory until leave_scratch, which removes its files (one level).
static inline int enter_scratch(void **state) {
    char name[] = "/tmp/zooc-test-XXXXXX";
    if (!mkdtemp(name) || chdir(name) != 0)
        return -1;
    *state = strdup(name);
    return *state ? 0 : -1;
}

static inline unsigned files_here(void) {
    unsigned count = 0;
    DIR *folder = opendir(".");
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

static inline int leave_scratch(void **state) {
    DIR *folder = opendir(".");
    if (!folder)
        return -1;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove(entry->d_name);
    closedir(folder);
    int status = chdir("/") | rmdir(*state);
    free(*state);
    return status;
}

static inline void write_file(const char *path, const void *data, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline size_t read_file(const char *path, char *data, size_t size) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t got = fread(data, 1, size, file);
    fclose(file);
    return got;
}

static inline void assert_file(const char *path, const char *expected) {
    char data[4096];
    size_t size = read_file(path, data, sizeof data - 1);
    data[size] = '\0';
    assert_string_equal(data, expected);
}

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
    for (ssize_t got = 1; got > 0 && length < size - 1; length += got > 0 ? (size_t)got : 0)
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
