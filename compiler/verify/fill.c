// SPDX-License-Identifier: Apache-2.0
#include "compiler/verify/fill.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "compiler/base/slice.h"

bool fill_start(struct fill *fill, const char *name, uint64_t seed, double offset, double scale) {
    char prefix[24];
    uint8_t digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int length = snprintf(prefix, sizeof(prefix), "%" PRIu64 "/", seed);
    bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1 &&
              EVP_DigestUpdate(context, prefix, (size_t)length) == 1 &&
              EVP_DigestUpdate(context, name, strlen(name)) == 1 &&
              EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    struct slice first = slice_of(digest, 8);
    *fill = (struct fill){.offset = (float)offset, .scale = (float)scale};
    return ok && slice_u64le(&first, &fill->state);
}

static float element(uint64_t z, float offset, float scale) {
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    float t = (float)(uint32_t)(z >> 40) * 0x1p-23F - 1.0F; // exact: 24 bits
    return offset + scale * t;
}

void fill_next(struct fill *fill, float *out, uint64_t count) {
    const uint64_t step = UINT64_C(0x9E3779B97F4A7C15);
    for (uint64_t i = 0; i < count; i++)
        out[i] = element(fill->state + (i + 1) * step, fill->offset, fill->scale);
    fill->state += count * step;
}
