// SPDX-License-Identifier: Apache-2.0
// A scratch folder for tests that write files.
#ifndef ZOOC_BASE_SCRATCH_H
#define ZOOC_BASE_SCRATCH_H

#include "tests/unit/base_support.h"

#include <glob.h>
#include <sys/stat.h>

#include "cache/tree.h"
#include "tests/scratch.h"

static char scratch_folder[SCRATCH_SIZE];

// A fresh folder and the working directory until leave_scratch, which removes it with all in it.
static inline int enter_scratch(void **state) {
    (void)state;
    return scratch_make(scratch_folder) && chdir(scratch_folder) == 0 ? 0 : -1;
}

static inline int leave_scratch(void **state) {
    (void)state;
    return chdir("/") == 0 && tree_remove(scratch_folder) ? 0 : -1;
}

static inline unsigned files_here(void) {
    glob_t found;
    unsigned count =
        glob("{*,.[!.]*}", GLOB_BRACE, NULL, &found) == 0 ? (unsigned)found.gl_pathc : 0;
    globfree(&found);
    return count;
}

static inline void write_file(const char *path, const void *data, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

// The same as a new file, for rewriting one waits for the disk.
static inline void write_anew(const char *path, const void *data, size_t size) {
    remove(path);
    write_file(path, data, size);
}

static inline void write_text(const char *path, const char *text) {
    write_anew(path, text, strlen(text));
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
