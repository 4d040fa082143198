// SPDX-License-Identifier: Apache-2.0
#include "frontends/text/token.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compiler/base/strbuf.h"

// Locale-free and true for ASCII only, unlike <ctype.h>.
static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int hex_value(int c) {
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int peek(const struct lexer *lexer, uint64_t ahead) {
    return ahead < lexer->rest.size ? lexer->rest.data[ahead] : -1;
}

void lexer_start(struct lexer *lexer, struct slice text) {
    if (slice_starts(text, "\xef\xbb\xbf")) // byte order mark
        slice_advance(&text, 3);
    *lexer = (struct lexer){.rest = text, .line = 1, .line_start = text.data};
}

static void skip_comment(struct lexer *lexer) {
    while (lexer->rest.size > 0 && lexer->rest.data[0] != '\n')
        slice_advance(&lexer->rest, 1);
}

static void skip_blanks(struct lexer *lexer) {
    while (lexer->rest.size > 0) {
        switch (lexer->rest.data[0]) {
        case '\n':
            lexer->line++;
            lexer->line_start = lexer->rest.data + 1;
            break;
        case ' ':
        case '\t':
        case '\r':
        case '\f':
        case '\v':
            break;
        case '#':
            skip_comment(lexer);
            continue;
        default:
            return;
        }
        slice_advance(&lexer->rest, 1);
    }
}

static uint64_t name_length(const struct lexer *lexer) {
    uint64_t n = 0;
    while (is_letter(peek(lexer, n)) || is_digit(peek(lexer, n)))
        n++;
    return n;
}

// Takes all that could belong to a number; its form is judged when its type is known.
static uint64_t number_length(const struct lexer *lexer) {
    uint64_t n = 0;
    bool hex = peek(lexer, 0) == '0' && (peek(lexer, 1) | 0x20) == 'x';
    for (;; n++) {
        int c = peek(lexer, n);
        bool sign = (c == '-' || c == '+') && n > 0 && (peek(lexer, n - 1) | 0x20) == 'e' && !hex;
        if (!is_letter(c) && !is_digit(c) && c != '.' && !sign)
            return n;
    }
}

// 0 when the string does not end on its line.
static uint64_t string_length(const struct lexer *lexer) {
    int quote = peek(lexer, 0);
    for (uint64_t n = 1;; n++) {
        int c = peek(lexer, n);
        if (c == quote)
            return n + 1;
        if (c == '\\')
            c = peek(lexer, ++n);
        if (c < 0 || c == '\n' || c == 0)
            return 0;
    }
}

static uint64_t measure(const struct lexer *lexer, struct token *t) {
    int c = peek(lexer, 0);
    if (is_letter(c)) {
        t->kind = TOKEN_NAME;
        return name_length(lexer);
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1)))) {
        t->kind = TOKEN_NUMBER;
        return number_length(lexer);
    }
    if (c == '"' || c == '\'') {
        t->kind = TOKEN_STRING;
        return string_length(lexer);
    }
    t->kind = TOKEN_SYMBOL;
    return c > ' ' && c < 0x7f ? 1 : 0;
}

struct token token_next(struct lexer *lexer) {
    skip_blanks(lexer);
    struct token t = {.kind = TOKEN_END,
                      .line = lexer->line,
                      .column = (uint32_t)(lexer->rest.data - lexer->line_start) + 1,
                      .line_start = lexer->line_start};
    if (lexer->rest.size == 0)
        return t;
    uint64_t length = measure(lexer, &t);
    if (length == 0) {
        t.wrong = t.kind == TOKEN_STRING ? "string without its closing quote"
                                         : "character that no text protobuf has";
        t.kind = TOKEN_WRONG;
        length = 1;
    }
    slice_take(&lexer->rest, length, &t.text);
    return t;
}

// --- strings -----------------------------------------------------------------

static void put_utf8(struct strbuf *out, uint32_t code) {
    unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    strbuf_putc(out, (char)(uint8_t)(lead[more] | code >> (6 * more)));
    while (more-- > 0)
        strbuf_putc(out, (char)(uint8_t)(0x80 | (code >> (6 * more) & 0x3f)));
}

// Up to `at_most` digits of `base`; false when there is none.
static bool take_digits(struct slice *s, unsigned base, unsigned at_most, uint32_t *out) {
    unsigned n = 0;
    uint32_t value = 0;
    while (n < at_most && s->size > 0) {
        int digit = hex_value(s->data[0]);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        value = value * base + (unsigned)digit;
        slice_advance(s, 1);
        n++;
    }
    *out = value;
    return n > 0;
}

static const char *unescape(struct slice *s, struct strbuf *out) {
    static const char plain[] = "abfnrtv\\'\"?", means[] = "\a\b\f\n\r\t\v\\'\"?";
    uint8_t c = 0;
    uint32_t code;
    const char *known;
    slice_u8(s, &c);
    if (c != 0 && (known = strchr(plain, c)) != NULL) {
        strbuf_putc(out, means[known - plain]);
    } else if (hex_value(c) >= 0 && hex_value(c) < 8) {
        s->data--, s->size++;
        take_digits(s, 8, 3, &code);
        if (code > 0xff)
            return "octal escape beyond \\377";
        strbuf_putc(out, (char)(uint8_t)code);
    } else if (c == 'x' || c == 'X') {
        if (!take_digits(s, 16, 2, &code))
            return "\\x without a digit";
        strbuf_putc(out, (char)(uint8_t)code);
    } else if (c == 'u' || c == 'U') {
        uint64_t before = s->size;
        unsigned digits = c == 'u' ? 4 : 8;
        if (!take_digits(s, 16, digits, &code) || before - s->size != digits || code > 0x10ffff)
            return "\\u without its digits";
        put_utf8(out, code);
    } else {
        return "unknown escape";
    }
    return NULL;
}

const char *token_unquote(struct slice quoted, struct strbuf *out) {
    struct slice s;
    slice_sub(quoted, 1, quoted.size - 2, &s);
    const char *wrong = NULL;
    uint8_t c;
    while (wrong == NULL && slice_u8(&s, &c)) {
        if (c == '\\')
            wrong = unescape(&s, out);
        else
            strbuf_putc(out, (char)c);
    }
    return wrong;
}

// --- numbers -----------------------------------------------------------------

bool token_integer(struct slice text, uint64_t *magnitude) {
    unsigned base = 10;
    if (text.size > 1 && text.data[0] == '0') {
        bool hex = (text.data[1] | 0x20) == 'x';
        base = hex ? 16 : 8;
        slice_advance(&text, hex ? 2 : 1);
    }
    uint64_t value = 0;
    for (uint64_t i = 0; i < text.size; i++) {
        int digit = hex_value(text.data[i]);
        if (digit < 0 || (unsigned)digit >= base || __builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, (unsigned)digit, &value))
            return false;
    }
    *magnitude = value;
    return text.size > 0;
}

static bool decimal_float(struct slice text) {
    uint64_t digits = 0, i = 0;
    while (i < text.size && (is_digit(text.data[i]) || text.data[i] == '.'))
        digits += is_digit(text.data[i++]);
    if (digits == 0 || digits + 1 < i) // more than one dot
        return false;
    if (i < text.size && (text.data[i] | 0x20) == 'e') {
        i++;
        if (i < text.size && (text.data[i] == '-' || text.data[i] == '+'))
            i++;
        if (i == text.size || !is_digit(text.data[i]))
            return false;
        while (i < text.size && is_digit(text.data[i]))
            i++;
    }
    return i == text.size;
}

static bool word_is(const char *word, const char *lower) {
    return strcasecmp(word, lower) == 0;
}

bool token_float(struct slice text, double *value) {
    char word[512];
    if (text.size == 0 || text.size >= sizeof(word))
        return false;
    memcpy(word, text.data, (size_t)text.size);
    word[text.size] = '\0';
    if (word_is(word, "inf") || word_is(word, "infinity") || word_is(word, "inff")) {
        *value = (double)INFINITY;
        return true;
    }
    if (word_is(word, "nan")) {
        *value = (double)NAN;
        return true;
    }
    if ((text.data[text.size - 1] | 0x20) == 'f')
        word[--text.size] = '\0';
    if (!decimal_float(text))
        return false;
    *value = strtod(word, NULL);
    return true;
}
