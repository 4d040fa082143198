// SPDX-License-Identifier: Apache-2.0
// Arena: memory that lives and dies together. A model's graph, names and small tensors belong to
// one arena and are freed at once; nothing inside is freed alone.
//
// Never returns NULL: running out of memory ends the process with exit code 70 (fatal.h). Sizes
// that come from an input must be checked against limits.h before they reach this module. An arena
// is used by one thread at a time.
#ifndef ZOOC_ARENA_H
#define ZOOC_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct arena *arena_new(void);

// Runs the clean-ups of arena_at_free, last first, then frees every block. NULL is allowed.
void arena_free(struct arena *arena);

// `size` zeroed bytes, aligned for any type.
void *arena_alloc(struct arena *arena, size_t size);

// `count` zeroed objects of `size` bytes; the product is checked.
void *arena_array(struct arena *arena, size_t count, size_t size);

#define arena_new_of(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array_of(arena, count, type) ((type *)arena_array((arena), (count), sizeof(type)))

// `items`, of which there are `count`, with room for one more: themselves or, when *capacity is
// reached, a copy with twice the room. What is not used yet is zeroed.
void *arena_room(struct arena *arena, void *items, size_t count, uint32_t *capacity, size_t size);
#define ARENA_ROOM(arena, items, count, capacity)                                                  \
    ((items) = arena_room((arena), (items), (count), (capacity), sizeof *(items)))

// Copies that end in NUL. arena_strndup copies exactly `length` bytes.
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
void *arena_copy(struct arena *arena, const void *data, size_t size);

// Calls `clean(data)` when the arena is freed (unmapping a file, closing a handle).
void arena_at_free(struct arena *arena, void (*clean)(void *data), void *data);

// Bytes handed out so far, for tests and --log_level DEBUG.
size_t arena_used(const struct arena *arena);

#endif
