// SPDX-License-Identifier: Apache-2.0
// Writing XML as it is made: elements, attributes and short texts go straight to the output file.
// Values are escaped here and nowhere else, whatever bytes they hold. Tags and attribute names are
// ours and trusted.
#ifndef ZOOC_XML_H
#define ZOOC_XML_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"
#include "compiler/base/outfile.h"

struct xml {
    struct outfile *to;
    unsigned depth;
    bool in_tag; // the start tag of the innermost element is still open for attributes
};

// Starts the document.
struct xml xml_begin(struct outfile *to);
void xml_open(struct xml *xml, const char *tag);
// Attributes of the element opened last, before anything is put into it.
void xml_attr(struct xml *xml, const char *name, const char *value);
void xml_attr_number(struct xml *xml, const char *name, uint64_t value);
void xml_close(struct xml *xml, const char *tag);
// <tag>number</tag>
void xml_number(struct xml *xml, const char *tag, int64_t value);

// XML cannot carry every byte, not even escaped: a byte that is no part of a legal character is
// written as \xHH. Gives the text as it will be read back: `text` itself or a copy.
const char *xml_text(struct arena *arena, const char *text);

#endif
