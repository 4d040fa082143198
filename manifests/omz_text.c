// SPDX-License-Identifier: Apache-2.0
// Texts of a description, and texts of the manifest.
#include <string.h>

#include "manifests/omz_import.h"

// ---- What is told ----

void omz_leave_out(struct importing *m, const struct yaml *node, const char *why) {
    struct place at = yaml_place(m->file, node);
    if (!m->left_out)
        diag_report(m->diag, &at, OMZ_MODEL, m->name, why);
    m->left_out = true;
}

bool omz_is_line(const char *text) {
    static const char *const ends[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == '\x7f')
            return false;
    }
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (strstr(text, ends[i]) != NULL)
            return false;
    }
    return true;
}

const char *omz_text(struct importing *m, const struct yaml *map, const char *key) {
    const struct yaml *node = yaml_item(map, key);
    if (node != NULL && node->type >= YAML_IS_FLAG && node->type <= YAML_IS_TEXT &&
        node->text[0] != '\0' && omz_is_line(node->text))
        return node->text;
    omz_leave_out(m, node == NULL ? map : node,
                  arena_printf(m->arena, "'%s' is missing or is no line of text", key));
    return NULL;
}

// ---- YAML out ----

static bool is_plain(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return text[0] != '\0' && strchr(letters, text[0]) != NULL &&
           text[strspn(text,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-")] ==
               '\0' &&
           strcasecmp(text, "true") != 0 && strcasecmp(text, "false") != 0 &&
           strcasecmp(text, "null") != 0;
}

void omz_put_text(struct strbuf *to, const char *text) {
    if (is_plain(text)) {
        strbuf_puts(to, text);
        return;
    }
    strbuf_putc(to, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            strbuf_putc(to, '\'');
        strbuf_putc(to, *text);
    }
    strbuf_putc(to, '\'');
}

void omz_put_line(struct strbuf *to, const char *indent, const char *key, const char *text) {
    strbuf_printf(to, "%s%s: ", indent, key);
    omz_put_text(to, text);
    strbuf_putc(to, '\n');
}
