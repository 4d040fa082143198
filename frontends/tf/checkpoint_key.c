// SPDX-License-Identifier: Apache-2.0
// Keys of parts in a checkpoint's table: a zero, the name, then numbers, all in a code whose bytes
// sort as what they stand for.
#include <string.h>

#include "compiler/base/strbuf.h"
#include "frontends/tf/checkpoint_form.h"

static unsigned significant_bits(uint64_t value) {
    return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
}

static void put_byte(struct strbuf *to, uint64_t byte) {
    strbuf_putc(to, (char)(uint8_t)byte);
}

// Zeros and 0xff within a name are followed by another byte, so that the end can be told.
static void put_name(struct strbuf *to, const char *name) {
    for (; *name != '\0'; name++) {
        strbuf_putc(to, *name);
        if ((uint8_t)*name == 0xff)
            put_byte(to, 0);
    }
    put_byte(to, 0);
    put_byte(to, 1);
}

// How many bytes, then the bytes, largest first.
static void put_count(struct strbuf *to, uint64_t value) {
    unsigned bytes = (significant_bits(value) + 7) / 8;
    put_byte(to, bytes);
    while (bytes-- > 0)
        put_byte(to, value >> (8 * bytes) & 0xff);
}

// Seven bits a byte, largest first. As many ones lead the first bytes as there are bytes, then the
// sign as a zero (a negative number is the complement of all).
static void put_number(struct strbuf *to, int64_t value) {
    uint64_t size = value < 0 ? ~(uint64_t)value : (uint64_t)value;
    unsigned bytes = significant_bits(size) / 7 + 1;
    uint8_t code[10] = {0};
    for (unsigned i = 0; i < bytes && i < sizeof size; i++)
        code[bytes - 1 - i] = (uint8_t)(size >> (8 * i));
    for (unsigned i = 0; i < bytes; i++)
        code[i / 8] = (uint8_t)(code[i / 8] | 0x80 >> i % 8);
    for (unsigned i = 0; i < bytes; i++)
        put_byte(to, value < 0 ? (uint8_t)~code[i] : code[i]);
}

struct slice checkpoint_part_key(struct arena *arena, const char *name,
                                 const struct checkpoint_part *part) {
    struct strbuf key = STRBUF_INIT;
    put_count(&key, 0);
    put_name(&key, name);
    put_count(&key, (uint64_t)part->rank);
    for (int32_t i = 0; i < part->rank; i++) {
        put_number(&key, part->start[i]);
        put_number(&key, part->length[i]);
    }
    struct slice out = slice_of(arena_copy(arena, key.data, key.length), key.length);
    strbuf_free(&key);
    return out;
}
