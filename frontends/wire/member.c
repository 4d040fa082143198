// SPDX-License-Identifier: Apache-2.0
#include "frontends/wire/member.h"

#include "compiler/base/limits.h"

const char *varint_take(struct slice *s, uint64_t *out) {
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_MAX; i++) {
        uint8_t byte;
        if (!slice_u8(s, &byte))
            return "truncated number";
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *out = value;
            return NULL;
        }
    }
    return "number of more than 10 bytes";
}

static const char *tag_take(struct slice *s, struct member *out) {
    uint64_t tag;
    const char *wrong = varint_take(s, &tag);
    if (wrong != NULL)
        return wrong;
    if (tag > UINT32_MAX || tag >> 3 == 0)
        return "impossible field number";
    out->number = (uint32_t)tag >> 3;
    out->type = (enum wire_type)(tag & 7);
    return NULL;
}

static const char *payload_take(struct slice *s, struct member *out) {
    const uint8_t *start = s->data;
    const char *wrong = NULL;
    uint64_t number, size = 0;
    switch (out->type) {
    case WIRE_VARINT:
        wrong = varint_take(s, &number);
        out->payload = slice_of(start, (uint64_t)(s->data - start));
        return wrong;
    case WIRE_64BIT:
        size = 8;
        break;
    case WIRE_32BIT:
        size = 4;
        break;
    case WIRE_LENGTH:
        wrong = varint_take(s, &size);
        break;
    default:
        return "impossible wire type";
    }
    if (wrong == NULL && !slice_take(s, size, &out->payload))
        wrong = "truncated field";
    return wrong;
}

// Skips to the end of group `number`, whose start was read. Groups inside are counted, not recursed
// into; the end tags must match outside in, so the open numbers are kept.
static const char *group_skip(struct slice *s, uint32_t number) {
    uint32_t open[128] = {number};
    unsigned depth = 1;
    while (depth > 0) {
        struct member m;
        const char *wrong = tag_take(s, &m);
        if (wrong != NULL)
            return wrong;
        if (m.type == WIRE_GROUP_END) {
            if (m.number != open[--depth])
                return "end of a group that is not open";
        } else if (m.type == WIRE_GROUP) {
            if (depth == sizeof(open) / sizeof(open[0]) || depth >= limits.nesting)
                return "groups nested too deeply";
            open[depth++] = m.number;
        } else if ((wrong = payload_take(s, &m)) != NULL) {
            return wrong;
        }
    }
    return NULL;
}

const char *member_take(struct slice *s, struct member *out) {
    const char *wrong = tag_take(s, out);
    if (wrong != NULL)
        return wrong;
    if (out->type != WIRE_GROUP)
        return payload_take(s, out);
    out->payload = slice_of(s->data, 0);
    return group_skip(s, out->number);
}
