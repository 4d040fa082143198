// SPDX-License-Identifier: Apache-2.0
// cache/action: what the key depends on, and which entries are believed.
#include "tests/unit/base_scratch.h"

#include "cache/action.h"
#include "cache/tree.h"

static struct arena *arena;

// The question "convert net".
static struct record *question(const char *variant, const char *scale, const char *sum) {
    struct record *record = record_new(arena);
    record_add(record, RECORD_STEP, "convert", variant);
    record_add(record, RECORD_BUILD, "", "0123");
    record_add(record, RECORD_OPTION, "scale", scale);
    record_add_file(record, RECORD_INPUT, "net.caffemodel", hash_bytes("x", 1), 1);
    record_add_file(record, RECORD_INPUT, "net.prototxt", hash_bytes("y", 1), 1);
    record_add(record, RECORD_INPUT_SUM, "net.prototxt", "cd");
    record_add(record, RECORD_INPUT_SUM, "net.caffemodel", sum);
    return record;
}

static bool same_key(const struct record *a, const struct record *b) {
    char first[SHA256_TEXT_SIZE], second[SHA256_TEXT_SIZE];
    assert_true(action_key(a, first) && action_key(b, second));
    return strcmp(first, second) == 0;
}

static void the_key_is_the_question(void **state) {
    (void)state;
    const struct record *asked = question("net/FP32", "2", "ab");
    assert_true(same_key(asked, question("net/FP32-v4", "2", "ab")));
    assert_false(same_key(asked, question("other/FP32", "2", "ab")));
    assert_false(same_key(asked, question("net/FP32", "3", "ab")));
    assert_false(same_key(asked, question("net/FP32", "2", "ba")));
    struct record *more = question("net/FP32", "2", "ab");
    record_add_file(more, RECORD_OUTPUT, "net.xml", hash_bytes("z", 1), 1);
    record_add(more, RECORD_RESULT, "log", "said");
    assert_true(same_key(asked, more));
    record_add(more, RECORD_OPTION, "batch", "1");
    assert_false(same_key(asked, more));
}

static void the_order_of_hashing_does_not_matter(void **state) {
    (void)state;
    struct record *other = record_new(arena), *asked = question("net/FP32", "2", "ab");
    for (uint32_t i = asked->count; i-- > 3;)
        if (asked->lines[i].kind == RECORD_INPUT_SUM)
            record_add(other, RECORD_INPUT_SUM, asked->lines[i].name, asked->lines[i].value);
    for (uint32_t i = 0; i < 3; i++)
        record_add(other, asked->lines[i].kind, asked->lines[i].name, asked->lines[i].value);
    assert_true(same_key(asked, other));
}

static void without_a_sum_there_is_no_key(void **state) {
    (void)state;
    char key[SHA256_TEXT_SIZE];
    struct record *asked = question("net/FP32", "2", "ab");
    record_add_file(asked, RECORD_INPUT, "mean.npy", hash_bytes("z", 1), 1);
    assert_false(action_key(asked, key));
}

static void an_entry_is_taken_with_its_outputs(void **state) {
    (void)state;
    struct action_cache cache = {.store = store_open(arena, "store", false)};
    char key[SHA256_TEXT_SIZE];
    struct record *record = question("net/FP32", "2", "ab");
    assert_true(action_key(record, key));
    assert_null(action_find(arena, &cache, key));
    write_file("made", "<net/>", 6);
    record_add_file(record, RECORD_OUTPUT, "net.xml", hash_bytes("<net/>", 6), 6);
    assert_true(action_put(&cache, record, "net.xml", "made"));
    assert_true(action_keep(&cache, record, key));
    struct record *entry = action_find(arena, &cache, key);
    assert_non_null(entry);
    assert_true(action_take(&cache, entry, "net.xml", "taken"));
    assert_file("taken", "<net/>");
    assert_false(action_take(&cache, entry, "net.bin", "other"));
    action_drop(&cache, key);
    assert_null(action_find(arena, &cache, key));
}

static void an_entry_under_another_key_is_removed(void **state) {
    (void)state;
    struct action_cache cache = {.store = store_open(arena, "store", false)};
    char key[SHA256_TEXT_SIZE];
    assert_true(action_key(question("net/FP32", "3", "ab"), key));
    assert_true(action_keep(&cache, question("net/FP32", "2", "ab"), key));
    assert_null(action_find(arena, &cache, key));
    struct slice text;
    assert_false(store_note_read(arena, cache.store, "actions", key, &text));
}

static void a_folder_has_a_sum_of_names_and_contents(void **state) {
    (void)state;
    char first[SHA256_TEXT_SIZE], second[SHA256_TEXT_SIZE], third[SHA256_TEXT_SIZE];
    assert_true(tree_make_folders("one/deep") && tree_make_folders("two/deep"));
    write_file("one/deep/a", "1", 1);
    write_file("two/deep/a", "1", 1);
    write_file("one/b", "2", 1);
    write_file("two/b", "2", 1);
    assert_true(action_sum("one", first) && action_sum("two", second));
    assert_string_equal(first, second);
    write_file("two/deep/a", "3", 1);
    assert_true(action_sum("two", second));
    assert_string_not_equal(first, second);
    assert_int_equal(rename("one/b", "one/c"), 0);
    assert_true(action_sum("one", third));
    assert_string_not_equal(first, third);
    assert_false(action_sum("nothing", first));
}

static int begin(void **state) {
    arena = arena_new();
    return enter_scratch(state);
}

static int end(void **state) {
    static const char *const folders[] = {"store", "one", "two"};
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        tree_remove(folders[i]);
    arena_free(arena);
    return leave_scratch(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_key_is_the_question, begin, end),
        cmocka_unit_test_setup_teardown(the_order_of_hashing_does_not_matter, begin, end),
        cmocka_unit_test_setup_teardown(without_a_sum_there_is_no_key, begin, end),
        cmocka_unit_test_setup_teardown(an_entry_is_taken_with_its_outputs, begin, end),
        cmocka_unit_test_setup_teardown(an_entry_under_another_key_is_removed, begin, end),
        cmocka_unit_test_setup_teardown(a_folder_has_a_sum_of_names_and_contents, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
