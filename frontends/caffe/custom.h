// SPDX-License-Identifier: Apache-2.0
// Layers that only an extension of the runtime knows: those that CustomLayersMapping.xml (-k)
// names, and a few of Caffe's forks that classic IR has and the opset has not.
#ifndef ZOOC_CAFFE_CUSTOM_H
#define ZOOC_CAFFE_CUSTOM_H

#include "frontends/caffe/layers.h"

struct custom_layer {         // a row of the mapping
    const char *type;         // NativeType
    const char *param;        // protoParamName, or NULL when it has no parameters
    const char *output_shape; // ours: outputShape="1,5" or "same"; NULL: not said
    struct custom_layer *next;
};

struct custom_mapping {
    struct custom_layer *layers;
    struct attribute_style style;
};

// Reads the mapping that the options name, if any. False after a report.
bool custom_read(struct arena *arena, struct diag *diag, const struct import_options *options,
                 struct custom_mapping *out);

const struct custom_layer *custom_find(const struct custom_mapping *mapping, const char *type);

// The layer as a Custom node. `native`: how the layer is imported when it is one that we know,
// which gives the shapes of its tops.
void import_custom(struct layer *l, const struct custom_mapping *mapping,
                   const struct custom_layer *custom, void (*native)(struct layer *, const void *),
                   const void *row);

#endif
