// SPDX-License-Identifier: Apache-2.0
// What is written is read back by ninja and the shell themselves: names with every awkward
// character must arrive as they are.
#include "tests/unit/base_scratch.h"

#include "compiler/batch/child.h"
#include "rules/ninja/build_file.h"
#include "rules/ninja/ninja.h"

static void assert_written(void (*put)(struct strbuf *, const char *), const char *text,
                           const char *expected) {
    struct strbuf to = STRBUF_INIT;
    put(&to, text);
    assert_string_equal(to.data, expected);
    strbuf_free(&to);
}

static void paths_and_values_are_escaped(void **state) {
    (void)state;
    assert_written(ninja_path, "a/b.c", "a/b.c");
    assert_written(ninja_path, "a b:c$d", "a$ b$:c$$d");
    assert_written(ninja_value, "a b:c$d", "a b:c$$d");
    assert_written(ninja_value, "  x", "$  x");
    assert_true(ninja_can_name("all sorts: $of \"things\"'"));
    assert_false(ninja_can_name("a\nb"));
    assert_false(ninja_can_name("a\rb"));
    assert_false(ninja_can_name("a\tb"));
    assert_false(ninja_can_name("a|b"));
}

static void words_are_quoted(void **state) {
    (void)state;
    static const char *const words[] = {
        "plain-1.5/x,y:z@%+=_", "a b", "$x", "it's", "", "[1,2]", "\303\274"};
    struct strbuf to = STRBUF_INIT;
    ninja_words(&to, words, COUNT_OF(words));
    assert_string_equal(to.data, "plain-1.5/x,y:z@%+=_ 'a b' '$$x' 'it'\\''s' '' '[1,2]' "
                                 "'\303\274'");
    strbuf_free(&to);
}

static void an_edge_is_a_build_line(void **state) {
    (void)state;
    static const char *const outputs[] = {"o 1", "o2"}, *const implicit[] = {"r"};
    static const char *const inputs[] = {"i"}, *const words[] = {"--x", "a b"};
    struct ninja_edge edge = {.rule = "convert",
                              .outputs = {outputs, 2},
                              .implicit_outputs = {implicit, 1},
                              .inputs = {inputs, 1},
                              .implicit_inputs = {implicit, 1},
                              .pool = "memory_2g",
                              .model = "m",
                              .words = {words, 2}};
    struct strbuf to = STRBUF_INIT;
    ninja_edge(&to, &edge);
    assert_string_equal(to.data,
                        "build o$ 1 o2 | r: convert i | r\n  model = m\n  pool = memory_2g\n"
                        "  step = --x 'a b'\n");
    strbuf_free(&to);
}

static void assert_shell(const char *command) {
    char text[64];
    snprintf(text, sizeof text, "%s", command);
    struct child_result result;
    child_run((char *[]){"/bin/sh", "-c", text, NULL}, &result);
    if (result.status != 0)
        fail_msg("%s: %s", command, result.output.data);
    strbuf_free(&result.output);
}

// An edge whose command copies its input, both named with everything that a name may hold.
static void ninja_and_the_shell_read_it_back(void **state) {
    (void)state;
    static const char *const names[] = {
        "plain",       "with space", " leading",   "trailing ", "dollar$",
        "$$",          "${x}",       "colon:",     "quote'",    "double\"",
        "back\\slash", "star*",      "semi;colon", "amp&",      "(paren)",
        "#hash",       "~tilde",     "new$ line",  "-dash",     "\303\274nicode",
        "%p",          "!bang",      "<>",         "a=b",       "`tick`",
    };
    struct strbuf file = STRBUF_INIT;
    strbuf_puts(&file, "rule copy\n  command = cp $step\n  description = $model\n");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char from[64], to[64];
        snprintf(from, sizeof from, "./%s.in", names[i]);
        snprintf(to, sizeof to, "./%s.out", names[i]);
        write_file(from, names[i], strlen(names[i]));
        const char *outputs[] = {to}, *inputs[] = {from}, *words[] = {"--", from, to};
        struct ninja_edge edge = {.rule = "copy",
                                  .outputs = {outputs, 1},
                                  .inputs = {inputs, 1},
                                  .model = names[i],
                                  .words = {words, 3}};
        ninja_edge(&file, &edge);
    }
    write_file("build.ninja", file.data, file.length);
    strbuf_free(&file);
    assert_shell("ninja");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char to[64];
        snprintf(to, sizeof to, "./%s.out", names[i]);
        assert_file(to, names[i]);
    }
    assert_shell("ninja -n | grep -q 'no work to do'");
}

static void memory_is_a_power_of_two(void **state) {
    (void)state;
    uint64_t memory = build_file_memory();
    assert_true(memory >= 256ULL << 20);
    assert_int_equal(memory & (memory - 1), 0);
}

// The pools of a build file for steps of these sizes (in MiB), as "name depth name depth".
static void assert_pools(uint64_t memory, const uint64_t *sizes, uint32_t count,
                         const char *expected) {
    struct plan_step steps[4] = {{.model = "m", .variant = ""}};
    struct plan plan = {.steps = steps, .count = count};
    static const char *const outputs[] = {"o"};
    for (uint32_t i = 0; i < count; i++)
        steps[i] = (struct plan_step){.model = "m",
                                      .variant = "",
                                      .outputs = {.items = (const char **)outputs, .count = 1},
                                      .memory = sizes[i] << 20};
    struct build_file file = {.plan = &plan, .build_id = "0", .memory = memory << 20};
    struct strbuf text = STRBUF_INIT, found = STRBUF_INIT;
    build_file_write(&text, &file);
    static const char start[] = "\npool ", depth[] = "  depth = ";
    for (const char *at = text.data; (at = strstr(at, start)) != NULL;) {
        at += sizeof start - 1;
        const char *number = strstr(at, depth);
        assert_non_null(number);
        strbuf_printf(&found, "%s%.*s %lu", found.length == 0 ? "" : " ", (int)strcspn(at, "\n"),
                      at, strtoul(number + sizeof depth - 1, NULL, 10));
    }
    assert_string_equal(found.data, expected);
    strbuf_free(&text);
    strbuf_free(&found);
}

static void pools_stay_below_the_memory(void **state) {
    (void)state;
    static const uint64_t small[] = {100}, two[] = {100, 5000}, all[] = {10, 600, 3000, 9000};
    assert_pools(8192, small, 1, "memory_512m 16");
    assert_pools(32768, two, 2, "memory_512m 32 memory_8g 2");
    assert_pools(16384, two, 2, "memory_512m 16 memory_8g 1");
    assert_pools(131072, all, 4, "memory_512m 64 memory_2g 16 memory_8g 4 memory_32g 1");
    assert_pools(256, small, 1, "memory_512m 1"); // one at a time, whatever it takes
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_values_are_escaped),
        cmocka_unit_test(words_are_quoted),
        cmocka_unit_test(an_edge_is_a_build_line),
        cmocka_unit_test_setup_teardown(ninja_and_the_shell_read_it_back, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test(memory_is_a_power_of_two),
        cmocka_unit_test(pools_stay_below_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
