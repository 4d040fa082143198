// SPDX-License-Identifier: Apache-2.0
// The walk: copies a message into a skeleton in which each large field is a reference. A reference
// is the bytes of a `struct slice`, written as the content of the field: 16 bytes of a bytes field,
// 4 floats or 2 doubles. protobuf-c unpacks it like any content, and resolve.c replaces it by what
// it refers to. Every bytes field and every repeated fixed-width field of a skeleton holds
// references and nothing else, so nothing in a file can pass for one.
#include "frontends/wire/wire.h"

#include <string.h>

#include "compiler/base/limits.h"
#include "compiler/base/strbuf.h"
#include "frontends/wire/member.h"
#include "frontends/wire/resolve.h"

struct walk {
    struct arena *arena;
    struct diag *diag;
    const char *file;
    const uint8_t *start; // of the file
    struct strbuf skeleton;
    uint64_t messages;
    uint64_t cost; // an upper bound for the memory that protobuf-c will use
};

// What protobuf-c keeps for each member while it parses a message, rounded up.
enum { MEMBER_COST = 64, LENGTH_BYTES = 5 };

static struct place place_of(const struct walk *w, const uint8_t *at) {
    return (struct place){.file = w->file, .offset = (uint64_t)(at - w->start), .has_offset = true};
}

static bool malformed(struct walk *w, const uint8_t *at, const char *wrong) {
    struct place place = place_of(w, at);
    diag_report(w->diag, &place, MALFORMED, "protobuf", wrong);
    return false;
}

static bool within(struct walk *w, const uint8_t *at, const char *what, uint64_t value,
                   uint64_t limit) {
    if (value <= limit)
        return true;
    struct place place = place_of(w, at);
    diag_report(w->diag, &place, LIMIT, what, arena_printf(w->arena, "%ju", (uintmax_t)value),
                arena_printf(w->arena, "%ju", (uintmax_t)limit));
    return false;
}

static bool spend(struct walk *w, const uint8_t *at, uint64_t bytes) {
    w->cost += bytes;
    return within(w, at, "size of the message without its data", w->cost, limits.skeleton_bytes);
}

// --- writing the skeleton ----------------------------------------------------

static void put_varint(struct walk *w, uint64_t value) {
    while (value >= 0x80) {
        strbuf_putc(&w->skeleton, (char)(uint8_t)(value | 0x80));
        value >>= 7;
    }
    strbuf_putc(&w->skeleton, (char)(uint8_t)value);
}

static void put_tag(struct walk *w, uint32_t number, enum wire_type type) {
    put_varint(w, (uint64_t)number << 3 | type);
}

// A length that is known only later: room for the widest form, which readers accept for any number.
static size_t open_length(struct walk *w) {
    static const char room[LENGTH_BYTES];
    strbuf_add(&w->skeleton, room, sizeof(room));
    return w->skeleton.length;
}

static void close_length(struct walk *w, size_t content) {
    uint64_t length = w->skeleton.length - content;
    for (unsigned i = 0; i < LENGTH_BYTES; i++) {
        uint8_t more = i + 1 < LENGTH_BYTES ? 0x80 : 0;
        w->skeleton.data[content - LENGTH_BYTES + i] = (char)(uint8_t)((length & 0x7f) | more);
        length >>= 7;
    }
}

static void put_bytes(struct walk *w, uint32_t number, struct slice content) {
    put_tag(w, number, WIRE_LENGTH);
    put_varint(w, content.size);
    strbuf_add(&w->skeleton, content.data, (size_t)content.size);
}

static void put_reference(struct walk *w, uint32_t number, struct slice to) {
    put_bytes(w, number, slice_of(&to, sizeof(to)));
}

// --- runs of unpacked numbers ------------------------------------------------

// The payloads of `first` and of the members of the same field that follow it directly, joined: the
// packed form of the run. `out->data` is NULL for the first pass, which only measures.
static uint64_t run_join(struct slice *rest, const struct member *first, uint8_t *out) {
    struct slice ahead = *rest;
    struct member m = *first;
    uint64_t size = 0;
    do {
        if (out != NULL)
            memcpy(out + size, m.payload.data, (size_t)m.payload.size);
        size += m.payload.size;
        *rest = ahead;
    } while (ahead.size > 0 && member_take(&ahead, &m) == NULL && m.number == first->number &&
             m.type == first->type);
    return size;
}

static struct slice run_gather(struct walk *w, struct slice *rest, const struct member *first) {
    struct slice again = *rest;
    uint64_t size = run_join(rest, first, NULL);
    uint8_t *joined = arena_alloc(w->arena, (size_t)size);
    run_join(&again, first, joined);
    return slice_of(joined, size);
}

// --- members -----------------------------------------------------------------

static enum wire_type natural_wire_type(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32BIT;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LENGTH;
    default:
        return WIRE_VARINT;
    }
}

static bool fits(const ProtobufCFieldDescriptor *field, const struct member *m) {
    enum wire_type natural = natural_wire_type(field);
    if (m->type == natural)
        return true;
    return m->type == WIRE_LENGTH && field->label == PROTOBUF_C_LABEL_REPEATED;
}

// What is wrong with the packed numbers of `content`, or NULL.
static const char *packed_wrong(const ProtobufCFieldDescriptor *field, struct slice content) {
    unsigned width = wire_fixed_width(field);
    if (width != 0)
        return content.size % width == 0 ? NULL : "packed numbers of an impossible size";
    const char *wrong = NULL;
    uint64_t number;
    while (wrong == NULL && content.size > 0)
        wrong = varint_take(&content, &number);
    return wrong;
}

static bool copy_numbers(struct walk *w, const ProtobufCFieldDescriptor *field,
                         const struct member *m, struct slice *rest) {
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        put_tag(w, m->number, m->type);
        strbuf_add(&w->skeleton, m->payload.data, (size_t)m->payload.size);
        return true;
    }
    struct slice content = m->payload;
    if (m->type == WIRE_LENGTH) {
        const char *wrong = packed_wrong(field, content);
        if (wrong != NULL)
            return malformed(w, content.data, wrong);
    } else {
        if (!spend(w, m->payload.data, 0))
            return false;
        content = run_gather(w, rest, m);
    }
    if (content.size == 0)
        return true;
    if (wire_fixed_width(field) != 0) {
        put_reference(w, m->number, content);
        return true;
    }
    // A varint of one byte becomes eight.
    if (!spend(w, m->payload.data, content.size * 8))
        return false;
    put_bytes(w, m->number, content);
    return true;
}

static bool walk_message(struct walk *w, struct slice s,
                         const ProtobufCMessageDescriptor *descriptor, unsigned depth);

static bool copy_message(struct walk *w, const ProtobufCFieldDescriptor *field,
                         const struct member *m, unsigned depth) {
    const uint8_t *at = m->payload.data;
    if (!within(w, at, "nesting of messages", depth + 1, limits.nesting) ||
        !within(w, at, "number of messages", ++w->messages, limits.messages))
        return false;
    put_tag(w, m->number, WIRE_LENGTH);
    size_t content = open_length(w);
    const ProtobufCMessageDescriptor *inner = field->descriptor;
    if (!spend(w, at, inner->sizeof_message) || !walk_message(w, m->payload, inner, depth + 1))
        return false;
    close_length(w, content);
    return true;
}

static bool copy_member(struct walk *w, const ProtobufCFieldDescriptor *field,
                        const struct member *m, struct slice *rest, unsigned depth) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return copy_message(w, field, m, depth);
    case PROTOBUF_C_TYPE_BYTES:
        put_reference(w, m->number, m->payload);
        return true;
    case PROTOBUF_C_TYPE_STRING:
        if (m->payload.size > 0 && memchr(m->payload.data, '\0', (size_t)m->payload.size) != NULL)
            return malformed(w, m->payload.data, "text with a zero byte");
        if (!spend(w, m->payload.data, m->payload.size * 2))
            return false;
        put_bytes(w, m->number, m->payload);
        return true;
    default:
        return copy_numbers(w, field, m, rest);
    }
}

static bool walk_message(struct walk *w, struct slice s,
                         const ProtobufCMessageDescriptor *descriptor, unsigned depth) {
    while (s.size > 0) {
        const uint8_t *at = s.data;
        struct member m;
        const char *wrong = member_take(&s, &m);
        if (wrong != NULL)
            return malformed(w, at, wrong);
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(descriptor, m.number);
        if (field == NULL || !fits(field, &m))
            continue;
        if (!spend(w, at, MEMBER_COST) || !copy_member(w, field, &m, &s, depth))
            return false;
    }
    return true;
}

// --- the door ----------------------------------------------------------------

static void *unpack_alloc(void *arena, size_t size) {
    return arena_alloc(arena, size);
}

static void unpack_free(void *arena, void *memory) {
    (void)arena; // memory dies with the arena
    (void)memory;
}

static ProtobufCMessage *unpack_skeleton(struct walk *w,
                                         const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCAllocator allocator = {
        .alloc = unpack_alloc, .free = unpack_free, .allocator_data = w->arena};
    ProtobufCMessage *message = protobuf_c_message_unpack(
        descriptor, &allocator, w->skeleton.length, (const uint8_t *)w->skeleton.data);
    if (message == NULL)
        malformed(w, w->start, "message that does not fit its schema");
    else
        wire_resolve(w->arena, message);
    return message;
}

ProtobufCMessage *wire_unpack(struct arena *arena, struct diag *diag, const char *file,
                              struct slice bytes, const ProtobufCMessageDescriptor *descriptor) {
    struct walk w = {
        .arena = arena, .diag = diag, .file = file, .start = bytes.data, .skeleton = STRBUF_INIT};
    ProtobufCMessage *message = NULL;
    if (walk_message(&w, bytes, descriptor, 0))
        message = unpack_skeleton(&w, descriptor);
    strbuf_free(&w.skeleton);
    return message;
}

unsigned wire_match(struct slice bytes, const ProtobufCMessageDescriptor *descriptor,
                    unsigned at_most) {
    unsigned known = 0;
    for (unsigned i = 0; i < at_most && bytes.size > 0; i++) {
        struct member m;
        if (member_take(&bytes, &m) != NULL)
            return 0;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(descriptor, m.number);
        known += field != NULL && fits(field, &m);
    }
    return known;
}
