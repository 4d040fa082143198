// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/parts/rules.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "compiler/base/map.h"

static const char *add(struct arena *arena, struct rules *rules, char *text, unsigned line,
                       unsigned columns) {
    struct rule *rule = &rules->items[rules->count];
    *rule = (struct rule){.line = line, .columns = arena_array_of(arena, columns, const char *)};
    for (unsigned i = 0; i < columns; i++) {
        rule->columns[i] = text;
        char *tab = text != NULL ? strchr(text, '\t') : NULL;
        if ((tab == NULL) != (i + 1 == columns))
            return arena_printf(arena, "line %u has not %u columns", line, columns);
        if (tab != NULL)
            *tab++ = '\0';
        text = tab;
    }
    rules->count++;
    return NULL;
}

const char *rules_read(struct arena *arena, const char *path, unsigned columns, struct rules *out) {
    struct slice file;
    if (!map_file(arena, path, &file))
        return arena_printf(arena, "%s: %s", path, strerror(errno));
    char *text = arena_strndup(arena, (const char *)file.data, file.size);
    size_t lines = 1;
    for (const char *c = text; *c != '\0'; c++)
        lines += *c == '\n';
    *out = (struct rules){.items = arena_array_of(arena, lines, struct rule)};
    for (unsigned line = 1; text != NULL && *text != '\0'; line++) {
        char *end = strchr(text, '\n');
        if (end != NULL)
            *end++ = '\0';
        if (*text != '\0' && *text != '#') {
            const char *wrong = add(arena, out, text, line, columns);
            if (wrong != NULL)
                return arena_printf(arena, "%s: %s", path, wrong);
        }
        text = end;
    }
    return NULL;
}

struct rule *rules_find(struct rules *rules, const char *const *keys, unsigned count) {
    for (size_t i = 0; i < rules->count; i++) {
        unsigned k = 0;
        while (k < count && fnmatch(rules->items[i].columns[k], keys[k], 0) == 0)
            k++;
        if (k == count) {
            rules->items[i].uses++;
            return &rules->items[i];
        }
    }
    return NULL;
}
