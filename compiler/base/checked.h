// SPDX-License-Identifier: Apache-2.0
// Arithmetic on sizes that come from an input: every product and sum of such sizes goes through
// here.
#ifndef ZOOC_CHECKED_H
#define ZOOC_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

static inline bool checked_mul(uint64_t a, uint64_t b, uint64_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

static inline bool checked_add(uint64_t a, uint64_t b, uint64_t *sum) {
    return !__builtin_add_overflow(a, b, sum);
}

#endif
