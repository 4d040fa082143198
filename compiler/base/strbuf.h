// SPDX-License-Identifier: Apache-2.0
// Growing text. Start from STRBUF_INIT; `data` is always NUL-terminated and never NULL.
// The buffer is on the heap: strbuf_free returns it. Out of memory ends the process (fatal.h).
#ifndef ZOOC_STRBUF_H
#define ZOOC_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

struct strbuf {
    char *data;
    size_t length;
    size_t capacity;
};

extern char strbuf_empty[1];
#define STRBUF_INIT                                                                                \
    { .data = strbuf_empty, .length = 0, .capacity = 0 }

void strbuf_add(struct strbuf *sb, const void *bytes, size_t length);
void strbuf_puts(struct strbuf *sb, const char *text);
void strbuf_putc(struct strbuf *sb, char c);
void strbuf_printf(struct strbuf *sb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *sb, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
// The decimal text of fewest digits that reads back as the same float / double; whole numbers below
// 1e7 / 1e15 without exponent; locale-free. inf, -inf and nan are written so.
void strbuf_float(struct strbuf *sb, float value);
void strbuf_double(struct strbuf *sb, double value);
// Empties the text and keeps the memory.
void strbuf_reset(struct strbuf *sb);
void strbuf_free(struct strbuf *sb);

#endif
