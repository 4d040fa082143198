// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_scratch.h"

#include "cache/record.h"

static const char awkward[] = "tab\t newline\n backslash\\ \\t end";

static struct record *sample(struct arena *arena) {
    struct record *record = record_new(arena);
    record_add(record, RECORD_STEP, "convert", "lenet/FP32");
    record_add(record, RECORD_BUILD, "", "0123");
    record_add(record, RECORD_OPTION, "scale", "2");
    record_add(record, RECORD_OPTION, "input", awkward);
    record_add_file(record, RECORD_INPUT, "a b", hash_bytes("x", 1), 1);
    return record;
}

static void add_answer(struct record *record) {
    record_add_file(record, RECORD_OUTPUT, "lenet.xml", hash_bytes("y", 1), 12345678901ULL);
    record_add(record, RECORD_RESULT, "accuracy", "0.5");
}

static struct record *read_back(struct arena *arena) {
    bool damaged;
    struct record *record = record_read(arena, "record", &damaged);
    assert_false(damaged);
    return record;
}

static void a_record_is_read_back(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct record *record = sample(arena);
    add_answer(record);
    assert_true(record_write(record, "record"));
    struct record *back = read_back(arena);
    assert_non_null(back);
    assert_int_equal(back->count, record->count);
    for (uint32_t i = 0; i < record->count; i++) {
        assert_int_equal(back->lines[i].kind, record->lines[i].kind);
        assert_string_equal(back->lines[i].name, record->lines[i].name);
        assert_string_equal(back->lines[i].value, record->lines[i].value);
        assert_true(hash_equal(back->lines[i].hash, record->lines[i].hash));
        assert_int_equal(back->lines[i].size, record->lines[i].size);
    }
    assert_string_equal(record_find(back, RECORD_OPTION, "input")->value, awkward);
    assert_null(record_find(back, RECORD_OPTION, "output"));
    arena_free(arena);
}

static void a_missing_record_is_not_damaged(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    bool damaged = true;
    assert_null(record_read(arena, "record", &damaged));
    assert_false(damaged);
    arena_free(arena);
}

// Every cut and every flipped byte is noticed.
static void damage_is_noticed(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct record *record = sample(arena);
    add_answer(record);
    assert_true(record_write(record, "record"));
    char text[2048], copy[2048];
    size_t size = read_file("record", text, sizeof text);
    assert_in_range(size, 100, sizeof text - 1);
    for (size_t at = 0; at < size; at++) {
        struct arena *own = arena_new();
        bool damaged;
        write_file("cut", text, at);
        assert_null(record_read(own, "cut", &damaged));
        assert_true(damaged);
        memcpy(copy, text, size);
        copy[at] = (char)(copy[at] ^ 1);
        write_file("flipped", copy, size);
        assert_null(record_read(own, "flipped", &damaged));
        assert_true(damaged);
        arena_free(own);
    }
    arena_free(arena);
}

// A file that was forged with a right sum still has to be well-formed.
static void forged_lines_are_refused(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "zooc record 1\nstep\tconvert\n",
        "zooc record 1\nwish\ta\tb\n",
        "zooc record 1\noption\ta\\x\tb\n",
        "zooc record 1\ninput\ta\tnohash 1\n",
        "zooc record 1\noption\ta\tb\tc\n",
        "zooc record 2\noption\ta\tb\n",
        "zooc record 1\noutput\ta\t99aa06d3014798d86001c324468d497f 1x\n",
        "zooc record 1\noption\ta\tb",
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        char sum[HASH_TEXT_SIZE];
        hash_to_text(hash_bytes(bodies[i], strlen(bodies[i])), sum);
        const char *text = arena_printf(arena, "%ssum\t\t%s\n", bodies[i], sum);
        bool damaged;
        write_file("record", text, strlen(text));
        assert_null(record_read(arena, "record", &damaged));
        assert_true(damaged);
    }
    arena_free(arena);
}

static void assert_why(const struct record *was, const struct record *now, const char *expected) {
    struct strbuf why = STRBUF_INIT;
    bool same = record_answers(was, now, &why);
    assert_string_equal(why.data, expected);
    assert_int_equal(same, expected[0] == '\0');
    strbuf_free(&why);
}

static void the_difference_is_told(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct record *was = sample(arena);
    add_answer(was);
    assert_why(was, sample(arena), "");

    struct record *now = sample(arena);
    now->lines[2].value = "3";
    assert_why(was, now, "option 'scale' was '2' and is '3'");
    now = sample(arena);
    now->lines[1].value = "4567";
    assert_why(was, now, "the compiler is another one");
    now = sample(arena);
    now->lines[4].value = "another";
    assert_why(was, now, "input 'a b' has changed");
    now = sample(arena);
    record_add(now, RECORD_OPTION, "batch", "1");
    assert_why(was, now, "option 'batch' is new");
    now->lines[2].value = "3";
    assert_why(was, now, "option 'scale' was '2' and is '3'; option 'batch' is new");
    now = sample(arena);
    now->count--;
    assert_why(was, now, "input 'a b' is gone");
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_is_read_back, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_missing_record_is_not_damaged, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(damage_is_noticed, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(forged_lines_are_refused, enter_scratch, leave_scratch),
        cmocka_unit_test(the_difference_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
