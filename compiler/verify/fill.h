// SPDX-License-Identifier: Apache-2.0
// Repeatable float32 arrays: a tensor's values follow from its name, offset, scale and a seed
// alone, so that a model can be kept without its weights (tests/topologies).
//
// Element i (from 0) is offset + scale * t with one float32 multiplication and one addition, where
// t = (z >> 40) * 2^-23 - 1, z = the finaliser of splitmix64 of key + (i + 1) * 0x9E3779B97F4A7C15,
// and key = the first 8 bytes, little endian, of the MD5 of "SEED/NAME".
#ifndef ZOOC_FILL_H
#define ZOOC_FILL_H

#include <stdbool.h>
#include <stdint.h>

struct fill {
    uint64_t state; // of the last element given
    float offset, scale;
};

// False when libcrypto refuses MD5.
bool fill_start(struct fill *fill, const char *name, uint64_t seed, double offset, double scale);

// The next `count` elements.
void fill_next(struct fill *fill, float *out, uint64_t count);

#endif
