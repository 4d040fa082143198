// SPDX-License-Identifier: Apache-2.0
#include "frontends/mxnet/files.h"

#include <string.h>

#include "frontends/mxnet/save.h"
#include "frontends/source.h"

struct opener {
    struct arena *arena;
    struct diag *diag;
    const struct import_options *options;
};

static const char *option(const struct opener *o, const char *name) {
    return o->options->option == NULL ? NULL : o->options->option(o->options->options, name);
}

// Length of PREFIX in PREFIX-NNNN.params or PREFIX.params; a prefix may itself end in "-0".
static size_t prefix_length(const char *path) {
    size_t length = strlen(path);
    if (source_has_suffix(path, ".params"))
        length -= strlen(".params");
    size_t digits = length;
    while (digits > 0 && path[digits - 1] >= '0' && path[digits - 1] <= '9')
        digits--;
    bool numbered = length - digits >= 4 && digits > 0 && path[digits - 1] == '-';
    return numbered ? digits - 1 : length;
}

static const char *folder_of(const struct opener *o, const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? "" : arena_strndup(o->arena, path, (size_t)(slash - path) + 1);
}

static bool find_symbol(const struct opener *o, const char *params, const char **out) {
    *out = o->options->symbol;
    if (*out == NULL)
        *out = arena_printf(o->arena, "%.*s-symbol.json", (int)prefix_length(params), params);
    if (source_exists(*out))
        return true;
    diag_report(o->diag, NULL, SYMBOL_MISSING, *out);
    return false;
}

// --- .nd files over a pretrained model -----------------------------------------------------------

static bool is_epoch_of(const char *file, const void *base) {
    size_t length = strlen(base);
    return strncmp(file, base, length) == 0 && file[length] == '-' &&
           source_has_suffix(file, ".params") && prefix_length(file) == length;
}

// NAME without epoch and suffix: the last NAME-NNNN.params of its folder.
static const char *latest_epoch(const struct opener *o, const char *name) {
    const char *folder = folder_of(o, name);
    const char *last = source_last_of(o->arena, folder, is_epoch_of, name + strlen(folder));
    return last == NULL ? NULL : arena_printf(o->arena, "%s%s", folder, last);
}

static const char *pretrained_file(const struct opener *o, const char *name) {
    if (source_exists(name) && !source_is_folder(name))
        return name;
    const char *found = latest_epoch(o, name);
    return found != NULL ? found : arena_printf(o->arena, "%s-0000.params", name);
}

static bool open_nd(const struct opener *o, const char *prefix, const char *name,
                    struct mxnet_model *out) {
    const char *pretrained = pretrained_file(o, name);
    const char *folder = folder_of(o, o->options->symbol);
    const char *before = strchr(prefix, '/') == NULL ? folder : ""; // else it is a path
    const char *args = arena_printf(o->arena, "%s%s_args.nd", before, prefix);
    const char *auxs = arena_printf(o->arena, "%s%s_auxs.nd", before, prefix);
    struct mxnet_params base, arg_arrays, aux_arrays = {0};
    if (!mxnet_read_params(o->arena, o->diag, pretrained, &base) ||
        !mxnet_read_params(o->arena, o->diag, args, &arg_arrays) ||
        (source_exists(auxs) && !mxnet_read_params(o->arena, o->diag, auxs, &aux_arrays)))
        return false;
    for (uint64_t i = 0; i < aux_arrays.count; i++)
        aux_arrays.arrays[i].auxiliary = true;
    struct mxnet_params over = mxnet_merge_params(o->arena, &aux_arrays, &arg_arrays);
    out->params = mxnet_merge_params(o->arena, &base, &over);
    const char *save = option(o, "save_params_from_nd");
    if (save == NULL || strcmp(save, "true") != 0)
        return true;
    const char *epoch = pretrained + strlen(folder_of(o, pretrained));
    return mxnet_save_params(o->diag, arena_printf(o->arena, "%s%s", folder, epoch), &out->params);
}

static bool open_model(const struct opener *o, const char **symbol, struct mxnet_model *out) {
    const char *prefix = option(o, "nd_prefix_name"), *name = option(o, "pretrained_model_name");
    if (prefix != NULL || name != NULL) {
        if (prefix == NULL || name == NULL || o->options->symbol == NULL) {
            diag_report(o->diag, NULL, ND_FILES);
            return false;
        }
        return find_symbol(o, name, symbol) && open_nd(o, prefix, name, out);
    }
    const char *model = o->options->model;
    if (model == NULL) {
        diag_report(o->diag, NULL, OPTION_MISSING, "--input_model");
        return false;
    }
    if (!source_has_suffix(model, ".params") && !source_has_suffix(model, ".nd") &&
        o->options->symbol == NULL) {
        diag_report(o->diag, NULL, MXNET_SUFFIX, model);
        return false;
    }
    return find_symbol(o, model, symbol) &&
           mxnet_read_params(o->arena, o->diag, model, &out->params);
}

bool mxnet_open(struct arena *arena, struct diag *diag, const struct import_options *options,
                struct mxnet_model *out) {
    struct opener o = {.arena = arena, .diag = diag, .options = options};
    const char *symbol;
    return open_model(&o, &symbol, out) && mxnet_read_symbol(arena, diag, symbol, &out->symbol);
}
