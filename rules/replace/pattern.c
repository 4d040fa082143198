// SPDX-License-Identifier: Apache-2.0
#include "rules/replace/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

#include "compiler/base/fatal.h"

enum { LONGEST = 4096, MOST_STEPS = 1000000, MOST_HEAP_KIB = 16384 };

struct pattern {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
};

static void pattern_free(void *data) {
    struct pattern *p = data;
    pcre2_match_context_free(p->context);
    pcre2_match_data_free(p->match);
    pcre2_code_free(p->code);
}

struct pattern *pattern_new(struct arena *arena, const char *text, const char **wrong) {
    int error = 0;
    PCRE2_SIZE at = 0;
    pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
    if (limits == NULL)
        fatal_out_of_memory();
    pcre2_set_max_pattern_length(limits, LONGEST);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_ANCHORED, &error, &at, limits);
    pcre2_compile_context_free(limits);
    if (code == NULL) {
        PCRE2_UCHAR message[128];
        pcre2_get_error_message(error, message, sizeof message);
        *wrong = arena_printf(arena, "pattern '%.80s': %s", text, (const char *)message);
        return NULL;
    }
    struct pattern *p = arena_new_of(arena, struct pattern);
    p->code = code;
    p->match = pcre2_match_data_create(1, NULL);
    p->context = pcre2_match_context_create(NULL);
    if (p->match == NULL || p->context == NULL)
        fatal_out_of_memory();
    pcre2_set_match_limit(p->context, MOST_STEPS);
    pcre2_set_heap_limit(p->context, MOST_HEAP_KIB);
    arena_at_free(arena, pattern_free, p);
    return p;
}

bool pattern_starts(const struct pattern *p, const char *name, size_t *length) {
    int found = pcre2_match(p->code, (PCRE2_SPTR)name, strlen(name), 0, 0, p->match, p->context);
    if (found < 0)
        return false;
    *length = pcre2_get_ovector_pointer(p->match)[1];
    return true;
}
