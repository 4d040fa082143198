// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cache/fetch.h"
#include "compiler/base/map.h"

static const char *archive_name(struct arena *arena, const struct manifest_source *file) {
    return file->path != NULL ? file->path : fetch_shown_url(arena, file->urls.items[0]);
}

void list_write(struct arena *arena, struct strbuf *to, const struct plan_request *request) {
    const struct zoo *zoo = request->zoo;
    for (uint32_t i = 0; i < zoo->count; i++) {
        const struct manifest_model *model = zoo->models[i];
        strbuf_printf(to, "model\t%s\t%s\n", model->name,
                      model->framework == NULL ? "-" : model->framework);
        if (model->archive != NULL)
            strbuf_printf(to, "archive\t%s\n", archive_name(arena, &model->archive->file));
        else if (manifest_has_folder(model))
            strbuf_puts(to, "sources\n");
        for (uint32_t v = 0; v < model->versions.count; v++) {
            for (uint32_t k = 0; k < model->precisions.count; k++) {
                const char *precision = model->precisions.items[k];
                const char *version = model->versions.items[v];
                strbuf_printf(to, "variant\t%s\t%s\t%s\t%u\n",
                              plan_variant(arena, model, precision, v), precision, version,
                              plan_goldens(request, model, v));
            }
        }
    }
}

enum { MOST_FIELDS = 5 };

struct parsing {
    struct arena *arena;
    struct list *list;
    uint32_t models, variants; // capacities
};

static void add_model(struct parsing *p, char **fields) {
    struct list *list = p->list;
    if (list->count == p->models) {
        p->models = p->models == 0 ? 64 : p->models * 2;
        struct list_model *models = arena_array_of(p->arena, p->models, struct list_model);
        for (uint32_t i = 0; i < list->count; i++)
            models[i] = list->models[i];
        list->models = models;
    }
    struct list_model *model = &list->models[list->count++];
    model->name = fields[1];
    model->framework = strcmp(fields[2], "-") == 0 ? NULL : fields[2];
    p->variants = 0;
}

static void add_variant(struct parsing *p, struct list_model *model, char **fields) {
    if (model->variant_count == p->variants) {
        p->variants = p->variants == 0 ? 2 : p->variants * 2;
        struct list_variant *variants = arena_array_of(p->arena, p->variants, struct list_variant);
        for (uint32_t i = 0; i < model->variant_count; i++)
            variants[i] = model->variants[i];
        model->variants = variants;
    }
    model->variants[model->variant_count++] = (struct list_variant){
        .name = fields[1],
        .precision = fields[2],
        .version = fields[3],
        .goldens = (unsigned)strtoul(fields[4], NULL, 10),
    };
}

static bool parse_line(struct parsing *p, char *line) {
    char *fields[MOST_FIELDS], *rest = line;
    size_t count = 0;
    while (count < MOST_FIELDS && rest != NULL)
        fields[count++] = strsep(&rest, "\t");
    struct list_model *model = p->list->count == 0 ? NULL : &p->list->models[p->list->count - 1];
    if (count == 3 && strcmp(fields[0], "model") == 0)
        add_model(p, fields);
    else if (count == 2 && model != NULL && strcmp(fields[0], "archive") == 0)
        model->archive = fields[1], model->has_folder = true;
    else if (count == 1 && model != NULL && strcmp(fields[0], "sources") == 0)
        model->has_folder = true;
    else if (count == 5 && model != NULL && strcmp(fields[0], "variant") == 0)
        add_variant(p, model, fields);
    else
        return false;
    return rest == NULL;
}

struct list *list_read(struct arena *arena, const char *folder) {
    struct slice content;
    if (!map_file(arena, arena_printf(arena, "%s/.zooc/zoo.list", folder), &content))
        return NULL;
    char *text = arena_strndup(arena, (const char *)content.data, content.size);
    struct parsing p = {.arena = arena, .list = arena_new_of(arena, struct list)};
    while (text != NULL && *text != '\0') {
        if (!parse_line(&p, strsep(&text, "\n"))) {
            errno = EINVAL;
            return NULL;
        }
    }
    return p.list;
}
