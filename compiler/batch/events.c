// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/events.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *field(struct json_object *event, const char *key) {
    struct json_object *value;
    if (!json_object_object_get_ex(event, key, &value) ||
        !json_object_is_type(value, json_type_string))
        return "";
    return json_object_get_string(value);
}

static void take_failure(struct arena *arena, struct model_events *model,
                         struct json_object *event) {
    const char *variant = field(event, "variant");
    model->step =
        arena_printf(arena, "%s%s%s", field(event, "step"), variant[0] == '\0' ? "" : " ", variant);
    model->cause = arena_strdup(arena, field(event, "cause"));
    model->log = arena_strdup(arena, field(event, "log"));
}

static void take_event(struct arena *arena, struct names *models, struct json_object *event) {
    const char *name = field(event, "model"), *outcome = field(event, "outcome");
    if (name[0] == '\0')
        return;
    void **slot = names_slot(models, arena_strdup(arena, name));
    if (*slot == NULL)
        *slot = arena_new_of(arena, struct model_events);
    struct model_events *model = *slot;
    if (strcmp(outcome, "failed") == 0 && model->cause == NULL)
        take_failure(arena, model, event);
    if (strcmp(outcome, "done") == 0 && strcmp(field(event, "step"), "verify") != 0)
        model->built = true;
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
