// SPDX-License-Identifier: Apache-2.0
// What checkpoints rest on: sums, the table of keys and values, the keys of parts. Damage behind a
// good sum, which no damaged file of a trainer has, is what an enemy writes.
#include "tests/unit/world.h"

#include "frontends/tf/checkpoint_form.h"
#include "frontends/tf/crc32c.h"
#include "frontends/tf/table.h"

// --- sums ----------------------------------------------------------------------------------------

static void sums_are_those_of_the_standard(void **state) {
    (void)state;
    uint8_t zeros[32] = {0};
    assert_int_equal(crc32c(slice_of("123456789", 9)), 0xE3069283); // RFC 3720
    assert_int_equal(crc32c(slice_of(zeros, sizeof zeros)), 0x8A9136AA);
    assert_int_equal(crc32c(slice_of("", 0)), 0);
    assert_int_equal(crc32c_extend(crc32c(slice_of("1234", 4)), slice_of("56789", 5)), 0xE3069283);
    assert_int_equal(crc32c_mask(0), 0xA282EAD8);
}

static void sums_are_the_same_with_and_without_the_instruction(void **state) {
    (void)state;
    uint8_t data[300];
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + (i >> 3));
    for (unsigned start = 0; start < 9; start++)
        for (unsigned size = 0; start + size <= sizeof data; size += 7)
            assert_int_equal(crc32c_extend(start, slice_of(data + start, size)),
                             crc32c_by_table(start, slice_of(data + start, size)));
}

// --- keys of parts -------------------------------------------------------------------------------

static void assert_key(struct world *w, const char *name, struct checkpoint_part part,
                       const char *expected, size_t size) {
    struct slice key = checkpoint_part_key(w->arena, name, &part);
    assert_int_equal(key.size, size);
    assert_memory_equal(key.data, expected, size);
}

#define KEY(text) text, sizeof text - 1

static void keys_are_tensorflows(void **state) {
    struct world *w = *state;
    struct checkpoint_part whole = {.rank = 2, .length = {-1, -1}};
    struct checkpoint_part part = {.rank = 1, .start = {6}, .length = {5}};
    struct checkpoint_part large = {.rank = 2, .start = {64, 8191}, .length = {8192, 1 << 20}};
    struct checkpoint_part huge = {.rank = 1, .start = {(int64_t)1 << 55}, .length = {INT64_MAX}};
    assert_key(w, "w", (struct checkpoint_part){.rank = 0}, KEY("\0w\0\1\0"));
    assert_key(w, "w", whole, KEY("\0w\0\1\1\2\x80\x7f\x80\x7f"));
    assert_key(w, "a/b", part, KEY("\0a/b\0\1\1\1\x86\x85"));
    assert_key(w, "w", large, KEY("\0w\0\1\1\2\xc0\x40\xe0\x20\x00\xdf\xff\xf0\x10\x00\x00"));
    assert_key(w, "w", huge,
               KEY("\0w\0\1\1\1\xff\x80\x80\x00\x00\x00\x00\x00\x00"
                   "\xff\xc0\x7f\xff\xff\xff\xff\xff\xff\xff"));
}

// --- tables by hand ------------------------------------------------------------------------------

static void put(struct world *w, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++)
        strbuf_putc(&w->bytes, (char)(uint8_t)(value >> (8 * i)));
}

// Closes the block that began at `start`: its sum, as good as any.
static void put_trailer(struct world *w, size_t start, uint8_t compression) {
    put(w, compression, 1);
    uint32_t sum = crc32c(slice_of(w->bytes.data + start, w->bytes.length - start));
    put(w, crc32c_mask(sum), 4);
}

// Entry: what it shares with the key before, the rest of the key, the value.
static void put_entry(struct world *w, uint8_t shared, const char *rest, const char *value) {
    put(w, shared, 1);
    put(w, strlen(rest), 1);
    put(w, strlen(value), 1);
    strbuf_puts(&w->bytes, rest);
    strbuf_puts(&w->bytes, value);
}

struct places { // of the blocks
    size_t start[3], size[3];
};

static void end_block(struct world *w, struct places *p, int block, size_t restart) {
    put(w, 0, 4);
    if (restart > 0)
        put(w, restart, 4);
    put(w, restart > 0 ? 2 : 1, 4);
    p->size[block] = w->bytes.length - p->start[block];
    put_trailer(w, p->start[block], 0);
}

static void put_footer(struct world *w, const struct places *p) {
    size_t footer = w->bytes.length;
    put(w, 0, 2);
    put(w, p->start[2], 1);
    put(w, p->size[2], 1);
    while (w->bytes.length < footer + 40)
        put(w, 0, 1);
    put(w, 0xDB4775248B80FB57, 8);
}

// Two blocks: "" "apple" "apply" "bat", and "cat" "cow".
static struct places put_table(struct world *w) {
    struct places p = {{0}, {0}};
    strbuf_reset(&w->bytes);
    put_entry(w, 0, "", "empty");
    put_entry(w, 0, "apple", "1");
    put_entry(w, 4, "y", "2");
    size_t restart = w->bytes.length;
    put_entry(w, 0, "bat", "3");
    end_block(w, &p, 0, restart);
    p.start[1] = w->bytes.length;
    put_entry(w, 0, "cat", "4");
    put_entry(w, 1, "ow", "5");
    end_block(w, &p, 1, 0);
    p.start[2] = w->bytes.length;
    for (int i = 0; i < 2; i++) {
        char handle[2] = {(char)p.start[i], (char)p.size[i]};
        put_entry(w, 0, i == 0 ? "c" : "d", "??");
        w->bytes.length -= 2;
        strbuf_add(&w->bytes, handle, 2);
    }
    end_block(w, &p, 2, 0);
    put_footer(w, &p);
    return p;
}

static bool open_table(struct world *w, struct table *t) {
    w->diag = diag_new(w->arena);
    return table_open(w->arena, w->diag, "table", slice_of(w->bytes.data, w->bytes.length), t);
}

static void assert_value(struct table *t, const char *key, const char *expected) {
    struct slice value;
    assert_true(table_find(t, slice_of(key, strlen(key)), &value));
    if (expected == NULL) {
        assert_null(value.data);
        return;
    }
    assert_int_equal(value.size, strlen(expected));
    assert_memory_equal(value.data, expected, value.size);
}

static void keys_are_found_in_their_blocks(void **state) {
    struct world *w = *state;
    struct table t;
    put_table(w);
    assert_true(open_table(w, &t));
    assert_int_equal(t.block_count, 2);
    assert_value(&t, "", "empty");
    assert_value(&t, "apple", "1");
    assert_value(&t, "apply", "2");
    assert_value(&t, "bat", "3");
    assert_value(&t, "cat", "4");
    assert_value(&t, "cow", "5");
    static const char *const absent[] = {"a", "applf", "bas", "bb", "c", "cb", "cx", "zoo"};
    for (size_t i = 0; i < COUNT_OF(absent); i++)
        assert_value(&t, absent[i], NULL);
}

static void compressed_blocks_are_refused(void **state) {
    struct world *w = *state;
    struct table t;
    struct slice value;
    for (uint8_t kind = 1; kind < 4; kind++) {
        struct places p = put_table(w);
        size_t end = p.start[0] + p.size[0], length = w->bytes.length;
        w->bytes.length = end;
        put_trailer(w, p.start[0], kind);
        w->bytes.length = length;
        assert_true(open_table(w, &t));
        assert_false(table_find(&t, slice_of("bat", 3), &value));
        assert_true(diag_has(w->diag, D_CHECKPOINT_READ));
    }
}

// --- damage --------------------------------------------------------------------------------------

static void truncated_tables_are_reported_once(void **state) {
    struct world *w = *state;
    put_table(w);
    for (size_t whole = w->bytes.length; w->bytes.length > 0; w->bytes.length--) {
        struct table t;
        if (w->bytes.length == whole)
            continue;
        assert_false(open_table(w, &t));
        assert_int_equal(diag_count(w->diag, DIAG_WARNING), 1);
    }
}

// With the sums made good again: entries, restarts and handles that lead anywhere.
static void damage_behind_good_sums_is_survived(void **state) {
    struct world *w = *state;
    static const char *const keys[] = {"", "apple", "apply", "bat", "cat", "cow", "dog"};
    size_t whole = (put_table(w), w->bytes.length);
    for (size_t bit = 0; bit < whole * 8; bit++) {
        struct table t;
        struct places p = put_table(w);
        w->bytes.data[bit / 8] = (char)(w->bytes.data[bit / 8] ^ (1 << bit % 8));
        for (int i = 0; i < 3; i++) {
            w->bytes.length = p.start[i] + p.size[i];
            put_trailer(w, p.start[i], 0);
        }
        w->bytes.length = whole;
        bool good = open_table(w, &t);
        for (size_t k = 0; good && k < COUNT_OF(keys); k++) {
            struct slice value;
            good = table_find(&t, slice_of(keys[k], strlen(keys[k])), &value);
        }
        assert_int_equal(diag_count(w->diag, DIAG_WARNING), good ? 0 : 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, enter_world, leave_world)
        TEST(sums_are_those_of_the_standard),
        TEST(sums_are_the_same_with_and_without_the_instruction),
        TEST(keys_are_tensorflows),
        TEST(keys_are_found_in_their_blocks),
        TEST(compressed_blocks_are_refused),
        TEST(truncated_tables_are_reported_once),
        TEST(damage_behind_good_sums_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
