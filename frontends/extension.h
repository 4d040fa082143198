// SPDX-License-Identifier: Apache-2.0
// Extensions (--extensions FOLDER,...): shared objects that add rows to the tables of layers. They
// run with all rights of the process and see its structures as they are, so one is only taken that
// was built against the headers of this very build.
//
// An extension is C that includes this header and the framework's layers.h, and ends in
//     static const struct mxnet_layer_row rows[] = {...};
//     static const struct extension_layers layers[] = {EXTENSION_LAYERS("mxnet", rows)};
//     ZOOC_EXTENSION(layers);
#ifndef ZOOC_FRONTENDS_EXTENSION_H
#define ZOOC_FRONTENDS_EXTENSION_H

#include "compiler/base/diag.h"

// Rows of one front end. A row begins with the name of its type, and comes before the row of that
// name which the front end has itself.
struct extension_layers {
    const char *framework; // name of the front end
    const void *rows;
    size_t count, row_size;
};

struct extension {
    const char *build_id; // of the headers it was built with
    const struct extension_layers *layers;
    size_t count;
};

#define EXTENSION_LAYERS(framework_, rows_)                                                        \
    {                                                                                              \
        .framework = (framework_), .rows = (rows_), .count = sizeof(rows_) / sizeof(*(rows_)),     \
        .row_size = sizeof(*(rows_))                                                               \
    }
// The one symbol that is looked for.
#define ZOOC_EXTENSION(layers_)                                                                    \
    extern const struct extension zooc_extension;                                                  \
    __attribute__((visibility("default")))                                                         \
    const struct extension zooc_extension = {.build_id = ZOOC_BUILD_ID,                            \
                                             .layers = (layers_),                                  \
                                             .count = sizeof(layers_) / sizeof(*(layers_))}

static inline const char *extension_type(const struct extension_layers *layers, size_t row) {
    return *(const char *const *)(const void *)((const char *)layers->rows +
                                                row * layers->row_size);
}

struct extensions { // that are loaded
    const struct extension **items;
    uint32_t count;
};

// Loads FOLDER/*.so of each folder of the list, by name. They stay until the process ends. False
// after a report.
bool extensions_load(struct arena *arena, struct diag *diag, const char *folders,
                     const struct extensions **out);

// The row of a type, whatever its case, or NULL. `all` may be NULL.
const void *extension_find(const struct extensions *all, const char *framework, const char *type);

#endif
