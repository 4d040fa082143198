// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/artifacts.h"

#include <string.h>

#include "compiler/base/names.h"

struct collecting {
    struct arena *arena;
    struct artifacts *out;
    struct names *sums; // that are in already
};

static void add(struct collecting *c, const struct manifest_model *model,
                const struct manifest_source *source) {
    if (source->urls.count == 0)
        return;
    const char *sum = source->sha256 != NULL ? source->sha256 : source->sha384;
    void **slot = names_slot(c->sums, sum);
    if (*slot != NULL)
        return;
    *slot = c;
    const char *name = source->name;
    if (name == NULL)
        name = "archive";
    c->out->names[c->out->count] = arena_printf(c->arena, "%s %s", model->name, name);
    c->out->items[c->out->count++] = (struct fetch_item){
        .urls = (const char *const *)source->urls.items,
        .url_count = source->urls.count,
        .sha256 = source->sha256,
        .sha384 = source->sha384,
        .size = source->size,
    };
}

void artifacts_of(struct arena *arena, const struct zoo *zoo, struct artifacts *out) {
    struct collecting c = {.arena = arena, .out = out, .sums = names_new(arena)};
    uint32_t most = 0;
    for (uint32_t i = 0; i < zoo->count; i++)
        most += zoo->models[i]->sources.count + (zoo->models[i]->archive != NULL);
    *out = (struct artifacts){.items = arena_array_of(arena, most, struct fetch_item),
                              .names = arena_array_of(arena, most, const char *)};
    for (uint32_t i = 0; i < zoo->count; i++) {
        const struct manifest_model *model = zoo->models[i];
        if (model->archive != NULL)
            add(&c, model, &model->archive->file);
        for (uint32_t k = 0; k < model->sources.count; k++)
            add(&c, model, &model->sources.items[k]);
    }
}
