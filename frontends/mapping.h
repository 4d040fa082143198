// SPDX-License-Identifier: Apache-2.0
// CustomLayersMapping.xml (-k): layers that only an extension of the runtime knows. They become
// Custom nodes: layers of their own type in classic IR, a numbered error in the opset's.
#ifndef ZOOC_FRONTENDS_MAPPING_H
#define ZOOC_FRONTENDS_MAPPING_H

#include "compiler/ops/build.h"
#include "frontends/frontend.h"

struct custom_layer {         // a row of the mapping
    const char *type;         // NativeType: Caffe's layer type, or op_type of MXNet's Custom
    bool has_param;           // its parameters become attributes
    const char *param;        // protoParamName (Caffe), or NULL
    const char *output_shape; // ours: outputShape="1,5" or "same"; NULL: not said
    struct custom_layer *next;
};

// Reads the mapping that the options name, if any; NULL stands for no rows. `named`: rows with
// parameters say where they are (protoParamName). False after a report.
bool custom_read(struct arena *arena, struct diag *diag, const struct import_options *options,
                 bool named, struct custom_layer **out);

// Types are case-blind; NULL when there is none.
const struct custom_layer *custom_find(const struct custom_layer *layers, const char *type);

// The shape of an output: as the mapping says, else that of the first input, which is an assumption
// and reported as such. False after a report.
bool custom_shape(struct builder *b, const struct custom_layer *custom, uint32_t input_count,
                  struct value *const *inputs, struct shape *out);

struct custom_parts {
    const char *name, *type;
    struct value *const *inputs; // the last of them blobs
    uint32_t input_count;
    const char *blobs; // their names: "a,b", "" for none
    struct free_attr *attributes;
    const struct shape *shapes; // of the outputs
    uint32_t output_count;
};

struct node *custom_node(struct builder *b, const struct custom_parts *parts);
// Name of blob `index`: weights, biases, custom_2, ...
const char *custom_blob_name(struct arena *arena, uint32_t index);

#endif
