// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// Characters that are valid and yet do something to what stands around them, or are none.
static bool is_refused(uint32_t code) {
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x80, 0x9f},     // control characters of eight bits
        {0x2028, 0x202e}, // line and paragraph ends, the direction of writing
        {0x2066, 0x2069}, // the direction again
        {0xd800, 0xdfff}, // halves of UTF-16
        {0xfffe, 0xffff}, // no characters
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return code > 0x10ffff;
}

// Bytes of the UTF-8 character at `text`, which ends at NUL; 0 when it is none (overlong, cut off)
// or is not to be printed.
static unsigned printable_length(const char *text) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] < 0x80)
        return c[0] >= 0x20 && c[0] != 0x7f;
    if (c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    unsigned length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    uint32_t code = c[0] & (0x7fU >> length);
    for (unsigned i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (c[i] & 0x3fU);
    }
    return code >= least[length] && !is_refused(code) ? length : 0;
}

static void add(struct strbuf *out, const char *text, size_t size, const char *kept) {
    for (size_t i = 0; i < size && text[i] != '\0';) {
        unsigned length = printable_length(text + i);
        if (length == 0 && strchr(kept, text[i]) != NULL)
            length = 1;
        if (length > 0 && length <= size - i) {
            strbuf_add(out, text + i, length);
            i += length;
        } else {
            strbuf_printf(out, "\\x%02x", (unsigned char)text[i]);
            i++;
        }
    }
}

void printable_add(struct strbuf *out, const char *text, size_t size) {
    add(out, text, size, "");
}

void printable_text(struct strbuf *out, const char *text) {
    add(out, text, strlen(text), "");
}

void printable_lines(struct strbuf *out, const char *text, size_t size) {
    add(out, text, size, "\n\t");
}
