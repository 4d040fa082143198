// SPDX-License-Identifier: Apache-2.0
// Scalars: from a token to the C type of the field.
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/suggest.h"
#include "frontends/text/parser.h"

struct integer_range {
    uint64_t most;  // largest value
    uint64_t least; // magnitude of the smallest
};

static const struct integer_range int32_range = {INT32_MAX, (uint64_t)INT32_MAX + 1};
static const struct integer_range int64_range = {INT64_MAX, (uint64_t)INT64_MAX + 1};
static const struct integer_range uint32_range = {UINT32_MAX, 0};
static const struct integer_range uint64_range = {UINT64_MAX, 0};

// Two's complement of the value in *out.
static bool take_integer(struct parser *p, const struct integer_range *range, uint64_t *out) {
    struct token start = p->now;
    bool negative = parser_skip(p, '-');
    uint64_t magnitude;
    if (p->now.kind != TOKEN_NUMBER || !token_integer(p->now.text, &magnitude))
        return parser_expected(p, "an integer");
    if (magnitude > (negative ? range->least : range->most))
        return parser_wrong(p, &start, "integer out of the range of its field");
    *out = negative ? 0 - magnitude : magnitude;
    parser_next(p);
    return true;
}

static bool take_float(struct parser *p, double *out) {
    bool negative = parser_skip(p, '-');
    double value;
    if ((p->now.kind != TOKEN_NUMBER && p->now.kind != TOKEN_NAME) ||
        !token_float(p->now.text, &value))
        return parser_expected(p, "a number");
    *out = negative ? -value : value;
    parser_next(p);
    return true;
}

static const char *token_word(struct parser *p) {
    return arena_strndup(p->arena, (const char *)p->now.text.data, (size_t)p->now.text.size);
}

static bool take_bool(struct parser *p, protobuf_c_boolean *out) {
    static const struct {
        const char *word;
        protobuf_c_boolean value;
    } words[] = {{"true", 1}, {"false", 0}, {"True", 1}, {"False", 0},
                 {"t", 1},    {"f", 0},     {"1", 1},    {"0", 0}};
    const char *word = token_word(p);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i].word) == 0) {
            *out = words[i].value;
            parser_next(p);
            return true;
        }
    }
    return parser_expected(p, "true or false");
}

static bool unknown_enumerator(struct parser *p, const ProtobufCEnumDescriptor *descriptor,
                               const char *word) {
    const char **names = arena_array_of(p->arena, descriptor->n_value_names, const char *);
    for (unsigned i = 0; i < descriptor->n_value_names; i++)
        names[i] = descriptor->values_by_name[i].name;
    const char *near = suggest(word, names, descriptor->n_value_names);
    struct place place = parser_place(p, &p->now);
    diag_report(p->diag, &place, ENUMERATOR_UNKNOWN, word, descriptor->short_name,
                near == NULL ? "" : arena_printf(p->arena, ", did you mean '%s'", near));
    return false;
}

static bool take_enum(struct parser *p, const ProtobufCEnumDescriptor *descriptor, int *out) {
    const ProtobufCEnumValue *value = NULL;
    struct token start = p->now;
    if (p->now.kind == TOKEN_NAME) {
        const char *word = token_word(p);
        value = protobuf_c_enum_descriptor_get_value_by_name(descriptor, word);
        if (value == NULL)
            return unknown_enumerator(p, descriptor, word);
        parser_next(p);
    } else {
        uint64_t number;
        if (!take_integer(p, &int32_range, &number))
            return false;
        value = protobuf_c_enum_descriptor_get_value(descriptor, (int)(int64_t)number);
        if (value == NULL)
            return parser_wrong(p, &start, "number that its enumeration does not have");
    }
    *out = value->value;
    return true;
}

bool parser_string(struct parser *p, ProtobufCBinaryData *out) {
    if (p->now.kind != TOKEN_STRING)
        return parser_expected(p, "a string");
    strbuf_reset(&p->scratch);
    while (p->now.kind == TOKEN_STRING) {
        const char *wrong = token_unquote(p->now.text, &p->scratch);
        if (wrong != NULL)
            return parser_wrong(p, &p->now, wrong);
        parser_next(p);
    }
    out->len = p->scratch.length;
    out->data = (uint8_t *)arena_strndup(p->arena, p->scratch.data, p->scratch.length);
    return true;
}

static bool take_text(struct parser *p, char **out) {
    struct token start = p->now;
    ProtobufCBinaryData bytes;
    if (!parser_string(p, &bytes))
        return false;
    if (strlen((const char *)bytes.data) != bytes.len)
        return parser_wrong(p, &start, "text with a zero byte");
    *out = (char *)bytes.data;
    return true;
}

static bool take_32(struct parser *p, const struct integer_range *range, void *slot) {
    uint64_t value;
    if (!take_integer(p, range, &value))
        return false;
    uint32_t low = (uint32_t)value;
    memcpy(slot, &low, sizeof(low));
    return true;
}

static bool take_number(struct parser *p, ProtobufCType type, void *slot) {
    double value;
    if (!take_float(p, &value))
        return false;
    if (type == PROTOBUF_C_TYPE_DOUBLE) {
        memcpy(slot, &value, sizeof(value));
        return true;
    }
    // Beyond the range of float the cast is undefined in C; text format says infinity.
    float single = fabs(value) > (double)FLT_MAX && isfinite(value)
                       ? strtof(value > 0 ? "inf" : "-inf", NULL)
                       : (float)value;
    memcpy(slot, &single, sizeof(single));
    return true;
}

bool parser_scalar(struct parser *p, const ProtobufCFieldDescriptor *field, void *slot) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return take_32(p, &int32_range, slot);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return take_32(p, &uint32_range, slot);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return take_integer(p, &int64_range, slot);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return take_integer(p, &uint64_range, slot);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return take_number(p, field->type, slot);
    case PROTOBUF_C_TYPE_BOOL:
        return take_bool(p, slot);
    case PROTOBUF_C_TYPE_ENUM:
        return take_enum(p, field->descriptor, slot);
    case PROTOBUF_C_TYPE_STRING:
        return take_text(p, slot);
    case PROTOBUF_C_TYPE_BYTES:
        return parser_string(p, slot);
    default:
        return false; // messages are not scalars
    }
}
