// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/world.h"

#include "compiler/base/limits.h"
#include "frontends/wire/wire.h"
#include "tests/unit/everything.pb-c.h"

// --- writing protobufs by hand -----------------------------------------------

static void put_varint(struct world *world, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        strbuf_putc(&world->bytes, (char)(uint8_t)(value | 0x80));
    strbuf_putc(&world->bytes, (char)(uint8_t)value);
}

static void put_tag(struct world *world, uint32_t number, unsigned type) {
    put_varint(world, number << 3 | type);
}

static void put_number(struct world *world, uint32_t number, uint64_t value) {
    put_tag(world, number, 0);
    put_varint(world, value);
}

static void put_block(struct world *world, uint32_t number, const void *data, size_t size) {
    put_tag(world, number, 2);
    put_varint(world, size);
    strbuf_add(&world->bytes, data, size);
}

static void put_float(struct world *world, uint32_t number, float value) {
    put_tag(world, number, 5);
    strbuf_add(&world->bytes, &value, sizeof(value));
}

static void put_packed(struct world *world, Everything__All *all) {
    size_t size = everything__all__get_packed_size(all);
    uint8_t *out = arena_alloc(world->arena, size);
    everything__all__pack(all, out);
    strbuf_add(&world->bytes, out, size);
}

static struct slice bytes_of(const struct world *world) {
    return slice_of(world->bytes.data, world->bytes.length);
}

static Everything__All *unpack(struct world *world) {
    return (Everything__All *)wire_unpack(world->arena, world->diag, "test.pb", bytes_of(world),
                                          &everything__all__descriptor);
}

// --- what is read ------------------------------------------------------------

static void every_kind_of_field_comes_back(void **state) {
    struct world *world = *state;
    Everything__All inner = EVERYTHING__ALL__INIT, all = EVERYTHING__ALL__INIT;
    int32_t numbers[] = {1, -2, 300};
    int64_t signed_numbers[] = {INT64_MIN, -1, INT64_MAX};
    float reals[] = {0.5F, -1e30F};
    double wides[] = {1e300};
    protobuf_c_boolean flags[] = {1, 0, 1};
    Everything__Color colors[] = {EVERYTHING__COLOR__DEEP_BLUE, EVERYTHING__COLOR__RED};
    char *texts[] = {"one", ""};
    ProtobufCBinaryData raws[] = {{2, (uint8_t *)"\0x"}, {0, NULL}};
    Everything__All *inners[] = {&inner, &inner};
    inner.has_u64 = 1, inner.u64 = UINT64_MAX;
    inner.chosen_text = "chosen", inner.choice_case = EVERYTHING__ALL__CHOICE_CHOSEN_TEXT;
    all.has_i32 = 1, all.i32 = -5;
    all.has_s32 = 1, all.s32 = INT32_MIN;
    all.has_sf64 = 1, all.sf64 = -7;
    all.has_wide = 1, all.wide = 0.1;
    all.has_flag = 1, all.flag = 1;
    all.has_color = 1, all.color = EVERYTHING__COLOR__DEEP_BLUE;
    all.text = "hello", all.inner = &inner;
    all.has_raw = 1, all.raw = raws[0];
    all.n_many_i32 = 3, all.many_i32 = numbers;
    all.n_many_s64 = 3, all.many_s64 = signed_numbers;
    all.n_many_real = 2, all.many_real = reals;
    all.n_many_wide = 1, all.many_wide = wides;
    all.n_many_flag = 3, all.many_flag = flags;
    all.n_many_color = 2, all.many_color = colors;
    all.n_many_text = 2, all.many_text = texts;
    all.n_many_raw = 2, all.many_raw = raws;
    all.n_many_inner = 2, all.many_inner = inners;
    put_packed(world, &all);
    Everything__All *back = unpack(world);
    assert_non_null(back);
    // Equal when packed again, and the bytes are those of the input.
    uint8_t *again = arena_alloc(world->arena, world->bytes.length);
    assert_int_equal(everything__all__get_packed_size(back), world->bytes.length);
    everything__all__pack(back, again);
    assert_memory_equal(again, world->bytes.data, world->bytes.length);
    assert_float_equal(back->real, 2.5F, 0); // a default
}

static void large_fields_are_views_of_the_input(void **state) {
    struct world *world = *state;
    enum { COUNT = 100000 };
    float *numbers = arena_array_of(world->arena, COUNT, float);
    for (int i = 0; i < COUNT; i++)
        numbers[i] = (float)i;
    put_block(world, 23, numbers, COUNT * sizeof(float));
    put_block(world, 16, "raw", 3);
    size_t before = arena_used(world->arena);
    Everything__All *all = unpack(world);
    assert_int_equal(all->n_many_real, COUNT);
    assert_memory_equal(all->many_real, numbers, COUNT * sizeof(float));
    const char *start = world->bytes.data, *view = (const char *)all->many_real;
    assert_true(view > start && view < start + world->bytes.length);
    assert_ptr_equal(all->raw.data, start + world->bytes.length - 3);
    assert_true(arena_used(world->arena) - before < 4096);
}

static void small_numbers_are_aligned_copies(void **state) {
    struct world *world = *state;
    double numbers[] = {1, 2, 3};
    put_block(world, 15, "shift by an odd number", 21);
    put_block(world, 24, numbers, sizeof(numbers));
    Everything__All *all = unpack(world);
    assert_int_equal(all->n_many_wide, 3);
    assert_int_equal((uintptr_t)all->many_wide % _Alignof(double), 0);
    assert_memory_equal(all->many_wide, numbers, sizeof(numbers));
}

static void unpacked_numbers_are_gathered(void **state) {
    struct world *world = *state;
    enum { COUNT = 5000 };
    for (int i = 0; i < COUNT; i++)
        put_float(world, 23, (float)i);
    put_number(world, 22, 3); // zigzag: -2
    put_number(world, 22, 4); // 2
    put_number(world, 22, 1); // -1
    Everything__All *all = unpack(world);
    assert_int_equal(all->n_many_real, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_float_equal(all->many_real[i], (float)i, 0);
    assert_int_equal(all->n_many_s64, 3);
    assert_int_equal(all->many_s64[0], -2);
    assert_int_equal(all->many_s64[1], 2);
    assert_int_equal(all->many_s64[2], -1);
}

static void pieces_of_a_field_are_joined_in_order(void **state) {
    struct world *world = *state;
    float first[] = {1, 2}, last[] = {5};
    put_block(world, 23, first, sizeof(first));
    put_float(world, 23, 3);
    put_number(world, 1, 9);
    put_float(world, 23, 4);
    put_block(world, 23, last, sizeof(last));
    Everything__All *all = unpack(world);
    assert_int_equal(all->n_many_real, 5);
    for (int i = 0; i < 5; i++)
        assert_float_equal(all->many_real[i], (float)(i + 1), 0);
    assert_int_equal(all->i32, 9);
}

// By protobuf-c, which cannot do so for messages with a union (1.4.1): those are refused.
static void messages_that_come_twice_are_merged(void **state) {
    struct world *world = *state;
    float number = 1;
    char inner[6] = "\xbd\x01"; // tag: field 23, 32 bits
    memcpy(inner + 2, &number, 4);
    put_block(world, 17, inner, 6);
    put_block(world, 17, inner, 6);
    Everything__Plain *plain = (Everything__Plain *)wire_unpack(
        world->arena, world->diag, "test.pb", bytes_of(world), &everything__plain__descriptor);
    assert_int_equal(plain->inner->n_many_real, 2);
    assert_float_equal(plain->inner->many_real[1], 1, 0);
    assert_null(unpack(world));
    assert_true(diag_has(world->diag, D_MALFORMED));
}

static void unknown_fields_and_other_wire_types_are_skipped(void **state) {
    struct world *world = *state;
    put_number(world, 9999, 1);
    put_block(world, 1, "not a number", 12); // i32
    put_number(world, 15, 7);                // text
    put_number(world, 16, 7);                // raw
    put_tag(world, 500, 3);                  // a group
    put_number(world, 1, 666);               // of which nothing counts
    put_tag(world, 501, 3);
    put_tag(world, 501, 4);
    put_tag(world, 500, 4);
    put_number(world, 4, 8);
    Everything__All *all = unpack(world);
    assert_non_null(all);
    assert_false(all->has_i32);
    assert_string_equal(all->text, "none");
    assert_int_equal(all->raw.len, 0);
    assert_int_equal(all->u64, 8);
}

static void an_empty_input_is_an_empty_message(void **state) {
    Everything__All *all = unpack(*state);
    assert_non_null(all);
    assert_int_equal(all->n_many_inner, 0);
}

// --- hostile input -----------------------------------------------------------

static void assert_refused(struct world *world, enum diag_id id) {
    struct diag *diag = diag_new(world->arena);
    assert_null(
        wire_unpack(world->arena, diag, "test.pb", bytes_of(world), &everything__all__descriptor));
    assert_int_equal(diag_count(diag, DIAG_NOTE), 1);
    assert_true(diag_has(diag, id));
}

static void wrong_bytes_are_refused(void **state) {
    struct world *world = *state;
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"\x08", 1},     // number missing
        {"\x08\x80", 2}, // number cut
        {"\x00\x01", 2}, // field 0
        {"\x0f\x01", 2}, // wire type 7
        {"\x7a\x05"
         "ab",
         4},                                                      // string cut
        {"\x7a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},     // 2^64 - 1 bytes
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12}, // 11-byte number
        {"\x7a\x03"
         "a\0b",
         5}, // zero byte in a text
        {"\xba\x01\x03"
         "abc",
         6},                     // packed floats of 3 bytes
        {"\xb2\x01\x01\x80", 4}, // packed number cut
        {"\x0c", 1},             // end of a group that is not open
        {"\x0b\x14", 2},         // group 1 ends as 2
        {"\x0b", 1},             // group not closed
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        strbuf_reset(&world->bytes);
        strbuf_add(&world->bytes, cases[i].bytes, cases[i].size);
        assert_refused(world, D_MALFORMED);
    }
}

static void nest(struct world *world, uint32_t depth) {
    size_t room = (size_t)depth * 8 + 8;
    char *body = arena_alloc(world->arena, room);
    size_t size = 0; // built from the inside out, at the end of `body`
    char *end = body + room;
    for (uint32_t i = 0; i < depth; i++) {
        size_t length = size;
        char head[8];
        size_t n = 0;
        head[n++] = (char)0x8a, head[n++] = 1; // field 17, length
        do {
            head[n++] = (char)(uint8_t)((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
            length >>= 7;
        } while (length > 0);
        size += n;
        memcpy(end - size, head, n);
    }
    strbuf_reset(&world->bytes);
    strbuf_add(&world->bytes, end - size, size);
}

static void nesting_is_bounded(void **state) {
    struct world *world = *state;
    nest(world, (uint32_t)limits.nesting);
    assert_non_null(unpack(world));
    nest(world, (uint32_t)limits.nesting + 1);
    assert_refused(world, D_LIMIT);
    nest(world, 10000);
    assert_refused(world, D_LIMIT);
    strbuf_reset(&world->bytes);
    for (int i = 0; i < 10000; i++)
        strbuf_putc(&world->bytes, '\x0b'); // groups
    assert_refused(world, D_MALFORMED);
}

static void counts_and_costs_are_bounded(void **state) {
    struct world *world = *state;
    struct limits before = limits;
    for (int i = 0; i < 1000; i++)
        put_block(world, 30, "", 0);
    limits.messages = 999;
    assert_refused(world, D_LIMIT);
    limits = before;
    assert_non_null(unpack(world));
    limits.skeleton_bytes = 100000; // a thousand messages take more than a hundred bytes each
    assert_refused(world, D_LIMIT);
    limits = before;
}

// A message of every kind of content, to be damaged.
static void put_specimen(struct world *world) {
    float numbers[3] = {1, 2, 3};
    put_number(world, 1, 77);
    put_block(world, 15, "text", 4);
    put_block(world, 16, "raw", 3);
    put_block(world, 17, "\x08\x01\x8a\x01\x02\x08\x02", 7);
    put_block(world, 22, "\x01\x02\x80\x01", 4);
    put_block(world, 23, numbers, sizeof(numbers));
    put_float(world, 23, 4);
    put_block(world, 29, "abc", 3);
    put_block(world, 30, "\x7a\x01x", 3);
    put_block(world, 42, "chosen", 6);
    put_block(world, 43, "\x08\x05", 2);
}

static void truncation_anywhere_is_an_answer(void **state) {
    struct world *world = *state;
    put_specimen(world);
    assert_non_null(unpack(world));
    struct slice whole = bytes_of(world);
    unsigned refused = 0;
    for (uint64_t size = 0; size < whole.size; size++) {
        struct diag *diag = diag_new(world->arena);
        char *part = arena_copy(world->arena, whole.data, (size_t)size); // its end is guarded
        ProtobufCMessage *message = wire_unpack(world->arena, diag, "cut", slice_of(part, size),
                                                &everything__all__descriptor);
        assert_int_equal(diag_count(diag, DIAG_NOTE), message == NULL);
        refused += message == NULL;
    }
    assert_in_range(refused, whole.size - 12, whole.size); // the ends of members are no errors
}

static void bit_flips_anywhere_are_an_answer(void **state) {
    struct world *world = *state;
    put_specimen(world);
    struct slice whole = bytes_of(world);
    for (uint64_t bit = 0; bit < whole.size * 8; bit++) {
        struct arena *arena = arena_new();
        struct diag *diag = diag_new(arena);
        uint8_t *flipped = arena_copy(arena, whole.data, (size_t)whole.size);
        flipped[bit / 8] ^= (uint8_t)(1U << bit % 8);
        ProtobufCMessage *message = wire_unpack(
            arena, diag, "flipped", slice_of(flipped, whole.size), &everything__all__descriptor);
        assert_int_equal(diag_count(diag, DIAG_NOTE), message == NULL);
        if (message != NULL) // every pointer in it must be good
            assert_true(protobuf_c_message_get_packed_size(message) < 1000);
        arena_free(arena);
    }
}

static void reports_name_the_byte(void **state) {
    struct world *world = *state;
    put_number(world, 1, 1);
    put_block(world, 17, "\x0f", 1);
    assert_null(unpack(world));
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    diag_print(world->diag, out, DIAG_PLAIN, DIAG_NOTE);
    fclose(out);
    assert_non_null(strstr(text, "test.pb"));
    assert_non_null(strstr(text, "byte 5"));
    assert_non_null(strstr(text, "impossible wire type"));
    free(text);
}

static void matching_counts_known_members(void **state) {
    struct world *world = *state;
    const ProtobufCMessageDescriptor *descriptor = &everything__all__descriptor;
    assert_int_equal(wire_match(bytes_of(world), descriptor, 5), 0);
    put_specimen(world);
    assert_int_equal(wire_match(bytes_of(world), descriptor, 3), 3);
    assert_int_equal(wire_match(bytes_of(world), descriptor, 100), 11);
    assert_int_equal(wire_match(slice_of("name: \"net\"", 11), descriptor, 100), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_field_comes_back, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(large_fields_are_views_of_the_input, enter_world,
                                        leave_world),
        cmocka_unit_test_setup_teardown(small_numbers_are_aligned_copies, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(unpacked_numbers_are_gathered, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(pieces_of_a_field_are_joined_in_order, enter_world,
                                        leave_world),
        cmocka_unit_test_setup_teardown(messages_that_come_twice_are_merged, enter_world,
                                        leave_world),
        cmocka_unit_test_setup_teardown(unknown_fields_and_other_wire_types_are_skipped,
                                        enter_world, leave_world),
        cmocka_unit_test_setup_teardown(an_empty_input_is_an_empty_message, enter_world,
                                        leave_world),
        cmocka_unit_test_setup_teardown(wrong_bytes_are_refused, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(nesting_is_bounded, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(counts_and_costs_are_bounded, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(truncation_anywhere_is_an_answer, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(bit_flips_anywhere_are_an_answer, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(reports_name_the_byte, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(matching_counts_known_members, enter_world, leave_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
