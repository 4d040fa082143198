// SPDX-License-Identifier: Apache-2.0
// The text form of tables; irxml.c makes them from an IR.
#include "tests/tools/parts/irtable.h"

#include <stdlib.h>
#include <string.h>

struct ir_layer *irtable_add(struct ir_table *table) {
    ARENA_ROOM(table->arena, table->layers, table->count, &table->capacity);
    return &table->layers[table->count++];
}

// Splits at `separator` in place; no part of an empty text.
static char **split(struct arena *arena, char *text, char separator, size_t *count) {
    size_t n = *text != '\0';
    for (const char *c = text; *c != '\0'; c++)
        n += *c == separator;
    char **parts = arena_array_of(arena, n + 1, char *);
    *count = 0;
    while (*count < n) {
        parts[(*count)++] = text;
        text = strchr(text, separator);
        if (text == NULL)
            break;
        *text++ = '\0';
    }
    return parts;
}

static struct ir_blob parse_blob(struct arena *arena, char *text) {
    size_t n;
    char **part = split(arena, text, ':', &n);
    struct ir_blob blob = {.kind = part[0], .has_sums = n == 5};
    blob.bytes = n > 1 ? strtoull(part[1], NULL, 10) : 0;
    if (n == 5) {
        blob.sum = strtod(part[2], NULL);
        blob.absolute = strtod(part[3], NULL);
        blob.placed = strtod(part[4], NULL);
    }
    return blob;
}

static void parse_attrs(struct arena *arena, char *text, struct ir_layer *layer) {
    size_t n;
    char **parts = split(arena, text, ' ', &n);
    layer->attrs = arena_array_of(arena, n + 1, struct ir_attr);
    for (size_t i = 0; i < n; i++) {
        char *equal = strchr(parts[i], '=');
        if (*parts[i] == '\0')
            continue;
        if (equal != NULL)
            *equal++ = '\0';
        layer->attrs[layer->attr_count++] = (struct ir_attr){parts[i], equal != NULL ? equal : ""};
    }
}

static const char *parse_line(struct ir_table *out, char *line) {
    size_t n, blobs;
    char **column = split(out->arena, line, '\t', &n);
    if (n != 6)
        return "a line has not six columns";
    struct ir_layer *layer = irtable_add(out);
    *layer = (struct ir_layer){.name = column[0], .type = column[1], .shapes = column[2]};
    parse_attrs(out->arena, column[3], layer);
    char **blob = split(out->arena, column[4], ' ', &blobs);
    layer->blobs = arena_array_of(out->arena, blobs + 1, struct ir_blob);
    layer->blob_count = blobs;
    for (size_t i = 0; i < blobs; i++)
        layer->blobs[i] = parse_blob(out->arena, blob[i]);
    layer->sources = (const char **)split(out->arena, column[5], ' ', &layer->source_count);
    return NULL;
}

const char *irtable_from_text(struct arena *arena, struct slice text, struct ir_table *out) {
    *out = (struct ir_table){.arena = arena};
    char *line = arena_strndup(arena, (const char *)text.data, text.size);
    while (*line != '\0') {
        char *end = strchr(line, '\n');
        if (end == NULL)
            return "the last line does not end";
        *end = '\0';
        const char *wrong = parse_line(out, line);
        if (wrong != NULL)
            return wrong;
        line = end + 1;
    }
    return NULL;
}

static void print_layer(const struct ir_layer *layer, FILE *to) {
    fprintf(to, "%s\t%s\t%s\t", layer->name, layer->type, layer->shapes);
    for (size_t i = 0; i < layer->attr_count; i++)
        fprintf(to, "%s%s=%s", i > 0 ? " " : "", layer->attrs[i].key, layer->attrs[i].value);
    fputc('\t', to);
    for (size_t i = 0; i < layer->blob_count; i++) {
        const struct ir_blob *b = &layer->blobs[i];
        fprintf(to, "%s%s:%llu", i > 0 ? " " : "", b->kind, (unsigned long long)b->bytes);
        if (b->has_sums)
            fprintf(to, ":%.8g:%.8g:%.8g", b->sum, b->absolute, b->placed);
    }
    fputc('\t', to);
    for (size_t i = 0; i < layer->source_count; i++)
        fprintf(to, "%s%s", i > 0 ? " " : "", layer->sources[i]);
    fputc('\n', to);
}

void irtable_print(const struct ir_table *table, FILE *to) {
    for (size_t i = 0; i < table->count; i++)
        print_layer(&table->layers[i], to);
}
