// SPDX-License-Identifier: Apache-2.0
// The one reader of binary protobufs. It walks the wire format along protobuf-c's descriptors, cuts
// the large fields out, lets protobuf-c unpack the small skeleton that is left, and puts the large
// fields back as views of the mapped file.
//
// A view is any `bytes` field, and any repeated float, double, fixed32... field of WIRE_VIEW_MIN
// bytes or more: `blob->data` then points into the file. The file's numbers have no alignment, so
// read a field that may be large as bytes (tensor_of_slice, dtype_convert, memcpy), never by
// indexing it. Smaller repeated numbers are copied and aligned. Unpacked numbers (a tag for each)
// and fields that come in several pieces are gathered once into the arena.
//
// What a schema does not know is skipped, and so is a known field of another wire type: forks use
// each other's numbers. Nesting, counts and total cost are bounded (limits.h) before protobuf-c
// sees a byte. A schema for this reader declares no field `required`.
#ifndef ZOOC_WIRE_H
#define ZOOC_WIRE_H

#include <protobuf-c/protobuf-c.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/slice.h"

enum { WIRE_VIEW_MIN = 4096 };

// The message, or NULL after one report with the byte offset at fault. It belongs to the arena; its
// views belong to `bytes`, which must live as long. `file` names the input in reports.
ProtobufCMessage *wire_unpack(struct arena *arena, struct diag *diag, const char *file,
                              struct slice bytes, const ProtobufCMessageDescriptor *descriptor);

// For telling file formats apart: how many of the first `at_most` members of `bytes` the descriptor
// knows; 0 when they are not a protobuf at all. Looks at tags and lengths only.
unsigned wire_match(struct slice bytes, const ProtobufCMessageDescriptor *descriptor,
                    unsigned at_most);

#endif
