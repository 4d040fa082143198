// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/crc32c.h"

#include <pthread.h>
#include <string.h>

enum { TABLES = 8 }; // bytes that one step of the loop takes

static uint32_t tables[TABLES][256];
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

// tables[t][b]: what byte b contributes when t more bytes follow it.
static void make_tables(void) {
    static const uint32_t reversed_polynomial = 0x82F63B78;
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? reversed_polynomial : 0);
        tables[0][b] = crc;
    }
    for (uint32_t b = 0; b < 256; b++)
        for (int t = 1; t < TABLES; t++)
            tables[t][b] = tables[t - 1][b] >> 8 ^ tables[0][tables[t - 1][b] & 0xff];
}

static uint64_t load(const uint8_t *data) {
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

uint32_t crc32c_by_table(uint32_t crc, struct slice bytes) {
    pthread_once(&tables_made, make_tables);
    crc = ~crc;
    for (; bytes.size >= TABLES; slice_advance(&bytes, TABLES)) {
        uint64_t word = load(bytes.data) ^ crc;
        crc = 0;
        for (int t = 0; t < TABLES; t++)
            crc ^= tables[TABLES - 1 - t][word >> (8 * t) & 0xff];
    }
    for (; bytes.size > 0; slice_advance(&bytes, 1))
        crc = crc >> 8 ^ tables[0][(crc ^ *bytes.data) & 0xff];
    return ~crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, struct slice bytes) {
    uint64_t sum = ~crc;
    for (; bytes.size >= sizeof sum; slice_advance(&bytes, sizeof sum))
        sum = __builtin_ia32_crc32di(sum, load(bytes.data));
    crc = (uint32_t)sum;
    for (; bytes.size > 0; slice_advance(&bytes, 1))
        crc = __builtin_ia32_crc32qi(crc, *bytes.data);
    return ~crc;
}
#endif

uint32_t crc32c_extend(uint32_t crc, struct slice bytes) {
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2"))
        return by_instruction(crc, bytes);
#endif
    return crc32c_by_table(crc, bytes);
}

uint32_t crc32c(struct slice bytes) {
    return crc32c_extend(0, bytes);
}

uint32_t crc32c_mask(uint32_t crc) {
    static const uint32_t delta = 0xA282EAD8;
    return (crc >> 15 | crc << 17) + delta;
}
