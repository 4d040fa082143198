// SPDX-License-Identifier: Apache-2.0
// From the map of an object to its struct, by the table of keys.
#include "manifests/read.h"

#include <string.h>

#include "compiler/base/suggest.h"

enum { MOST_ERRORS = 50 }; // a file with more is no manifest

bool too_many_errors(const struct reading *r) {
    return diag_count(r->diag, DIAG_FAILED) >= MOST_ERRORS;
}

static const struct key_row *find_key(const struct reading *r, enum manifest_object object,
                                      const char *name) {
    for (size_t i = 0; i < r->key_count; i++) {
        if (r->keys[i].object == object && strcmp(r->keys[i].name, name) == 0)
            return &r->keys[i];
    }
    return NULL;
}

static void report_unknown(struct reading *r, enum manifest_object object, const char *what,
                           const struct yaml *key) {
    const char **names = arena_array_of(r->arena, r->key_count + OPTION_COUNT_OF_IDS, const char *);
    size_t count = 0;
    for (size_t i = 0; i < r->key_count; i++) {
        if (r->keys[i].object == object)
            names[count++] = r->keys[i].name;
    }
    for (size_t i = 0; object == OBJECT_MODEL && i < OPTION_COUNT_OF_IDS; i++) {
        if (manifest_takes_option(&option_table[i]))
            names[count++] = option_table[i].name;
    }
    const char *near = suggest(key->text, names, count), *hint = "";
    if (near != NULL)
        hint = arena_printf(r->arena, ", did you mean '%s'?", near);
    struct place at = yaml_place(r->file, key);
    diag_report(r->diag, &at, MANIFEST_KEY, what, key->text, hint);
}

bool read_object(struct reading *r, enum manifest_object object, const char *what, const char *key,
                 const struct yaml *node, void *base) {
    if (node->type != YAML_IS_MAP) {
        report_type(r, key, node, "a map");
        return false;
    }
    for (uint32_t i = 0; i < node->count && !too_many_errors(r); i++) {
        const char *name = node->keys[i]->text;
        const struct key_row *row = find_key(r, object, name);
        const struct option_def *def = NULL;
        if (row == NULL && object == OBJECT_MODEL)
            def = option_find(name);
        if (row != NULL)
            row->read(r, name, node->items[i], (char *)base + row->offset);
        else if (def != NULL)
            read_option(r, def, node->items[i]);
        else
            report_unknown(r, object, what, node->keys[i]);
    }
    return true;
}
