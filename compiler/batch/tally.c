// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/tally.h"

#include <string.h>
#include <unistd.h>

#include "rules/ninja/plan.h"

const char *const model_outcome_names[MODEL_OUTCOME_COUNT] = {"built", "from cache", "up to date",
                                                              "failed"};

const char *tally_step_name(struct arena *arena, const struct step_event *event) {
    return arena_printf(arena, "%s%s%s", event->step, event->variant[0] == '\0' ? "" : " ",
                        event->variant);
}

const char *tally_size(struct arena *arena, uint64_t bytes) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 999.95 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        value /= 1000;
    return arena_printf(arena, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

void tally_steps(const struct model_tally *model, tally_visit *visit, void *context) {
    if (model->model->has_folder)
        visit(context, model, "unpack", "", 0);
    for (uint32_t i = 0; i < model->model->variant_count; i++) {
        const struct list_variant *variant = &model->model->variants[i];
        visit(context, model, "convert", variant->name, 0);
        for (unsigned golden = 1; golden <= variant->goldens; golden++)
            visit(context, model, "verify", variant->name, golden);
    }
}

// ---- What came of a model ----

static bool has_record(struct arena *arena, const char *folder, const char *model,
                       const char *step) {
    const char *path = plan_record(arena, model, step);
    return access(arena_printf(arena, "%s/%s", folder, path), F_OK) == 0;
}

// A step that was killed left neither an event nor a record.
static bool is_whole(struct arena *arena, const char *folder, const struct list_model *model) {
    bool whole = true;
    for (uint32_t i = 0; i < model->variant_count && whole; i++) {
        const struct list_variant *variant = &model->variants[i];
        whole = has_record(arena, folder, model->name, variant->name);
        for (unsigned k = 1; k <= variant->goldens && whole; k++)
            whole =
                has_record(arena, folder, model->name, plan_verify_step(arena, variant->name, k));
    }
    return whole;
}

static void take_events(struct model_tally *t) {
    bool done[2] = {false, false}, cached = false; // unpacked, converted
    for (const struct step_event *e = t->events->first; e != NULL; e = e->next) {
        t->seconds += e->seconds;
        t->bytes += strcmp(e->step, "convert") == 0 ? e->bytes : 0;
        if (e->outcome == EVENT_FAILED && t->failure == NULL)
            t->failure = e;
        cached = cached || (e->outcome == EVENT_CACHED && strcmp(e->step, "convert") == 0);
        if (e->outcome == EVENT_DONE && strcmp(e->step, "verify") != 0)
            done[strcmp(e->step, "convert") == 0] = true;
    }
    if (t->failure != NULL)
        t->outcome = MODEL_FAILED;
    else if (done[1] || (done[0] && !cached))
        t->outcome = MODEL_BUILT;
    else if (cached)
        t->outcome = MODEL_CACHED;
}

struct tally *tally_make(struct arena *arena, const char *folder, const struct list *list,
                         bool all_well) {
    struct names *events = events_read(arena, arena_printf(arena, "%s/.zooc/events.jsonl", folder));
    struct tally *tally = arena_new_of(arena, struct tally);
    tally->folder = folder;
    tally->count = list->count;
    tally->models = arena_array_of(arena, list->count, struct model_tally);
    for (uint32_t i = 0; i < list->count; i++) {
        struct model_tally *t = &tally->models[i];
        t->model = &list->models[i];
        t->outcome = MODEL_SAME;
        t->events = names_find(events, t->model->name);
        if (t->events != NULL)
            take_events(t);
        if (t->outcome != MODEL_FAILED && !all_well && !is_whole(arena, folder, t->model))
            t->outcome = MODEL_FAILED;
        if (t->outcome == MODEL_FAILED)
            t->cause = t->failure != NULL ? t->failure->cause : "a step ended without a word";
        tally->outcomes[t->outcome].models++;
        tally->outcomes[t->outcome].seconds += t->seconds;
        tally->outcomes[t->outcome].bytes += t->bytes;
    }
    return tally;
}
