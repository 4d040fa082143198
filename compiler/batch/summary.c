// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/summary.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache/record.h"
#include "compiler/batch/events.h"
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
            record_read(arena, arena_printf(arena, "%s/%s", s->folder, path), &damaged);
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
    for (uint32_t i = 0; i < s->list->count; i++) {
        const struct list_model *model = &s->list->models[i];
        for (uint32_t k = 0; k < model->variant_count; k++)
            rows += model->variants[k].goldens > 0;
        if (strlen(model->name) > width)
            width = strlen(model->name);
    }
    bool title = false;
    if (rows > MOST_ROWS)
        return;
    for (uint32_t i = 0; i < s->list->count; i++) {
        const struct list_model *model = &s->list->models[i];
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

// ---- Models ----

static bool has_record(struct arena *arena, const struct summary *s, const char *model,
                       const char *step) {
    const char *path = plan_record(arena, model, step);
    return access(arena_printf(arena, "%s/%s", s->folder, path), F_OK) == 0;
}

// A step that was killed left neither an event nor a record.
static bool is_whole(struct arena *arena, const struct summary *s, const struct list_model *model) {
    bool whole = true;
    for (uint32_t i = 0; i < model->variant_count && whole; i++) {
        const struct list_variant *variant = &model->variants[i];
        whole = has_record(arena, s, model->name, variant->name);
        for (unsigned k = 1; k <= variant->goldens && whole; k++)
            whole = has_record(arena, s, model->name, plan_verify_step(arena, variant->name, k));
    }
    return whole;
}

// ---- Failures ----
// Many models may fail of one cause (a missing runtime): it is printed once, with some of their
// names.

enum { NAMES_SHOWN = 3 };

struct failure {
    struct failure *next;
    const char *cause;
    const struct list_model *models[NAMES_SHOWN];
    const struct model_events *events[NAMES_SHOWN];
    unsigned count;
};

struct failures {
    struct arena *arena;
    struct failure *first, **last;
    struct names *by_cause;
    unsigned count;
};

static void add_failure(struct failures *failures, const struct list_model *model,
                        const struct model_events *events) {
    bool told = events != NULL && events->cause != NULL;
    const char *cause = told ? events->cause : "a step ended without a word";
    void **slot = names_slot(failures->by_cause, cause);
    if (*slot == NULL) {
        struct failure *failure = arena_new_of(failures->arena, struct failure);
        failure->cause = cause;
        *failures->last = failure;
        failures->last = &failure->next;
        *slot = failure;
    }
    struct failure *failure = *slot;
    if (failure->count < NAMES_SHOWN) {
        failure->models[failure->count] = model;
        failure->events[failure->count] = told ? events : NULL;
    }
    failure->count++;
    failures->count++;
}

static void print_failure(const struct summary *s, const struct failure *failure, FILE *to) {
    const struct model_events *events = failure->events[0];
    for (unsigned i = 0; i < failure->count && i < NAMES_SHOWN; i++)
        fprintf(to, "%s%s", i == 0 ? "" : ", ", failure->models[i]->name);
    if (failure->count > NAMES_SHOWN)
        fprintf(to, " and %u more", failure->count - NAMES_SHOWN);
    fprintf(to, ": %s%s%s\n", events == NULL ? "" : events->step, events == NULL ? "" : ": ",
            failure->cause);
    if (events != NULL && events->log[0] != '\0')
        fprintf(to, "    log: %s/%s\n", s->folder, events->log);
}

static void print_failures(const struct summary *s, const struct failures *failures, FILE *to) {
    if (failures->count > 0)
        fputs("\nfailed:\n", to);
    for (const struct failure *failure = failures->first; failure != NULL; failure = failure->next)
        print_failure(s, failure, to);
}

static void print_counts(const struct summary *s, unsigned built, unsigned failed, FILE *to) {
    unsigned count = s->list->count, same = count - built - failed;
    const char *plural = count == 1 ? "" : "s";
    if (!s->nothing_ran)
        fputc('\n', to);
    if (built + failed == 0)
        fprintf(to, "nothing to do: %u model%s up to date (%.2f s)\n", count,
                count == 1 ? " is" : "s are", s->seconds);
    else
        fprintf(to, "%u model%s: %u built, %u up to date, %u failed in %.1f s\n", count, plural,
                built, same, failed, s->seconds);
    fprintf(to, "IR: %s/MODEL/PRECISION/MODEL.xml; what was built from what: %s/zoo.json\n",
            s->folder, s->folder);
}

unsigned build_summary_print(struct arena *arena, const struct summary *s, FILE *to) {
    struct names *events =
        events_read(arena, arena_printf(arena, "%s/.zooc/events.jsonl", s->folder));
    struct failures failures = {.arena = arena, .by_cause = names_new(arena)};
    failures.last = &failures.first;
    unsigned built = 0;
    if (!s->nothing_ran)
        print_rows(arena, s, to);
    for (uint32_t i = 0; i < s->list->count; i++) {
        const struct list_model *model = &s->list->models[i];
        const struct model_events *told = names_find(events, model->name);
        if ((told != NULL && told->cause != NULL) || (!s->all_well && !is_whole(arena, s, model)))
            add_failure(&failures, model, told);
        else
            built += told != NULL && told->built;
    }
    print_failures(s, &failures, to);
    print_counts(s, built, failures.count, to);
    return failures.count;
}
