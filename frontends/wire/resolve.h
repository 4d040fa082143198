// SPDX-License-Identifier: Apache-2.0
// After unpacking a skeleton: puts what its references refer to (wire.c) into the message.
#ifndef ZOOC_WIRE_RESOLVE_H
#define ZOOC_WIRE_RESOLVE_H

#include <protobuf-c/protobuf-c.h>

#include "compiler/base/arena.h"

void wire_resolve(struct arena *arena, ProtobufCMessage *message);

// Bytes of one number of a fixed-width field; 0 for every other type.
unsigned wire_fixed_width(const ProtobufCFieldDescriptor *field);

#endif
