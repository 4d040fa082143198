// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/events.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const event_outcome_names[EVENT_OUTCOME_COUNT] = {"same", "done", "cached", "failed"};

static const char *text(struct arena *arena, struct json_object *event, const char *key) {
    struct json_object *value;
    if (!json_object_object_get_ex(event, key, &value) ||
        !json_object_is_type(value, json_type_string))
        return "";
    return arena_strdup(arena, json_object_get_string(value));
}

static uint64_t number(struct json_object *event, const char *key) {
    struct json_object *value;
    int64_t found = 0;
    if (json_object_object_get_ex(event, key, &value))
        found = json_object_get_int64(value);
    return found > 0 ? (uint64_t)found : 0;
}

static enum event_outcome outcome_of(const char *name) {
    unsigned outcome = 0;
    while (outcome < EVENT_FAILED && strcmp(event_outcome_names[outcome], name) != 0)
        outcome++;
    return (enum event_outcome)outcome;
}

static void take_event(struct arena *arena, struct names *models, struct json_object *json) {
    const char *name = text(arena, json, "model");
    if (name[0] == '\0')
        return;
    void **slot = names_slot(models, name);
    struct model_events *model = *slot;
    if (model == NULL) {
        *slot = model = arena_new_of(arena, struct model_events);
        model->last = &model->first;
    }
    struct step_event *event = arena_new_of(arena, struct step_event);
    *event = (struct step_event){
        .step = text(arena, json, "step"),
        .variant = text(arena, json, "variant"),
        .golden = (unsigned)number(json, "golden"),
        .outcome = outcome_of(text(arena, json, "outcome")),
        .because = text(arena, json, "because"),
        .cause = text(arena, json, "cause"),
        .log = text(arena, json, "log"),
        .seconds = (double)number(json, "milliseconds") / 1000,
        .bytes = number(json, "bytes"),
    };
    *model->last = event;
    model->last = &event->next;
}

struct names *events_read(struct arena *arena, const char *path) {
    struct names *models = names_new(arena);
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    while (file != NULL && getline(&line, &size, file) > 0) {
        struct json_object *event = json_tokener_parse(line);
        if (event != NULL)
            take_event(arena, models, event);
        json_object_put(event);
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return models;
}

const struct step_event *events_find(const struct model_events *events, const char *step,
                                     const char *variant, unsigned golden) {
    const struct step_event *found = NULL;
    for (const struct step_event *e = events == NULL ? NULL : events->first; e != NULL; e = e->next)
        if (e->golden == golden && strcmp(e->step, step) == 0 && strcmp(e->variant, variant) == 0)
            found = e;
    return found;
}
