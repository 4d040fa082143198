// SPDX-License-Identifier: Apache-2.0
// Inside compiler/graph only: the words of the text form.
#ifndef ZOOC_GRAPH_TEXT_H
#define ZOOC_GRAPH_TEXT_H

#include <stdbool.h>
#include <string.h>

static inline bool text_starts_name(unsigned char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// Names, numbers, `?`, `...` and `-` are all words.
static inline bool text_in_word(unsigned char c) {
    return text_starts_name(c) || (c != '\0' && strchr("./+-?", c) != NULL);
}

#endif
