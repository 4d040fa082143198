// SPDX-License-Identifier: Apache-2.0
// Emission: one writer, two dialects behind one struct of hooks. The .bin is laid out first
// (aligned, identical blobs once), then .xml streams in topological order, then .mapping. The three
// files appear together or not at all. Nothing in them depends on paths, time, host or threads.
#ifndef ZOOC_DIALECT_H
#define ZOOC_DIALECT_H

#include "compiler/graph/op.h"

struct meta_entry { // a row of meta_data/cli_parameters (IR v2-v7), rt_info/conversion_parameters
                    // (v10/11)
    const char *name, *value;
    bool unset; // the user did not give it
};

struct emit_options {
    int ir_version;       // 11, 10, 4, 2
    enum dtype data_type; // DT_F32 or DT_F16
    const char *model_name, *output_dir;
    const struct meta_entry *meta;
    uint32_t meta_count;
    bool write_mapping;
};

struct emit_result {
    const char *xml, *bin, *mapping; // paths written
    uint64_t bin_bytes;
    uint32_t layers;
};

enum dialect_id dialect_of_version(int ir_version);

// Writes a graph that was lowered to the version's dialect. False after a report.
bool emit_ir(struct graph *g, const struct emit_options *options, struct emit_result *result);

#endif
