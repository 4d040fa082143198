// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include "compiler/base/arena.h"
#include "compiler/base/limits.h"

#define OUT_OF_MEMORY "[ ERROR ]  out of memory\n"

static void objects_are_zeroed_and_aligned(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *object = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)object % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(object[i], 0);
        memset(object, 0xff, size); // the next object must not lie in this one
    }
    arena_free(arena);
}

static void objects_have_addresses_of_their_own(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    assert_ptr_not_equal(arena_alloc(arena, 0), arena_alloc(arena, 0));
    arena_free(arena);
}

// A large object must not end the block in use.
static void large_objects_leave_the_small_ones_together(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    char *first = arena_alloc(arena, 16);
    char *large = arena_alloc(arena, (size_t)5 << 20);
    char *second = arena_alloc(arena, 16);
    assert_true(second > first && second - first <= 64);
    memset(large, 1, (size_t)5 << 20);
    assert_int_equal(first[0] | second[0], 0);
    arena_free(arena);
}

static void used_counts_what_was_asked(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    assert_int_equal(arena_used(arena), 0);
    arena_alloc(arena, 3);
    arena_array_of(arena, 5, uint32_t);
    assert_int_equal(arena_used(arena), 23);
    arena_free(arena);
}

static void copies_end_in_nul(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    assert_string_equal(arena_strdup(arena, "conv1"), "conv1");
    assert_string_equal(arena_strndup(arena, "conv1/bias", 5), "conv1");
    assert_string_equal(arena_strndup(arena, "", 0), "");
    assert_string_equal(arena_printf(arena, "%s.%u", "conv", 12U), "conv.12");
    assert_memory_equal(arena_copy(arena, "a\0b", 3), "a\0b", 3);
    char *long_text = arena_printf(arena, "%05000d", 7);
    assert_int_equal(strlen(long_text), 5000);
    arena_free(arena);
}

static char order[8];
static struct arena *late;

static void note(void *data) {
    size_t length = strlen(order);
    order[length] = *(const char *)data;
    order[length + 1] = '\0';
}

static void note_and_register(void *data) {
    note(data);
    arena_at_free(late, note, arena_strdup(late, "x"));
}

static void lists_keep_what_they_hold_as_they_grow(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    uint32_t *numbers = NULL, capacity = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        const uint32_t *before = numbers;
        uint32_t was = capacity;
        ARENA_ROOM(arena, numbers, i, &capacity);
        assert_true(i < capacity && (numbers == before) == (i < was));
        assert_int_equal(numbers[i], 0);
        numbers[i] = i;
    }
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    // A list of other hands, which has no room of its own.
    uint32_t given[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    numbers = given;
    capacity = 0;
    ARENA_ROOM(arena, numbers, 9, &capacity);
    assert_true(capacity > 9 && numbers != given && numbers[8] == 9);
    arena_free(arena);
}

static void clean_ups_run_last_first(void **state) {
    (void)state;
    order[0] = '\0';
    struct arena *arena = arena_new();
    arena_at_free(arena, note, arena_strdup(arena, "a"));
    arena_at_free(arena, note, arena_strdup(arena, "b"));
    arena_at_free(arena, note, arena_strdup(arena, "c"));
    arena_free(arena);
    assert_string_equal(order, "cba");
}

static void clean_ups_may_register_clean_ups(void **state) {
    (void)state;
    order[0] = '\0';
    late = arena_new();
    arena_at_free(late, note, arena_strdup(late, "a"));
    arena_at_free(late, note_and_register, arena_strdup(late, "b"));
    arena_free(late);
    assert_string_equal(order, "bxa");
}

static void nothing_can_be_freed(void **state) {
    (void)state;
    arena_free(NULL);
}

static void overflow_of_a_product(void) {
    arena_array(arena_new(), SIZE_MAX / 4, 8);
}

static void overflow_of_a_size(void) {
    arena_alloc(arena_new(), SIZE_MAX - 3);
}

static void overflow_of_a_text(void) {
    arena_strndup(arena_new(), "", SIZE_MAX);
}

static void sizes_that_overflow_end_the_process(void **state) {
    (void)state;
    assert_exit(overflow_of_a_product, 70, OUT_OF_MEMORY);
    assert_exit(overflow_of_a_size, 70, OUT_OF_MEMORY);
    assert_exit(overflow_of_a_text, 70, OUT_OF_MEMORY);
}

static void ask_for_ever(void) {
    limits.arenas_bytes = (uint64_t)64 << 20;
    for (struct arena *arena = arena_new();;)
        arena_alloc(arena, 1000);
}

static void use_and_free_for_long(void) {
    limits.arenas_bytes = (uint64_t)64 << 20;
    for (int i = 0; i < 100; i++) {
        struct arena *arena = arena_new();
        arena_alloc(arena, (size_t)30 << 20);
        arena_free(arena);
    }
}

static void all_arenas_together_have_a_limit(void **state) {
    (void)state;
    assert_exit(ask_for_ever, 70, OUT_OF_MEMORY);
    assert_exit(use_and_free_for_long, 0, "");
}

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>

static void one_step_past_an_object_is_seen(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    for (size_t size = 1; size < 100; size++) {
        char *object = arena_alloc(arena, size);
        arena_alloc(arena, size);
        assert_false(__asan_address_is_poisoned(object + size - 1));
        assert_true(__asan_address_is_poisoned(object + size));
    }
    arena_free(arena);
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_zeroed_and_aligned),
        cmocka_unit_test(lists_keep_what_they_hold_as_they_grow),
        cmocka_unit_test(objects_have_addresses_of_their_own),
        cmocka_unit_test(large_objects_leave_the_small_ones_together),
        cmocka_unit_test(used_counts_what_was_asked),
        cmocka_unit_test(copies_end_in_nul),
        cmocka_unit_test(clean_ups_run_last_first),
        cmocka_unit_test(clean_ups_may_register_clean_ups),
        cmocka_unit_test(nothing_can_be_freed),
        cmocka_unit_test(sizes_that_overflow_end_the_process),
        cmocka_unit_test(all_arenas_together_have_a_limit),
#ifdef __SANITIZE_ADDRESS__
        cmocka_unit_test(one_step_past_an_object_is_seen),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
