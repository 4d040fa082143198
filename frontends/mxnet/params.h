// SPDX-License-Identifier: Apache-2.0
// MXNet's parameter files: `.params` and `.nd`, both the "list of NDArrays" container.
//
// Container: u64 0x112, u64 0, u64 count, arrays, u64 count of names, then per name u64 length,
// bytes. Array, by its first u32: V2 (0xF993FAC9) and V3 (0xF993FACA, NumPy shape rules): i32
// storage type, i32 ndim, i64 dims; V1 (0xF993FAC8): u32 ndim, i64 dims; anything else is ndim
// itself, u32 dims follow (before V1). Then i32 device type, i32 device id, i32 element type, data.
// All little endian.
#ifndef ZOOC_MXNET_PARAMS_H
#define ZOOC_MXNET_PARAMS_H

#include "compiler/base/diag.h"
#include "compiler/graph/tensor.h"

struct mxnet_array {
    const char *name;            // without "arg:" or "aux:"
    bool auxiliary;              // it was "aux:"
    const struct tensor *tensor; // view on the mapped file; NULL for an array without data
};

struct mxnet_params {
    struct mxnet_array *arrays; // sorted by name
    uint64_t count;
};

// Maps and reads `path`; the arrays live as long as the arena. False after a report.
bool mxnet_read_params(struct arena *arena, struct diag *diag, const char *path,
                       struct mxnet_params *out);
// NULL when there is none of that name.
const struct tensor *mxnet_find_array(const struct mxnet_params *params, const char *name);
// `over` wins where both have a name.
struct mxnet_params mxnet_merge_params(struct arena *arena, const struct mxnet_params *base,
                                       const struct mxnet_params *over);

#endif
