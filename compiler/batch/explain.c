// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/explain.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/suggest.h"
#include "compiler/batch/gen.h"
#include "compiler/batch/step.h"

static const enum step_kind kind_of[] = {
    [PLAN_UNPACK] = STEP_UNPACK, [PLAN_CONVERT] = STEP_CONVERT, [PLAN_VERIFY] = STEP_VERIFY};

static bool is_wanted(const char *model, const char *const *models, uint32_t count) {
    bool wanted = count == 0;
    for (uint32_t i = 0; i < count && !wanted; i++)
        wanted = strcmp(models[i], model) == 0;
    return wanted;
}

// The words of its command, as ninja would give them.
static bool parse(struct arena *arena, const struct plan_step *planned, struct step *step,
                  struct diag *diag) {
    char **words = arena_array_of(arena, 4 + (size_t)planned->words.count, char *);
    int count = 0;
    words[count++] = arena_strdup(arena, "--model");
    words[count++] = arena_strdup(arena, planned->model);
    if (planned->variant[0] != '\0') {
        words[count++] = arena_strdup(arena, "--variant");
        words[count++] = arena_strdup(arena, planned->variant);
    }
    for (uint32_t i = 0; i < planned->words.count; i++)
        words[count++] = arena_strdup(arena, planned->words.items[i]);
    return step_parse(arena, diag, kind_of[planned->kind], count, words, step);
}

// What of a model will run: an unpacking, and the conversion of the variant at hand.
struct explained {
    const char *model;
    bool unpacks, converts;
};

// The step before a planned one, if that will run.
static const char *earlier(const struct explained *said, const struct plan_step *planned) {
    if (planned->kind == PLAN_VERIFY && said->converts)
        return "the conversion";
    return planned->kind != PLAN_UNPACK && said->unpacks ? "unpacking" : NULL;
}

static void explain_step(struct explained *said, const struct plan_step *planned, FILE *to,
                         struct diag *diag) {
    struct arena *arena = arena_new();
    struct step step;
    if (said->model == NULL || strcmp(said->model, planned->model) != 0)
        *said = (struct explained){.model = planned->model};
    if (parse(arena, planned, &step, diag)) {
        fprintf(to, "%s: %s%s%s: ", planned->model, step_kind_names[kind_of[planned->kind]],
                planned->variant[0] == '\0' ? "" : " ", planned->variant);
        bool runs = step_explain(arena, &step, earlier(said, planned), to);
        said->unpacks = planned->kind == PLAN_UNPACK ? runs : said->unpacks;
        said->converts = planned->kind == PLAN_CONVERT ? runs : said->converts;
    }
    arena_free(arena);
}

static void check_names(struct arena *arena, const struct plan *plan, const char *const *models,
                        uint32_t count, struct diag *diag) {
    const char **known = arena_array_of(arena, plan->count, const char *);
    for (uint32_t i = 0; i < plan->count; i++)
        known[i] = plan->steps[i].model;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = 0;
        while (k < plan->count && strcmp(known[k], models[i]) != 0)
            k++;
        const char *near = k < plan->count ? NULL : suggest(models[i], known, plan->count);
        if (k == plan->count)
            diag_report(diag, NULL, OPTION_VALUE, "MODEL", models[i],
                        near == NULL ? "the manifests have no such model"
                                     : arena_printf(arena, "did you mean '%s'?", near));
    }
}

void explain_models(struct arena *arena, const char *folder, const char *const *models,
                    uint32_t count, FILE *to, struct diag *diag) {
    if (chdir(folder) != 0) {
        diag_report(diag, NULL, FILE_OPEN, folder, strerror(errno));
        return;
    }
    const struct plan *plan = gen_plan(arena, diag);
    if (plan == NULL)
        return;
    check_names(arena, plan, models, count, diag);
    struct explained said = {.model = NULL};
    for (uint32_t i = 0; i < plan->count; i++) {
        if (is_wanted(plan->steps[i].model, models, count))
            explain_step(&said, &plan->steps[i], to, diag);
    }
}
