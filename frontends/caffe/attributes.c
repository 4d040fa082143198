// SPDX-License-Identifier: Apache-2.0
// A parameter message as free attributes: what Caffe has a default for and what the file says,
// messages inside it in one row with the rest.
#include <string.h>

#include "compiler/base/strbuf.h"
#include "frontends/caffe/layers.h"

struct collector {
    struct layer *l;
    struct attribute_style style;
    struct free_attr *first, **last;
    struct strbuf text;
};

static void put(struct collector *c, const char *name, const char *value) {
    for (struct free_attr *a = c->first; a != NULL; a = a->next)
        if (strcmp(a->name, name) == 0) { // flattening can make a name twice: the later counts
            a->value = arena_strdup(c->l->arena, value);
            return;
        }
    struct free_attr *a = arena_new_of(c->l->arena, struct free_attr);
    *a = (struct free_attr){.name = name, .value = arena_strdup(c->l->arena, value)};
    *c->last = a;
    c->last = &a->next;
}

static const char *prefixed(struct collector *c, const char *prefix, const char *name) {
    size_t length = strlen(name);
    if (length > 0 && name[length - 1] == '_') // a name that C cannot have (frontends/text)
        name = arena_strndup(c->l->arena, name, length - 1);
    return c->style.flatten && prefix[0] != '\0' ? arena_printf(c->l->arena, "%s__%s", prefix, name)
                                                 : name;
}

// "caffe.PriorBoxParameter.CENTER_SIZE": the scope of the enumeration, then the name of the value.
static void add_enum(struct strbuf *text, const ProtobufCEnumDescriptor *descriptor, int value) {
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    const char *dot = strrchr(descriptor->name, '.');
    strbuf_printf(text, "%.*s.%s", (int)(dot == NULL ? 0 : dot - descriptor->name),
                  descriptor->name, known == NULL ? "" : known->name);
}

static void add_scalar(struct strbuf *text, const ProtobufCFieldDescriptor *field,
                       const void *value) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_FLOAT:
        strbuf_float(text, *(const float *)value);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        strbuf_double(text, *(const double *)value);
        break;
    case PROTOBUF_C_TYPE_UINT32:
        strbuf_printf(text, "%u", *(const uint32_t *)value);
        break;
    case PROTOBUF_C_TYPE_INT64:
        strbuf_printf(text, "%lld", (long long)*(const int64_t *)value);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        add_enum(text, field->descriptor, *(const int *)value);
        break;
    case PROTOBUF_C_TYPE_STRING: {
        const char *string = *(const char *const *)value;
        strbuf_puts(text, string == NULL ? "" : string);
        break;
    }
    default: // int32 and bool
        strbuf_printf(text, "%d", *(const int32_t *)value);
        break;
    }
}

static size_t element_size(ProtobufCType type) {
    return type == PROTOBUF_C_TYPE_STRING || type == PROTOBUF_C_TYPE_DOUBLE ||
                   type == PROTOBUF_C_TYPE_INT64
               ? 8
               : 4;
}

static const void *at(const ProtobufCMessage *message, unsigned offset) {
    return (const char *)message + offset;
}

static bool is_said(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if (field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING)
        return *(const void *const *)at(message, field->offset) != field->default_value;
    return *(const protobuf_c_boolean *)at(message, field->quantifier_offset) != 0;
}

static void collect(struct collector *c, const ProtobufCMessage *message, const char *prefix);

static void collect_repeated(struct collector *c, const ProtobufCMessage *message,
                             const ProtobufCFieldDescriptor *field, const char *name) {
    size_t count = *(const size_t *)at(message, field->quantifier_offset);
    const char *data = *(const char *const *)at(message, field->offset);
    strbuf_reset(&c->text);
    for (size_t i = 0; i < count; i++) {
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            collect(c, ((ProtobufCMessage *const *)(const void *)data)[i], name);
            continue;
        }
        strbuf_puts(&c->text, i == 0 ? "" : ",");
        add_scalar(&c->text, field, data + i * element_size(field->type));
    }
    if (count > 0 && field->type != PROTOBUF_C_TYPE_MESSAGE)
        put(c, name, c->text.data);
}

static void collect_single(struct collector *c, const ProtobufCMessage *message,
                           const ProtobufCFieldDescriptor *field, const char *name) {
    bool wanted = c->style.all || field->default_value != NULL || is_said(message, field);
    if (!wanted)
        return;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
        strbuf_reset(&c->text);
        add_scalar(&c->text, field, at(message, field->offset));
        put(c, name, c->text.data);
        return;
    }
    const ProtobufCMessage *inner = *(ProtobufCMessage *const *)at(message, field->offset);
    if (inner != NULL)
        collect(c, inner, name);
}

// The schema does not nest parameters without end, and text_parse bounds what a file says.
static void collect(struct collector *c, const ProtobufCMessage *message, const char *prefix) {
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const char *name = prefixed(c, prefix, field->name);
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            collect_repeated(c, message, field, name);
        else
            collect_single(c, message, field, name);
    }
}

struct free_attr *layer_attributes(struct layer *l, const ProtobufCMessage *message,
                                   struct attribute_style style) {
    struct collector c = {.l = l, .style = style, .text = STRBUF_INIT};
    c.last = &c.first;
    collect(&c, message, "");
    strbuf_free(&c.text);
    return c.first;
}

// A field that stands several times is a list.
static void collect_text(struct collector *c, const struct text_field *fields, const char *prefix) {
    for (const struct text_field *f = fields; f != NULL; f = f->next) {
        const char *name = prefixed(c, prefix, f->name);
        if (f->value == NULL) {
            collect_text(c, f->first, name);
            continue;
        }
        struct free_attr *a = c->first;
        while (a != NULL && strcmp(a->name, name) != 0)
            a = a->next;
        if (a != NULL)
            a->value = arena_printf(c->l->arena, "%s,%s", a->value, f->value);
        else
            put(c, name, f->value);
    }
}

struct free_attr *layer_text_attributes(struct layer *l, const struct text_field *fields,
                                        struct attribute_style style) {
    struct collector c = {.l = l, .style = style, .text = STRBUF_INIT};
    c.last = &c.first;
    collect_text(&c, fields, "");
    strbuf_free(&c.text);
    return c.first;
}
