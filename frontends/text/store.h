// SPDX-License-Identifier: Apache-2.0
// Putting parsed values into the C structs of protobuf-c, by their field descriptors.
#ifndef ZOOC_TEXT_STORE_H
#define ZOOC_TEXT_STORE_H

#include <protobuf-c/protobuf-c.h>

#include "compiler/base/arena.h"
#include "frontends/text/text.h"

// A new message with its defaults and an empty note before it.
ProtobufCMessage *store_message_new(struct arena *arena,
                                    const ProtobufCMessageDescriptor *descriptor,
                                    const struct place *place);

// Whether a singular field has a value of its own (not only its default).
bool store_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

// Where the next value of the field goes: a new element of a repeated one, the member itself
// otherwise, which is then marked as set. A member of a union replaces the others.
void *store_slot(struct arena *arena, ProtobufCMessage *message,
                 const ProtobufCFieldDescriptor *field);

// The message that a singular field holds, or NULL.
ProtobufCMessage *store_inner(const ProtobufCMessage *message,
                              const ProtobufCFieldDescriptor *field);

struct text_note *store_note(ProtobufCMessage *message);

#endif
