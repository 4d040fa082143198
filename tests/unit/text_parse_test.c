// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/world.h"

#include <math.h>

#include "compiler/base/limits.h"
#include "frontends/text/text.h"
#include "frontends/text/token.h"
#include "tests/unit/everything.pb-c.h"

static Everything__All *parse_as(struct world *world, const char *text, enum text_unknown unknown) {
    // A copy of exactly this size, so that reading beyond the end is seen.
    char *copy = arena_copy(world->arena, text, strlen(text));
    return (Everything__All *)text_parse(world->arena, world->diag, "net.prototxt",
                                         slice_of(copy, strlen(text)), &everything__all__descriptor,
                                         unknown);
}

static Everything__All *parse(struct world *world, const char *text) {
    Everything__All *all = parse_as(world, text, TEXT_UNKNOWN_ERROR);
    if (all == NULL || diag_count(world->diag, DIAG_NOTE) > 0)
        diag_print(world->diag, stderr, DIAG_PLAIN, DIAG_NOTE);
    assert_non_null(all);
    return all;
}

// --- what is read ------------------------------------------------------------

static void integers_of_every_form(void **state) {
    Everything__All *all =
        parse(*state, "i32: -2147483648 i64: -0x8000000000000000 u32: 0xFFFFffff\n"
                      "u64: 01777777777777777777777 s32: - 5, s64: 9223372036854775807;"
                      "f32: 010 f64: 0 sf32: -1 sf64: -0");
    assert_int_equal(all->i32, INT32_MIN);
    assert_true(all->i64 == INT64_MIN);
    assert_int_equal(all->u32, UINT32_MAX);
    assert_true(all->u64 == UINT64_MAX);
    assert_int_equal(all->s32, -5);
    assert_true(all->s64 == INT64_MAX);
    assert_int_equal(all->f32, 8);
    assert_true(all->has_f64 && all->f64 == 0);
    assert_int_equal(all->sf32, -1);
    assert_true(all->has_sf64 && all->sf64 == 0);
}

static void floats_of_every_form(void **state) {
    Everything__All *all =
        parse(*state, "many_real: [1, -.5, 1e-5f, 2.F, 3.25E+1, inf, -Infinity, nan]"
                      "many_real: 1e300 wide: 1e300 many_real: -0.0");
    const float expected[] = {1, -.5F, 1e-5F, 2, 32.5F, INFINITY, -INFINITY, NAN, INFINITY, -0.0F};
    assert_int_equal(all->n_many_real, 10);
    for (size_t i = 0; i < 10; i++)
        if (i != 7)
            assert_true(all->many_real[i] == expected[i]);
    assert_true(isnan(all->many_real[7]));
    assert_true(signbit(all->many_real[9]));
    assert_true(all->wide == 1e300);
    assert_float_equal(all->real, 2.5F, 0);
}

static void booleans_and_enumerators(void **state) {
    Everything__All *all =
        parse(*state, "many_flag: true many_flag: [false, t, f, True, False, 1, 0]"
                      "many_color: RED many_color: 2 color: -3");
    const protobuf_c_boolean flags[] = {1, 0, 1, 0, 1, 0, 1, 0};
    assert_int_equal(all->n_many_flag, 8);
    assert_memory_equal(all->many_flag, flags, sizeof(flags));
    assert_int_equal(all->many_color[0], EVERYTHING__COLOR__RED);
    assert_int_equal(all->many_color[1], EVERYTHING__COLOR__GREEN);
    assert_int_equal(all->color, EVERYTHING__COLOR__DEEP_BLUE);
}

static void strings_and_escapes(void **state) {
    Everything__All *all = parse(
        *state,
        "text: \"a'b\" 'c\"d'\n  \"\" \"\\n\\t\\\\\\\"\\101\\x41\\u00e9\\U0001F600\" # joined\n"
        "raw: '\\000\\377\\0x' many_text: ['one', \"two\" \"three\"]");
    assert_string_equal(all->text, "a'bc\"d\n\t\\\"AA\xc3\xa9\xf0\x9f\x98\x80");
    assert_int_equal(all->raw.len, 4);
    assert_memory_equal(all->raw.data, "\0\377\0x", 4);
    assert_int_equal(all->n_many_text, 2);
    assert_string_equal(all->many_text[1], "twothree");
}

static void messages_of_every_form(void **state) {
    Everything__All *all = parse(
        *state, "inner { i32: 1 } many_inner: { i32: 2 inner < i32: 3 > } many_inner <>\n"
                "many_inner: [{i32: 4}, <i32: 5>,{}] inner: { u32: 7 } chosen_inner { i32: 6 }");
    assert_int_equal(all->inner->i32, 1);
    assert_int_equal(all->inner->u32, 7); // merged
    assert_int_equal(all->n_many_inner, 5);
    assert_int_equal(all->many_inner[0]->inner->i32, 3);
    assert_int_equal(all->many_inner[3]->i32, 5);
    assert_int_equal(all->choice_case, EVERYTHING__ALL__CHOICE_CHOSEN_INNER);
    assert_int_equal(all->chosen_inner->i32, 6);
}

static void repeated_fields_grow(void **state) {
    struct world *world = *state;
    struct strbuf text = STRBUF_INIT;
    for (int i = 0; i < 1000; i++)
        strbuf_printf(&text, "many_i32: %d many_text: 't%d' many_inner { i32: %d }\n", i, i, i);
    Everything__All *all = parse(world, text.data);
    assert_int_equal(all->n_many_i32, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(all->many_i32[i], i);
        assert_int_equal(strtol(all->many_text[i] + 1, NULL, 10), i);
        assert_int_equal(all->many_inner[i]->i32, i);
    }
    strbuf_free(&text);
}

static void the_last_member_of_a_union_counts(void **state) {
    Everything__All *all =
        parse(*state, "chosen_number: 3 chosen_inner { i32: 1 } chosen_text: 'x'");
    assert_int_equal(all->choice_case, EVERYTHING__ALL__CHOICE_CHOSEN_TEXT);
    assert_string_equal(all->chosen_text, "x");
}

static void comments_blanks_and_marks_are_skipped(void **state) {
    Everything__All *all = parse(*state, "\xef\xbb\xbf# first\r\n\tinner:{i32:1}# no end of line");
    assert_int_equal(all->inner->i32, 1);
    assert_non_null(parse(*state, ""));
    assert_non_null(parse(*state, "# only a comment"));
}

static void extensions_are_dropped(void **state) {
    Everything__All *all =
        parse(*state, "[package.extension] { a: 1 b { c: 'x' } } i32: 1 [x.y]: 5\n"
                      "[type.host-name.org/Message] < d: [1, 2] >");
    assert_int_equal(all->i32, 1);
}

static void notes_say_where_a_message_stands(void **state) {
    Everything__All *all = parse(*state, "i32: 1\n  inner {\n}\nmany_inner { } many_inner { }");
    assert_int_equal(text_note(all->inner)->place.line, 2);
    assert_int_equal(text_note(all->inner)->place.column, 3);
    assert_int_equal(text_note(all->many_inner[1])->place.line, 4);
    assert_int_equal(text_note(all->many_inner[1])->place.column, 16);
    assert_string_equal(text_note(all->inner)->place.file, "net.prototxt");
    assert_memory_equal(text_note(all->inner)->place.text, "  inner {\n", 10);
    assert_int_equal(text_note(all)->place.line, 1);
}

static void unknown_fields_are_kept_as_trees(void **state) {
    struct world *world = *state;
    Everything__All *all = parse_as(
        world,
        "inner { i32: 1 upsample_param { scale: 2 mode: NEAREST name: 'a\\x41' deep < x: -1.5 > }\n"
        "many: [1, 2] }",
        TEXT_UNKNOWN_KEEP);
    assert_int_equal(diag_count(world->diag, DIAG_NOTE), 0);
    assert_null(text_note(all)->unknown);
    const struct text_field *field = text_note(all->inner)->unknown;
    assert_string_equal(field->name, "upsample_param");
    assert_null(field->value);
    assert_int_equal(field->place.column, 16);
    const struct text_field *scale = field->first, *mode = scale->next, *name = mode->next;
    assert_string_equal(scale->value, "2");
    assert_string_equal(mode->value, "NEAREST");
    assert_false(mode->quoted);
    assert_string_equal(name->value, "aA");
    assert_true(name->quoted);
    assert_string_equal(name->next->first->value, "-1.5");
    assert_string_equal(field->next->name, "many");
    assert_string_equal(field->next->next->value, "2");
    assert_null(field->next->next->next);
}

// --- what is refused: text, the whole report ---------------------------------

static const struct {
    const char *text, *report;
} wrong_texts[] = {
    {"i32 1", "net.prototxt:1:5: expected ':', found '1'"},
    {"i32: x", "net.prototxt:1:6: expected an integer, found 'x'"},
    {"i32: 1.0", "net.prototxt:1:6: expected an integer, found '1.0'"},
    {"i32: 08", "net.prototxt:1:6: expected an integer, found '08'"},
    {"i32: 0x", "net.prototxt:1:6: expected an integer, found '0x'"},
    {"i32: 2147483648", "net.prototxt:1:6: integer out of the range of its field"},
    {"u32: -1", "net.prototxt:1:6: integer out of the range of its field"},
    {"u64: 18446744073709551616",
     "net.prototxt:1:6: expected an integer, found '18446744073709551616'"},
    {"\n real: 1e", "net.prototxt:2:8: expected a number, found '1e'"},
    {"real: 1.2.3", "net.prototxt:1:7: expected a number, found '1.2.3'"},
    {"real: '1'", "net.prototxt:1:7: expected a number, found ''1''"},
    {"flag: yes", "net.prototxt:1:7: expected true or false, found 'yes'"},
    {"color: GREN", "net.prototxt:1:8: 'GREN' is no value of 'Color', did you mean 'GREEN'"},
    {"color: 7", "net.prototxt:1:8: number that its enumeration does not have"},
    {"text: x", "net.prototxt:1:7: expected a string, found 'x'"},
    {"text: 'x", "net.prototxt:1:7: string without its closing quote"},
    {"text: 'x\n'", "net.prototxt:1:7: string without its closing quote"},
    {"text: '\\", "net.prototxt:1:7: string without its closing quote"},
    {"text: '\\q'", "net.prototxt:1:7: unknown escape"},
    {"text: '\\777'", "net.prototxt:1:7: octal escape beyond \\377"},
    {"text: '\\xg'", "net.prototxt:1:7: \\x without a digit"},
    {"text: '\\u12'", "net.prototxt:1:7: \\u without its digits"},
    {"text: 'a\\0b'", "net.prototxt:1:7: text with a zero byte"},
    {"inner: 5", "net.prototxt:1:8: expected '{', found '5'"},
    {"inner {\n i32: 1\n", "net.prototxt:3:1: expected '}', found the end of the file"},
    {"inner < i32: 1 }", "net.prototxt:1:16: expected a field name, found '}'"},
    {"}", "net.prototxt:1:1: expected a field name, found '}'"},
    {"i32: [1]", "net.prototxt:1:6: list for a field that stands once"},
    {"many_i32: [1 2]", "net.prototxt:1:14: expected ',' or ']', found '2'"},
    {"many_i32: [1,]", "net.prototxt:1:14: expected an integer, found ']'"},
    {"i32: 1 \x01", "net.prototxt:1:8: character that no text protobuf has"},
    {"i32: 1 \xc3\xa9", "net.prototxt:1:8: character that no text protobuf has"},
    {"[a.] { }", "net.prototxt:1:4: expected the name of an extension, found ']'"},
    {"many_texd: 'x'",
     "net.prototxt:1:1: message 'All' has no field 'many_texd', did you mean 'many_text'"},
    {"inner { zzzz { } }", "net.prototxt:1:9: message 'All' has no field 'zzzz'"},
    {"inner { zzzz { a: } }", "net.prototxt:1:19: expected a value, found '}'"},
};

static void wrong_texts_are_reported_with_their_place(void **state) {
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(wrong_texts) / sizeof(wrong_texts[0]); i++) {
        world->diag = diag_new(world->arena);
        assert_null(parse_as(world, wrong_texts[i].text, TEXT_UNKNOWN_ERROR));
        char *printed = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&printed, &size);
        diag_print(world->diag, out, DIAG_PLAIN, DIAG_NOTE);
        fclose(out);
        if (strstr(printed, wrong_texts[i].report) == NULL)
            fail_msg("expected %s\nfound %s", wrong_texts[i].report, printed);
        free(printed);
    }
}

static void every_unknown_field_is_reported(void **state) {
    struct world *world = *state;
    assert_null(parse_as(world, "a: 1 inner { b { } } c: 'x'", TEXT_UNKNOWN_ERROR));
    assert_int_equal(diag_count(world->diag, DIAG_FATAL), 3);
}

static void a_field_that_stands_twice_is_a_warning(void **state) {
    struct world *world = *state;
    Everything__All *all = parse_as(world, "i32: 1 text: 'a' i32: 2 text: 'b'", TEXT_UNKNOWN_ERROR);
    assert_int_equal(all->i32, 2);
    assert_string_equal(all->text, "b");
    assert_int_equal(diag_count(world->diag, DIAG_WARNING), 2);
    assert_int_equal(diag_exit_code(world->diag), 0);
}

static char *nested(struct world *world, const char *open, const char *close, unsigned depth) {
    struct strbuf text = STRBUF_INIT;
    for (unsigned i = 0; i < depth; i++)
        strbuf_puts(&text, open);
    for (unsigned i = 0; i < depth; i++)
        strbuf_puts(&text, close);
    char *copy = arena_strdup(world->arena, text.data);
    strbuf_free(&text);
    return copy;
}

static void nesting_is_bounded(void **state) {
    struct world *world = *state;
    unsigned most = (unsigned)limits.nesting;
    assert_non_null(parse_as(world, nested(world, "inner{", "}", most), TEXT_UNKNOWN_KEEP));
    assert_non_null(parse_as(world, nested(world, "odd<", ">", most), TEXT_UNKNOWN_KEEP));
    assert_null(parse_as(world, nested(world, "inner{", "}", most + 1), TEXT_UNKNOWN_KEEP));
    assert_null(parse_as(world, nested(world, "odd<", ">", 100000), TEXT_UNKNOWN_KEEP));
    assert_null(parse_as(world, nested(world, "odd:[", "]", 100000), TEXT_UNKNOWN_KEEP));
    assert_true(diag_has(world->diag, D_LIMIT));
}

static void sizes_are_bounded(void **state) {
    struct world *world = *state;
    struct limits before = limits;
    limits.messages = 3;
    assert_null(
        parse_as(world, "inner{} many_inner{} many_inner{} many_inner{}", TEXT_UNKNOWN_KEEP));
    limits = before;
    limits.text_bytes = 10;
    assert_null(parse_as(world, "i32: 1     ", TEXT_UNKNOWN_KEEP));
    limits = before;
    assert_int_equal(diag_count(world->diag, DIAG_FATAL), 2);
}

static void truncation_and_damage_anywhere_are_an_answer(void **state) {
    struct world *world = *state;
    static const char specimen[] =
        "i32: -0x1f real: 1.5e-3 text: 'a\\n' 'b' inner { color: RED # c\n"
        "many_real: [1, 2] odd < x: [ {y: 1} ] > } [e.x]: 1 raw: '\\000'";
    char *copy = arena_strdup(world->arena, specimen);
    for (size_t i = 0; i < sizeof(specimen) - 1; i++) {
        struct arena *arena = arena_new();
        struct world own = {.arena = arena, .diag = diag_new(arena)};
        copy[i] = '\0';
        bool whole = parse_as(&own, copy, TEXT_UNKNOWN_KEEP) != NULL;
        assert_true(whole || diag_count(own.diag, DIAG_FATAL) == 1);
        for (unsigned bit = 0; bit < 8; bit++) {
            copy[i] = (char)(specimen[i] ^ (char)(1 << bit));
            own.diag = diag_new(arena);
            whole = parse_as(&own, copy, TEXT_UNKNOWN_KEEP) != NULL;
            assert_true(whole || diag_count(own.diag, DIAG_FATAL) == 1);
        }
        copy[i] = specimen[i];
        arena_free(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(integers_of_every_form, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(floats_of_every_form, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(booleans_and_enumerators, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(strings_and_escapes, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(messages_of_every_form, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(repeated_fields_grow, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(the_last_member_of_a_union_counts, enter_world,
                                        leave_world),
        cmocka_unit_test_setup_teardown(comments_blanks_and_marks_are_skipped, enter_world,
                                        leave_world),
        cmocka_unit_test_setup_teardown(extensions_are_dropped, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(notes_say_where_a_message_stands, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(unknown_fields_are_kept_as_trees, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(wrong_texts_are_reported_with_their_place, enter_world,
                                        leave_world),
        cmocka_unit_test_setup_teardown(every_unknown_field_is_reported, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(a_field_that_stands_twice_is_a_warning, enter_world,
                                        leave_world),
        cmocka_unit_test_setup_teardown(nesting_is_bounded, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(sizes_are_bounded, enter_world, leave_world),
        cmocka_unit_test_setup_teardown(truncation_and_damage_anywhere_are_an_answer, enter_world,
                                        leave_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
