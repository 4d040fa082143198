// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/files.h"

#include <string.h>

#include "frontends/source.h"
#include "frontends/text/text.h"
#include "frontends/tf/checkpoint.h"
#include "frontends/tf/events.h"
#include "frontends/tf/functions.h"
#include "frontends/tf/saved_model.h"
#include "frontends/tf/table.h"
#include "frontends/tf/variables.h"
#include "frontends/wire/wire.h"

struct model { // what the files are
    struct import_options *options;
    struct tf_graph *g;
    bool is_text;
    const char *checkpoint; // where the variables are, or NULL
    const Tensorflow__GraphDef *graph;
    const Tensorflow__MetaGraphDef *meta; // NULL: the file is a graph alone
};

static const char *option(const struct model *m, const char *name) {
    const struct import_options *o = m->options;
    return o->option == NULL ? NULL : o->option(o->options, name);
}

// --- reading -------------------------------------------------------------------------------------

// Whether a file is text format: words and blanks alone, and a message is opened.
static bool looks_like_text(struct slice bytes) {
    enum { LOOKED_AT = 256 };
    bool opens = false;
    for (uint64_t i = 0; i < bytes.size && i < LOOKED_AT; i++) {
        uint8_t c = bytes.data[i];
        if (c < '\t' || (c > '\r' && c < ' '))
            return false;
        opens |= c == '{';
    }
    return opens;
}

static const ProtobufCMessage *read_message(const struct model *m, const char *path,
                                            const ProtobufCMessageDescriptor *descriptor) {
    struct tf_graph *g = m->g;
    struct slice bytes;
    g->file = path;
    if (!source_open(g->arena, g->diag, path, &bytes))
        return NULL;
    if (m->is_text || source_has_suffix(path, ".pbtxt"))
        return text_parse(g->arena, g->diag, path, bytes, descriptor, TEXT_UNKNOWN_KEEP);
    const char *other = looks_like_text(bytes) ? "it is text"
                        : table_is(bytes)      ? "it is a checkpoint, which belongs to "
                                                 "--input_checkpoint"
                                               : NULL;
    if (other == NULL)
        return wire_unpack(g->arena, g->diag, path, bytes, descriptor);
    diag_report(g->diag, NULL, TF_READ, path, other);
    return NULL;
}

static bool read_graph(struct model *m, const char *path) {
    m->graph =
        (const Tensorflow__GraphDef *)read_message(m, path, &tensorflow__graph_def__descriptor);
    return m->graph != NULL;
}

// --- MetaGraphs ----------------------------------------------------------------------------------

// The .meta file, when it or one that lies beside it is named.
static const char *meta_path(struct arena *arena, const char *path) {
    static const char *const beside[] = {".index", ".data-"};
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        const char *found = strstr(name, beside[i]);
        if (found != NULL && !source_has_suffix(path, ".meta"))
            return arena_printf(arena, "%.*s.meta", (int)(found - path), path);
    }
    return path;
}

static bool read_meta(struct model *m, const char *path) {
    path = meta_path(m->g->arena, path);
    m->meta = (const Tensorflow__MetaGraphDef *)read_message(
        m, path, &tensorflow__meta_graph_def__descriptor);
    if (m->meta == NULL)
        return false;
    m->graph = m->meta->graph_def;
    if (m->checkpoint == NULL)
        m->checkpoint = source_beside(m->g->arena, path, "");
    return true;
}

static bool read_saved_model(struct model *m, const char *folder) {
    const char *path = saved_model_file(m->g->arena, folder);
    const Tensorflow__SavedModel *all =
        (const Tensorflow__SavedModel *)read_message(m, path, &tensorflow__saved_model__descriptor);
    m->meta = all == NULL ? NULL : saved_model_choose(m->g, all, option(m, "saved_model_tags"));
    if (m->meta == NULL)
        return false;
    m->graph = m->meta->graph_def;
    m->checkpoint = arena_printf(m->g->arena, "%.*s/variables/variables",
                                 (int)(strrchr(path, '/') - path), path);
    return true;
}

static bool read_model(struct model *m) {
    const char *saved = option(m, "saved_model_dir"), *meta = option(m, "input_meta_graph");
    const char *model = m->options->model;
    m->checkpoint = option(m, "input_checkpoint");
    if (saved != NULL)
        return read_saved_model(m, saved);
    if (meta != NULL)
        return read_meta(m, meta);
    if (model == NULL) {
        diag_report(m->g->diag, NULL, OPTION_MISSING, "--input_model");
        return false;
    }
    saved = saved_model_folder(m->g->arena, model);
    if (saved != NULL)
        return read_saved_model(m, saved);
    return source_has_suffix(model, ".meta") ? read_meta(m, model) : read_graph(m, model);
}

// --- the graph -----------------------------------------------------------------------------------

static bool freeze(const struct model *m) {
    struct checkpoint *c = NULL;
    if (!tf_has_variables(m->g) && option(m, "input_checkpoint") != NULL)
        diag_report(m->g->diag, NULL, OPTION_IGNORED, "input_checkpoint",
                    "the graph has no variables");
    if (m->checkpoint != NULL && tf_has_variables(m->g)) {
        c = checkpoint_open(m->g->arena, m->g->diag, m->checkpoint);
        if (c == NULL)
            return false;
    }
    const Tensorflow__SaverDef *saver = m->meta == NULL ? NULL : m->meta->saver_def;
    return tf_freeze(m->g, c, saver == NULL ? NULL : saver->restore_op_name);
}

bool tf_open(struct import_options *options, struct tf_graph *g) {
    struct model m = {.options = options, .g = g};
    const char *text = option(&m, "input_model_is_text"), *events;
    m.is_text = text != NULL && strcmp(text, "true") == 0;
    if (!read_model(&m))
        return false;
    if (m.graph == NULL || m.graph->n_node == 0) {
        diag_report(g->diag, NULL, TF_READ, g->file, "it has no nodes");
        return false;
    }
    events = option(&m, "tensorboard_logdir");
    if (events != NULL)
        events_write_graph(g->arena, g->diag, events, m.graph);
    return tf_graph_add(g, m.graph) && tf_inline_functions(g) && freeze(&m) &&
           (m.meta == NULL || saved_model_sign(g, m.meta, options));
}
