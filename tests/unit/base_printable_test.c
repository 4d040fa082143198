// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include "compiler/base/printable.h"

static void assert_printed(const char *text, const char *expected) {
    struct strbuf out = STRBUF_INIT;
    printable_text(&out, text);
    assert_string_equal(out.data, expected);
    strbuf_free(&out);
}

static void words_stay_as_they_are(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "conv1/bn ~",
        "\xc3\xa9",
        "\xc2\xa0",
        "\xe2\x80\xa7\xe2\x80\xaf",
        "\xe6\x97\xa5",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbd",
        "\xf0\x9f\x98\x80",
        "\xf4\x8f\xbf\xbf",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_printed(texts[i], texts[i]);
}

static void what_terminals_obey_is_written_out(void **state) {
    (void)state;
    assert_printed("a\x1b[31mb\x07\n\t\x7f", "a\\x1b[31mb\\x07\\x0a\\x09\\x7f");
    assert_printed("\xc2\x9b"
                   "31m",
                   "\\xc2\\x9b31m");
    assert_printed("\xe2\x80\xae"
                   "gpj.exe",
                   "\\xe2\\x80\\xaegpj.exe");
    assert_printed("\xe2\x80\xa8\xe2\x81\xa6", "\\xe2\\x80\\xa8\\xe2\\x81\\xa6");
}

static void what_is_no_text_is_written_out(void **state) {
    (void)state;
    assert_printed("\x80", "\\x80");
    assert_printed("\xc0\xaf", "\\xc0\\xaf");                   // overlong
    assert_printed("\xe0\x80\xaf", "\\xe0\\x80\\xaf");          // the same
    assert_printed("\xed\xa0\x80", "\\xed\\xa0\\x80");          // half of UTF-16
    assert_printed("\xef\xbf\xbf", "\\xef\\xbf\\xbf");          // XML has no such character
    assert_printed("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); // beyond the last
    assert_printed("\xe6\x97", "\\xe6\\x97");                   // cut off
    assert_printed("\xff\xc3\xa9", "\\xff\xc3\xa9");
}

static void lines_and_sizes(void **state) {
    (void)state;
    struct strbuf out = STRBUF_INIT;
    printable_lines(&out, "a\n\tb\rc\0d", 8);
    assert_string_equal(out.data, "a\n\tb\\x0dc");
    strbuf_free(&out);
    printable_add(&out, "abc", 2);
    printable_add(&out, "\xc3\xa9", 1); // cut in the middle of a character
    assert_string_equal(out.data, "ab\\xc3");
    strbuf_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_stay_as_they_are),
        cmocka_unit_test(what_terminals_obey_is_written_out),
        cmocka_unit_test(what_is_no_text_is_written_out),
        cmocka_unit_test(lines_and_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
