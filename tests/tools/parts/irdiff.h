// SPDX-License-Identifier: Apache-2.0
// What differs between two classic networks, as lines "LAYER (TYPE): WHAT".
//
// Layers are matched by name. Since some of the Model Optimizer's names carry a counter of its run,
// the rest are matched by type, shapes and sources.
#ifndef ZOOC_TESTS_IRDIFF_H
#define ZOOC_TESTS_IRDIFF_H

#include "tests/tools/parts/irtable.h"

struct ir_difference {
    const char *layer, *type, *what;
};

struct ir_differences {
    struct ir_difference *items;
    size_t count;
    uint32_t capacity;
    size_t alike; // layers of the peer that are matched without any difference
};

// `half`: ours is FP16, the peer's table FP32: blobs have half the bytes, sums are rougher.
void irdiff(struct arena *arena, const struct ir_table *ours, const struct ir_table *peer,
            bool half, struct ir_differences *out);

#endif
