// SPDX-License-Identifier: Apache-2.0
// What a front end is: it bids on a source file and imports it into a graph. One folder and one row
// of frontends.def per framework.
#ifndef ZOOC_FRONTEND_H
#define ZOOC_FRONTEND_H

#include "compiler/graph/graph.h"
#include "frontends/extension.h"

struct import_input { // one entry of --input / --input_shape / --freeze_placeholder_with_value
    const char *name; // source node, as the user wrote it without port; NULL: by position
    int port;         // N of "N:name" (input port) or of "name:N" (output port); -1 = none
    bool port_is_input;
    bool has_shape;
    struct shape shape;   // in the source framework's layout
    const int64_t *least; // limits of its unknown dimensions, or NULL; a `most` of -1: none
    const int64_t *most;
    enum dtype type;          // DT_UNKNOWN: as the source says
    const char *frozen_value; // text after "->", or NULL
};

struct import_options {
    const char *model;                                            // --input_model, or NULL
    const char *proto;                                            // --input_proto (Caffe)
    const char *symbol;                                           // --input_symbol (MXNet)
    const char *custom_layers;                                    // -k
    const struct extensions *extensions;                          // or NULL
    const char *(*option)(const void *options, const char *name); // any other option's text by the
    const void *options; // Model Optimizer's name, NULL when not given
    const struct import_input *inputs;
    uint32_t input_count;
    bool inputs_given; // --input was given: cut there
    const char *const *outputs;
    uint32_t output_count;
    int64_t batch; // --batch, 0 = none
};

// One kind of layer that a front end imports.
struct frontend_layer {
    const char *type;    // in the source framework
    unsigned line;       // of the guide's table of supported layers, 0 = not in it
    const char *meaning; // what becomes of it: an operator, or one of "input", "dropped", "several"
};

struct frontend {
    const char *name;  // "caffe", "mxnet", "tf", "kaldi", "onnx"
    const char *title; // "Caffe"
    // 0 (not mine) to 100 from the file's first bytes and its suffix.
    int (*bid)(const char *path, struct slice head);
    // Fills `g`: Parameters and Results in the source's order, shapes inferred. Problems are
    // reported to g->diag; false when one is DIAG_FAILED or worse. Weights stay views on the mapped
    // files.
    bool (*import)(const struct import_options *options, struct graph *g);
    // The mean image of a file that the framework's own tools wrote, cut to the shape of
    // `parameter`: at `offsets` (x, y), or around the centre when that is NULL. NULL after a
    // report. Optional.
    const struct tensor *(*mean_image)(struct graph *g, const char *path, const int64_t *offsets,
                                       const struct node *parameter);
    size_t row_size; // of its table, whose rows extensions may add; 0: they may not
    // Layer `index` of those it imports; false behind the last. Optional.
    bool (*layer)(size_t index, struct frontend_layer *out);
};

#define FRONTEND(name) extern const struct frontend frontend_##name;
#include "frontends/frontends.def"
#undef FRONTEND

// By --framework name, or NULL.
const struct frontend *frontend_find(const char *name);
// By bids; NULL after a numbered report (no bid, a tie).
const struct frontend *frontend_detect(const char *path, struct diag *diag);

#endif
