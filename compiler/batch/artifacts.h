// SPDX-License-Identifier: Apache-2.0
// What the models of a zoo need from elsewhere: every file with an address, once.
#ifndef ZOOC_BATCH_ARTIFACTS_H
#define ZOOC_BATCH_ARTIFACTS_H

#include "cache/fetch.h"
#include "manifests/manifest.h"

struct artifacts {
    struct fetch_item *items; // in the order of the manifests
    const char **names;       // for people: the model and the file
    uint32_t count;
};

void artifacts_of(struct arena *arena, const struct zoo *zoo, struct artifacts *out);

#endif
