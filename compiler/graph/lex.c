// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph/lex.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/limits.h"
#include "compiler/graph/text.h"

static struct place here(const struct lexer *l) {
    return (struct place){.file = l->file,
                          .line = l->line,
                          .column = (uint32_t)(l->at - l->line_start) + 1,
                          .text = l->line_start};
}

static bool report(struct lexer *l, const struct place *place, const char *format, va_list args) {
    if (!l->failed)
        diag_report(l->diag, place, SYNTAX, arena_vprintf(l->arena, format, args));
    l->failed = true;
    l->now.kind = TOKEN_END;
    l->now.text = "the end";
    return false;
}

bool lex_error_at(struct lexer *l, const struct place *place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    report(l, place, format, args);
    va_end(args);
    return false;
}

bool lex_error(struct lexer *l, const char *format, ...) {
    struct place place = l->now.place;
    va_list args;
    va_start(args, format);
    report(l, &place, format, args);
    va_end(args);
    return false;
}

static void skip_blanks(struct lexer *l) {
    for (;; l->at++) {
        if (*l->at == '#')
            l->at += strcspn(l->at, "\n");
        if (*l->at == '\n') {
            l->line++;
            l->line_start = l->at + 1;
        } else if (*l->at != ' ' && *l->at != '\t' && *l->at != '\r') {
            return;
        }
    }
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The byte of an escape; 0, which no string may hold, when it is none.
static char read_escape(struct lexer *l) {
    char c = *++l->at;
    if (c == '"' || c == '\\')
        return c;
    if (c != 'x' || hex_digit(l->at[1]) < 0 || hex_digit(l->at[2]) < 0)
        return '\0';
    l->at += 2;
    return (char)(hex_digit(l->at[-1]) * 16 + hex_digit(l->at[0]));
}

static void read_string(struct lexer *l) {
    size_t most = strcspn(l->at, "\n"), length = 0;
    char *text = arena_alloc(l->arena, most + 1);
    for (l->at++; *l->at != '"'; l->at++) {
        if (*l->at == '\0' || *l->at == '\n') {
            lex_error(l, "the string has no end");
            return;
        }
        char c = *l->at == '\\' ? read_escape(l) : *l->at;
        if (c == '\0') {
            struct place place = here(l);
            lex_error_at(l, &place, "unknown escape in a string");
            return;
        }
        text[length++] = c;
    }
    l->at++;
    l->now.kind = TOKEN_STRING;
    l->now.text = text;
}

static void read_twin(struct lexer *l) {
    l->now.twin = 0;
    if (l->now.kind == TOKEN_PUNCTUATION || *l->at != '#' || l->at[1] < '1' || l->at[1] > '9')
        return;
    for (l->at++; *l->at >= '0' && *l->at <= '9'; l->at++)
        if (l->now.twin < UINT32_MAX / 10 - 1)
            l->now.twin = l->now.twin * 10 + (uint32_t)(*l->at - '0');
}

void lex_next(struct lexer *l) {
    if (l->failed)
        return;
    skip_blanks(l);
    l->now = (struct token){.place = here(l)};
    if (*l->at == '\0') {
        l->now.kind = TOKEN_END;
        l->now.text = "the end";
    } else if (*l->at == '"') {
        read_string(l);
    } else {
        const char *start = l->at;
        while (text_in_word((unsigned char)*l->at))
            l->at++;
        l->now.kind = l->at > start ? TOKEN_WORD : TOKEN_PUNCTUATION;
        if (l->at == start)
            l->at++;
        l->now.text = arena_strndup(l->arena, start, (size_t)(l->at - start));
    }
    if (!l->failed)
        read_twin(l);
}

void lex_start(struct lexer *l, struct arena *arena, struct diag *diag, const char *file,
               struct slice text) {
    *l = (struct lexer){.arena = arena, .diag = diag, .file = file, .line = 1};
    l->at = l->line_start = "";
    l->now.place.file = file;
    if (text.size > limits.text_bytes) {
        lex_error(l, "the text is too long");
        return;
    }
    if (text.size > 0 && memchr(text.data, '\0', text.size) != NULL) {
        lex_error(l, "the text holds a NUL byte");
        return;
    }
    l->at = l->line_start =
        text.size > 0 ? arena_strndup(arena, (const char *)text.data, text.size) : "";
    lex_next(l);
}

// --- expectations -------------------------------------------------------------------------------

bool lex_is(const struct lexer *l, const char *text) {
    return (l->now.kind == TOKEN_WORD || l->now.kind == TOKEN_PUNCTUATION) &&
           strcmp(l->now.text, text) == 0;
}

bool lex_accept(struct lexer *l, const char *text) {
    if (!lex_is(l, text))
        return false;
    lex_next(l);
    return true;
}

static bool found_instead(struct lexer *l, const char *wanted) {
    if (l->now.kind == TOKEN_END)
        return lex_error(l, "expected %s, found the end", wanted);
    return lex_error(l, "expected %s, found '%s'", wanted, l->now.text);
}

bool lex_expect(struct lexer *l, const char *text) {
    return lex_accept(l, text) || found_instead(l, arena_printf(l->arena, "'%s'", text));
}

bool lex_name(struct lexer *l, const char **out) {
    bool name = l->now.kind == TOKEN_STRING ||
                (l->now.kind == TOKEN_WORD && text_starts_name((unsigned char)l->now.text[0]));
    if (!name)
        return found_instead(l, "a name");
    *out = l->now.text;
    lex_next(l);
    return true;
}

bool lex_string(struct lexer *l, const char **out) {
    if (l->now.kind != TOKEN_STRING)
        return found_instead(l, "a string");
    *out = l->now.text;
    lex_next(l);
    return true;
}

// --- numbers: the binary stays in the C locale --------------------------------------------------

static bool number_end(struct lexer *l, const char *end, const char *wanted) {
    if (l->now.kind != TOKEN_WORD || *end != '\0' || end == l->now.text)
        return found_instead(l, wanted);
    if (errno == ERANGE)
        return lex_error(l, "'%s' is out of range", l->now.text);
    lex_next(l);
    return true;
}

bool lex_i64(struct lexer *l, int64_t *out) {
    char *end;
    errno = 0;
    *out = strtoll(l->now.text, &end, 10);
    return number_end(l, end, "a whole number");
}

bool lex_u64(struct lexer *l, uint64_t *out) {
    char *end;
    errno = 0;
    *out = strtoull(l->now.text, &end, 10);
    if (l->now.text[0] == '-')
        return found_instead(l, "a number that is not negative");
    return number_end(l, end, "a whole number");
}

// Denormal numbers set ERANGE and are good; infinity is written as such.
static void forgive_denormal(double value) {
    if (errno == ERANGE && value > -1 && value < 1)
        errno = 0;
}

bool lex_f32(struct lexer *l, float *out) {
    char *end;
    errno = 0;
    *out = strtof(l->now.text, &end);
    forgive_denormal((double)*out);
    return number_end(l, end, "a number");
}

bool lex_f64(struct lexer *l, double *out) {
    char *end;
    errno = 0;
    *out = strtod(l->now.text, &end);
    forgive_denormal(*out);
    return number_end(l, end, "a number");
}
