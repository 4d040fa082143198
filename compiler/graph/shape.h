// SPDX-License-Identifier: Apache-2.0
// Shape: the dimensions of a tensor, each a count or unknown (-1); the rank itself may be unknown.
// A plain value: copy it freely.
#ifndef ZOOC_SHAPE_H
#define ZOOC_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/base/arena.h"

enum { SHAPE_MAX_RANK = 8, DIM_UNKNOWN = -1, RANK_UNKNOWN = -1 };
// Larger dimensions are refused while the graph is built, so that sums of them never overflow.
#define DIM_MAX ((int64_t)1 << 48)

struct shape {
    int32_t rank; // RANK_UNKNOWN or 0 to SHAPE_MAX_RANK
    int64_t dims[SHAPE_MAX_RANK];
};

#define SHAPE_UNKNOWN ((struct shape){.rank = RANK_UNKNOWN})

struct shape shape_make(int32_t rank, const int64_t *dims);
#define SHAPE(...)                                                                                 \
    shape_make((int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                      \
               (const int64_t[]){__VA_ARGS__})
static inline struct shape shape_scalar(void) {
    return (struct shape){.rank = 0};
}

bool shape_equal(const struct shape *a, const struct shape *b);
bool shape_is_static(const struct shape *s); // rank and every dimension known
// Number of elements; false when something is unknown or the product overflows.
bool shape_count(const struct shape *s, uint64_t *count);
// Product of dims [from, to).
bool shape_count_range(const struct shape *s, int32_t from, int32_t to, uint64_t *count);
// Brings `axis` in [-rank, rank) to [0, rank); false when it is outside or the rank is unknown.
bool shape_axis(const struct shape *s, int64_t axis, int32_t *out);
// NumPy broadcasting of two shapes (docs: opset broadcast rules, "numpy"); false when they do not
// fit.
bool shape_broadcast(const struct shape *a, const struct shape *b, struct shape *out);
// "[1,3,?,224]", "[...]" for an unknown rank; the text belongs to the arena.
const char *shape_text(struct arena *arena, const struct shape *s);

#endif
