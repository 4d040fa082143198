// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/strbuf.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/fatal.h"

char strbuf_empty[1];

#define FIRST_CAPACITY ((size_t)64)

// Room for `more` bytes and the final NUL.
static void reserve(struct strbuf *sb, size_t more) {
    if (more >= SIZE_MAX / 2 - sb->length)
        fatal_out_of_memory();
    size_t needed = sb->length + more + 1;
    if (needed <= sb->capacity)
        return;
    size_t capacity = sb->capacity ? sb->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(sb->capacity ? sb->data : NULL, capacity);
    if (!data)
        fatal_out_of_memory();
    data[sb->length] = '\0';
    sb->data = data;
    sb->capacity = capacity;
}

void strbuf_add(struct strbuf *sb, const void *bytes, size_t length) {
    if (length == 0)
        return;
    reserve(sb, length);
    memcpy(sb->data + sb->length, bytes, length);
    sb->length += length;
    sb->data[sb->length] = '\0';
}

void strbuf_puts(struct strbuf *sb, const char *text) {
    strbuf_add(sb, text, strlen(text));
}

void strbuf_putc(struct strbuf *sb, char c) {
    strbuf_add(sb, &c, 1);
}

void strbuf_vprintf(struct strbuf *sb, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        fatal_out_of_memory();
    reserve(sb, (size_t)length);
    vsnprintf(sb->data + sb->length, (size_t)length + 1, format, args);
    sb->length += (size_t)length;
}

void strbuf_printf(struct strbuf *sb, const char *format, ...) {
    va_list args;
    va_start(args, format);
    strbuf_vprintf(sb, format, args);
    va_end(args);
}

// Not finite, or a whole number small enough to be exact without an exponent (readers of integers
// do not take "1e+06").
static bool add_special(struct strbuf *sb, double value, double exact_below) {
    if (isnan(value))
        strbuf_puts(sb, "nan");
    else if (isinf(value))
        strbuf_puts(sb, value < 0 ? "-inf" : "inf");
    else if (fabs(value) < exact_below && trunc(value) == value)
        strbuf_printf(sb, "%.0f", value);
    else
        return false;
    return true;
}

// A decimal of FLT_DIG digits survives the way through a normal float, so no shorter text can be
// missed by starting there; below the normal range precision is lost and one digit may do.
void strbuf_float(struct strbuf *sb, float value) {
    char text[32];
    if (add_special(sb, (double)value, 1e7))
        return;
    int digits = fabsf(value) < FLT_MIN ? 1 : FLT_DIG;
    do
        snprintf(text, sizeof text, "%.*g", digits++, (double)value);
    while (digits <= FLT_DECIMAL_DIG && strtof(text, NULL) != value);
    strbuf_puts(sb, text);
}

void strbuf_double(struct strbuf *sb, double value) {
    char text[40];
    if (add_special(sb, value, 1e15))
        return;
    int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
    do
        snprintf(text, sizeof text, "%.*g", digits++, value);
    while (digits <= DBL_DECIMAL_DIG && strtod(text, NULL) != value);
    strbuf_puts(sb, text);
}

void strbuf_reset(struct strbuf *sb) {
    sb->length = 0;
    if (sb->capacity) // never write to the text that all empty buffers share
        sb->data[0] = '\0';
}

void strbuf_free(struct strbuf *sb) {
    if (sb->capacity)
        free(sb->data);
    *sb = (struct strbuf)STRBUF_INIT;
}
