// SPDX-License-Identifier: Apache-2.0
#include "compiler/driver/convert.h"

#include <errno.h>
#include <sys/stat.h>

#include "compiler/driver/driver.h"
#include "compiler/options/values.h"

// ---- Framework and name ----

// Options that only one framework's models have, in the order in which they decide.
static const struct {
    enum option_id option;
    const char *framework;
} framework_hints[] = {
    {OPT_saved_model_dir, "tf"},          {OPT_input_meta_graph, "tf"}, {OPT_input_symbol, "mxnet"},
    {OPT_pretrained_model_name, "mxnet"}, {OPT_input_proto, "caffe"},
};

// Options that can be the model, and what it is called then (NULL: as its file).
static const struct {
    enum option_id option;
    const char *name;
} model_sources[] = {
    {OPT_input_model, NULL},      {OPT_saved_model_dir, "saved_model"},
    {OPT_input_meta_graph, NULL}, {OPT_input_symbol, NULL},
    {OPT_input_proto, NULL},      {OPT_pretrained_model_name, NULL},
};

static const char *source_path(const struct conversion *c, size_t *which) {
    for (size_t i = 0; i < sizeof(model_sources) / sizeof(model_sources[0]); i++) {
        const char *path = c->options->text[model_sources[i].option];
        if (path != NULL) {
            *which = i;
            return path;
        }
    }
    return NULL;
}

static const char *framework_name(const struct conversion *c) {
    const char *name = c->options->text[OPT_framework];
    for (size_t i = 0; name == NULL && i < sizeof(framework_hints) / sizeof(framework_hints[0]);
         i++)
        if (c->options->text[framework_hints[i].option] != NULL)
            name = framework_hints[i].framework;
    return name;
}

// "/path/net.caffemodel" gives "net"; a hidden file gives "model".
static const char *base_name(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t length = dot != NULL ? (size_t)(dot - base) : strlen(base);
    return length == 0 ? "model" : arena_strndup(arena, base, length);
}

// The nearest folder above `path` that exists must be one we may write into.
static bool check_output_dir(struct conversion *c) {
    const char *path = option_text(c->options, OPT_output_dir);
    char *parent = arena_strdup(c->arena, path);
    struct stat st;
    while (stat(parent, &st) != 0 && errno == ENOENT) {
        char *slash = strrchr(parent, '/');
        if (slash == NULL || slash == parent)
            parent = arena_strdup(c->arena, slash == NULL ? "." : "/");
        else
            *slash = '\0';
    }
    if (stat(parent, &st) == 0 && !S_ISDIR(st.st_mode))
        errno = ENOTDIR;
    else if (access(parent, W_OK | X_OK) == 0)
        return true;
    diag_report(c->diag, NULL, OUTPUT_DIR, path, strerror(errno));
    return false;
}

bool driver_option_serves(const struct conversion *c, const struct option_def *def) {
    const char *framework = option_group_framework(def->group);
    return framework == NULL || strcmp(framework, c->frontend->name) == 0;
}

// Options of another framework have no effect; say so.
static void warn_other_frameworks(struct conversion *c) {
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++)
        if (c->options->text[i] != NULL && !driver_option_serves(c, &option_table[i]))
            diag_report(c->diag, NULL, OPTION_OTHER_FRAMEWORK, option_table[i].name,
                        c->frontend->title);
}

bool conversion_begin(struct conversion *c) {
    size_t which = 0;
    const char *path = source_path(c, &which);
    if (path == NULL) {
        diag_report(c->diag, NULL, OPTION_MISSING, option_table[OPT_input_model].name);
        return false;
    }
    const char *framework = framework_name(c);
    c->frontend = framework != NULL ? frontend_find(framework) : frontend_detect(path, c->diag);
    if (c->frontend == NULL && framework != NULL)
        diag_report(c->diag, NULL, NOT_SUPPORTED,
                    arena_printf(c->arena, "framework '%s'", framework), "it has no front end");
    if (c->frontend == NULL)
        return false;
    c->model_name = c->options->text[OPT_model_name];
    if (c->model_name == NULL)
        c->model_name = model_sources[which].name;
    if (c->model_name == NULL)
        c->model_name = base_name(c->arena, path);
    warn_other_frameworks(c);
    return check_output_dir(c);
}

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
