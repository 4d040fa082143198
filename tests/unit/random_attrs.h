// SPDX-License-Identifier: Apache-2.0
// Random numbers that are the same everywhere, and random attributes of every kind.
#ifndef ZOOC_RANDOM_ATTRS_H
#define ZOOC_RANDOM_ATTRS_H

#include <string.h>

#include "compiler/graph/attr.h"

static uint64_t seed;

static inline uint64_t random_below(uint64_t limit) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return limit > 0 ? (seed >> 33) % limit : 0;
}

// --- random attributes of every kind ------------------------------------------------------------

static inline const char *random_text(struct arena *arena) {
    static const char letters[] = "ab/_.-+?9 \"\\\n\t\x7f\xc3\xa4#:=,{}[]()";
    char text[12] = "";
    size_t length = random_below(sizeof text - 1);
    for (size_t i = 0; i < length; i++)
        text[i] = letters[random_below(sizeof letters - 1)];
    return arena_strdup(arena, text);
}

static inline float random_float(void) {
    uint32_t bits = (uint32_t)(random_below(1U << 16) << 16 | random_below(1U << 16));
    float number;
    memcpy(&number, &bits, sizeof number);
    return number == number ? number : 0.1F; // a NaN's payload is not kept
}

static inline struct ints random_ints(struct arena *arena) {
    int64_t data[5];
    uint32_t count = (uint32_t)random_below(6);
    for (uint32_t i = 0; i < count; i++)
        data[i] = (int64_t)(random_below(1U << 31) * random_below(1U << 31)) - (1LL << 60);
    return ints_copy(arena, data, count);
}

static inline struct floats random_floats(struct arena *arena) {
    float data[5];
    uint32_t count = (uint32_t)random_below(6);
    for (uint32_t i = 0; i < count; i++)
        data[i] = random_float();
    return floats_copy(arena, data, count);
}

static inline struct shape random_shape(void) {
    struct shape s = {.rank = (int32_t)random_below(SHAPE_MAX_RANK + 2) - 1};
    for (int32_t i = 0; i < s.rank; i++)
        s.dims[i] = (int64_t)random_below(5) - 1;
    return s;
}

static inline struct free_attr *random_free(struct arena *arena) {
    struct free_attr *first = NULL;
    for (uint64_t i = random_below(4); i > 0; i--) {
        struct free_attr *a = arena_new_of(arena, struct free_attr);
        *a = (struct free_attr){random_text(arena), random_text(arena), first};
        first = a;
    }
    return first;
}

static inline void random_attr(struct arena *arena, const struct attr_def *row, void *field) {
    int count = 0;
    switch (row->kind) {
    case ATTR_INT:
        *(int64_t *)field = (int64_t)random_below(1U << 31) - (1 << 30);
        break;
    case ATTR_FLOAT:
        *(float *)field = random_float();
        break;
    case ATTR_BOOL:
        *(bool *)field = random_below(2) == 1;
        break;
    case ATTR_ENUM:
        while (row->allowed[count] != NULL)
            count++;
        *(int *)field = (int)random_below((uint64_t)count);
        break;
    case ATTR_TYPE:
        *(enum dtype *)field = (enum dtype)(1 + random_below(DT_BOOL));
        break;
    case ATTR_STRING:
        *(const char **)field = random_text(arena);
        break;
    case ATTR_INTS:
        *(struct ints *)field = random_ints(arena);
        break;
    case ATTR_FLOATS:
        *(struct floats *)field = random_floats(arena);
        break;
    case ATTR_SHAPE:
        *(struct shape *)field = random_shape();
        break;
    case ATTR_FREE:
        *(struct free_attr **)field = random_free(arena);
        break;
    case ATTR_GRAPH:
        break;
    }
}

#endif
