// SPDX-License-Identifier: Apache-2.0
#include "frontends/text/store.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

struct noted {
    struct text_note note;
    alignas(max_align_t) char message[];
};

ProtobufCMessage *store_message_new(struct arena *arena,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    const struct place *place) {
    struct noted *noted = arena_alloc(arena, sizeof(struct noted) + descriptor->sizeof_message);
    noted->note.place = *place;
    ProtobufCMessage *message = (ProtobufCMessage *)(void *)noted->message;
    descriptor->message_init(message);
    return message;
}

struct text_note *store_note(ProtobufCMessage *message) {
    return (struct text_note *)(void *)((char *)message - offsetof(struct noted, message));
}

const struct text_note *text_note(const void *message) {
    const char *start = message;
    return (const struct text_note *)(const void *)(start - offsetof(struct noted, message));
}

static void *at(ProtobufCMessage *message, unsigned offset) {
    return (char *)message + offset;
}

static const void *seen_at(const ProtobufCMessage *message, unsigned offset) {
    return (const char *)message + offset;
}

static bool in_union(const ProtobufCFieldDescriptor *field) {
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

bool store_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if (in_union(field))
        return *(const uint32_t *)seen_at(message, field->quantifier_offset) == field->id;
    bool is_text = field->type == PROTOBUF_C_TYPE_STRING && field->label != PROTOBUF_C_LABEL_NONE;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE || is_text)
        return *(const void *const *)seen_at(message, field->offset) != field->default_value;
    if (field->label != PROTOBUF_C_LABEL_OPTIONAL)
        return false;
    return *(const protobuf_c_boolean *)seen_at(message, field->quantifier_offset) != 0;
}

static size_t element_size(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default: // 32-bit numbers, bool and enum
        return 4;
    }
}

// Arrays have room for 4, 8, 16... elements, so the count alone says when one is full.
static void *next_element(struct arena *arena, ProtobufCMessage *message,
                          const ProtobufCFieldDescriptor *field) {
    size_t *count = at(message, field->quantifier_offset);
    void **data = at(message, field->offset);
    size_t size = element_size(field);
    bool full = *count == 0 || (*count >= 4 && (*count & (*count - 1)) == 0);
    if (full) {
        void *larger = arena_array(arena, *count == 0 ? 4 : *count * 2, size);
        if (*count > 0)
            memcpy(larger, *data, *count * size);
        *data = larger;
    }
    return (char *)*data + (*count)++ * size;
}

void *store_slot(struct arena *arena, ProtobufCMessage *message,
                 const ProtobufCFieldDescriptor *field) {
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return next_element(arena, message, field);
    if (in_union(field)) {
        if (!store_is_set(message, field))
            memset(at(message, field->offset), 0, element_size(field));
        *(uint32_t *)at(message, field->quantifier_offset) = field->id;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL &&
               field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING) {
        *(protobuf_c_boolean *)at(message, field->quantifier_offset) = 1;
    }
    return at(message, field->offset);
}

ProtobufCMessage *store_inner(const ProtobufCMessage *message,
                              const ProtobufCFieldDescriptor *field) {
    if (in_union(field) && !store_is_set(message, field))
        return NULL;
    return *(ProtobufCMessage *const *)seen_at(message, field->offset);
}
