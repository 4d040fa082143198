// SPDX-License-Identifier: Apache-2.0
// NumPy arrays: .npy files (formats 1 to 3) and .npz archives of them.
//
// An array's elements are in C order and little endian whatever the file said; they belong to the
// arena or to the caller's bytes. The header is a Python literal: it is parsed, never evaluated,
// and arrays of objects (pickles) are refused.
#ifndef ZOOC_NPY_H
#define ZOOC_NPY_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/dtype.h"
#include "compiler/base/slice.h"

enum { NDARRAY_MAX_RANK = 16 };

struct ndarray {
    const char *name; // member of the .npz without its ".npy"; "" for a single .npy
    enum dtype type;
    unsigned rank;
    uint64_t shape[NDARRAY_MAX_RANK];
    uint64_t count; // elements
    const uint8_t *data;
};

struct ndarray_list {
    struct ndarray *items;
    size_t count;
    uint32_t capacity;
};

// One .npy held in `bytes`. False after a report at `at`.
bool npy_parse(struct arena *arena, struct diag *diag, const struct place *at, struct slice bytes,
               struct ndarray *out);

// Every array of a .npz, or the one of a .npy, in the file's order. False after a report.
bool npy_read(struct arena *arena, struct diag *diag, const char *path, struct ndarray_list *out);

const struct ndarray *ndarray_find(const struct ndarray_list *list, const char *name);

uint64_t ndarray_bytes(const struct ndarray *a);

// The elements as doubles, in the arena.
double *ndarray_doubles(struct arena *arena, const struct ndarray *a);

#endif
