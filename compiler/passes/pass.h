// SPDX-License-Identifier: Apache-2.0
// Passes. The table in passes.c is the order; a pass is one file, one function, one name, the verb
// first: clean, fold, sink, fuse, replace, lower, insert. A pass returns whether it changed
// anything.
#ifndef ZOOC_PASS_H
#define ZOOC_PASS_H

#include <stdio.h>

#include "compiler/graph/op.h"

// Per-input preprocessing, after the options --mean_values, --scale_values, --scale,
// --reverse_input_channels: channels reversed, then, in the network's own order, (x - mean) /
// scale.
struct input_preprocess {
    const char *parameter;      // name
    const double *mean, *scale; // NULL or `count` numbers (1 = for all channels)
    uint32_t mean_count, scale_count;
    const struct tensor *mean_image; // --mean_file, or NULL
};

struct pass_options {
    bool disable_fusing;              // --disable_fusing
    bool disable_gfusing;             // --disable_gfusing
    bool disable_resnet_optimization; // --disable_resnet_optimization
    bool disable_nhwc_to_nchw;
    bool reverse_input_channels;
    bool move_to_preprocess;             // mean/scale stay in the IR's preprocess section (classic)
    const char *const *finegrain_fusing; // regular expressions of names that must not be fused
    uint32_t finegrain_count;
    const struct input_preprocess *preprocess;
    uint32_t preprocess_count;
    const char *const *disabled; // passes switched off by name (--disable_pass)
    uint32_t disabled_count;
    int ir_version; // of the dialect being lowered to: 11, 10, 4, 2
    FILE *trace;    // --steps: graph text after each pass that changed something, or NULL
    FILE *log;      // --log_level DEBUG: a line for each pass that ran, or NULL
    bool check;     // check invariants, print and re-read after every pass
};

typedef bool pass_function(struct graph *g, const struct pass_options *options);

enum pass_group {
    GROUP_INSERT,
    GROUP_CLEAN,
    GROUP_FOLD,
    GROUP_LAYOUT,
    GROUP_SINK,
    GROUP_REPLACE,
    GROUP_FUSE,
    GROUP_LOWER_OPSET,
    GROUP_CLASSIC_LAYOUT,
    GROUP_LOWER_CLASSIC,
    GROUP_LOWERED
};

struct pass_def {
    const char *name;
    pass_function *run;
    enum pass_group group;
    bool (*disabled)(const struct pass_options *options); // NULL: always on
    const char *doc;
};

// Every pass by name. One that is listed in passes.def but not written fails to link.
#define PASS(name, group, disabled, doc) pass_function name;
#include "compiler/passes/passes.def"
#undef PASS

extern const struct pass_def pass_table[]; // in the order of passes.def
extern const unsigned pass_count;

// Runs the dialect-free groups (insert to fuse) until each settles. False when the graph's diag got
// a failure.
bool passes_optimize(struct graph *g, const struct pass_options *options);
// Runs the lowering group of one dialect; afterwards only operators of that dialect are left.
bool passes_lower(struct graph *g, enum dialect_id dialect, const struct pass_options *options);

#endif
