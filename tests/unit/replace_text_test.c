// SPDX-License-Identifier: Apache-2.0
// cache/replace against what Python's re.subn gives for the same pattern, replacement and text.
#include "tests/unit/base_scratch.h"

#include "cache/replace.h"
#include "compiler/base/limits.h"

static struct arena *arena;

static const char *replace(const char *text, const char *pattern, const char *with,
                           uint64_t count) {
    write_file("text", text, strlen(text));
    return replace_in_file(arena, "text", pattern, with, count);
}

static void it_does_what_python_does(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *with;
        uint64_t count;
        const char *text, *result;
    } rows[] = {
        {"dim: 10", "dim: 1", 0, "dim: 10 dim: 10\n", "dim: 1 dim: 1\n"},
        {"dim: 12", "dim: 720", 1, "dim: 12 dim: 12\n", "dim: 720 dim: 12\n"},
        {"x*", "-", 0, "abxd", "-a-b--d-"},
        {"", "-", 0, "abc", "-a-b-c-"},
        {"a|", "<\\g<0>>", 0, "baac", "<>b<a><a><>c<>"},
        {"(a)(?P<n>b)?", "[\\1\\2\\g<n>]", 0, "ab a", "[abb] [a]"},
        {"^b$", "c", 0, "b\n", "c\n"},
        {"(?m)^b$", "c", 0, "a\nb\n", "a\nc\n"},
        {"b$", "c", 0, "a b\n", "a c\n"},
        {" +save \\{.*\\n.*\\n +\\}\\n", "", 0, "a\n  save {\n   x\n  }\nb\n", "a\nb\n"},
        {"from nets(\\.[\\w.]+)? import (?!inception)", "# \\g<0>", 0,
         "from nets.a import b\nfrom nets import inception\n",
         "# from nets.a import b\nfrom nets import inception\n"},
        {"(?<='v1': inception\\.)v3_arg", "v1_arg", 0,
         "'v1': inception.v3_arg 'v2': inception.v3_arg",
         "'v1': inception.v1_arg 'v2': inception.v3_arg"},
        {"\\bw\\b", "é", 0, "w wé éw", "é wé éw"},
        {"\\d+", "n", 0, "12 ٣٤", "n n"},
        {"é.", "<>", 0, "éàé", "<>é"},
        {"a\\nb", "b\\ta\\\\", 0, "a\r\nb\ra\nb", "b\ta\\\nb\ta\\"},
        {"(?i)ABC", "x", 0, "abcABC", "xx"},
        {"(?P<q>['\\\"]).*?(?P=q)", "\\g<q>\\g<q>", 0, "say 'a' \"b\"", "say '' \"\""},
        {"(\\w+) (\\w+)", "\\2 \\1", 1, "one two three four", "two one three four"},
        {"(?s)a.b", "x", 0, "a\nb", "x"},
        {"layer {\n  name: \"x\"\n}", "", 0, "layer {\n  name: \"x\"\n}\nlayer {\n", "\nlayer {\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_null(replace(rows[i].text, rows[i].pattern, rows[i].with, rows[i].count));
        assert_file("text", rows[i].result);
    }
}

static void faults_are_told_and_change_nothing(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *with, *text, *fault;
        uint64_t count;
    } rows[] = {
        {"z", "y", "abc", "nothing matches 'z'", 0},
        {"a", "y", "aa", "'a' matches 2 times, not 3", 3},
        {"(", "y", "abc", "pattern '('", 0},
        {"a", "\\1", "abc", "the pattern has no group 1", 0},
        {"a", "\\g<n>", "abc", "the pattern has no group 'n'", 0},
        {"a", "\\g<7>", "abc", "the pattern has no group 7", 0},
        {"a", "\\g", "abc", "needs <number> or <name>", 0},
        {"a", "\\g<", "abc", "needs <number> or <name>", 0},
        {"a", "\\q", "abc", "unknown escape '\\q'", 0},
        {"a", "\\", "abc", "unknown escape", 0},
        {"a", "b", "a\xff", "UTF-8", 0},
        {"a", "b", "", "nothing matches", 0},
        {"\\C", "b", "abc", "pattern", 0},
        {"(?=a\\K)", "b", "ba", "pattern", 0},
        {"(a|aa)+$", "b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", "limit", 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *fault = replace(rows[i].text, rows[i].pattern, rows[i].with, rows[i].count);
        if (fault == NULL || strstr(fault, rows[i].fault) == NULL)
            fail_msg("'%s' gives '%s'", rows[i].pattern, fault == NULL ? "" : fault);
        assert_file("text", rows[i].text);
    }
    assert_non_null(replace_in_file(arena, "nothing", "a", "b", 0));
}

// A text that grows with every match is stopped before memory is.
static void a_text_that_grows_is_bounded(void **state) {
    (void)state;
    uint64_t usual = limits.text_bytes;
    limits.text_bytes = 1000;
    const char *fault = replace("aaaaaaaaaaaaaaaaaaaa", "a",
                                "0123456789012345678901234567890123456789012345678901234567", 0);
    limits.text_bytes = usual;
    assert_non_null(fault);
    assert_non_null(strstr(fault, "too long"));
}

static int set_up(void **state) {
    arena = arena_new();
    return enter_scratch(state);
}

static int tear_down(void **state) {
    arena_free(arena);
    return leave_scratch(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_does_what_python_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(faults_are_told_and_change_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_text_that_grows_is_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
