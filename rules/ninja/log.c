// SPDX-License-Identifier: Apache-2.0
#include "rules/ninja/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/map.h"
#include "compiler/base/names.h"

static const char first_line[] = "# ninja log v5\n";

struct ninja_log {
    struct names *outputs; // name -> struct ninja_log_entry
};

bool ninja_log_is_known(const char *version) {
    char *end;
    unsigned long major = strtoul(version, &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    // Before 1.9 times were in seconds; from 1.12 on the hash is another one.
    return major == 1 && minor >= 9 && minor <= 11;
}

// ---- Reading ----

enum { START, END, CHANGED, OUTPUT, HASH, FIELD_COUNT };

static bool split(char *line, char *fields[FIELD_COUNT]) {
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        fields[i] = line;
        char *tab = strchr(line, '\t');
        if (tab == NULL)
            return i == HASH;
        *tab = '\0';
        line = tab + 1;
    }
    return false;
}

// Lines that cannot be read are passed over, as ninja does.
static void take_line(struct arena *arena, struct ninja_log *log, char *line) {
    char *fields[FIELD_COUNT];
    if (!split(line, fields))
        return;
    void **slot = names_slot(log->outputs, fields[OUTPUT]);
    if (*slot == NULL)
        *slot = arena_new_of(arena, struct ninja_log_entry);
    struct ninja_log_entry *entry = *slot;
    entry->changed = strtoll(fields[CHANGED], NULL, 10);
    entry->hash = strtoull(fields[HASH], NULL, 16);
}

struct ninja_log *ninja_log_read(struct arena *arena, const char *path) {
    struct ninja_log *log = arena_new_of(arena, struct ninja_log);
    struct slice content;
    log->outputs = names_new(arena);
    if (!map_file(arena, path, &content))
        return errno == ENOENT ? log : NULL;
    if (content.size == 0)
        return log;
    size_t start = sizeof first_line - 1;
    if (content.size < start || memcmp(content.data, first_line, start) != 0)
        return NULL;
    char *text = arena_strndup(arena, (const char *)content.data + start, content.size - start);
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        take_line(arena, log, line);
    }
    return log;
}

const struct ninja_log_entry *ninja_log_find(const struct ninja_log *log, const char *output) {
    return names_find(log->outputs, output);
}

// ---- The hash ----
// MurmurHash64A (Austin Appleby, in the public domain) over little-endian words, with the seed that
// ninja gives it.

static uint64_t word_at(const unsigned char *bytes, size_t count) {
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

uint64_t ninja_log_hash(const char *command, size_t length) {
    const uint64_t factor = 0xc6a4a7935bd1e995U, seed = 0xdecafbaddecafbadU;
    const unsigned char *bytes = (const unsigned char *)command;
    uint64_t hash = seed ^ (length * factor);
    for (; length >= 8; length -= 8, bytes += 8) {
        uint64_t word = word_at(bytes, 8) * factor;
        hash = (hash ^ ((word ^ (word >> 47)) * factor)) * factor;
    }
    if (length > 0)
        hash = (hash ^ word_at(bytes, length)) * factor;
    hash = (hash ^ (hash >> 47)) * factor;
    return hash ^ (hash >> 47);
}

// ---- Writing ----

void ninja_log_start(struct strbuf *to) {
    strbuf_puts(to, first_line);
}

void ninja_log_add(struct strbuf *to, const char *output, const struct ninja_log_entry *entry) {
    strbuf_printf(to, "0\t0\t%" PRId64 "\t%s\t%" PRIx64 "\n", entry->changed, output, entry->hash);
}
