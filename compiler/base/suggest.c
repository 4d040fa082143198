// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/suggest.h"

#include <string.h>

#define LONGEST_NAME ((size_t)63) // longer names are not compared

// ASCII only: names of the formats are, and the locale must not matter.
static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

// Letters to insert, delete, change, or neighbours to swap, row by row of the usual table. Only the
// last three rows are kept.
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t rows[3][LONGEST_NAME + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            char x = lower(a[i - 1]), y = lower(b[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_length];
}

const char *suggest(const char *wrong, const char *const *names, size_t count) {
    size_t length = strlen(wrong);
    const char *nearest = NULL;
    size_t nearest_distance = 0;
    if (length > LONGEST_NAME)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t name_length = strlen(names[i]);
        if (name_length > LONGEST_NAME)
            continue;
        size_t changes = distance(wrong, length, names[i], name_length);
        size_t letters = length > name_length ? length : name_length;
        if (changes * 3 > letters || (nearest && changes >= nearest_distance))
            continue;
        nearest = names[i];
        nearest_distance = changes;
    }
    return nearest;
}
