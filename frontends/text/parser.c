// SPDX-License-Identifier: Apache-2.0
#include "frontends/text/parser.h"

#include <string.h>

#include "compiler/base/limits.h"

// The source line for the caret. The file has no NUL behind its last line, so that one is copied.
static const char *line_text(struct parser *p, const uint8_t *line_start) {
    if (line_start == NULL) // nothing was read yet
        return NULL;
    const uint8_t *end = p->lexer.rest.data + p->lexer.rest.size;
    size_t left = (size_t)(end - line_start);
    if (left > 0 && memchr(line_start, '\n', left) != NULL)
        return (const char *)line_start;
    return arena_strndup(p->arena, (const char *)line_start, left);
}

struct place parser_place(struct parser *p, const struct token *t) {
    return (struct place){
        .file = p->file, .line = t->line, .column = t->column, .text = line_text(p, t->line_start)};
}

void parser_report_wrong(struct parser *p, const struct token *t, const char *what) {
    struct place place = parser_place(p, t);
    diag_report(p->diag, &place, SYNTAX, what);
}

void parser_report_expected(struct parser *p, const char *what) {
    const struct token *t = &p->now;
    if (t->kind == TOKEN_WRONG) {
        parser_report_wrong(p, t, t->wrong);
        return;
    }
    const char *found = t->kind == TOKEN_END ? "the end of the file"
                        : t->text.size > 40  ? "a longer text"
                                             : arena_printf(p->arena, "'%.*s'", (int)t->text.size,
                                                            (const char *)t->text.data);
    parser_report_wrong(p, t, arena_printf(p->arena, "expected %s, found %s", what, found));
}

void parser_next(struct parser *p) {
    p->now = token_next(&p->lexer);
}

bool parser_skip(struct parser *p, char symbol) {
    if (!token_is(&p->now, symbol))
        return false;
    parser_next(p);
    return true;
}

char parser_open(struct parser *p) {
    if (parser_skip(p, '{'))
        return '}';
    return parser_skip(p, '<') ? '>' : 0;
}

bool parser_over_limit(struct parser *p, const char *what, uint64_t value, uint64_t limit) {
    struct place place = parser_place(p, &p->now);
    diag_report(p->diag, &place, LIMIT, what, arena_printf(p->arena, "%ju", (uintmax_t)value),
                arena_printf(p->arena, "%ju", (uintmax_t)limit));
    return false;
}

bool parser_enter(struct parser *p) {
    if (++p->depth > limits.nesting)
        return parser_over_limit(p, "nesting of messages", p->depth, limits.nesting);
    if (++p->messages > limits.messages)
        return parser_over_limit(p, "number of messages", p->messages, limits.messages);
    return true;
}
