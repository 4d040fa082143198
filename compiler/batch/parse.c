// SPDX-License-Identifier: Apache-2.0
// The words of a step.
#include <stdlib.h>
#include <string.h>

#include "compiler/batch/step.h"
#include "rules/ninja/plan.h"

const char *const step_kind_names[STEP_KIND_COUNT] = {"unpack", "convert", "verify"};

enum step_kind step_kind_of(const char *name) {
    unsigned kind = 0;
    while (kind < STEP_KIND_COUNT && strcmp(step_kind_names[kind], name) != 0)
        kind++;
    return (enum step_kind)kind;
}

struct words {
    struct arena *arena;
    struct diag *diag;
    int count, next;
    char *const *items;
    struct step *step;
};

static void take_plain(struct words *w, const char *word, char *const *values) {
    struct step *step = w->step;
    if (strcmp(word, "--model") == 0)
        step->model = values[0];
    else if (strcmp(word, "--variant") == 0)
        step->variant = values[0];
    else if (strcmp(word, "--golden") == 0)
        step->golden = (unsigned)strtoul(values[0], NULL, 10);
    else if (strcmp(word, "--need") == 0)
        step->needs[step->need_count++] = values[0];
    // --build_id is there for ninja alone: a new compiler is a new command.
}

static void take_argument(struct words *w, const char *word, char *const *values) {
    struct step *step = w->step;
    struct step_argument *argument = &step->arguments[step->argument_count++];
    argument->option = values[0];
    argument->value = values[1];
    if (strcmp(word, "--set") == 0)
        argument->word = STEP_SET;
    else
        argument->word = strstr(word, "prefix") != NULL ? STEP_PREFIX : STEP_FILE;
    if (strncmp(word, "--member", 8) == 0)
        argument->path =
            plan_join(w->arena, plan_source_folder(w->arena, step->model), argument->value);
    else if (argument->word != STEP_SET)
        argument->path = values[2];
}

// ---- Of unpacking ----

static void take_origin(struct words *w, const char *word, char *const *values) {
    struct step *step = w->step;
    struct step_origin *origin = &step->origins[step->origin_count++];
    origin->is_archive = strcmp(word, "--archive") == 0;
    origin->name = values[0];
    origin->urls = arena_array_of(w->arena, (size_t)(w->count - w->next), const char *);
}

// About the last origin.
static void take_of_origin(struct words *w, const char *word, char *const *values) {
    struct step *step = w->step;
    if (step->origin_count == 0) {
        diag_report(w->diag, NULL, OPTION_MISSING, "--source");
        return;
    }
    struct step_origin *origin = &step->origins[step->origin_count - 1];
    if (strcmp(word, "--path") == 0)
        origin->path = values[0];
    else if (strcmp(word, "--url") == 0)
        origin->urls[origin->url_count++] = values[0];
    else if (strcmp(word, "--sha256") == 0)
        origin->sha256 = values[0];
    else if (strcmp(word, "--sha384") == 0)
        origin->sha384 = values[0];
    else
        origin->size = strtoull(values[0], NULL, 10);
}

static void take_preparation(struct words *w, const char *word, char *const *values) {
    struct step *step = w->step;
    struct step_preparation *preparation = &step->preparations[step->preparation_count++];
    if (strcmp(word, "--unpack") == 0)
        preparation->unpack = values[0];
    else
        *preparation = (struct step_preparation){.replace = values[0],
                                                 .pattern = values[1],
                                                 .with = values[2],
                                                 .count = strtoull(values[3], NULL, 10)};
}

static const struct {
    const char *word;
    int values;
    void (*take)(struct words *w, const char *word, char *const *values);
} language[] = {
    {"--model", 1, take_plain},         {"--variant", 1, take_plain},
    {"--golden", 1, take_plain},        {"--need", 1, take_plain},
    {"--build_id", 1, take_plain},      {"--set", 2, take_argument},
    {"--member", 2, take_argument},     {"--member_prefix", 2, take_argument},
    {"--file", 3, take_argument},       {"--file_prefix", 3, take_argument},
    {"--archive", 1, take_origin},      {"--source", 1, take_origin},
    {"--path", 1, take_of_origin},      {"--url", 1, take_of_origin},
    {"--sha256", 1, take_of_origin},    {"--sha384", 1, take_of_origin},
    {"--size", 1, take_of_origin},      {"--unpack", 1, take_preparation},
    {"--replace", 4, take_preparation},
};

enum { LANGUAGE_SIZE = sizeof language / sizeof language[0] };

static bool take_word(struct words *w) {
    const char *word = w->items[w->next++];
    size_t row = 0;
    while (row < LANGUAGE_SIZE && strcmp(language[row].word, word) != 0)
        row++;
    if (row == LANGUAGE_SIZE) {
        diag_report(w->diag, NULL, OPTION_UNKNOWN, word);
        return false;
    }
    if (w->count - w->next < language[row].values) {
        diag_report(w->diag, NULL, OPTION_NO_VALUE, word);
        return false;
    }
    language[row].take(w, word, w->items + w->next);
    w->next += language[row].values;
    return true;
}

bool step_parse(struct arena *arena, struct diag *diag, enum step_kind kind, int count,
                char *const *words, struct step *out) {
    *out = (struct step){.kind = kind, .model = "", .variant = ""};
    out->arguments = arena_array_of(arena, (size_t)count, struct step_argument);
    out->origins = arena_array_of(arena, (size_t)count, struct step_origin);
    out->preparations = arena_array_of(arena, (size_t)count, struct step_preparation);
    out->needs = arena_array_of(arena, (size_t)count, const char *);
    struct words w = {.arena = arena, .diag = diag, .count = count, .items = words, .step = out};
    while (w.next < count) {
        if (!take_word(&w))
            return false;
    }
    if (out->model[0] == '\0')
        diag_report(diag, NULL, OPTION_MISSING, "--model");
    if (kind != STEP_UNPACK && out->variant[0] == '\0')
        diag_report(diag, NULL, OPTION_MISSING, "--variant");
    return diag_count(diag, DIAG_FAILED) == 0;
}
