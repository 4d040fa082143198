// SPDX-License-Identifier: Apache-2.0
#include "cache/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/jot.h"
#include "compiler/base/map.h"
#include "compiler/base/printable.h"

static const char first_line[] = "zooc record 1\n";
static const char last_line[] = "sum\t\t";

static const struct {
    const char *name;
    bool question, file;
} kinds[RECORD_KIND_COUNT] = {
    [RECORD_STEP] = {"step", true, false},
    [RECORD_BUILD] = {"build", true, false},
    [RECORD_OPTION] = {"option", true, false},
    [RECORD_INPUT] = {"input", true, true},
    [RECORD_OUTPUT] = {"output", false, true},
    [RECORD_RESULT] = {"result", false, false},
    [RECORD_INPUT_SUM] = {"input-sha256", false, false},
    [RECORD_OUTPUT_SUM] = {"output-sha256", false, false},
};

struct record *record_new(struct arena *arena) {
    struct record *record = arena_new_of(arena, struct record);
    record->arena = arena;
    return record;
}

static struct record_line *add_line(struct record *record, enum record_kind kind) {
    ARENA_ROOM(record->arena, record->lines, record->count, &record->capacity);
    struct record_line *line = &record->lines[record->count++];
    line->kind = kind;
    return line;
}

void record_add(struct record *record, enum record_kind kind, const char *name, const char *value) {
    struct record_line *line = add_line(record, kind);
    line->name = arena_strdup(record->arena, name);
    line->value = arena_strdup(record->arena, value);
}

void record_add_file(struct record *record, enum record_kind kind, const char *name,
                     struct hash hash, uint64_t size) {
    struct record_line *line = add_line(record, kind);
    char text[HASH_TEXT_SIZE];
    hash_to_text(hash, text);
    line->name = arena_strdup(record->arena, name);
    line->value = arena_printf(record->arena, "%s %llu", text, (unsigned long long)size);
    line->hash = hash;
    line->size = size;
}

static void put_escaped(struct strbuf *to, const char *text) {
    for (; *text != '\0'; text++) {
        static const char special[] = "\t\n\\", letter[] = "tn\\";
        const char *found = strchr(special, *text);
        if (found == NULL) {
            strbuf_putc(to, *text);
        } else {
            strbuf_putc(to, '\\');
            strbuf_putc(to, letter[found - special]);
        }
    }
}

// Ends a field in place at its tab or newline; NULL when it is malformed.
static char *take_field(char **cursor, char end) {
    char *start = *cursor, *to = start;
    for (char *from = start; *from != '\0'; from++) {
        if (*from == end) {
            *to = '\0';
            *cursor = from + 1;
            return start;
        }
        if (*from == '\t' || *from == '\n')
            return NULL;
        if (*from == '\\') {
            from++;
            if (*from != 't' && *from != 'n' && *from != '\\')
                return NULL;
            *to++ = *from;
            if (*from != '\\')
                to[-1] = *from == 't' ? '\t' : '\n';
        } else {
            *to++ = *from;
        }
    }
    return NULL;
}

static void put_line(struct strbuf *to, const struct record_line *line) {
    strbuf_puts(to, kinds[line->kind].name);
    strbuf_putc(to, '\t');
    put_escaped(to, line->name);
    strbuf_putc(to, '\t');
    put_escaped(to, line->value);
    strbuf_putc(to, '\n');
}

static bool parse_file_value(const char *value, struct record_line *line) {
    char text[HASH_TEXT_SIZE];
    if (strlen(value) < HASH_TEXT_SIZE + 1 || value[HASH_TEXT_SIZE - 1] != ' ')
        return false;
    memcpy(text, value, HASH_TEXT_SIZE - 1);
    text[HASH_TEXT_SIZE - 1] = '\0';
    char *end;
    line->size = strtoull(value + HASH_TEXT_SIZE, &end, 10);
    return *end == '\0' && hash_from_text(text, &line->hash);
}

static bool parse_line(struct record *record, char **cursor) {
    const char *kind = take_field(cursor, '\t');
    const char *name = kind == NULL ? NULL : take_field(cursor, '\t');
    const char *value = name == NULL ? NULL : take_field(cursor, '\n');
    if (value == NULL)
        return false;
    unsigned i = 0;
    while (i < RECORD_KIND_COUNT && strcmp(kinds[i].name, kind) != 0)
        i++;
    if (i == RECORD_KIND_COUNT)
        return false;
    struct record_line *line = add_line(record, (enum record_kind)i);
    line->name = name;
    line->value = value;
    return !kinds[i].file || parse_file_value(value, line);
}

// Checks the last line and cuts it off.
static bool check_sum(char *text, size_t size) {
    size_t tail = sizeof last_line - 1 + HASH_TEXT_SIZE; // the NUL's place is the newline's
    if (size < tail || memcmp(text + size - tail, last_line, sizeof last_line - 1) != 0 ||
        text[size - 1] != '\n')
        return false;
    struct hash said;
    text[size - 1] = '\0';
    if (!hash_from_text(text + size - (HASH_TEXT_SIZE), &said))
        return false;
    text[size - tail] = '\0';
    return hash_equal(said, hash_bytes(text, size - tail));
}

struct record *record_parse(struct arena *arena, struct slice content) {
    char *text = arena_strndup(arena, (const char *)content.data, content.size);
    size_t first = sizeof first_line - 1;
    if (!check_sum(text, content.size) || strncmp(text, first_line, first) != 0)
        return NULL;
    struct record *record = record_new(arena);
    char *cursor = text + first;
    while (*cursor != '\0') {
        if (!parse_line(record, &cursor))
            return NULL;
    }
    return record;
}

struct record *record_read(struct arena *arena, const char *path, bool *damaged) {
    struct slice content;
    struct record *record = NULL;
    bool there = map_file(arena, path, &content);
    if (there)
        record = record_parse(arena, content);
    *damaged = there && record == NULL;
    return record;
}

void record_put(const struct record *record, struct strbuf *to) {
    size_t start = to->length;
    strbuf_puts(to, first_line);
    for (uint32_t i = 0; i < record->count; i++)
        put_line(to, &record->lines[i]);
    char sum[HASH_TEXT_SIZE];
    hash_to_text(hash_bytes(to->data + start, to->length - start), sum);
    strbuf_printf(to, "%s%s\n", last_line, sum);
}

bool record_write(const struct record *record, const char *path) {
    struct strbuf text = STRBUF_INIT;
    record_put(record, &text);
    bool done = jot(path, text.data, text.length);
    int error = errno;
    strbuf_free(&text);
    errno = error;
    return done;
}

const struct record_line *record_find(const struct record *record, enum record_kind kind,
                                      const char *name) {
    for (uint32_t i = 0; i < record->count; i++) {
        const struct record_line *line = &record->lines[i];
        if (line->kind == kind && strcmp(line->name, name) == 0)
            return line;
    }
    return NULL;
}

static void next_reason(struct strbuf *why) {
    if (why->length > 0)
        strbuf_puts(why, "; ");
}

// Names and values are what somebody wrote into a manifest, however long, or called a file.
static void put_quoted(struct strbuf *to, const char *text) {
    enum { MOST = 200 };
    size_t length = strlen(text);
    strbuf_putc(to, '\'');
    printable_add(to, text, length < MOST ? length : MOST);
    strbuf_puts(to, length < MOST ? "'" : "...'");
}

static void put_reason(struct strbuf *why, const struct record_line *line, const char *what) {
    next_reason(why);
    strbuf_printf(why, "%s ", kinds[line->kind].name);
    put_quoted(why, line->name);
    strbuf_puts(why, what);
}

// Says how `line` of one record looks in the other.
static bool same_line(const struct record_line *line, const struct record *was,
                      struct strbuf *why) {
    const struct record_line *old = record_find(was, line->kind, line->name);
    if (old != NULL && strcmp(old->value, line->value) == 0)
        return true;
    if (old == NULL) {
        put_reason(why, line, " is new");
    } else if (line->kind == RECORD_OPTION) {
        put_reason(why, line, " was ");
        put_quoted(why, old->value);
        strbuf_puts(why, " and is ");
        put_quoted(why, line->value);
    } else if (line->kind == RECORD_BUILD) {
        next_reason(why);
        strbuf_puts(why, "the compiler is another one");
    } else {
        put_reason(why, line, " has changed");
    }
    return false;
}

bool record_answers(const struct record *was, const struct record *now, struct strbuf *why) {
    bool same = true;
    for (uint32_t i = 0; i < now->count; i++) {
        if (kinds[now->lines[i].kind].question && !same_line(&now->lines[i], was, why))
            same = false;
    }
    for (uint32_t i = 0; i < was->count; i++) {
        const struct record_line *line = &was->lines[i];
        if (kinds[line->kind].question && record_find(now, line->kind, line->name) == NULL) {
            put_reason(why, line, " is gone");
            same = false;
        }
    }
    return same;
}
