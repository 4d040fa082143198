// SPDX-License-Identifier: Apache-2.0
#include "compiler/emit/xml.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/base/strbuf.h"

#define ILLEGAL_BYTE "\\x%02X"

struct xml xml_begin(struct outfile *to) {
    outfile_puts(to, "<?xml version=\"1.0\"?>\n");
    return (struct xml){.to = to};
}

static void indent(struct xml *xml) {
    static const char tabs[] = "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t";
    for (unsigned left = xml->depth; left > 0;) {
        unsigned some = left < sizeof tabs - 1 ? left : (unsigned)sizeof tabs - 1;
        outfile_write(xml->to, tabs, some);
        left -= some;
    }
}

static void end_tag(struct xml *xml) {
    if (xml->in_tag)
        outfile_puts(xml->to, ">\n");
    xml->in_tag = false;
}

void xml_open(struct xml *xml, const char *tag) {
    end_tag(xml);
    indent(xml);
    outfile_write(xml->to, "<", 1);
    outfile_puts(xml->to, tag);
    xml->depth++;
    xml->in_tag = true;
}

// ---- Legal characters: XML 1.0, production 2, in UTF-8 ----

// Length of the legal character at `s`, 0 when there is none. Each byte is looked at only when the
// one before it was a continuation, so the text's NUL ends every walk.
static unsigned legal_character(const uint8_t *s) {
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (s[0] < 0x80)
        return s[0] >= 0x20 || s[0] == '\t' || s[0] == '\n' || s[0] == '\r' ? 1 : 0;
    unsigned length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;
    if (length == 0 || s[0] >= 0xf8)
        return 0;
    uint32_t code = s[0] & (0x7fu >> length);
    for (unsigned i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3fu);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    bool legal = code >= smallest[length] && code <= 0x10ffff && !surrogate && code != 0xfffe &&
                 code != 0xffff;
    return legal ? length : 0;
}

static const char *entity(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\t': // a reader turns bare white space in an attribute into blanks
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

static void write_escaped(struct outfile *to, const char *text) {
    const uint8_t *s = (const uint8_t *)text, *from = s;
    while (*s != 0) {
        unsigned length = legal_character(s);
        const char *other = entity((char)*s);
        if (length != 0 && other == NULL) {
            s += length;
            continue;
        }
        outfile_write(to, from, (uint64_t)(s - from));
        if (other != NULL)
            outfile_puts(to, other);
        else
            outfile_printf(to, ILLEGAL_BYTE, *s);
        from = ++s;
    }
    outfile_write(to, from, (uint64_t)(s - from));
}

void xml_attr(struct xml *xml, const char *name, const char *value) {
    outfile_write(xml->to, " ", 1);
    outfile_puts(xml->to, name);
    outfile_write(xml->to, "=\"", 2);
    write_escaped(xml->to, value);
    outfile_write(xml->to, "\"", 1);
}

void xml_attr_number(struct xml *xml, const char *name, uint64_t value) {
    outfile_printf(xml->to, " %s=\"%" PRIu64 "\"", name, value);
}

void xml_close(struct xml *xml, const char *tag) {
    xml->depth--;
    if (xml->in_tag) {
        outfile_puts(xml->to, "/>\n");
        xml->in_tag = false;
        return;
    }
    indent(xml);
    outfile_printf(xml->to, "</%s>\n", tag);
}

void xml_number(struct xml *xml, const char *tag, int64_t value) {
    end_tag(xml);
    indent(xml);
    outfile_printf(xml->to, "<%s>%" PRId64 "</%s>\n", tag, value, tag);
}

const char *xml_text(struct arena *arena, const char *text) {
    const uint8_t *s = (const uint8_t *)text;
    unsigned length;
    while (*s != 0 && (length = legal_character(s)) != 0)
        s += length;
    if (*s == 0)
        return text;
    struct strbuf out = STRBUF_INIT;
    for (s = (const uint8_t *)text; *s != 0; s += length == 0 ? 1 : length) {
        length = legal_character(s);
        if (length == 0)
            strbuf_printf(&out, ILLEGAL_BYTE, *s);
        else
            strbuf_add(&out, s, length);
    }
    const char *copy = arena_strndup(arena, out.data, out.length);
    strbuf_free(&out);
    return copy;
}
