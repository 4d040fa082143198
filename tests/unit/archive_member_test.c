// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_support.h"

#include "cache/member.h"

static void names_are_cleaned_or_refused(void **state) {
    (void)state;
    static const struct {
        const char *name, *clean; // NULL: refused
    } rows[] = {
        {"a", "a"},
        {"a/b/c", "a/b/c"},
        {"./a", "a"},
        {"a//b/", "a/b"},
        {"./", ""},
        {".", ""},
        {"././/.", ""},
        {"a/./b", "a/b"},
        {"..a/b..", "..a/b.."},
        {"a/...", "a/..."},
        {"a b", "a b"},
        {"C:x", "C:x"},
        {"/a", NULL},
        {"//a", NULL},
        {"..", NULL},
        {"../a", NULL},
        {"a/..", NULL},
        {"a/../b", NULL},
        {"a/b/../../..", NULL},
        {"", NULL},
        {"a\\b", NULL},
        {"..\\a", NULL},
        {"./../a", NULL},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *fault, *clean = member_clean(arena, rows[i].name, &fault);
        assert_int_equal(clean == NULL, fault != NULL);
        assert_int_equal(clean == NULL, rows[i].clean == NULL);
        if (clean != NULL)
            assert_string_equal(clean, rows[i].clean);
    }
    arena_free(arena);
}

static void deep_and_long_names_are_refused(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    const char *fault;
    char *deep = arena_alloc(arena, 203), *wide = arena_alloc(arena, 20001);
    for (size_t i = 0; i < 101; i++)
        memcpy(deep + 2 * i, "a/", 2);
    assert_null(member_clean(arena, deep, &fault));
    assert_string_equal(fault, "lies too deep");
    deep[199] = '\0'; // 100 components
    assert_non_null(member_clean(arena, deep, &fault));
    memset(wide, 'a', 20000);
    assert_null(member_clean(arena, wide, &fault));
    assert_string_equal(fault, "has a name that is too long");
    arena_free(arena);
}

static void prefixes_take_whole_components(void **state) {
    (void)state;
    assert_string_equal(member_below("a/b", ""), "a/b");
    assert_string_equal(member_below("a/b", "a"), "b");
    assert_string_equal(member_below("a/b/c", "a/b"), "c");
    assert_string_equal(member_below("a", "a"), "");
    assert_null(member_below("ab/c", "a"));
    assert_null(member_below("b/a", "a"));
    assert_null(member_below("a", "a/b"));
}

static void links_stay_inside(void **state) {
    (void)state;
    static const struct {
        const char *name, *target;
        bool good;
    } rows[] = {
        {"a", "b", true},
        {"a", "./b", true},
        {"d/a", "../b", true},
        {"d/e/a", "../../b/c", true},
        {"d/a", "b/c", true},
        {"a", "..x", true},
        {"a", "../b", false},
        {"d/a", "../../b", false},
        {"a", "/etc/passwd", false},
        {"a", "", false},
        {"a", "b/..", false},
        {"d/e/a", "../b/../c", false},
        {"d/a", "./../../x", false},
        {"a", "b\\c", false},
        {"a", "..", false},
        {"d/a", "..", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(member_link_fault(rows[i].name, rows[i].target) == NULL, rows[i].good);
}

static void names_join_once(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool folder;
        const char *fault; // NULL: it joins
    } rows[] = {
        {"a/b", false, NULL},
        {"a", true, NULL}, // the folder that was on the way
        {"a", true, NULL},
        {"a", false, "occurs twice"},
        {"a/b", false, "occurs twice"},
        {"a/b", true, "occurs twice"},
        {"a/B", false, "differs from 'a/b' only in case"},
        {"A", true, "differs from 'a' only in case"},
        {"A/c", false, "differs from 'a' only in case"},
        {"a/b/c", false, "lies below 'a/b', which is no folder"},
        {"a/c", false, NULL},
        {"a/\303\204", false, NULL}, // beyond ASCII case is not folded
        {"a/\303\244", false, NULL},
    };
    struct arena *arena = arena_new();
    struct member_set *set = member_set_new(arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *fault = member_set_add(set, rows[i].name, rows[i].folder);
        assert_int_equal(fault == NULL, rows[i].fault == NULL);
        if (fault != NULL)
            assert_string_equal(fault, rows[i].fault);
    }
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_cleaned_or_refused),
        cmocka_unit_test(deep_and_long_names_are_refused),
        cmocka_unit_test(prefixes_take_whole_components),
        cmocka_unit_test(links_stay_inside),
        cmocka_unit_test(names_join_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
