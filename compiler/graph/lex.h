// SPDX-License-Identifier: Apache-2.0
// Inside compiler/graph only: tokens of the text form, with their places.
#ifndef ZOOC_GRAPH_LEX_H
#define ZOOC_GRAPH_LEX_H

#include "compiler/base/diag.h"
#include "compiler/base/slice.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_PUNCTUATION };

struct token {
    enum token_kind kind;
    const char *text; // of a string without quotes and escapes; in the arena
    uint32_t twin;    // k of NAME#k
    struct place place;
};

struct lexer {
    struct arena *arena;
    struct diag *diag;
    const char *file;
    const char *at, *line_start; // in a copy that ends in NUL
    uint32_t line;
    bool failed; // reported; from here on there are only TOKEN_END
    struct token now;
};

// Reads the first token.
void lex_start(struct lexer *l, struct arena *arena, struct diag *diag, const char *file,
               struct slice text);
void lex_next(struct lexer *l);

bool lex_is(const struct lexer *l, const char *punctuation_or_word);
// Moves on when it is that; false otherwise.
bool lex_accept(struct lexer *l, const char *punctuation_or_word);
// As lex_accept, and reports what was found instead.
bool lex_expect(struct lexer *l, const char *punctuation_or_word);
bool lex_error(struct lexer *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool lex_error_at(struct lexer *l, const struct place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Values, moving on; false after a report.
bool lex_name(struct lexer *l, const char **out); // a word or a string
bool lex_string(struct lexer *l, const char **out);
bool lex_i64(struct lexer *l, int64_t *out);
bool lex_u64(struct lexer *l, uint64_t *out);
bool lex_f32(struct lexer *l, float *out);
bool lex_f64(struct lexer *l, double *out);

#endif
