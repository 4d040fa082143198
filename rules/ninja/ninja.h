// SPDX-License-Identifier: Apache-2.0
// Writing ninja files. Two languages meet there: a path or value of ninja, in which `$`, blanks and
// colons must be escaped, and the shell, to which a command's words are quoted first.
//
// Ninja 1.11 has no way to write a line break, nor `|` in a path, and a tab breaks its log: callers
// keep such paths out (ninja_can_name). Texts of manifests have no control characters at all.
#ifndef ZOOC_NINJA_H
#define ZOOC_NINJA_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/strbuf.h"

bool ninja_can_name(const char *path);

// A path in a build line.
void ninja_path(struct strbuf *to, const char *path);
// The value of a variable.
void ninja_value(struct strbuf *to, const char *text);
// The words of a command, each quoted for the shell where it must be.
void ninja_shell_words(struct strbuf *to, const char *const *words, uint32_t count);
// The same as the value of a variable.
void ninja_words(struct strbuf *to, const char *const *words, uint32_t count);

struct ninja_paths {
    const char *const *items;
    uint32_t count;
};

struct ninja_edge {
    const char *rule;
    struct ninja_paths outputs, implicit_outputs, inputs, implicit_inputs;
    const char *pool, *model, *variant; // NULL: none
    struct ninja_paths words;           // of the command
};

void ninja_edge(struct strbuf *to, const struct ninja_edge *edge);

#endif
