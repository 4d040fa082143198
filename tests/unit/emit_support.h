// SPDX-License-Identifier: Apache-2.0
// What the tests over tests/cases/emit share: a case's graph becomes the files of one target.
#ifndef ZOOC_EMIT_SUPPORT_H
#define ZOOC_EMIT_SUPPORT_H

#include "tests/unit/base_scratch.h"

#include "compiler/base/map.h"
#include "compiler/emit/dialect.h"
#include "compiler/passes/pass.h"

#define CASES "tests/cases/emit"

struct target { // v11-FP32.xml
    int version;
    enum dtype type;
    const char *kind;
};

static inline bool read_target(const char *path, struct target *out) {
    const char *name = strrchr(path, '/') + 1, *dot = strchr(name, '.');
    char *dash, type[8] = "";
    if (*name != 'v' || dot == NULL)
        return false;
    out->version = (int)strtol(name + 1, &dash, 10);
    if (*dash != '-' || dot - dash > 7)
        return false;
    memcpy(type, dash + 1, (size_t)(dot - dash) - 1);
    out->type = dtype_from_classic_name(type);
    out->kind = dot + 1;
    return out->type != DT_UNKNOWN;
}

static inline const char *target_graph(struct arena *arena, const char *path) {
    return arena_printf(arena, "%.*s/graph.txt", (int)(strrchr(path, '/') - path), path);
}

static inline struct slice contents(struct arena *arena, const char *path) {
    struct slice slice = slice_of(NULL, 0);
    if (!map_file(arena, path, &slice))
        return slice_of("", 0);
    return slice;
}

// Parses, lowers and writes FOLDER/out.*.
static inline bool emit_case(struct arena *arena, struct diag *diag, const char *graph, int version,
                             enum dtype type, const char *folder) {
    static const struct meta_entry meta[] = {
        {"input_model", "DIR/tiny.model", false},
        {"reverse_input_channels", "False", false},
        {"scale", NULL, true},
        {"batch", NULL, true},
    };
    struct graph *g = graph_parse(arena, diag, graph, contents(arena, graph));
    struct pass_options passes = {.ir_version = version, .check = true};
    struct emit_options options = {
        .ir_version = version,
        .data_type = type,
        .model_name = "out",
        .output_dir = folder,
        .meta = meta,
        .meta_count = COUNT_OF(meta),
        .write_mapping = true,
    };
    struct emit_result result;
    return g != NULL && passes_lower(g, dialect_of_version(version), &passes) &&
           emit_ir(g, &options, &result);
}

static inline void remove_outputs(const char *folder) {
    static const char *const names[] = {"out.xml", "out.bin", "out.mapping"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[SCRATCH_SIZE + 16];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path);
    }
}

#endif
