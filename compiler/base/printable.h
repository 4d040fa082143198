// SPDX-License-Identifier: Apache-2.0
// Text that comes from an input, made fit for terminals, logs, XML and JSON: what is not UTF-8,
// what a terminal would obey or turn round, and what XML cannot hold is written as \xNN for each
// byte.
#ifndef ZOOC_PRINTABLE_H
#define ZOOC_PRINTABLE_H

#include <stddef.h>

#include "compiler/base/strbuf.h"

// Up to `size` bytes, or up to a NUL.
void printable_add(struct strbuf *out, const char *text, size_t size);
void printable_text(struct strbuf *out, const char *text);
// Line ends and tabs stay.
void printable_lines(struct strbuf *out, const char *text, size_t size);

#endif
