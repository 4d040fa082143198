// SPDX-License-Identifier: Apache-2.0
// How far a model's output is from the expected one.
//
// A golden array is whole, or cut to samples: arrays NAME@index (flat positions), NAME@value and
// NAME@shape of the same file stand for the array NAME. Layouts are forgiven: a 4-D output is also
// tried with its channels moved last or first. Detections, rows [image, label, score, box] in an
// array [1, 1, n, 7] (or [label, score, box] in [1, n, 6], as MXNet gives them), are matched by
// label, score and box, in any order; so are all rows of a whole array when only a share of them
// need be alike, for where a score decides what is kept, rounding may let another row in or change
// the order.
#ifndef ZOOC_COMPARE_H
#define ZOOC_COMPARE_H

#include "compiler/verify/npy.h"

struct golden {
    const char *name;
    unsigned rank;
    uint64_t shape[NDARRAY_MAX_RANK];
    uint64_t count;        // elements of the whole array
    uint64_t samples;      // elements that are known
    const uint64_t *index; // their flat positions; NULL: all, in order
    const double *value;
};

struct golden_list {
    struct golden *items;
    size_t count;
};

struct difference {
    bool comparable;   // false: the shapes have nothing to do with each other
    double absolute;   // largest difference; infinity where one is not a number
    double relative;   // the same, divided by the largest golden value (detections: absolute)
    double largest;    // the largest golden value
    uint64_t compared; // elements, or detections
};

// The goldens of a file; false after a report when samples do not fit together.
bool golden_collect(struct arena *arena, struct diag *diag, const char *path,
                    const struct ndarray_list *arrays, struct golden_list *out);

// `share`: of the rows that need be alike, 1 for all. The difference is then the largest of the
// best `share` of the rows.
struct difference golden_compare(struct arena *arena, const struct ndarray *got,
                                 const struct golden *want, double share);

// Share of rows of `scores` (axis 0) whose largest element stands at the row's label.
double top1_accuracy(struct arena *arena, const struct ndarray *scores,
                     const struct ndarray *labels);

#endif
