// SPDX-License-Identifier: Apache-2.0
#include "compiler/base/arena.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/base/limits.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(start, size) ASAN_POISON_MEMORY_REGION((start), (size))
#define UNPOISON(start, size) ASAN_UNPOISON_MEMORY_REGION((start), (size))
#define RED_ZONE ALIGNMENT // so that one step past an object is seen
#else
#define POISON(start, size) ((void)0)
#define UNPOISON(start, size) ((void)0)
#define RED_ZONE ((size_t)0)
#endif

#define ALIGNMENT ((size_t)16)
#define FIRST_BLOCK ((size_t)16 << 10)
#define LARGEST_BLOCK ((size_t)1 << 20)

struct block {
    struct block *next;
    size_t size, used; // of `bytes`
    _Alignas(16) unsigned char bytes[];
};

struct clean_up {
    struct clean_up *next;
    void (*clean)(void *data);
    void *data;
};

struct arena {
    struct block *blocks; // the first one has the free space
    struct clean_up *clean_ups;
    size_t next_block; // size of the next ordinary block
    size_t used;
};

// Bytes of all blocks. An input that makes us ask for ever more must end our process, not the
// machine.
static atomic_uint_fast64_t all_blocks;

struct arena *arena_new(void) {
    struct arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        fatal_out_of_memory();
    arena->next_block = FIRST_BLOCK;
    return arena;
}

void arena_free(struct arena *arena) {
    if (!arena)
        return;
    // A clean-up may still allocate or register another one.
    while (arena->clean_ups) {
        struct clean_up *last = arena->clean_ups;
        arena->clean_ups = last->next;
        last->clean(last->data);
    }
    for (struct block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        UNPOISON(block->bytes, block->size);
        atomic_fetch_sub(&all_blocks, block->size);
        free(block);
    }
    free(arena);
}

// Bytes of all blocks. An input that makes us ask for ever more must end our process, not the
// machine.
static _Atomic uint64_t all_blocks;

// calloc, so that large blocks come zeroed from the kernel at no cost.
static struct block *new_block(size_t size) {
    if (size > limits.arenas_bytes ||
        atomic_fetch_add(&all_blocks, size) > limits.arenas_bytes - size)
        fatal_out_of_memory();
    struct block *block = calloc(1, sizeof *block + size);
    if (!block)
        fatal_out_of_memory();
    block->size = size;
    POISON(block->bytes, size);
    return block;
}

// A block with room for `size` bytes. A large object gets a block of its own behind the first one,
// whose free space stays in use.
static struct block *block_for(struct arena *arena, size_t size) {
    struct block *first = arena->blocks;
    if (first && size <= first->size - first->used)
        return first;
    if (first && size > arena->next_block / 4) {
        struct block *own = new_block(size);
        own->next = first->next;
        first->next = own;
        return own;
    }
    struct block *block = new_block(size > arena->next_block ? size : arena->next_block);
    if (arena->next_block < LARGEST_BLOCK)
        arena->next_block *= 2;
    block->next = first;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size) {
    if (size > SIZE_MAX - 2 * ALIGNMENT)
        fatal_out_of_memory();
    size_t step = (size + RED_ZONE + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (step == 0)
        step = ALIGNMENT; // every object has an address of its own
    struct block *block = block_for(arena, step);
    unsigned char *object = block->bytes + block->used;
    block->used += step;
    arena->used += size;
    UNPOISON(object, size);
    return object;
}

void *arena_array(struct arena *arena, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        fatal_out_of_memory();
    return arena_alloc(arena, total);
}

void *arena_room(struct arena *arena, void *items, size_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity)
        return items;
    if (count > UINT32_MAX / 2)
        fatal_out_of_memory();
    *capacity = count < 4 ? 8 : (uint32_t)count * 2;
    void *more = arena_array(arena, *capacity, size);
    if (count > 0)
        memcpy(more, items, count * size);
    return more;
}

void *arena_copy(struct arena *arena, const void *data, size_t size) {
    void *copy = arena_alloc(arena, size);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length) {
    if (length == SIZE_MAX)
        fatal_out_of_memory();
    char *copy = arena_alloc(arena, length + 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text) {
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        fatal_out_of_memory(); // the only other cause, a text over INT_MAX, is no better
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, args);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void arena_at_free(struct arena *arena, void (*clean)(void *data), void *data) {
    struct clean_up *entry = arena_new_of(arena, struct clean_up);
    *entry = (struct clean_up){.next = arena->clean_ups, .clean = clean, .data = data};
    arena->clean_ups = entry;
}

size_t arena_used(const struct arena *arena) {
    return arena->used;
}
