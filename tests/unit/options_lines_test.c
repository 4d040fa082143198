// SPDX-License-Identifier: Apache-2.0
// The records of tests/cases/options/lines.txt: whole command lines, and what they set.
#include "tests/unit/base_support.h"

#include <strings.h>

#include "compiler/base/map.h"
#include "compiler/options/options.h"

static const char cases[] = "tests/cases/options/lines.txt";
static const char value_cases[] = "tests/cases/options/values.txt";
enum { MOST_WORDS = 32 };

static char *trimmed(struct arena *arena, const char *text, size_t length) {
    while (length > 0 && *text == ' ')
        text++, length--;
    while (length > 0 && text[length - 1] == ' ')
        length--;
    return arena_strndup(arena, text, length);
}

static int split_words(struct arena *arena, const char *text, char **words) {
    int count = 0;
    while (*text != '\0') {
        assert_true(count < MOST_WORDS);
        bool quoted = *text == '\'';
        size_t length = strcspn(text + quoted, quoted ? "'" : " ");
        words[count++] = arena_strndup(arena, text + quoted, length);
        text += length + (quoted ? 2 : 0);
        text += strspn(text, " ");
    }
    return count;
}

static const char *outcome(struct arena *arena, int argc, char **argv) {
    struct diag *diag = diag_new(arena);
    struct option_values values = {0};
    bool ok =
        options_read(arena, diag, argc, argv, &values) && options_check(arena, diag, NULL, &values);
    assert_int_equal(ok, diag_count(diag, DIAG_FAILED) == 0);
    if (!ok) {
        for (unsigned id = 0; id < DIAG_ID_COUNT; id++)
            if (diag_has(diag, (enum diag_id)id) &&
                diag_entry((enum diag_id)id)->grade >= DIAG_FAILED)
                return arena_printf(arena, "#%u", diag_entry((enum diag_id)id)->number);
    }
    const char *text = "";
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++)
        if (values.text[i] != NULL)
            text = arena_printf(arena, "%s%s%s=%s", text, text[0] == '\0' ? "" : " ",
                                option_table[i].name, values.text[i]);
    return text;
}

static void lines_set_what_they_say(void **state) {
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
        size_t words = strcspn(line, "|"), length = strcspn(line, "\n");
        char *argv[MOST_WORDS];
        int argc = split_words(arena, trimmed(arena, line, words), argv);
        const char *expected = trimmed(arena, line + words + 1, length - words - 1);
        const char *got = outcome(arena, argc, argv);
        records++;
        if (strcmp(got, expected) != 0) {
            failed++;
            print_error("%.*s: '%s', not '%s'\n", (int)words, line, got, expected);
        }
    }
    assert_int_equal(failed, 0);
    assert_true(records > 60);
    arena_free(arena);
}

static const char *text_of(struct arena *arena, const char *path) {
    struct slice file;
    assert_true(map_file(arena, path, &file));
    return arena_strndup(arena, (const char *)file.data, file.size);
}

// `before` NAME with no further letter behind it.
static bool stands_in(struct arena *arena, const char *text, const char *before, const char *name) {
    const char *wanted = arena_printf(arena, "%s%s", before, name);
    for (const char *s = text; (s = strstr(s, wanted)) != NULL; s++)
        if (strchr(" =|\n", s[strlen(wanted)]) != NULL)
            return true;
    return false;
}

static void every_option_has_a_record(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const char *lines = text_of(arena, cases), *values = text_of(arena, value_cases);
    unsigned missing = 0;
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        const char *name = option_table[i].name;
        if (stands_in(arena, lines, "--", name) || stands_in(arena, values, "\n", name))
            continue;
        print_error("no record of tests/cases/options has option %s\n", name);
        missing++;
    }
    assert_int_equal(missing, 0);
    arena_free(arena);
}

// What the table promises: names are found, choices are sorted out, targets exist.
static void the_table_is_sound(void **state) {
    (void)state;
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        const struct option_def *def = &option_table[i];
        assert_ptr_equal(option_find(def->name), def);
        bool has_extra =
            def->role > OPTION_RUNS || def->kind == OPTION_CHOICE || def->kind == OPTION_CHOICES;
        assert_int_equal(def->extra != NULL, has_extra);
        assert_true(def->help[0] >= 'A' && def->help[0] <= 'Z');
        if (def->role != OPTION_ALIAS)
            continue;
        char target[64] = "";
        memcpy(target, def->extra, strcspn(def->extra, "="));
        assert_non_null(option_find(target));
    }
    assert_null(option_find("no_such_option"));
    assert_null(option_find("input_mode")); // exact names only
}

static void fallbacks_are_in_normal_form(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        const struct option_def *def = &option_table[i];
        if (def->fallback == NULL)
            continue;
        const char *normal = option_normalize(arena, diag_new(arena), NULL, def, def->fallback);
        assert_non_null(normal);
        assert_string_equal(normal, def->fallback);
    }
    arena_free(arena);
}

static void the_hash_text_keeps_what_changes_the_ir(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct option_values values = {0};
    char *argv[] = {"a.pb",      "--scale=2.50",    "--output_dir=x",       "--silent",
                    "--batch=1", "--ir_version=11", "--input_shape=[1, 2]", "--json"};
    // --batch and --input_shape exclude each other only in options_check.
    assert_true(options_read(arena, diag_new(arena), (int)COUNT_OF(argv), argv, &values));
    struct strbuf text = STRBUF_INIT;
    options_hash_text(&values, &text);
    assert_string_equal(text.data, "input_shape=[1,2]\nscale=2.5\nbatch=1\n");
    strbuf_free(&text);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_set_what_they_say),
        cmocka_unit_test(every_option_has_a_record),
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(fallbacks_are_in_normal_form),
        cmocka_unit_test(the_hash_text_keeps_what_changes_the_ir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
