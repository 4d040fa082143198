// SPDX-License-Identifier: Apache-2.0
#include "compiler/driver/convert.h"

#include <unistd.h>

#include "compiler/driver/driver.h"
#include "compiler/options/values.h"

// ---- Targets ----

struct conversion_target *conversion_targets(struct conversion *c, uint32_t *count) {
    struct option_names versions, types;
    driver_names(c, OPT_ir_version, &versions);
    driver_names(c, OPT_data_type, &types);
    *count = versions.count * types.count;
    struct conversion_target *targets = arena_array_of(c->arena, *count, struct conversion_target);
    const char *output_dir = option_text(c->options, OPT_output_dir);
    for (uint32_t i = 0; i < *count; i++) {
        const char *version = versions.items[i / types.count], *type = types.items[i % types.count];
        targets[i].ir_version = (int)strtol(version, NULL, 10);
        targets[i].data_type = dtype_from_classic_name(type);
        targets[i].output_dir = output_dir;
        if (*count > 1)
            targets[i].output_dir =
                i < types.count ? arena_printf(c->arena, "%s/%s", output_dir, type)
                                : arena_printf(c->arena, "%s/%s-v%s", output_dir, type, version);
    }
    return targets;
}

// ---- The road ----

struct graph *conversion_import(struct conversion *c) {
    struct import_options import;
    if (!driver_import_options(c, &import))
        return NULL;
    struct graph *g = graph_new(c->arena, c->diag, c->model_name);
    if (!c->frontend->import(&import, g) || !driver_layouts(c, g))
        return NULL;
    // Rather than the name that the model gives itself, if it does.
    if (c->options->text[OPT_model_name] != NULL || g->name == NULL || *g->name == '\0')
        g->name = c->model_name;
    return g;
}

// A copy of the graph in the operators of the target's dialect; NULL after a report.
static struct graph *lower_target(struct graph *g, struct pass_options *passes,
                                  const struct conversion_target *target) {
    struct graph *copy = graph_clone(g);
    passes->ir_version = target->ir_version;
    return passes_lower(copy, dialect_of_version(target->ir_version), passes) ? copy : NULL;
}

static bool write_target(struct conversion *c, struct graph *g, struct conversion_target *target) {
    struct emit_options emit = {.ir_version = target->ir_version,
                                .data_type = target->data_type,
                                .model_name = c->model_name,
                                .output_dir = target->output_dir,
                                .write_mapping = true};
    emit.meta = driver_meta(c, target, &emit.meta_count);
    return emit_ir(g, &emit, &target->result);
}

static void remove_target(const struct conversion_target *target) {
    const char *files[] = {target->result.xml, target->result.bin, target->result.mapping};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (files[i] != NULL)
            unlink(files[i]);
}

// All are lowered before the first is written: most failures show by then.
static bool write_targets(struct conversion *c, struct graph *g, struct pass_options *passes,
                          struct conversion_target *targets, uint32_t count) {
    struct graph **lowered = arena_array_of(c->arena, count, struct graph *);
    for (uint32_t i = 0; i < count; i++) {
        lowered[i] = lower_target(g, passes, &targets[i]);
        if (lowered[i] == NULL)
            return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (write_target(c, lowered[i], &targets[i]))
            continue;
        while (i-- > 0)
            remove_target(&targets[i]);
        return false;
    }
    return true;
}

bool conversion_run(struct conversion *c, struct conversion_target *targets, uint32_t count) {
    struct graph *g = conversion_import(c);
    struct pass_options passes = {.ir_version = targets[0].ir_version};
    return g != NULL && driver_pass_options(c, g, &passes) && passes_optimize(g, &passes) &&
           write_targets(c, g, &passes, targets, count);
}
