// SPDX-License-Identifier: Apache-2.0
#include "rules/ninja/ninja.h"

#include <ctype.h>
#include <string.h>

bool ninja_can_name(const char *path) {
    return strpbrk(path, "\n\r\t|") == NULL;
}

static void escape(struct strbuf *to, const char *text, const char *special) {
    while (*text != '\0') {
        size_t plain = strcspn(text, special);
        strbuf_add(to, text, plain);
        text += plain;
        if (*text != '\0') {
            strbuf_putc(to, '$');
            strbuf_putc(to, *text++);
        }
    }
}

void ninja_path(struct strbuf *to, const char *path) {
    // `|` would begin the implicit ones if it stood alone; nothing escapes it, but a prefix parts
    // it.
    if (path[0] == '|')
        strbuf_puts(to, "./");
    escape(to, path, "$ :");
}

void ninja_value(struct strbuf *to, const char *text) {
    // Blanks at the start of a value are dropped unless escaped.
    if (text[0] == ' ') {
        strbuf_puts(to, "$ ");
        text++;
    }
    escape(to, text, "$");
}

static bool is_plain_word(const char *word) {
    static const bool plain[256] = {
        ['_'] = true, ['-'] = true, ['+'] = true, ['='] = true, ['.'] = true,
        ['/'] = true, [','] = true, [':'] = true, ['@'] = true, ['%'] = true,
    };
    if (word[0] == '\0')
        return false;
    for (const unsigned char *c = (const unsigned char *)word; *c != '\0'; c++) {
        if (!plain[*c] && !(*c < 0x80 && isalnum(*c)))
            return false;
    }
    return true;
}

static void shell_word(struct strbuf *to, const char *word) {
    if (is_plain_word(word)) {
        strbuf_puts(to, word);
        return;
    }
    strbuf_putc(to, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            strbuf_puts(to, "'\\''");
        else
            strbuf_putc(to, *word);
    }
    strbuf_putc(to, '\'');
}

void ninja_shell_words(struct strbuf *to, const char *const *words, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            strbuf_putc(to, ' ');
        shell_word(to, words[i]);
    }
}

void ninja_words(struct strbuf *to, const char *const *words, uint32_t count) {
    struct strbuf command = STRBUF_INIT;
    ninja_shell_words(&command, words, count);
    ninja_value(to, command.data);
    strbuf_free(&command);
}

static void put_paths(struct strbuf *to, const char *before, const struct ninja_paths *paths) {
    if (paths->count > 0)
        strbuf_puts(to, before);
    for (uint32_t i = 0; i < paths->count; i++) {
        strbuf_putc(to, ' ');
        ninja_path(to, paths->items[i]);
    }
}

static void put_variable(struct strbuf *to, const char *name, const char *value) {
    if (value == NULL)
        return;
    strbuf_puts(to, name);
    ninja_value(to, value);
    strbuf_putc(to, '\n');
}

void ninja_edge(struct strbuf *to, const struct ninja_edge *edge) {
    strbuf_puts(to, "build");
    put_paths(to, "", &edge->outputs);
    put_paths(to, " |", &edge->implicit_outputs);
    strbuf_puts(to, ": ");
    strbuf_puts(to, edge->rule);
    put_paths(to, "", &edge->inputs);
    put_paths(to, " |", &edge->implicit_inputs);
    strbuf_putc(to, '\n');
    put_variable(to, "  model = ", edge->model);
    put_variable(to, "  variant = ", edge->variant);
    put_variable(to, "  pool = ", edge->pool);
    if (edge->words.count == 0)
        return;
    strbuf_puts(to, "  step = ");
    ninja_words(to, edge->words.items, edge->words.count);
    strbuf_putc(to, '\n');
}
