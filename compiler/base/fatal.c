// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/fatal.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/diag.h"

static void (*clean_up)(void);

void fatal_set_clean_up(void (*clean)(void)) {
    clean_up = clean;
}

// Straight to the descriptor: stdio may need the memory that has just run out.
static _Noreturn void end_process(const char *line, size_t length, int code) {
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written; // nobody is left to be told
    if (clean_up)
        clean_up();
    _exit(code);
}

_Noreturn void fatal_out_of_memory(void) {
    static const char line[] = "[ ERROR ]  out of memory\n";
    end_process(line, sizeof line - 1, EXIT_BUG);
}

_Noreturn void fatal_file_changed(const char *path) {
    char line[PATH_MAX + 256], text[sizeof line + 256];
    snprintf(line, sizeof line, diag_format_FILE_CHANGED, path);
    snprintf(text, sizeof text, "[ ERROR ]  %s\n           %s\n", line,
             diag_entry(D_FILE_CHANGED)->remedy);
    end_process(text, strlen(text), EXIT_INPUT);
}

_Noreturn void fatal_bug_at(const char *file, int line, const char *format, ...) {
    char text[1024];
    int length = snprintf(text, sizeof text, "[ BUG ]  %s:%d: ", file, line);
    if (length < 0 || (size_t)length >= sizeof text)
        length = 0;
    va_list args;
    va_start(args, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, args);
    va_end(args);
    size_t total = strlen(text);
    if (total == sizeof text - 1)
        total--;
    text[total] = '\n';
    end_process(text, total + 1, EXIT_BUG);
}
