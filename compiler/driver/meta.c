// SPDX-License-Identifier: Apache-2.0
// The record that the IR keeps of its own making, by name. It holds what was asked for, not where
// the model lay nor how it was stored: one model gives one IR from each of its forms.
#include "compiler/driver/driver.h"

// Flags as the Model Optimizer writes them; a path without its folders.
static const char *meta_text(struct conversion *c, const struct option_def *def, const char *text) {
    if (def->kind == OPTION_FLAG)
        return strcmp(text, "true") == 0 ? "True" : "False";
    if (!option_reads_path(def))
        return text;
    const char *slash = strrchr(text, '/');
    return arena_printf(c->arena, "DIR/%s", slash == NULL ? text : slash + 1);
}

static const char *target_text(struct conversion *c, const struct conversion_target *target,
                               enum option_id id) {
    switch (id) {
    case OPT_framework:
        return c->frontend->name;
    case OPT_data_type:
        return dtype_classic_name(target->data_type);
    case OPT_ir_version:
        return arena_printf(c->arena, "%d", target->ir_version);
    default:
        return option_text(c->options, id);
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct meta_entry *)a)->name, ((const struct meta_entry *)b)->name);
}

const struct meta_entry *driver_meta(struct conversion *c, const struct conversion_target *target,
                                     uint32_t *count) {
    struct meta_entry *rows = arena_array_of(c->arena, OPTION_COUNT_OF_IDS, struct meta_entry);
    *count = 0;
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        const struct option_def *def = &option_table[i];
        if (def->role != OPTION_CONVERTS && i != OPT_framework)
            continue;
        if (!driver_option_serves(c, def))
            continue;
        const char *text = target_text(c, target, (enum option_id)i);
        rows[(*count)++] = (struct meta_entry){
            .name = def->name,
            .value = text == NULL ? NULL : meta_text(c, def, text),
            .unset = text == NULL,
        };
    }
    qsort(rows, *count, sizeof(rows[0]), by_name);
    return rows;
}
