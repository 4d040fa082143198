// SPDX-License-Identifier: Apache-2.0
// Ninja's log: what ninja itself wrote is read, and what is written here is believed by ninja
// (tests/restore.sh asks it about commands of every kind).
#include "tests/unit/base_scratch.h"

#include "compiler/base/strbuf.h"
#include "compiler/batch/child.h"
#include "rules/ninja/log.h"

static const struct ninja_log *read_log(struct arena *arena, const char *text) {
    write_file("log", text, strlen(text));
    return ninja_log_read(arena, "log");
}

static void the_last_line_about_an_output_counts(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const struct ninja_log *log = read_log(arena, "# ninja log v5\n"
                                                  "0\t5\t17\ta b\tff\n"
                                                  "no line\n"
                                                  "1\t2\t3\tfour\n"
                                                  "1\t2\t3\tmany\t5\t6\n"
                                                  "0\t0\t-1\tc\t0\n"
                                                  "9\t9\t18\ta b\tdecafbaddecafbad\n"
                                                  "0\t0\t1\tcut");
    assert_non_null(log);
    const struct ninja_log_entry *entry = ninja_log_find(log, "a b");
    assert_non_null(entry);
    assert_int_equal(entry->changed, 18);
    assert_true(entry->hash == 0xdecafbaddecafbadU);
    assert_int_equal(ninja_log_find(log, "c")->changed, -1);
    assert_null(ninja_log_find(log, "four"));
    assert_null(ninja_log_find(log, "many"));
    assert_null(ninja_log_find(log, "cut"));
    arena_free(arena);
}

static void other_formats_are_left_alone(void **state) {
    (void)state;
    static const struct {
        const char *version;
        bool known;
    } cases[] = {{"1.11.1\n", true}, {"1.9", true},  {"1.10.0.git", true}, {"1.8.2", false},
                 {"1.12.1", false},  {"2.9", false}, {"", false},          {"1", false}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(ninja_log_is_known(cases[i].version), cases[i].known);
    struct arena *arena = arena_new();
    assert_null(read_log(arena, "# ninja log v6\n0\t0\t1\ta\t1\n"));
    assert_null(read_log(arena, "# ninja"));
    assert_non_null(read_log(arena, ""));
    assert_non_null(ninja_log_read(arena, "/nowhere/log"));
    arena_free(arena);
}

// Commands of every length modulo eight, and one beyond ASCII.
static void ninja_gives_the_same_hash(void **state) {
    (void)state;
    static const char *const commands[] = {
        "true",     "true a",     "true ab",         "true abc",      "true abcd",
        "true 123", "true 12345", "true 1234567890", "true \303\274", "true 'it'\\''s' \"$PATH\"",
    };
    struct strbuf rules = STRBUF_INIT;
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        strbuf_printf(&rules, "rule r%zu\n  command = ", i);
        for (const char *c = commands[i]; *c != '\0'; c++)
            strbuf_printf(&rules, *c == '$' ? "$$" : "%c", *c);
        strbuf_printf(&rules, "\nbuild o%zu: r%zu\n", i, i);
    }
    write_file("build.ninja", rules.data, rules.length);
    struct arena *arena = arena_new();
    char *words[] = {"/usr/bin/env", "ninja", NULL};
    struct child_result result;
    child_run(words, &result);
    assert_int_equal(result.status, 0);
    strbuf_free(&result.output);
    const struct ninja_log *log = ninja_log_read(arena, ".ninja_log");
    assert_non_null(log);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        const struct ninja_log_entry *entry = ninja_log_find(log, arena_printf(arena, "o%zu", i));
        assert_non_null(entry);
        assert_true(entry->hash == ninja_log_hash(commands[i], strlen(commands[i])));
    }
    strbuf_free(&rules);
    arena_free(arena);
}

static void what_is_written_is_read(void **state) {
    (void)state;
    struct strbuf text = STRBUF_INIT;
    const struct ninja_log_entry entry = {1795521813336161103, 0xb59badec7ba5e804U};
    ninja_log_start(&text);
    ninja_log_add(&text, "model 1/FP32/model 1.xml", &entry);
    struct arena *arena = arena_new();
    const struct ninja_log_entry *found =
        ninja_log_find(read_log(arena, text.data), "model 1/FP32/model 1.xml");
    assert_non_null(found);
    assert_true(found->changed == entry.changed && found->hash == entry.hash);
    strbuf_free(&text);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_line_about_an_output_counts),
        cmocka_unit_test(other_formats_are_left_alone),
        cmocka_unit_test(ninja_gives_the_same_hash),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
