// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include <json-c/json.h>

#include "compiler/base/diag.h"

static struct arena *arena;
static struct diag *diag;

static int make_diag(void **state) {
    (void)state;
    arena = arena_new();
    diag = diag_new(arena);
    return 0;
}

static int free_diag(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

// What diag_print prints, in static memory.
static const char *printed(enum diag_style style, enum diag_grade from) {
    static char text[1000000];
    FILE *to = tmpfile();
    assert_non_null(to);
    diag_print(diag, to, style, from);
    rewind(to);
    size_t size = fread(text, 1, sizeof text - 1, to);
    text[size] = '\0';
    fclose(to);
    return text;
}

static void an_unknown_layer_in_a_text_file(void **state) {
    (void)state;
    const struct place at = {
        .file = "net.prototxt",
        .line = 12,
        .column = 9,
        .layer = "conv1",
        .layer_type = "Convolutoin",
        .text = "  type: \"Convolutoin\"\n  top: \"conv1\"\n",
    };
    diag_report(diag, &at, UNKNOWN_LAYER, "Convolutoin");
    assert_string_equal(
        printed(DIAG_PLAIN, DIAG_NOTE),
        "[ ERROR ]  net.prototxt:12:9: layer 'conv1' (Convolutoin): type 'Convolutoin' is not "
        "supported\n"
        "             type: \"Convolutoin\"\n"
        "                   ^\n"
        "           register it in CustomLayersMapping.xml (-k), write an extension, or cut it "
        "away "
        "with --output\n"
        "           for more information see cause #44: zooc explain 44\n");
}

static void a_clipped_blob(void **state) {
    (void)state;
    diag_report(diag, NULL, CLIPPED_TO_INFINITY, 3ULL, 1000ULL, "fc6", "FP16");
    assert_string_equal(
        printed(DIAG_PLAIN, DIAG_NOTE),
        "[ WARNING ]  3 elements of 1000 were clipped to infinity while converting a "
        "blob for node 'fc6' to FP16\n"
        "           check the accuracy, or keep --data_type FP32\n"
        "           for more information see cause #75: zooc explain 75\n");
    assert_int_equal(diag_exit_code(diag), 0);
}

static void a_place_in_a_binary_file(void **state) {
    (void)state;
    const struct place at = {.file = "net.caffemodel", .offset = 4096, .has_offset = true};
    diag_report(diag, &at, TRUNCATED, "net.caffemodel", "500 bytes of layer 'fc6' are missing");
    assert_string_equal(
        printed(DIAG_PLAIN, DIAG_NOTE),
        "[ ERROR ]  net.caffemodel: byte 4096: 'net.caffemodel' ends too early: 500 "
        "bytes of layer 'fc6' are missing\n"
        "           get the file again, it is not whole\n");
}

static void parts_of_a_place_may_be_missing(void **state) {
    (void)state;
    static const struct {
        struct place at;
        const char *prefix;
    } places[] = {
        {{.file = NULL}, "[ BUG ]  internal"},
        {{.file = "f"}, "[ BUG ]  f: internal"},
        {{.file = "f", .line = 3}, "[ BUG ]  f:3: internal"},
        {{.layer = "a"}, "[ BUG ]  layer 'a': internal"},
        {{.file = "f", .layer = "a", .layer_type = "T"}, "[ BUG ]  f: layer 'a' (T): internal"},
        {{.file = "f", .offset = 0, .has_offset = true}, "[ BUG ]  f: byte 0: internal"},
    };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        diag_report(diag, &places[i].at, INTERNAL, "x");
        const char *text = printed(DIAG_PLAIN, DIAG_NOTE);
        assert_memory_equal(text, places[i].prefix, strlen(places[i].prefix));
    }
    assert_int_equal(diag_exit_code(diag), 70);
}

// The line with the caret below it, of what diag_print prints.
static const char *caret_of(const char *line, uint32_t column) {
    static char part[2000];
    const struct place at = {.file = "f", .line = 1, .column = column, .text = line};
    diag_report(diag, &at, SYNTAX, "x");
    const char *start = strchr(printed(DIAG_PLAIN, DIAG_NOTE), '\n') + 1;
    const char *end = strchr(strchr(start, '\n') + 1, '\n') + 1;
    memcpy(part, start, (size_t)(end - start));
    part[end - start] = '\0';
    return part;
}

#define INDENT "           "

static void the_caret_stands_below_its_column(void **state) {
    (void)state;
    assert_string_equal(caret_of("ab", 2), INDENT "ab\n" INDENT " ^\n");
    assert_string_equal(caret_of("ab\r\ncd", 3), INDENT "ab\n" INDENT "  ^\n");
    assert_string_equal(caret_of("ab", 90), INDENT "ab\n" INDENT "  ^\n"); // past the end
    assert_string_equal(caret_of("", 1), INDENT "\n" INDENT "^\n");
    // A character of two bytes takes one place, one that cannot be shown takes four.
    assert_string_equal(caret_of("\xc3\xa9 x", 4), INDENT "\xc3\xa9 x\n" INDENT "  ^\n");
    assert_string_equal(caret_of("\x01x", 2), INDENT "\\x01x\n" INDENT "    ^\n");
    assert_string_equal(caret_of("\t\tx", 3), INDENT "  x\n" INDENT "  ^\n");
}

static void of_a_long_line_the_part_around_the_caret_is_shown(void **state) {
    (void)state;
    char line[1001];
    memset(line, '.', 1000);
    line[1000] = '\0';
    line[700] = '#';
    const char *shown = caret_of(line, 701);
    const char *below = strchr(shown, '\n') + 1;
    assert_int_equal(below - shown, strlen(INDENT) + 100 + 1);
    assert_int_equal(strchr(shown, '#') - shown, strchr(below, '^') - below);
}

// A name from a model must not move the cursor, recolour the terminal or forge a line.
static void hostile_names_are_shown_not_obeyed(void **state) {
    (void)state;
    const struct place at = {.layer = "a\033[2J\n[ SUCCESS ]\x7f\xc2\x9b"};
    diag_report(diag, &at, INTERNAL, "\xff\xed\xa0\x80 \xc3\xa9");
    const char *text = printed(DIAG_PLAIN, DIAG_NOTE);
    const char *expected = "[ BUG ]  layer 'a\\x1b[2J\\x0a[ SUCCESS ]\\x7f\\xc2\\x9b': internal "
                           "error: \\xff\\xed\\xa0\\x80 \xc3\xa9\n";
    assert_memory_equal(text, expected, strlen(expected));
}

static void colours_only_when_asked(void **state) {
    (void)state;
    diag_report(diag, NULL, FILE_EMPTY, "a.pb");
    assert_string_equal(printed(DIAG_COLOR, DIAG_NOTE),
                        "\033[31m[ ERROR ]\033[0m  'a.pb' is empty\n"
                        "           get the file again\n");
}

static const char *string_of(struct json_object *object, const char *key) {
    struct json_object *value;
    return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value) : NULL;
}

static void json_has_every_part(void **state) {
    (void)state;
    const struct place at = {
        .file = "a \"b\".prototxt", .line = 3, .column = 7, .layer = "l\xff", .layer_type = "T"};
    diag_report(diag, &at, ATTRIBUTE_MISSING, "kernel_size");
    const char *text = printed(DIAG_JSON, DIAG_NOTE);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    struct json_object *object = json_tokener_parse(text);
    assert_non_null(object);
    assert_string_equal(string_of(object, "grade"), "failed");
    assert_string_equal(string_of(object, "number"), "1204");
    assert_string_equal(string_of(object, "name"), "ATTRIBUTE_MISSING");
    assert_string_equal(string_of(object, "file"), "a \"b\".prototxt");
    assert_string_equal(string_of(object, "line"), "3");
    assert_string_equal(string_of(object, "column"), "7");
    assert_string_equal(string_of(object, "layer"), "l\\xff");
    assert_string_equal(string_of(object, "layer_type"), "T");
    assert_string_equal(string_of(object, "text"), "attribute 'kernel_size' is missing");
    assert_string_equal(string_of(object, "remedy"), "add it to the layer");
    assert_null(string_of(object, "offset"));
    json_object_put(object);
}

static void json_without_a_place_is_one_line(void **state) {
    (void)state;
    diag_report(diag, NULL, CLIPPED_TO_ZERO, 1ULL, 2ULL, "n", "FP16");
    assert_string_equal(printed(DIAG_JSON, DIAG_NOTE),
                        "{\"grade\":\"warning\",\"number\":76,\"name\":\"CLIPPED_TO_ZERO\","
                        "\"text\":\"1 elements of 2 were clipped to zero while converting a blob "
                        "for node 'n' to FP16\",\"remedy\":\"usually harmless; check the accuracy, "
                        "or keep --data_type FP32\"}\n");
}

static void repeated_warnings_are_told_once(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        diag_report(diag, NULL, UNKNOWN_FIELD, "a");
        diag_report(diag, NULL, UNKNOWN_FIELD, "b");
        diag_report(diag, NULL, FILE_EMPTY, "a");
    }
    assert_int_equal(diag_count(diag, DIAG_NOTE), 5);
    assert_int_equal(diag_count(diag, DIAG_FAILED), 3);
    assert_int_equal(diag_count(diag, DIAG_BUG), 0);
}

static void the_exit_code_follows_the_worst(void **state) {
    (void)state;
    assert_int_equal(diag_exit_code(diag), 0);
    diag_report(diag, NULL, TF_MODULE);
    diag_report(diag, NULL, UNKNOWN_FIELD, "a");
    assert_int_equal(diag_exit_code(diag), 0);
    assert_false(diag_has(diag, D_UNKNOWN_LAYER));
    diag_report(diag, NULL, UNKNOWN_LAYER, "T");
    assert_int_equal(diag_exit_code(diag), 1);
    assert_true(diag_has(diag, D_UNKNOWN_LAYER));
    diag_report(diag, NULL, INTERNAL, "x");
    diag_report(diag, NULL, FILE_EMPTY, "a");
    assert_int_equal(diag_exit_code(diag), 70);
}

static void each_message_is_printed_once_from_its_grade(void **state) {
    (void)state;
    diag_report(diag, NULL, UNKNOWN_FIELD, "a");
    assert_string_equal(printed(DIAG_PLAIN, DIAG_FAILED), "");
    assert_memory_equal(printed(DIAG_PLAIN, DIAG_WARNING), "[ WARNING ]", 11);
    assert_string_equal(printed(DIAG_PLAIN, DIAG_NOTE), "");
}

static void a_flood_is_bounded(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        const struct place at = {.file = "f", .line = i + 1};
        diag_report(diag, &at, UNKNOWN_LAYER, "T");
    }
    assert_int_equal(diag_count(diag, DIAG_FAILED), 3000);
    const char *text = printed(DIAG_PLAIN, DIAG_NOTE);
    assert_non_null(strstr(text, "f:1000: "));
    assert_null(strstr(text, "f:1001: "));
    assert_non_null(strstr(text, "[ ERROR ]  2000 more of this grade are not shown\n"));
    assert_string_equal(printed(DIAG_PLAIN, DIAG_NOTE), "");
}

// ---- The table itself ----

static void numbers_ascend_and_the_97_are_all_there(void **state) {
    (void)state;
    for (unsigned i = 0; i < DIAG_ID_COUNT; i++) {
        const struct diag_entry *entry = diag_entry((enum diag_id)i);
        assert_non_null(entry);
        if (i > 0)
            assert_true(entry->number > diag_entry((enum diag_id)(i - 1))->number);
        assert_int_equal(entry->number <= 97, i < 97);
        assert_true(entry->number <= 97 || entry->number >= 1000);
    }
    assert_int_equal(diag_entry(D_VALUES_FORMAT)->number, 97);
    assert_null(diag_entry(DIAG_ID_COUNT));
}

static void texts_keep_the_house_rules(void **state) {
    (void)state;
    for (unsigned i = 0; i < DIAG_ID_COUNT; i++) {
        const struct diag_entry *entry = diag_entry((enum diag_id)i);
        size_t length = strlen(entry->format);
        if (length == 0 || entry->format[length - 1] == '.' || strchr(entry->format, '\n') ||
            strlen(entry->remedy) == 0 || entry->remedy[strlen(entry->remedy) - 1] == '.')
            fail_msg("%u %s: no full stop, no new line, and a remedy", entry->number, entry->name);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_diag, free_diag)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_unknown_layer_in_a_text_file),
        TEST(a_clipped_blob),
        TEST(a_place_in_a_binary_file),
        TEST(parts_of_a_place_may_be_missing),
        TEST(the_caret_stands_below_its_column),
        TEST(of_a_long_line_the_part_around_the_caret_is_shown),
        TEST(hostile_names_are_shown_not_obeyed),
        TEST(colours_only_when_asked),
        TEST(json_has_every_part),
        TEST(json_without_a_place_is_one_line),
        TEST(repeated_warnings_are_told_once),
        TEST(the_exit_code_follows_the_worst),
        TEST(each_message_is_printed_once_from_its_grade),
        TEST(a_flood_is_bounded),
        TEST(numbers_ascend_and_the_97_are_all_there),
        TEST(texts_keep_the_house_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
