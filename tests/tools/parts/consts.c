// SPDX-License-Identifier: Apache-2.0
// The payload goes in at GraphDef.node > NodeDef.attr["value"] > AttrValue.tensor >
// TensorProto.tensor_content; the lengths of the messages around it grow. Everything else is copied
// as it is, so that the file is the one its framework would write.
#include "tests/tools/parts/consts.h"

#include <string.h>

#include "compiler/base/names.h"

enum { GRAPH_NODE = 1, NODE_NAME = 1, TENSOR_CONTENT = 4, LENGTH_DELIMITED = 2 };

// The field to go into at each level below NodeDef.
static const unsigned path[] = {5, 2, 8};
enum { DEPTH = sizeof(path) / sizeof(path[0]) };

struct field {
    unsigned number, type;
    struct slice whole; // with its tag
    struct slice body;  // without tag and length, when LENGTH_DELIMITED
};

static bool take_varint(struct slice *s, uint64_t *out) {
    uint8_t byte = 0x80;
    *out = 0;
    for (unsigned shift = 0; byte >= 0x80 && shift < 64; shift += 7) {
        if (!slice_u8(s, &byte))
            return false;
        *out |= (uint64_t)(byte & 0x7F) << shift;
    }
    return byte < 0x80;
}

static bool take_field(struct slice *s, struct field *f) {
    struct slice start = *s;
    uint64_t tag, length = 0;
    if (!take_varint(s, &tag))
        return false;
    f->number = (unsigned)(tag >> 3);
    f->type = tag & 7;
    bool ok = f->type == 0   ? take_varint(s, &length)
              : f->type == 1 ? slice_advance(s, 8)
              : f->type == 5 ? slice_advance(s, 4)
              : f->type == LENGTH_DELIMITED
                  ? take_varint(s, &length) && slice_take(s, length, &f->body)
                  : false;
    f->whole = slice_of(start.data, start.size - s->size);
    return ok;
}

static unsigned varint_size(uint64_t value) {
    unsigned n = 1;
    for (; value >= 0x80; value >>= 7)
        n++;
    return n;
}

static bool put_varint(FILE *to, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        if (putc((int)(value & 0x7F) | 0x80, to) == EOF)
            return false;
    return putc((int)value, to) != EOF;
}

static bool put(FILE *to, struct slice bytes) {
    return fwrite(bytes.data, 1, bytes.size, to) == bytes.size;
}

// Does `f`, met at `depth`, lead to the tensor? Of a node's attributes only "value" does.
static bool leads_on(const struct field *f, unsigned depth) {
    static const char key[] = "\x0a\x05value"; // field 1, five letters
    if (f->number != path[depth] || f->type != LENGTH_DELIMITED)
        return false;
    return depth > 0 || slice_starts(f->body, key);
}

// Size of `message` once `payload` bytes are in it.
static uint64_t grown(struct slice message, unsigned depth, uint64_t payload) {
    uint64_t size = 0;
    struct field f;
    if (depth == DEPTH)
        size = 1 + varint_size(payload) + payload;
    while (message.size > 0 && take_field(&message, &f)) {
        if (depth < DEPTH && leads_on(&f, depth)) {
            uint64_t inner = grown(f.body, depth + 1, payload);
            size += 1 + varint_size(inner) + inner; // tags below 16 take one byte
        } else if (depth < DEPTH || f.number != TENSOR_CONTENT) {
            size += f.whole.size;
        }
    }
    return size;
}

struct writer {
    FILE *to;
    const struct recipe *recipe;
    struct json_object *tensor;
    uint64_t payload;
};

static bool put_payload(struct writer *w) {
    return putc(TENSOR_CONTENT << 3 | LENGTH_DELIMITED, w->to) != EOF &&
           put_varint(w->to, w->payload) && recipe_write_tensor(w->to, w->recipe, w->tensor);
}

static bool put_tensor(struct writer *w, struct slice message) {
    struct field f;
    bool done = false;
    while (message.size > 0) {
        if (!take_field(&message, &f))
            return false;
        if (f.number == TENSOR_CONTENT)
            continue;
        if (f.number > TENSOR_CONTENT && !done) {
            if (!put_payload(w))
                return false;
            done = true;
        }
        if (!put(w->to, f.whole))
            return false;
    }
    return done || put_payload(w);
}

static bool put_message(struct writer *w, struct slice message, unsigned depth) {
    struct field f;
    if (depth == DEPTH)
        return put_tensor(w, message);
    while (message.size > 0) {
        if (!take_field(&message, &f))
            return false;
        bool ok = leads_on(&f, depth)
                      ? putc((int)(f.number << 3 | LENGTH_DELIMITED), w->to) != EOF &&
                            put_varint(w->to, grown(f.body, depth + 1, w->payload)) &&
                            put_message(w, f.body, depth + 1)
                      : put(w->to, f.whole);
        if (!ok)
            return false;
    }
    return true;
}

static const char *node_name(struct arena *arena, struct slice node) {
    struct field f;
    while (node.size > 0 && take_field(&node, &f))
        if (f.number == NODE_NAME && f.type == LENGTH_DELIMITED)
            return arena_strndup(arena, (const char *)f.body.data, f.body.size);
    return "";
}

bool consts_write(FILE *to, const struct recipe *recipe, struct slice graph) {
    struct names *tensors = recipe_tensors(recipe);
    struct field f;
    while (graph.size > 0) {
        if (!take_field(&graph, &f))
            return false;
        struct writer w = {.to = to, .recipe = recipe};
        if (f.number == GRAPH_NODE && f.type == LENGTH_DELIMITED)
            w.tensor = names_find(tensors, node_name(recipe->arena, f.body));
        bool ok;
        if (w.tensor != NULL) {
            w.payload = 4 * recipe_elements(w.tensor);
            ok = putc(GRAPH_NODE << 3 | LENGTH_DELIMITED, to) != EOF &&
                 put_varint(to, grown(f.body, 0, w.payload)) && put_message(&w, f.body, 0);
        } else {
            ok = put(to, f.whole);
        }
        if (!ok)
            return false;
    }
    return true;
}
