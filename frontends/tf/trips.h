// SPDX-License-Identifier: Apache-2.0
// How often a while loop runs, as far as its condition says so: counters held against numbers.
#ifndef ZOOC_TF_TRIPS_H
#define ZOOC_TF_TRIPS_H

#include "frontends/tf/layers.h"
#include "frontends/tf/loops.h"

struct tf_trips {
    int64_t count;       // -1: not known
    struct value *bound; // then, if not NULL: a scalar of the graph that says it
    // `count` is the most: the loop ends once the counter has reached the largest of `lengths`
    // (and 1). NULL: it is the number.
    const struct value *lengths;
    uint32_t counter;
};

// `l` is the loop's node. count -1 and bound NULL when only the condition itself can tell.
struct tf_trips tf_count_trips(const struct tf_layer *l);

#endif
