// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/files.h"

#include <string.h>

#include "frontends/source.h"
#include "frontends/text/text.h"
#include "frontends/wire/wire.h"

static const char *option(const struct import_options *options, const char *name) {
    return options->option == NULL ? NULL : options->option(options->options, name);
}

static ProtobufCMessage *read_message(struct tf_graph *g, const char *path, bool is_text,
                                      const ProtobufCMessageDescriptor *descriptor) {
    struct slice bytes;
    if (!source_open(g->arena, g->diag, path, &bytes))
        return NULL;
    return is_text ? text_parse(g->arena, g->diag, path, bytes, descriptor, TEXT_UNKNOWN_KEEP)
                   : wire_unpack(g->arena, g->diag, path, bytes, descriptor);
}

static bool open_graph(const struct import_options *options, struct tf_graph *g) {
    const char *text = option(options, "input_model_is_text");
    bool is_text =
        (text != NULL && strcmp(text, "true") == 0) || source_has_suffix(options->model, ".pbtxt");
    const ProtobufCMessage *message =
        read_message(g, options->model, is_text, &tensorflow__graph_def__descriptor);
    if (message == NULL)
        return false;
    const Tensorflow__GraphDef *def = (const Tensorflow__GraphDef *)(const void *)message;
    if (def->n_node == 0) {
        diag_report(g->diag, NULL, TF_READ, options->model, "it has no nodes");
        return false;
    }
    return tf_graph_add(g, def);
}

bool tf_open(const struct import_options *options, struct tf_graph *g) {
    if (options->model == NULL) {
        diag_report(g->diag, NULL, OPTION_MISSING, "--input_model");
        return false;
    }
    return open_graph(options, g);
}
