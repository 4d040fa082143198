// SPDX-License-Identifier: Apache-2.0
#include "frontends/text/text.h"

#include <string.h>

#include "compiler/base/limits.h"
#include "compiler/base/suggest.h"
#include "frontends/text/parser.h"
#include "frontends/text/store.h"

enum { UNKNOWN_REPORTED_MAX = 20 };

// --- fields ------------------------------------------------------------------

const char *text_nearest_field(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                               const char *name) {
    const char **names = arena_array_of(arena, descriptor->n_fields + 1, const char *);
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        names[i] = descriptor->fields[i].name;
    return suggest(name, names, descriptor->n_fields);
}

static bool body(struct parser *p, ProtobufCMessage *message, char end);

static bool take_message(struct parser *p, ProtobufCMessage *message,
                         const ProtobufCFieldDescriptor *field, const struct token *name) {
    char end = parser_open(p);
    if (end == 0)
        return parser_expected(p, "'{'");
    ProtobufCMessage *inner =
        field->label == PROTOBUF_C_LABEL_REPEATED ? NULL : store_inner(message, field);
    if (inner == NULL) {
        struct place place = parser_place(p, name);
        inner = store_message_new(p->arena, field->descriptor, &place);
        *(ProtobufCMessage **)store_slot(p->arena, message, field) = inner;
    }
    if (!parser_enter(p) || !body(p, inner, end))
        return false;
    p->depth--;
    return true;
}

static bool take_value(struct parser *p, ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field, const struct token *name) {
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return take_message(p, message, field, name);
    return parser_scalar(p, field, store_slot(p->arena, message, field));
}

static bool take_list(struct parser *p, ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field, const struct token *name) {
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return parser_wrong(p, &p->now, "list for a field that stands once");
    parser_next(p);
    if (parser_skip(p, ']'))
        return true;
    do {
        if (!take_value(p, message, field, name))
            return false;
    } while (parser_skip(p, ','));
    return parser_skip(p, ']') || parser_expected(p, "',' or ']'");
}

static bool take_known(struct parser *p, ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field, const struct token *name) {
    bool colon = parser_skip(p, ':');
    if (!colon && field->type != PROTOBUF_C_TYPE_MESSAGE)
        return parser_expected(p, "':'");
    if (field->label != PROTOBUF_C_LABEL_REPEATED && store_is_set(message, field)) {
        struct place place = parser_place(p, name);
        diag_report(p->diag, &place, FIELD_TWICE, field->name, message->descriptor->short_name);
    }
    if (token_is(&p->now, '['))
        return take_list(p, message, field, name);
    return take_value(p, message, field, name);
}

static bool take_unknown(struct parser *p, ProtobufCMessage *message, const struct token *name) {
    struct text_field *field = parser_unknown(p, name);
    if (field == NULL)
        return false;
    struct text_field **last = &store_note(message)->unknown;
    while (*last != NULL)
        last = &(*last)->next;
    *last = field;
    if (p->unknown == TEXT_UNKNOWN_KEEP)
        return true;
    const char *near = text_nearest_field(p->arena, message->descriptor, field->name);
    diag_report(p->diag, &field->place, FIELD_UNKNOWN, message->descriptor->short_name, field->name,
                near == NULL ? "" : arena_printf(p->arena, ", did you mean '%s'", near));
    return ++p->unknown_reported < UNKNOWN_REPORTED_MAX;
}

// [package.extension] or [host/package.Message], then a value: dropped.
static bool take_extension(struct parser *p) {
    struct token name = p->now;
    do {
        parser_next(p);
        if (p->now.kind != TOKEN_NAME)
            return parser_expected(p, "the name of an extension");
        parser_next(p);
    } while (token_is(&p->now, '.') || token_is(&p->now, '/') || token_is(&p->now, '-'));
    if (!parser_skip(p, ']'))
        return parser_expected(p, "']'");
    return parser_unknown(p, &name) != NULL;
}

// A name that C cannot have in a message of protobuf-c (`base`) carries an underscore in the
// schema.
static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *descriptor,
                                                const struct token *name) {
    char word[128]; // no schema has longer names
    if (name->text.size + 2 > sizeof(word))
        return NULL;
    memset(word, 0, sizeof(word));
    memcpy(word, name->text.data, (size_t)name->text.size);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(descriptor, word);
    if (field != NULL)
        return field;
    word[name->text.size] = '_';
    return protobuf_c_message_descriptor_get_field_by_name(descriptor, word);
}

static bool take_field(struct parser *p, ProtobufCMessage *message) {
    struct token name = p->now;
    if (token_is(&name, '['))
        return take_extension(p);
    if (name.kind != TOKEN_NAME && name.kind != TOKEN_NUMBER)
        return parser_expected(p, "a field name");
    parser_next(p);
    const ProtobufCFieldDescriptor *field = field_of(message->descriptor, &name);
    return field != NULL ? take_known(p, message, field, &name) : take_unknown(p, message, &name);
}

// Fields up to `end` (0: the end of the file), which is taken.
static bool body(struct parser *p, ProtobufCMessage *message, char end) {
    for (;;) {
        if (end != 0 && parser_skip(p, end))
            return true;
        if (p->now.kind == TOKEN_END)
            return end == 0 || parser_expected(p, end == '}' ? "'}'" : "'>'");
        if (!take_field(p, message))
            return false;
        while (parser_skip(p, ',') || parser_skip(p, ';'))
            ;
    }
}

// --- the door ----------------------------------------------------------------

static ProtobufCMessage *parse(struct parser *p, const ProtobufCMessageDescriptor *descriptor) {
    struct place place = {.file = p->file, .line = 1};
    ProtobufCMessage *message = store_message_new(p->arena, descriptor, &place);
    parser_next(p);
    return body(p, message, 0) && p->unknown_reported == 0 ? message : NULL;
}

ProtobufCMessage *text_parse(struct arena *arena, struct diag *diag, const char *file,
                             struct slice text, const ProtobufCMessageDescriptor *descriptor,
                             enum text_unknown unknown) {
    struct parser p = {
        .arena = arena, .diag = diag, .file = file, .unknown = unknown, .scratch = STRBUF_INIT};
    lexer_start(&p.lexer, text);
    if (text.size > limits.text_bytes) {
        parser_over_limit(&p, "size of the text file", text.size, limits.text_bytes);
        return NULL;
    }
    ProtobufCMessage *message = parse(&p, descriptor);
    strbuf_free(&p.scratch);
    return message;
}
