// SPDX-License-Identifier: Apache-2.0
// One log for each model, put together from those of its steps.
#include <errno.h>
#include <string.h>

#include "cache/tree.h"
#include "compiler/base/jot.h"
#include "compiler/base/map.h"
#include "compiler/batch/tally.h"
#include "rules/ninja/plan.h"

const char *tally_log(struct arena *arena, const char *model) {
    return arena_printf(arena, ".zooc/logs/%s.log", model);
}

struct model_log {
    struct arena *arena; // of this model alone
    const char *folder;  // of the build
    struct strbuf text;
};

static void add_step(void *context, const struct model_tally *model, const char *step,
                     const char *variant, unsigned golden) {
    struct model_log *log = context;
    const struct step_event *event = events_find(model->events, step, variant, golden);
    if (event == NULL)
        return;
    strbuf_printf(&log->text, "\n---- %s: %s, %.3f s\n", tally_step_name(log->arena, event),
                  event_outcome_names[event->outcome], event->seconds);
    struct slice said;
    if (event->outcome != EVENT_SAME && event->log[0] != '\0' &&
        map_file(log->arena, arena_printf(log->arena, "%s/%s", log->folder, event->log), &said))
        strbuf_add(&log->text, said.data, said.size);
}

static bool has_work(const struct model_tally *model) {
    const struct step_event *event = model->events == NULL ? NULL : model->events->first;
    while (event != NULL && event->outcome == EVENT_SAME)
        event = event->next;
    return event != NULL || model->outcome == MODEL_FAILED;
}

static bool write_log(const struct tally *tally, const struct model_tally *model) {
    struct model_log log = {.arena = arena_new(), .folder = tally->folder, .text = STRBUF_INIT};
    if (model->failure != NULL)
        strbuf_printf(&log.text, "failed: %s: %s\n", tally_step_name(log.arena, model->failure),
                      model->cause);
    else if (model->outcome == MODEL_FAILED)
        strbuf_printf(&log.text, "failed: %s\n", model->cause);
    else
        strbuf_printf(&log.text, "%s\n", model_outcome_names[model->outcome]);
    tally_steps(model, add_step, &log);
    const char *file =
        arena_printf(log.arena, "%s/%s", tally->folder, tally_log(log.arena, model->model->name));
    bool done = jot(file, log.text.data, log.text.length);
    strbuf_free(&log.text);
    arena_free(log.arena);
    return done;
}

bool tally_write_logs(struct arena *arena, const struct tally *tally, struct diag *diag) {
    const char *folder = arena_printf(arena, "%s/.zooc/logs", tally->folder);
    bool done = tree_make_folders(folder);
    for (uint32_t i = 0; done && i < tally->count; i++)
        done = !has_work(&tally->models[i]) || write_log(tally, &tally->models[i]);
    if (!done)
        diag_report(diag, NULL, OUTPUT_WRITE, folder, strerror(errno));
    return done;
}
