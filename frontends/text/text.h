// SPDX-License-Identifier: Apache-2.0
// The one parser of protobuf text format (prototxt, pbtxt, pipeline.config), driven by protobuf-c's
// descriptors. Errors carry line, column and the source line, and the known name nearest to an
// unknown one.
//
// Messages belong to the arena. Each is preceded by a note: where it stands in the file and which
// of its fields the schema does not know.
//
// Extensions ([name] { ... }) are read and dropped. A field that may stand once but stands twice is
// reported as a warning; the later value counts, messages are merged.
#ifndef ZOOC_TEXT_H
#define ZOOC_TEXT_H

#include <protobuf-c/protobuf-c.h>

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/slice.h"

enum text_unknown {
    TEXT_UNKNOWN_ERROR, // each is reported, and there is no message
    TEXT_UNKNOWN_KEEP,  // kept in the note of the message, for the caller to judge
};

struct text_field { // a field that the schema does not know, as it stands in the file
    const char *name;
    struct place place;
    const char *value;        // a scalar's text, quotes and escapes undone; NULL: a message
    bool quoted;              // the scalar was a string
    struct text_field *first; // fields of a message
    struct text_field *next;  // next field of the same message, in the order of the file
};

struct text_note {
    struct place place; // of the field's name; line 1 for the outermost message
    struct text_field *unknown;
};

// The message, or NULL after a report.
ProtobufCMessage *text_parse(struct arena *arena, struct diag *diag, const char *file,
                             struct slice text, const ProtobufCMessageDescriptor *descriptor,
                             enum text_unknown unknown);

// The note of a message (of any depth) that text_parse made.
const struct text_note *text_note(const void *message);

// "did you mean": the field of `descriptor` whose name is nearest, or NULL.
const char *text_nearest_field(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                               const char *name);

#endif
