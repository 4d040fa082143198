// SPDX-License-Identifier: Apache-2.0
// Tokens of protobuf text format.
#ifndef ZOOC_TEXT_TOKEN_H
#define ZOOC_TEXT_TOKEN_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/slice.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,   // letters, digits, underscores; begins with no digit
    TOKEN_NUMBER, // begins with a digit, or a dot and a digit
    TOKEN_STRING, // with its quotes
    TOKEN_SYMBOL, // one character
    TOKEN_WRONG,  // `wrong` says why
};

struct token {
    enum token_kind kind;
    struct slice text;
    const char *wrong;
    uint32_t line, column; // from 1; a column is a byte
    const uint8_t *line_start;
};

struct lexer {
    struct slice rest;
    uint32_t line;
    const uint8_t *line_start;
};

void lexer_start(struct lexer *lexer, struct slice text);
struct token token_next(struct lexer *lexer);

static inline bool token_is(const struct token *t, char symbol) {
    return t->kind == TOKEN_SYMBOL && t->text.data[0] == (uint8_t)symbol;
}

// Undoes quotes and escapes of a TOKEN_STRING, adding to `out`; NULL or what is wrong.
struct strbuf;
const char *token_unquote(struct slice quoted, struct strbuf *out);

// Numbers, exact forms of text format: decimal, 0x and 0 (octal) integers; decimal floats, an `f`
// behind them, inf, infinity and nan in any case. False when `text` is no such number or does not
// fit.
bool token_integer(struct slice text, uint64_t *magnitude);
bool token_float(struct slice text, double *value);

#endif
