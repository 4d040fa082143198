// SPDX-License-Identifier: Apache-2.0
// One member of a protobuf message on the wire: tag and payload, as they lie in the file.
#ifndef ZOOC_WIRE_MEMBER_H
#define ZOOC_WIRE_MEMBER_H

#include "compiler/base/slice.h"

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_64BIT = 1,
    WIRE_LENGTH = 2,
    WIRE_GROUP = 3,
    WIRE_GROUP_END = 4,
    WIRE_32BIT = 5,
};

struct member {
    uint32_t number;
    enum wire_type type;
    struct slice
        payload; // of WIRE_LENGTH: without the length; of WIRE_GROUP: unset, it was skipped
};

enum { VARINT_MAX = 10 };

// Takes the next member; NULL when it is whole, else what is wrong with it ("truncated" starts the
// text when bytes are missing). Groups, which no schema of ours has, are skipped whole.
const char *member_take(struct slice *s, struct member *out);

// Takes a varint; NULL or what is wrong.
const char *varint_take(struct slice *s, uint64_t *out);

#endif
