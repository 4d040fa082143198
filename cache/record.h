// SPDX-License-Identifier: Apache-2.0
// Record: what a step was asked and what it answered, as lines of text. A step whose question
// equals the question of its record, and whose outputs still are what the record says, need not
// run.
//
// A line is `kind TAB name TAB value`; tabs, newlines and backslashes inside are escaped. The kinds
// step, build, option and input are the question; the rest is the answer. The first line
// names the format, the last one is the hash of all lines before it: a damaged record is no record.
#ifndef ZOOC_CACHE_RECORD_H
#define ZOOC_CACHE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/hash.h"
#include "compiler/base/arena.h"
#include "compiler/base/slice.h"
#include "compiler/base/strbuf.h"

enum record_kind {
    RECORD_STEP,       // name: kind of step, value: which one
    RECORD_BUILD,      // value: the compiler's build id
    RECORD_OPTION,     // name, value
    RECORD_INPUT,      // name, value: hash and size
    RECORD_OUTPUT,     // name, value: hash and size
    RECORD_RESULT,     // name, value: a number or a word worth reporting
    RECORD_INPUT_SUM,  // name, value: SHA-256 of an input, for what is shared (action.h)
    RECORD_OUTPUT_SUM, // name, value: SHA-256 of an output
    RECORD_KIND_COUNT
};

struct record_line {
    enum record_kind kind;
    const char *name, *value;
    struct hash hash; // of inputs and outputs
    uint64_t size;
};

struct record {
    struct arena *arena;
    struct record_line *lines;
    uint32_t count, capacity;
};

struct record *record_new(struct arena *arena);
// Copies both texts.
void record_add(struct record *record, enum record_kind kind, const char *name, const char *value);
void record_add_file(struct record *record, enum record_kind kind, const char *name,
                     struct hash hash, uint64_t size);

// The whole text, last line included.
void record_put(const struct record *record, struct strbuf *to);
// NULL when the text is damaged.
struct record *record_parse(struct arena *arena, struct slice content);

// NULL when there is no such file or it is damaged; *damaged says which.
struct record *record_read(struct arena *arena, const char *path, bool *damaged);
// Written beside and renamed, but not flushed to the disk: a power cut may damage it, which is
// noticed and costs a new run of the step. False with errno set on failure.
bool record_write(const struct record *record, const char *path);

// True when `was` answers the question `now`; otherwise *why says in words all that differs.
bool record_answers(const struct record *was, const struct record *now, struct strbuf *why);

// The first line of this kind and name, or NULL.
const struct record_line *record_find(const struct record *record, enum record_kind kind,
                                      const char *name);

#endif
