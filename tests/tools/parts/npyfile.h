// SPDX-License-Identifier: Apache-2.0
// Arrays as .npy files.
#ifndef ZOOC_TESTS_NPYFILE_H
#define ZOOC_TESTS_NPYFILE_H

#include "compiler/base/arena.h"
#include "compiler/base/dtype.h"
#include "compiler/base/slice.h"

// NumPy's name ("float32") to its type, or DT_UNKNOWN.
enum dtype npyfile_type(const char *numpy);

// A whole file with `count` elements of `type`; `shape` is the text between the brackets ("2,3,").
struct slice npyfile(struct arena *arena, enum dtype type, const char *shape, const void *data,
                     uint64_t count);

#endif
