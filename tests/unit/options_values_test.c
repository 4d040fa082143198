// SPDX-License-Identifier: Apache-2.0
// The records of tests/cases/options/values.txt: how values are read and what they are kept as.
#include "tests/unit/base_support.h"

#include "compiler/base/map.h"
#include "compiler/options/options.h"
#include "compiler/options/values.h"

static const char cases[] = "tests/cases/options/values.txt";

static bool covered[OPTION_REGEXES + 1]; // by kind

// The next column of a record, trimmed of blanks and of quotes that keep blanks.
static char *column(struct arena *arena, const char **text, bool last) {
    const char *from = *text;
    size_t length = last ? strcspn(from, "\n") : strcspn(from, "|\n");
    *text = from + length + (from[length] == '|' ? 1 : 0);
    while (length > 0 && *from == ' ')
        from++, length--;
    while (length > 0 && from[length - 1] == ' ')
        length--;
    if (length >= 2 && from[0] == '"' && from[length - 1] == '"')
        from++, length -= 2;
    return arena_strndup(arena, from, length);
}

static const char *message_of(struct arena *arena, const struct diag *diag) {
    for (unsigned id = 0; id < DIAG_ID_COUNT; id++)
        if (diag_has(diag, (enum diag_id)id))
            return arena_printf(arena, "#%u", diag_entry((enum diag_id)id)->number);
    return "no message";
}

static const char *normal_form(struct arena *arena, const struct option_def *def,
                               const char *text) {
    struct diag *diag = diag_new(arena);
    const char *normal = option_normalize(arena, diag, NULL, def, text);
    return normal != NULL ? normal : message_of(arena, diag);
}

static bool check_record(struct arena *arena, const char *line) {
    const struct option_def *def = option_find(column(arena, &line, false));
    assert_non_null(def);
    const char *text = column(arena, &line, false), *expected = column(arena, &line, true);
    if (text[0] == '\0')
        text = NULL;
    else if (strcmp(text, "<>") == 0)
        text = "";
    covered[def->kind] = true;
    const char *normal = normal_form(arena, def, text);
    bool ok = strcmp(normal, expected) == 0;
    if (!ok)
        print_error("%s: '%s' gives '%s', not '%s'\n", def->name, text, normal, expected);
    // The normal form is its own normal form.
    if (ok && normal[0] != '#') {
        const char *again = normal_form(arena, def, normal);
        ok = strcmp(again, normal) == 0;
        if (!ok)
            print_error("%s: '%s' is not stable: '%s'\n", def->name, normal, again);
    }
    return ok;
}

static void values_have_one_normal_form(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct slice file;
    assert_true(map_file(arena, cases, &file));
    const char *text = arena_strndup(arena, (const char *)file.data, file.size);
    unsigned failed = 0, records = 0;
    for (const char *line = text; *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        if (*line == '\n' || *line == '#')
            continue;
        records++;
        failed += !check_record(arena, line);
    }
    assert_int_equal(failed, 0);
    assert_true(records > 100);
    static const enum option_kind plain[] = {OPTION_FILES,   OPTION_PREFIX, OPTION_FOLDER,
                                             OPTION_FOLDERS, OPTION_OUTPUT, OPTION_REGEXES};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        covered[plain[i]] = true; // taken as they stand
    for (size_t kind = 0; kind < sizeof covered; kind++)
        assert_true(covered[kind]);
    arena_free(arena);
}

static void control_characters_are_refused(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++)
        if (option_table[i].kind != OPTION_FLAG)
            assert_string_equal(normal_form(arena, &option_table[i], "a\nb"), "#1103");
    arena_free(arena);
}

// Random texts from the grammar's own letters: an answer or a message, never anything else.
static void noise_gets_an_answer(void **state) {
    (void)state;
    static const char letters[] = "[](){}->,:?0123.eE+ aT";
    uint32_t seed = 1;
    for (unsigned round = 0; round < 20000; round++) {
        struct arena *arena = arena_new();
        char text[24];
        size_t length = 0;
        for (; length < round % (sizeof text - 1); length++) {
            seed = seed * 1664525u + 1013904223u;
            text[length] = letters[(seed >> 16) % (sizeof letters - 1)];
        }
        text[length] = '\0';
        for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
            if (option_table[i].kind < OPTION_SHAPES)
                continue;
            const char *normal = normal_form(arena, &option_table[i], text);
            if (normal[0] != '#')
                assert_string_equal(normal_form(arena, &option_table[i], normal), normal);
        }
        arena_free(arena);
    }
}

static void inputs_are_taken_apart(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct option_parser p = {arena, diag, NULL, "input"};
    struct option_inputs inputs;
    assert_true(option_parse_inputs(&p, "2:a/b[1 -1]{i32}->[7],c:1,d", &inputs));
    assert_int_equal(inputs.count, 3);
    assert_string_equal(inputs.items[0].name, "a/b");
    assert_int_equal(inputs.items[0].port, 2);
    assert_true(inputs.items[0].port_is_input);
    assert_int_equal(inputs.items[0].type, DT_I32);
    assert_int_equal(inputs.items[0].shape.rank, 2);
    assert_int_equal(inputs.items[0].shape.dims[1], -1);
    assert_string_equal(inputs.items[0].value, "[7]");
    assert_string_equal(inputs.items[1].name, "c");
    assert_int_equal(inputs.items[1].port, 1);
    assert_false(inputs.items[1].port_is_input);
    assert_int_equal(inputs.items[2].port, -1);
    assert_false(inputs.items[2].has_shape);
    assert_null(inputs.items[2].value);
    arena_free(arena);
}

static void frozen_values_are_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool ok, scalar;
        uint32_t count;
        double first;
    } values[] = {{"True", true, true, 1, 1},
                  {"false", true, true, 1, 0},
                  {"0.5", true, true, 1, 0.5},
                  {"[16 32]", true, false, 2, 16},
                  {"[0.1, 1.2]", true, false, 2, 0.1},
                  {"[]", true, false, 0, 0},
                  {"", false, true, 0, 0},
                  {"x", false, true, 0, 0},
                  {"1 2", false, true, 0, 0},
                  {"a[1]", false, false, 0, 0}};
    struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct option_parser p = {arena, diag_new(arena), NULL, "input"};
        const double *numbers = NULL;
        uint32_t count = 0;
        bool scalar = false;
        assert_int_equal(option_parse_numbers(&p, values[i].text, &numbers, &count, &scalar),
                         values[i].ok);
        assert_int_equal(diag_has(p.diag, D_VALUES_SYNTAX), !values[i].ok);
        if (!values[i].ok)
            continue;
        assert_int_equal(scalar, values[i].scalar);
        assert_int_equal(count, values[i].count);
        assert_true(count == 0 || numbers[0] == values[i].first);
    }
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_one_normal_form),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(noise_gets_an_answer),
        cmocka_unit_test(inputs_are_taken_apart),
        cmocka_unit_test(frozen_values_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
