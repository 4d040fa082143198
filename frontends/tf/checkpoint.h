// SPDX-License-Identifier: Apache-2.0
// Checkpoints: the values of variables by name. Two forms: V1 is one table (or several, PREFIX-
// 00000-of-00003) with tensors as values; V2 is a table PREFIX.index that says where in
// PREFIX.data-00000-of-00001, ... the bytes of each tensor lie. A variable may be stored in parts.
//
// Tensors are views of the mapped files; only what is asked for is read, and its sum checked.
#ifndef ZOOC_TF_CHECKPOINT_H
#define ZOOC_TF_CHECKPOINT_H

#include "compiler/base/diag.h"
#include "compiler/graph/tensor.h"

struct checkpoint_part { // of a tensor; a negative length is the whole dimension
    int32_t rank;
    int64_t start[SHAPE_MAX_RANK], length[SHAPE_MAX_RANK];
};

struct checkpoint_stored { // one that the files hold
    struct checkpoint_part part;
    uint32_t file; // V1: which of the tables
};

struct checkpoint_tensor {
    const char *name;
    int type; // TensorFlow's number
    struct shape shape;
    struct checkpoint_stored *stored;
    uint32_t stored_count, stored_capacity;
};

struct checkpoint;

// `path`: the file of V1; the prefix of V2, or one of its files; a `checkpoint` file that says
// which, or its folder; a folder without one that holds one of V2, or several of V1, which are one
// together. NULL after a report.
struct checkpoint *checkpoint_open(struct arena *arena, struct diag *diag, const char *path);
const char *checkpoint_path(const struct checkpoint *c);

// False after a report. *out is NULL when there is none of that name.
bool checkpoint_find(struct checkpoint *c, const char *name, const struct checkpoint_tensor **out);

// The tensor, or the part that is wanted. NULL after a report; only the first failure is reported.
const struct tensor *checkpoint_read(struct checkpoint *c, const struct checkpoint_tensor *t,
                                     const struct checkpoint_part *wanted);

// A string of V2 that is one tensor element. data is NULL when there is none; false after a report.
bool checkpoint_read_string(struct checkpoint *c, const char *name, struct slice *out);

#endif
