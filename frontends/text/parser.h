// SPDX-License-Identifier: Apache-2.0
// State of one text_parse, shared by its files.
#ifndef ZOOC_TEXT_PARSER_H
#define ZOOC_TEXT_PARSER_H

#include "compiler/base/strbuf.h"
#include "frontends/text/text.h"
#include "frontends/text/token.h"

struct parser {
    struct arena *arena;
    struct diag *diag;
    const char *file;
    struct lexer lexer;
    struct token now; // the token that is looked at
    enum text_unknown unknown;
    unsigned depth;
    uint64_t messages;
    unsigned unknown_reported;
    struct strbuf scratch;
};

struct place parser_place(struct parser *p, const struct token *t);
// Reports "expected WHAT, found the token", and what is wrong with a token. Always false, which the
// compiler must see: after `return parser_wrong(...)` a result stays unset.
void parser_report_expected(struct parser *p, const char *what);
void parser_report_wrong(struct parser *p, const struct token *t, const char *what);
static inline bool parser_expected(struct parser *p, const char *what) {
    parser_report_expected(p, what);
    return false;
}
static inline bool parser_wrong(struct parser *p, const struct token *t, const char *what) {
    parser_report_wrong(p, t, what);
    return false;
}

void parser_next(struct parser *p);
// Moves on when the token is `symbol`.
bool parser_skip(struct parser *p, char symbol);
// After '{' or '<' was taken: the symbol that ends the message; 0 when there was none.
char parser_open(struct parser *p);
bool parser_enter(struct parser *p); // one message deeper; false after a report at the limit
// Reports that `what` is over its limit. Always false.
bool parser_over_limit(struct parser *p, const char *what, uint64_t value, uint64_t limit);

// A scalar of the field's type into `slot`; false after a report.
bool parser_scalar(struct parser *p, const ProtobufCFieldDescriptor *field, void *slot);
// One or more strings that stand side by side, joined; bytes may hold zeros.
bool parser_string(struct parser *p, ProtobufCBinaryData *out);

// The value of an unknown field, kept as a tree; NULL after a report. The name was taken.
struct text_field *parser_unknown(struct parser *p, const struct token *name);

#endif
