// SPDX-License-Identifier: Apache-2.0
// Files of records: a line `=== TITLE` begins one, lines `--- NAME` its further sections. What
// stands before the first is for the reader.
#ifndef ZOOC_RECORDS_H
#define ZOOC_RECORDS_H

#include <string.h>

#include "compiler/base/arena.h"

struct records {
    struct arena *arena;
    const char *at; // what is left of the file's text
};

static inline bool records_starts(const struct records *r, const char *word) {
    return strncmp(r->at, word, strlen(word)) == 0;
}

static inline const char *records_line(struct records *r) {
    size_t length = strcspn(r->at, "\n");
    const char *line = arena_strndup(r->arena, r->at, length);
    r->at += length + (r->at[length] == '\n');
    return line;
}

// Lines up to the next mark, without blank ones at the end.
static inline const char *records_section(struct records *r) {
    const char *start = r->at;
    while (*r->at != '\0' && !records_starts(r, "--- ") && !records_starts(r, "=== "))
        records_line(r);
    size_t length = (size_t)(r->at - start);
    while (length > 0 && start[length - 1] == '\n')
        length--;
    return arena_printf(r->arena, "%.*s%s", (int)length, start, length > 0 ? "\n" : "");
}

// The title of the next record, NULL at the end.
static inline const char *records_next(struct records *r) {
    while (*r->at != '\0' && !records_starts(r, "=== "))
        records_line(r);
    return *r->at != '\0' ? records_line(r) + strlen("=== ") : NULL;
}

#endif
