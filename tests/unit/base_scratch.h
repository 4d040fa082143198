// SPDX-License-Identifier: Apache-2.0
// A scratch folder for tests that write files. (Apart from base_support.h, for <dirent.h> and
// dtype.h both have a DT_UNKNOWN.)
#ifndef ZOOC_BASE_SCRATCH_H
#define ZOOC_BASE_SCRATCH_H

#include "tests/unit/base_support.h"

#include <dirent.h>
#include <sys/stat.h>

// A fresh folder and the working directory until leave_scratch, which removes its files (one
// level).
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

#endif
