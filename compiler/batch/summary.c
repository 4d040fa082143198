// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/summary.h"

#include <stdlib.h>
#include <string.h>

#include "cache/record.h"
#include "rules/ninja/plan.h"

enum { MOST_ROWS = 100 }; // of accuracies: a large zoo has zoo.json and its records

// ---- Accuracies and differences ----

struct row {
    const char *model, *variant, *framework;
    double difference;         // the largest relative one; negative: none
    double accuracy, expected; // negative: none
};

static double number_of(const struct record_line *line) {
    return strtod(line->value, NULL);
}

static bool read_row(struct arena *arena, const struct summary *s, const struct list_model *model,
                     const struct list_variant *variant, struct row *row) {
    *row = (struct row){.model = model->name,
                        .variant = variant->name,
                        .framework = model->framework,
                        .difference = -1,
                        .accuracy = -1,
                        .expected = -1};
    bool found = false, damaged;
    for (unsigned i = 1; i <= variant->goldens; i++) {
        const char *path =
            plan_record(arena, model->name, plan_verify_step(arena, variant->name, i));
        const struct record *record =
            record_read(arena, arena_printf(arena, "%s/%s", s->tally->folder, path), &damaged);
        for (uint32_t k = 0; record != NULL && k < record->count; k++) {
            const struct record_line *line = &record->lines[k];
            double value = number_of(line);
            found = true;
            if (line->kind != RECORD_RESULT)
                continue;
            if (strncmp(line->name, "relative_difference", 19) == 0 && value > row->difference)
                row->difference = value;
            else if (strcmp(line->name, "accuracy") == 0)
                row->accuracy = value;
            else if (strcmp(line->name, "expected_accuracy") == 0)
                row->expected = value;
        }
    }
    return found;
}

static void print_share(FILE *to, double share) {
    if (share < 0)
        fprintf(to, "  %9s", "");
    else
        fprintf(to, "  %8.2f%%", share * 100);
}

static void print_row(FILE *to, int width, const struct row *row) {
    fprintf(to, "%-*s  %-8s", width, row->model, row->variant);
    print_share(to, row->accuracy);
    print_share(to, row->expected);
    if (row->difference >= 0)
        fprintf(to, "  %12.1e", row->difference);
    fputc('\n', to);
}

static void print_title(FILE *to, int width) {
    fprintf(to, "\n%-*s  %-8s  %9s  %9s  %12s\n", width, "model", "variant", "accuracy",
            "framework", "difference");
}

static void print_rows(struct arena *arena, const struct summary *s, FILE *to) {
    size_t rows = 0, width = 5;
    for (uint32_t i = 0; i < s->tally->count; i++) {
        const struct list_model *model = s->tally->models[i].model;
        for (uint32_t k = 0; k < model->variant_count; k++)
            rows += model->variants[k].goldens > 0;
        if (strlen(model->name) > width)
            width = strlen(model->name);
    }
    bool title = false;
    if (rows > MOST_ROWS)
        return;
    for (uint32_t i = 0; i < s->tally->count; i++) {
        const struct list_model *model = s->tally->models[i].model;
        for (uint32_t k = 0; k < model->variant_count; k++) {
            struct row row;
            if (!read_row(arena, s, model, &model->variants[k], &row))
                continue;
            if (!title)
                print_title(to, (int)width);
            title = true;
            print_row(to, (int)width, &row);
        }
    }
}

// ---- Failures ----
// Many models may fail of one cause (a missing runtime): it is printed once, with some of their
// names.

enum { NAMES_SHOWN = 3 };

struct failure {
    struct failure *next;
    const struct model_tally *models[NAMES_SHOWN];
    unsigned count;
};

struct failures {
    struct arena *arena;
    struct failure *first, **last;
    struct names *by_cause;
};

static void add_failure(struct failures *failures, const struct model_tally *model) {
    void **slot = names_slot(failures->by_cause, model->cause);
    if (*slot == NULL) {
        struct failure *failure = arena_new_of(failures->arena, struct failure);
        *failures->last = failure;
        failures->last = &failure->next;
        *slot = failure;
    }
    struct failure *failure = *slot;
    if (failure->count < NAMES_SHOWN)
        failure->models[failure->count] = model;
    failure->count++;
}

static void print_failure(struct arena *arena, const struct summary *s,
                          const struct failure *failure, FILE *to) {
    const struct model_tally *first = failure->models[0];
    for (unsigned i = 0; i < failure->count && i < NAMES_SHOWN; i++)
        fprintf(to, "%s%s", i == 0 ? "" : ", ", failure->models[i]->model->name);
    if (failure->count > NAMES_SHOWN)
        fprintf(to, " and %u more", failure->count - NAMES_SHOWN);
    if (first->failure != NULL)
        fprintf(to, ": %s", tally_step_name(arena, first->failure));
    fprintf(to, ": %s\n    log: %s/%s\n", first->cause, s->tally->folder,
            tally_log(arena, first->model->name));
}

static void print_failures(struct arena *arena, const struct summary *s, FILE *to) {
    struct failures failures = {.arena = arena, .by_cause = names_new(arena)};
    failures.last = &failures.first;
    for (uint32_t i = 0; i < s->tally->count; i++) {
        if (s->tally->models[i].outcome == MODEL_FAILED)
            add_failure(&failures, &s->tally->models[i]);
    }
    if (failures.first != NULL)
        fputs("\nfailed:\n", to);
    for (const struct failure *failure = failures.first; failure != NULL; failure = failure->next)
        print_failure(arena, s, failure, to);
}

// ---- Counts ----

static void print_table(struct arena *arena, const struct tally *tally, FILE *to) {
    fprintf(to, "\n%-10s  %8s  %9s  %9s\n", "", "models", "time", "size");
    for (size_t i = 0; i < MODEL_OUTCOME_COUNT; i++) {
        fprintf(to, "%-10s  %8u", model_outcome_names[i], tally->outcomes[i].models);
        if (i != MODEL_SAME && tally->outcomes[i].models > 0)
            fprintf(to, "  %7.1f s  %9s", tally->outcomes[i].seconds,
                    tally_size(arena, tally->outcomes[i].bytes));
        fputc('\n', to);
    }
}

static void print_counts(struct arena *arena, const struct summary *s, FILE *to) {
    const struct tally *tally = s->tally;
    unsigned count = tally->count, same = tally->outcomes[MODEL_SAME].models;
    if (same == count) {
        fprintf(to, "%snothing to do: %u model%s up to date (%.2f s)\n", s->nothing_ran ? "" : "\n",
                count, count == 1 ? " is" : "s are", tally->seconds);
    } else {
        print_table(arena, tally, to);
        fprintf(to, "\n%u model%s: ", count, count == 1 ? "" : "s");
        for (size_t i = 0; i < MODEL_OUTCOME_COUNT; i++)
            fprintf(to, "%s%u %s", i == 0 ? "" : ", ", tally->outcomes[i].models,
                    model_outcome_names[i]);
        fprintf(to, " in %.1f s\n", tally->seconds);
    }
    fprintf(to, "IR: %s/MODEL/PRECISION/MODEL.xml; what was built from what: %s/zoo.json\n",
            tally->folder, tally->folder);
}

void build_summary_print(struct arena *arena, const struct summary *s, FILE *to) {
    if (!s->nothing_ran)
        print_rows(arena, s, to);
    print_failures(arena, s, to);
    print_counts(arena, s, to);
}
