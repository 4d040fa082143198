// SPDX-License-Identifier: Apache-2.0
#include "frontends/wire/resolve.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "compiler/base/slice.h"
#include "frontends/wire/wire.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "views are read as they lie in the file");

unsigned wire_fixed_width(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return 4;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 0;
    }
}

static void *at(ProtobufCMessage *message, unsigned offset) {
    return (char *)message + offset;
}

// Whether a singular field was in the file: a union member by its case, others by what they hold.
static bool present(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)at(message, field->quantifier_offset) == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return true;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return *(const protobuf_c_boolean *)at(message, field->quantifier_offset) != 0;
    const ProtobufCBinaryData *bytes = at(message, field->offset);
    return bytes->data != NULL;
}

static struct slice reference(const void *content) {
    struct slice to;
    memcpy(&to, content, sizeof(to));
    return to;
}

static void resolve_bytes(ProtobufCBinaryData *bytes) {
    struct slice to = reference(bytes->data);
    // protobuf-c's structs have no const: nobody writes through them.
    *bytes = (ProtobufCBinaryData){.len = (size_t)to.size, .data = (uint8_t *)(uintptr_t)to.data};
}

static void resolve_numbers(struct arena *arena, size_t *count, void **data, unsigned width) {
    size_t parts = *count * width / sizeof(struct slice);
    const char *references = *data;
    struct slice only = reference(references);
    uint64_t size = 0;
    for (size_t i = 0; i < parts; i++)
        size += reference(references + i * sizeof(struct slice)).size;
    *count = (size_t)size / width;
    if (parts == 1 && size >= WIRE_VIEW_MIN) {
        *data = (void *)(uintptr_t)only.data;
        return;
    }
    char *joined = arena_alloc(arena, (size_t)size);
    *data = joined;
    for (size_t i = 0; i < parts; i++) {
        struct slice part = reference(references + i * sizeof(struct slice));
        memcpy(joined, part.data, (size_t)part.size);
        joined += part.size;
    }
}

static void resolve_repeated(struct arena *arena, ProtobufCMessage *message,
                             const ProtobufCFieldDescriptor *field) {
    size_t *count = at(message, field->quantifier_offset);
    void **data = at(message, field->offset);
    unsigned width = wire_fixed_width(field);
    if (width != 0 && *count > 0) {
        resolve_numbers(arena, count, data, width);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        for (size_t i = 0; i < *count; i++)
            resolve_bytes((ProtobufCBinaryData *)*data + i);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        for (size_t i = 0; i < *count; i++)
            wire_resolve(arena, ((ProtobufCMessage **)*data)[i]);
    }
}

void wire_resolve(struct arena *arena, ProtobufCMessage *message) {
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            resolve_repeated(arena, message, field);
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE && present(message, field)) {
            ProtobufCMessage **inner = at(message, field->offset);
            if (*inner != NULL)
                wire_resolve(arena, *inner);
        } else if (field->type == PROTOBUF_C_TYPE_BYTES && present(message, field)) {
            resolve_bytes(at(message, field->offset));
        }
    }
}
