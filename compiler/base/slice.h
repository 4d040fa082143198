// SPDX-License-Identifier: Apache-2.0
// Slice: bytes that somebody else owns (a mapped file, an arena). Every reader of a binary or text
// format works on a slice used as a cursor: look *ahead* n bytes, then *advance*. The bounds test
// lives here and nowhere else.
#ifndef ZOOC_SLICE_H
#define ZOOC_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const uint8_t *data;
    uint64_t size;
};

static inline struct slice slice_of(const void *data, uint64_t size) {
    return (struct slice){.data = (const uint8_t *)data, .size = size};
}

// Pointer to the next `n` bytes, or NULL when fewer are left.
static inline const uint8_t *slice_ahead(const struct slice *s, uint64_t n) {
    return n <= s->size ? s->data : NULL;
}

// Moves on by `n` bytes; false, moving nothing, when fewer are left.
static inline bool slice_advance(struct slice *s, uint64_t n) {
    if (n > s->size)
        return false;
    s->data += n;
    s->size -= n;
    return true;
}

// The next `n` bytes as a slice of their own, and moves on; false when fewer are left.
static inline bool slice_take(struct slice *s, uint64_t n, struct slice *out) {
    if (n > s->size)
        return false;
    *out = slice_of(s->data, n);
    return slice_advance(s, n);
}

// Bytes [offset, offset + size) of `s`; false when they are not inside.
static inline bool slice_sub(struct slice s, uint64_t offset, uint64_t size, struct slice *out) {
    return slice_advance(&s, offset) && slice_take(&s, size, out);
}

// Little-endian numbers, moving on; false when too few bytes are left. Unaligned data is fine.
bool slice_u8(struct slice *s, uint8_t *out);
bool slice_u16le(struct slice *s, uint16_t *out);
bool slice_u32le(struct slice *s, uint32_t *out);
bool slice_u64le(struct slice *s, uint64_t *out);

bool slice_equal(struct slice a, struct slice b);
bool slice_starts(struct slice s, const char *prefix);

#endif
