// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/diag.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/base/printable.h"
#include "compiler/base/strbuf.h"

#define KEPT_MESSAGES 1000U // a hostile model must not fill the memory with complaints
#define BUCKETS 256U
#define INDENT "           " // as wide as "[ ERROR ]  "

struct message {
    struct message *next;           // in order of reporting
    struct message *next_in_bucket; // by text
    enum diag_id id;
    struct place at;
    const char *text;
    bool printed;
};

struct diag {
    struct arena *arena;
    struct message *first, **last;
    struct message *buckets[BUCKETS];
    unsigned counts[DIAG_BUG + 1];
    unsigned kept;
    unsigned dropped[DIAG_BUG + 1]; // counted, but not kept and not yet told
    bool seen[DIAG_ID_COUNT];
};

struct diag *diag_new(struct arena *arena) {
    struct diag *diag = arena_new_of(arena, struct diag);
    diag->arena = arena;
    diag->last = &diag->first;
    return diag;
}

// ---- Collecting ----

static unsigned bucket_of(enum diag_id id, const char *text) {
    uint32_t hash = 2166136261U ^ (uint32_t)id;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619U;
    return (hash ^ hash >> 16) % BUCKETS;
}

static bool is_kept(const struct message *bucket, enum diag_id id, const char *text) {
    for (; bucket; bucket = bucket->next_in_bucket)
        if (bucket->id == id && strcmp(bucket->text, text) == 0)
            return true;
    return false;
}

static void keep(struct diag *diag, struct message message) {
    struct message *kept = arena_copy(diag->arena, &message, sizeof message);
    struct message **bucket = &diag->buckets[bucket_of(message.id, message.text)];
    kept->next_in_bucket = *bucket;
    *bucket = kept;
    *diag->last = kept;
    diag->last = &kept->next;
    diag->kept++;
}

void diag_report_format(struct diag *diag, const struct place *at, enum diag_id id,
                        const char *format, ...) {
    enum diag_grade grade = diag_entry(id)->grade;
    struct strbuf text = STRBUF_INIT;
    va_list args;
    va_start(args, format);
    strbuf_vprintf(&text, format, args);
    va_end(args);
    bool repeated =
        grade <= DIAG_WARNING && is_kept(diag->buckets[bucket_of(id, text.data)], id, text.data);
    if (!repeated) {
        diag->counts[grade]++;
        diag->seen[id] = true;
        if (diag->kept < KEPT_MESSAGES)
            keep(diag, (struct message){
                           .id = id,
                           .at = at ? *at : (struct place){.file = NULL},
                           .text = arena_strndup(diag->arena, text.data, text.length),
                       });
        else
            diag->dropped[grade]++;
    }
    strbuf_free(&text);
}

unsigned diag_count(const struct diag *diag, enum diag_grade at_least) {
    unsigned count = 0;
    for (unsigned grade = at_least; grade <= DIAG_BUG; grade++)
        count += diag->counts[grade];
    return count;
}

bool diag_has(const struct diag *diag, enum diag_id id) {
    return diag->seen[id];
}

int diag_exit_code(const struct diag *diag) {
    if (diag->counts[DIAG_BUG])
        return EXIT_BUG;
    return diag_count(diag, DIAG_FAILED) ? EXIT_INPUT : EXIT_DONE;
}

// ---- Printing for people ----

static const struct {
    const char *name, *json_name, *color;
} grades[] = {
    [DIAG_NOTE] = {"[ INFO ]", "note", "\033[36m"},
    [DIAG_WARNING] = {"[ WARNING ]", "warning", "\033[33m"},
    [DIAG_FAILED] = {"[ ERROR ]", "failed", "\033[31m"},
    [DIAG_FATAL] = {"[ ERROR ]", "fatal", "\033[31m"},
    [DIAG_BUG] = {"[ BUG ]", "bug", "\033[35m"},
};

static void add_grade(struct strbuf *out, enum diag_grade grade, enum diag_style style) {
    if (style == DIAG_COLOR)
        strbuf_printf(out, "%s%s\033[0m  ", grades[grade].color, grades[grade].name);
    else
        strbuf_printf(out, "%s  ", grades[grade].name);
}

// file:line:column: layer 'x' (Type): , as far as known.
static void add_place(struct strbuf *out, const struct place *at) {
    if (at->file)
        printable_text(out, at->file);
    if (at->file && at->line) {
        strbuf_printf(out, ":%u", at->line);
        if (at->column)
            strbuf_printf(out, ":%u", at->column);
    } else if (at->file && at->has_offset) {
        strbuf_printf(out, ": byte %llu", (unsigned long long)at->offset);
    }
    if (at->file)
        strbuf_puts(out, ": ");
    if (!at->layer)
        return;
    strbuf_puts(out, "layer '");
    printable_text(out, at->layer);
    strbuf_putc(out, '\'');
    if (at->layer_type) {
        strbuf_puts(out, " (");
        printable_text(out, at->layer_type);
        strbuf_putc(out, ')');
    }
    strbuf_puts(out, ": ");
}

#define LINE_SHOWN ((size_t)100)

// Of a source line; a tab is as wide as a blank, so that the caret finds its place.
static void add_source(struct strbuf *out, const char *text, size_t size) {
    for (const char *end = text + size; text < end;) {
        const char *tab = memchr(text, '\t', (size_t)(end - text));
        printable_add(out, text, (size_t)((tab ? tab : end) - text));
        if (tab)
            strbuf_putc(out, ' ');
        text = tab ? tab + 1 : end;
    }
}

// The line ends at a newline, or at NUL: what lies behind it may be another's (so no strcspn).
static size_t line_length(const char *text) {
    size_t length = 0;
    while (text[length] && text[length] != '\n' && text[length] != '\r')
        length++;
    return length;
}

// The source line and a caret below the column. Of a long line, the part around the column.
static void add_caret(struct strbuf *out, const struct place *at) {
    if (!at->text || !at->line || !at->column)
        return;
    size_t length = line_length(at->text);
    size_t column = at->column - 1 < length ? at->column - 1 : length;
    size_t start = column > LINE_SHOWN / 2 && length > LINE_SHOWN ? column - LINE_SHOWN / 2 : 0;
    while (start > 0 && ((unsigned char)at->text[start] & 0xc0) == 0x80)
        start--;
    size_t shown = length - start < LINE_SHOWN ? length - start : LINE_SHOWN;
    struct strbuf before = STRBUF_INIT, line = STRBUF_INIT;
    add_source(&before, at->text + start, column - start);
    add_source(&line, at->text + start, shown);
    strbuf_printf(out, INDENT "%s\n" INDENT, line.data);
    for (const char *c = before.data; *c; c++)
        if (((unsigned char)*c & 0xc0) != 0x80)
            strbuf_putc(out, ' ');
    strbuf_puts(out, "^\n");
    strbuf_free(&before);
    strbuf_free(&line);
}

static void add_plain(struct strbuf *out, const struct message *message, enum diag_style style) {
    const struct diag_entry *entry = diag_entry(message->id);
    add_grade(out, entry->grade, style);
    add_place(out, &message->at);
    printable_text(out, message->text);
    strbuf_putc(out, '\n');
    add_caret(out, &message->at);
    if (entry->remedy[0])
        strbuf_printf(out, INDENT "%s\n", entry->remedy);
    if (entry->number <= 97)
        strbuf_printf(out, INDENT "for more information see cause #%u: zooc explain %u\n",
                      entry->number, entry->number);
}

// ---- Printing for programs: one JSON object a line ----

static void add_member(struct json_object *object, const char *key, struct json_object *value) {
    if (!value || json_object_object_add(object, key, value) != 0)
        fatal_out_of_memory();
}

static void add_string(struct json_object *object, const char *key, const char *text) {
    if (!text)
        return;
    struct strbuf safe = STRBUF_INIT;
    printable_text(&safe, text);
    add_member(object, key, json_object_new_string_len(safe.data, (int)safe.length));
    strbuf_free(&safe);
}

static void add_number(struct json_object *object, const char *key, uint64_t number) {
    add_member(object, key, json_object_new_uint64(number));
}

static void add_json(struct strbuf *out, const struct message *message) {
    const struct diag_entry *entry = diag_entry(message->id);
    const struct place *at = &message->at;
    struct json_object *object = json_object_new_object();
    if (!object)
        fatal_out_of_memory();
    add_string(object, "grade", grades[entry->grade].json_name);
    add_number(object, "number", entry->number);
    add_string(object, "name", entry->name);
    add_string(object, "file", at->file);
    if (at->line)
        add_number(object, "line", at->line);
    if (at->line && at->column)
        add_number(object, "column", at->column);
    if (at->has_offset)
        add_number(object, "offset", at->offset);
    add_string(object, "layer", at->layer);
    add_string(object, "layer_type", at->layer_type);
    add_string(object, "text", message->text);
    if (entry->remedy[0])
        add_string(object, "remedy", entry->remedy);
    const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE);
    if (!text)
        fatal_out_of_memory();
    strbuf_printf(out, "%s\n", text);
    json_object_put(object);
}

// ---- Printing ----

static void add_dropped(struct strbuf *out, struct diag *diag, enum diag_style style,
                        enum diag_grade from) {
    for (unsigned grade = from; grade <= DIAG_BUG; grade++) {
        unsigned dropped = diag->dropped[grade];
        diag->dropped[grade] = 0;
        if (!dropped)
            continue;
        if (style == DIAG_JSON) {
            strbuf_printf(out, "{\"grade\":\"%s\",\"not_shown\":%u}\n", grades[grade].json_name,
                          dropped);
        } else {
            add_grade(out, (enum diag_grade)grade, style);
            strbuf_printf(out, "%u more of this grade are not shown\n", dropped);
        }
    }
}

void diag_print(struct diag *diag, FILE *to, enum diag_style style, enum diag_grade from) {
    struct strbuf out = STRBUF_INIT;
    for (struct message *message = diag->first; message; message = message->next) {
        if (message->printed || diag_entry(message->id)->grade < from)
            continue;
        message->printed = true;
        if (style == DIAG_JSON)
            add_json(&out, message);
        else
            add_plain(&out, message, style);
    }
    add_dropped(&out, diag, style, from);
    fwrite(out.data, 1, out.length, to);
    strbuf_free(&out);
}
