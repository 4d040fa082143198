// SPDX-License-Identifier: Apache-2.0
#include "cache/replace.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"
#include "compiler/base/map.h"
#include "compiler/base/outfile.h"
#include "compiler/base/strbuf.h"

// A pattern that needs more is out of hand: nested repetitions that fail late.
enum { MOST_STEPS = 10000000, MOST_DEPTH = 100000, MOST_HEAP_KIB = 256 * 1024 };

struct replacing {
    struct arena *arena;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *bounds;
    const char *with;
    struct slice text;
    struct strbuf out;
    const char *fault;
};

static void fail(struct replacing *r, const char *fault) {
    if (r->fault == NULL)
        r->fault = fault;
}

static const char *pcre2_text(struct arena *arena, int error) {
    if (error == PCRE2_ERROR_HEAP_FAILED || error == PCRE2_ERROR_NOMEMORY)
        fatal_out_of_memory();
    unsigned char text[256];
    pcre2_get_error_message(error, text, sizeof text);
    return arena_strdup(arena, (const char *)text);
}

static bool compile(struct replacing *r, const char *pattern) {
    int error;
    size_t at;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (context == NULL)
        fatal_out_of_memory();
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    r->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &at, context);
    pcre2_compile_context_free(context);
    if (r->code == NULL) {
        fail(r, arena_printf(r->arena, "pattern '%s', character %zu: %s", pattern, at + 1,
                             pcre2_text(r->arena, error)));
        return false;
    }
    r->match = pcre2_match_data_create_from_pattern(r->code, NULL);
    r->bounds = pcre2_match_context_create(NULL);
    if (r->match == NULL || r->bounds == NULL)
        fatal_out_of_memory();
    pcre2_set_match_limit(r->bounds, MOST_STEPS);
    pcre2_set_depth_limit(r->bounds, MOST_DEPTH);
    pcre2_set_heap_limit(r->bounds, MOST_HEAP_KIB);
    return true;
}

// ---- The replacement ----

static void add_group(struct replacing *r, uint32_t number) {
    const size_t *bounds = pcre2_get_ovector_pointer(r->match);
    if (number >= pcre2_get_ovector_count(r->match)) {
        fail(r, arena_printf(r->arena, "the pattern has no group %u", number));
        return;
    }
    size_t start = bounds[2 * (size_t)number], end = bounds[2 * (size_t)number + 1];
    if (start != PCRE2_UNSET && end >= start) // one that takes no part is empty
        strbuf_add(&r->out, r->text.data + start, end - start);
}

// \g<1> or \g<name>; returns what follows.
static const char *add_named(struct replacing *r, const char *text) {
    size_t length = text[0] == '<' ? strcspn(text + 1, ">") : 0;
    if (length == 0 || text[length + 1] != '>') {
        fail(r, "in the replacement \\g needs <number> or <name>");
        return text;
    }
    const char *name = arena_strndup(r->arena, text + 1, length);
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    int found = (int)number;
    if (*end != '\0' || number > 65535)
        found = pcre2_substring_number_from_name(r->code, (PCRE2_SPTR)name);
    if (found < 0)
        fail(r, arena_printf(r->arena, "the pattern has no group '%s'", name));
    else
        add_group(r, (uint32_t)found);
    return text + length + 2;
}

// Behind a backslash; returns what follows.
static const char *add_escape(struct replacing *r, const char *text) {
    static const char letters[] = "nrtfva\\", values[] = "\n\r\t\f\v\a\\";
    const char *letter = text[0] == '\0' ? NULL : strchr(letters, text[0]);
    if (letter != NULL) {
        strbuf_putc(&r->out, values[letter - letters]);
        return text + 1;
    }
    if (text[0] == 'g')
        return add_named(r, text + 1);
    if (text[0] >= '1' && text[0] <= '9') {
        bool two = text[1] >= '0' && text[1] <= '9';
        add_group(r, (uint32_t)(text[0] - '0') * (two ? 10 : 1) +
                         (two ? (uint32_t)(text[1] - '0') : 0));
        return text + 1 + two;
    }
    fail(r, arena_printf(r->arena, "the replacement has the unknown escape '\\%.1s'", text));
    return text;
}

static void add_replacement(struct replacing *r) {
    for (const char *c = r->with; *c != '\0' && r->fault == NULL;) {
        if (*c == '\\') {
            c = add_escape(r, c + 1);
        } else {
            strbuf_putc(&r->out, *c);
            c++;
        }
    }
}

// ---- All matches ----

static uint64_t replace_all(struct replacing *r, uint64_t most) {
    const size_t *bounds = pcre2_get_ovector_pointer(r->match);
    size_t at = 0, copied = 0;
    uint64_t done = 0;
    uint32_t options = 0;
    while (r->fault == NULL && (most == 0 || done < most)) {
        int status = pcre2_match(r->code, r->text.data, (size_t)r->text.size, at, options, r->match,
                                 r->bounds);
        if (status == PCRE2_ERROR_NOMATCH)
            break;
        // \K inside a look-ahead could make a match end before it starts.
        if (status < 0 || bounds[1] < bounds[0] || bounds[0] < copied) {
            fail(r, status < 0 ? pcre2_text(r->arena, status) : "a match ends before it starts");
            break;
        }
        strbuf_add(&r->out, r->text.data + copied, bounds[0] - copied);
        add_replacement(r);
        if (r->out.length > limits.text_bytes)
            fail(r, "the text grows too long");
        at = copied = bounds[1];
        options = bounds[0] == bounds[1] ? PCRE2_NOTEMPTY_ATSTART | PCRE2_NO_UTF_CHECK
                                         : PCRE2_NO_UTF_CHECK;
        done++;
    }
    strbuf_add(&r->out, r->text.data + copied, (size_t)r->text.size - copied);
    return done;
}

// As Python reads a text: the line ends of other systems are newlines.
static struct slice plain_lines(struct arena *arena, struct slice raw) {
    char *text = arena_alloc(arena, (size_t)raw.size + 1), *to = text;
    for (uint64_t i = 0; i < raw.size; i++) {
        bool pair = raw.data[i] == '\r' && i + 1 < raw.size && raw.data[i + 1] == '\n';
        if (!pair)
            *to++ = raw.data[i] == '\r' ? '\n' : (char)raw.data[i];
    }
    return slice_of(text, (uint64_t)(to - text));
}

static void replace_text(struct replacing *r, const char *path, const char *pattern,
                         uint64_t count) {
    struct slice raw;
    if (!map_file(r->arena, path, &raw)) {
        fail(r, arena_strdup(r->arena, strerror(errno)));
        return;
    }
    if (raw.size > limits.text_bytes) {
        fail(r, "it is too long for a text");
        return;
    }
    r->text = plain_lines(r->arena, raw);
    if (!compile(r, pattern))
        return;
    uint64_t done = replace_all(r, count);
    if (r->fault == NULL && done == 0)
        fail(r, arena_printf(r->arena, "nothing matches '%s'", pattern));
    if (r->fault == NULL && done < count)
        fail(r, arena_printf(r->arena, "'%s' matches %llu times, not %llu", pattern,
                             (unsigned long long)done, (unsigned long long)count));
    if (r->fault == NULL && !outfile_replace(path, r->out.data, r->out.length, NULL))
        fail(r, arena_strdup(r->arena, strerror(errno)));
}

const char *replace_in_file(struct arena *arena, const char *path, const char *pattern,
                            const char *with, uint64_t count) {
    // The file's text lives no longer than this.
    struct replacing r = {.arena = arena_new(), .with = with, .out = STRBUF_INIT};
    replace_text(&r, path, pattern, count);
    const char *fault = r.fault == NULL ? NULL : arena_strdup(arena, r.fault);
    pcre2_match_context_free(r.bounds);
    pcre2_match_data_free(r.match);
    pcre2_code_free(r.code);
    strbuf_free(&r.out);
    arena_free(r.arena);
    return fault;
}
