// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/saved_model.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/map.h"
#include "compiler/base/strbuf.h"
#include "frontends/source.h"
#include "frontends/tf/layers.h"

static const struct {
    const char *name;
    const char *start; // the version of its schema stands first, and so in no graph
} files[] = {{"saved_model.pb", "\x08"}, {"saved_model.pbtxt", "saved_model_schema_version"}};

static const char *file_in(struct arena *arena, const char *folder, size_t which) {
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    return arena_printf(arena, "%.*s/%s", (int)length, folder, files[which].name);
}

const char *saved_model_file(struct arena *arena, const char *folder) {
    const char *binary = file_in(arena, folder, 0), *text = file_in(arena, folder, 1);
    return source_exists(binary) || !source_exists(text) ? binary : text;
}

const char *saved_model_folder(struct arena *arena, const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
    struct slice bytes;
    if (source_is_folder(path))
        return source_exists(saved_model_file(arena, path)) ? path : NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(name, files[i].name) == 0 && map_file(arena, path, &bytes) &&
            slice_starts(bytes, files[i].start))
            return slash == NULL ? "." : arena_strndup(arena, path, (size_t)(slash - path) + 1);
    return NULL;
}

// --- tags ----------------------------------------------------------------------------------------

static const char *next_tag(const char **list, size_t *length) {
    const char *tag = *list + strspn(*list, ", ");
    *length = strcspn(tag, ", ");
    *list = tag + *length;
    return tag;
}

static bool holds_tag(const Tensorflow__MetaGraphDef__MetaInfoDef *info, const char *tag,
                      size_t length) {
    for (size_t i = 0; info != NULL && i < info->n_tags; i++)
        if (strlen(info->tags[i]) == length && strncmp(info->tags[i], tag, length) == 0)
            return true;
    return false;
}

static bool has_tags(const Tensorflow__MetaGraphDef *meta, const char *tags) {
    size_t count = 0, length;
    for (const char *tag = next_tag(&tags, &length); length > 0; tag = next_tag(&tags, &length)) {
        if (!holds_tag(meta->meta_info_def, tag, length))
            return false;
        count++;
    }
    return count == (meta->meta_info_def == NULL ? 0 : meta->meta_info_def->n_tags);
}

// "'serve' and 'serve,gpu'"
static const char *all_tags(struct arena *arena, const Tensorflow__SavedModel *model) {
    struct strbuf text = STRBUF_INIT;
    for (size_t i = 0; i < model->n_meta_graphs; i++) {
        const Tensorflow__MetaGraphDef__MetaInfoDef *info = model->meta_graphs[i]->meta_info_def;
        strbuf_puts(&text, i == 0 ? "'" : i + 1 < model->n_meta_graphs ? ", '" : " and '");
        for (size_t k = 0; info != NULL && k < info->n_tags; k++)
            strbuf_printf(&text, "%s%s", k == 0 ? "" : ",", info->tags[k]);
        strbuf_putc(&text, '\'');
    }
    const char *out = text.length == 0 ? "none" : arena_strdup(arena, text.data);
    strbuf_free(&text);
    return out;
}

const Tensorflow__MetaGraphDef *
saved_model_choose(struct tf_graph *g, const Tensorflow__SavedModel *model, const char *tags) {
    for (size_t i = 0; i < model->n_meta_graphs; i++)
        if (has_tags(model->meta_graphs[i], tags == NULL ? "serve" : tags))
            return model->meta_graphs[i];
    if (tags == NULL && model->n_meta_graphs == 1)
        return model->meta_graphs[0];
    diag_report(g->diag, NULL, TAGS_UNKNOWN, g->file, tags == NULL ? "serve" : tags,
                all_tags(g->arena, model));
    return NULL;
}

// --- signatures ----------------------------------------------------------------------------------

// Names that begin so are TensorFlow's own.
static bool is_for_users(const Tensorflow__MetaGraphDef__SignatureEntry *e) {
    return e->key != NULL && e->value != NULL && strncmp(e->key, "__saved_model", 13) != 0;
}

static int rank_of(const Tensorflow__MetaGraphDef__SignatureEntry *e) {
    if (strcmp(e->key, "serving_default") == 0)
        return 2;
    return e->value->method_name != NULL &&
           strcmp(e->value->method_name, "tensorflow/serving/predict") == 0;
}

// The one that is served unless another is asked for; else one that predicts. Names decide between
// two alike: a map has no order.
static const Tensorflow__SignatureDef *choose_signature(const Tensorflow__MetaGraphDef *meta) {
    const Tensorflow__MetaGraphDef__SignatureEntry *best = NULL;
    for (size_t i = 0; i < meta->n_signature_def; i++) {
        const Tensorflow__MetaGraphDef__SignatureEntry *e = meta->signature_def[i];
        if (!is_for_users(e))
            continue;
        int better = best == NULL ? 1 : rank_of(e) - rank_of(best);
        if (better > 0 || (better == 0 && strcmp(e->key, best->key) < 0))
            best = e;
    }
    return best == NULL ? NULL : best->value;
}

struct named { // a tensor of a signature
    const char *key;
    const Tensorflow__TensorInfo *info;
    struct tf_edge edge;
};

static int by_place(const void *a, const void *b) {
    const struct named *x = a, *y = b;
    if (x->edge.node != y->edge.node)
        return x->edge.node < y->edge.node ? -1 : 1;
    return (x->edge.output > y->edge.output) - (x->edge.output < y->edge.output);
}

// The tensors in the order of their nodes, each once. False after a report.
static bool find_tensors(struct tf_graph *g, Tensorflow__SignatureDef__Entry *const *entries,
                         size_t count, struct named *out, uint32_t *found) {
    *found = 0;
    for (size_t i = 0; i < count; i++) {
        const Tensorflow__TensorInfo *info = entries[i]->value;
        if (info == NULL || info->name == NULL || *info->name == '\0')
            continue; // a sparse tensor has several names elsewhere
        struct named t = {entries[i]->key, info, tf_parse_edge(g, info->name)};
        if (t.edge.node == TF_NONE) {
            diag_report(
                g->diag, NULL, TF_CORRUPT, g->file,
                arena_printf(g->arena, "its signature names '%s', which is not there", info->name));
            return false;
        }
        out[(*found)++] = t;
    }
    if (*found > 1)
        qsort(out, *found, sizeof *out, by_place);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < *found; i++)
        if (kept == 0 || by_place(&out[kept - 1], &out[i]) != 0)
            out[kept++] = out[i];
    *found = kept;
    return true;
}

static const char *edge_text(const struct tf_graph *g, struct tf_edge e) {
    const char *name = g->nodes[e.node].name;
    return e.output == 0 ? name : arena_printf(g->arena, "%s:%u", name, e.output);
}

static bool sign_outputs(struct tf_graph *g, const Tensorflow__SignatureDef *signature,
                         struct import_options *options) {
    uint32_t count;
    struct named *all = arena_array_of(g->arena, signature->n_outputs, struct named);
    if (!find_tensors(g, signature->outputs, signature->n_outputs, all, &count))
        return false;
    const char **outputs = arena_array_of(g->arena, count, const char *);
    for (uint32_t i = 0; i < count; i++)
        outputs[i] = edge_text(g, all[i].edge);
    options->outputs = outputs;
    options->output_count = count;
    return true;
}

static bool is_placeholder(const struct tf_graph *g, struct tf_edge e) {
    const struct tf_layer_row *row = tf_layer_find(g->nodes[e.node].op);
    return row != NULL && row->kind == TF_INPUT;
}

static struct import_input input_of(const struct tf_graph *g, const struct named *t,
                                    const struct import_options *options) {
    struct import_input in = {.name = g->nodes[t->edge.node].name,
                              .port = (int)t->edge.output,
                              .type = tf_dtype((int)t->info->dtype)};
    in.has_shape = tf_shape(t->info->tensor_shape, &in.shape) && in.shape.rank != RANK_UNKNOWN;
    if (options->batch > 0 && in.has_shape && in.shape.rank > 0)
        in.shape.dims[0] = options->batch;
    for (uint32_t i = 0; i < options->input_count; i++) {
        const struct import_input *said = &options->inputs[i];
        if (said->name != NULL && strcmp(said->name, in.name) != 0)
            continue;
        in.frozen_value = said->frozen_value;
        if (said->has_shape) {
            in.has_shape = true;
            in.shape = said->shape;
        }
    }
    return in;
}

// Placeholders are inputs anyway. A model that is fed elsewhere (at a placeholder with a default)
// is cut there.
static bool sign_inputs(struct tf_graph *g, const Tensorflow__SignatureDef *signature,
                        struct import_options *options) {
    uint32_t count, cuts = 0;
    struct named *all = arena_array_of(g->arena, signature->n_inputs, struct named);
    if (!find_tensors(g, signature->inputs, signature->n_inputs, all, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        cuts += !is_placeholder(g, all[i].edge);
    if (cuts == 0)
        return true;
    struct import_input *inputs =
        arena_array_of(g->arena, count + options->input_count, struct import_input);
    for (uint32_t i = 0; i < count; i++)
        inputs[i] = input_of(g, &all[i], options);
    for (uint32_t i = 0; i < options->input_count; i++) { // frozen ones that are none of its inputs
        bool known = options->inputs[i].name == NULL;
        for (uint32_t k = 0; k < count && !known; k++)
            known = strcmp(options->inputs[i].name, inputs[k].name) == 0;
        if (!known)
            inputs[count++] = options->inputs[i];
    }
    options->inputs = inputs;
    options->input_count = count;
    return true;
}

bool saved_model_sign(struct tf_graph *g, const Tensorflow__MetaGraphDef *meta,
                      struct import_options *options) {
    const Tensorflow__SignatureDef *signature = choose_signature(meta);
    if (signature == NULL)
        return true;
    return (options->output_count > 0 || sign_outputs(g, signature, options)) &&
           (options->inputs_given || sign_inputs(g, signature, options));
}
