// SPDX-License-Identifier: Apache-2.0
// Fields that the schema does not know: read by form alone and kept as a tree.
#include <string.h>

#include "frontends/text/parser.h"

static const char *scalar_text(struct parser *p, bool *quoted) {
    if (p->now.kind == TOKEN_STRING) {
        ProtobufCBinaryData bytes;
        *quoted = true;
        return parser_string(p, &bytes) ? (const char *)bytes.data : NULL;
    }
    const char *sign = parser_skip(p, '-') ? "-" : "";
    if (p->now.kind != TOKEN_NAME && p->now.kind != TOKEN_NUMBER) {
        parser_expected(p, "a value");
        return NULL;
    }
    const char *text = arena_printf(p->arena, "%s%.*s", sign, (int)p->now.text.size,
                                    (const char *)p->now.text.data);
    parser_next(p);
    return text;
}

static bool fields_until(struct parser *p, char end, struct text_field *owner) {
    struct text_field **last = &owner->first;
    while (!parser_skip(p, end)) {
        struct token name = p->now;
        if (name.kind != TOKEN_NAME && name.kind != TOKEN_NUMBER)
            return parser_expected(p, "a field name");
        parser_next(p);
        *last = parser_unknown(p, &name);
        if (*last == NULL)
            return false;
        while (*last != NULL) // a list made several
            last = &(*last)->next;
        while (parser_skip(p, ',') || parser_skip(p, ';'))
            ;
    }
    return true;
}

static struct text_field *one_value(struct parser *p, const struct token *name) {
    struct text_field *field = arena_new_of(p->arena, struct text_field);
    field->name = arena_strndup(p->arena, (const char *)name->text.data, (size_t)name->text.size);
    field->place = parser_place(p, name);
    char end = parser_open(p);
    if (end == 0) {
        field->value = scalar_text(p, &field->quoted);
        return field->value != NULL ? field : NULL;
    }
    if (!parser_enter(p) || !fields_until(p, end, field))
        return NULL;
    p->depth--;
    return field;
}

struct text_field *parser_unknown(struct parser *p, const struct token *name) {
    parser_skip(p, ':');
    if (!parser_skip(p, '['))
        return one_value(p, name);
    struct text_field *first = NULL, **last = &first;
    do {
        *last = one_value(p, name);
        if (*last == NULL)
            return NULL;
        last = &(*last)->next;
    } while (parser_skip(p, ','));
    if (!parser_skip(p, ']')) {
        parser_expected(p, "',' or ']'");
        return NULL;
    }
    return first;
}
