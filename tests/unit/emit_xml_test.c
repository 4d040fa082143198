// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_scratch.h"

#include "compiler/emit/xml.h"

static void write_one(const char *value) {
    struct outset *files = outset_new();
    struct xml xml = xml_begin(outset_open(files, "a.xml"));
    xml_open(&xml, "net");
    xml_attr(&xml, "name", value);
    xml_close(&xml, "net");
    assert_true(outset_commit(files, NULL));
}

static void elements_are_nested_and_indented(void **state) {
    (void)state;
    struct outset *files = outset_new();
    struct xml xml = xml_begin(outset_open(files, "a.xml"));
    xml_open(&xml, "a");
    xml_attr(&xml, "x", "1");
    xml_attr_number(&xml, "y", UINT64_MAX);
    xml_open(&xml, "b");
    xml_close(&xml, "b");
    xml_number(&xml, "dim", -1);
    xml_close(&xml, "a");
    assert_true(outset_commit(files, NULL));
    assert_file("a.xml", "<?xml version=\"1.0\"?>\n"
                         "<a x=\"1\" y=\"18446744073709551615\">\n"
                         "\t<b/>\n"
                         "\t<dim>-1</dim>\n"
                         "</a>\n");
}

static void values_are_escaped(void **state) {
    (void)state;
    static const struct {
        const char *value, *written;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"<&>\"'", "&lt;&amp;&gt;&quot;'"},
        {"a\tb\nc\rd", "a&#9;b&#10;c&#13;d"},
        {"\x01\x1f\x7f", "\\x01\\x1F\x7f"},                    // control characters; DEL is legal
        {"\xc3\xa4\xe6\xbc\xa2", "\xc3\xa4\xe6\xbc\xa2"},      // two and three bytes
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},              // four
        {"\xe4", "\\xE4"},                                     // Latin-1
        {"\xe6\xbc", "\\xE6\\xBC"},                            // cut short
        {"\xc0\x80", "\\xC0\\x80"},                            // overlong
        {"\xed\xa0\x80", "\\xED\\xA0\\x80"},                   // surrogate
        {"\xef\xbf\xbe", "\\xEF\\xBF\\xBE"},                   // U+FFFE
        {"\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"},          // beyond Unicode
        {"\xf8\x88\x80\x80\x80", "\\xF8\\x88\\x80\\x80\\x80"}, // no UTF-8 at all
        {"]]>", "]]&gt;"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char expected[256];
        snprintf(expected, sizeof expected, "<?xml version=\"1.0\"?>\n<net name=\"%s\"/>\n",
                 cases[i].written);
        write_one(cases[i].value);
        assert_file("a.xml", expected);
    }
}

static void legal_text_is_not_copied(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const char *legal = "a<b\t\xc3\xa4";
    assert_ptr_equal(xml_text(arena, legal), legal);
    assert_string_equal(xml_text(arena, "a\x02\xff"
                                        "b\xc3\xa4"),
                        "a\\x02\\xFFb\xc3\xa4");
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(elements_are_nested_and_indented, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(values_are_escaped, enter_scratch, leave_scratch),
        cmocka_unit_test(legal_text_is_not_copied),
    };
    return cmocka_run_group_tests_name("emit_xml", tests, NULL, NULL);
}
