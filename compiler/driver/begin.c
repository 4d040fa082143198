// SPDX-License-Identifier: Apache-2.0
// What a conversion is of: the framework, the name of the model, the folder that it may write into.
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/driver/driver.h"
#include "compiler/options/values.h"

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
