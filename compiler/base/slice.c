// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/slice.h"

#include <string.h>

// Byte by byte: right on every host, and compilers make one load of it.
static uint64_t little_endian(const uint8_t *bytes, unsigned count) {
    uint64_t value = 0;
    for (unsigned i = count; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static bool take_number(struct slice *s, unsigned count, uint64_t *out) {
    const uint8_t *bytes = slice_ahead(s, count);
    if (!bytes)
        return false;
    *out = little_endian(bytes, count);
    return slice_advance(s, count);
}

#define DEFINE_TAKE(name, type, count)                                                             \
    bool name(struct slice *s, type *out) {                                                        \
        uint64_t value;                                                                            \
        if (!take_number(s, (count), &value))                                                      \
            return false;                                                                          \
        *out = (type)value;                                                                        \
        return true;                                                                               \
    }

DEFINE_TAKE(slice_u8, uint8_t, 1)
DEFINE_TAKE(slice_u16le, uint16_t, 2)
DEFINE_TAKE(slice_u32le, uint32_t, 4)
DEFINE_TAKE(slice_u64le, uint64_t, 8)

bool slice_equal(struct slice a, struct slice b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool slice_starts(struct slice s, const char *prefix) {
    size_t length = strlen(prefix);
    return length <= s.size && (length == 0 || memcmp(s.data, prefix, length) == 0);
}
