// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/base_scratch.h"

#include <errno.h>

#include "cache/digest.h"
#include "cache/hash.h"

static void assert_hash(struct hash hash, const char *expected) {
    char text[HASH_TEXT_SIZE];
    hash_to_text(hash, text);
    assert_string_equal(text, expected);
}

// Values that the XXH3-128 specification's reference (xxhsum -H2) gives.
static void known_values(void **state) {
    (void)state;
    assert_hash(hash_bytes("", 0), "99aa06d3014798d86001c324468d497f");
    assert_hash(hash_bytes("a", 1), "a96faf705af16834e6c632b61e964e1f");
    assert_hash(hash_bytes("abc", 3), "06b05ab6733a618578af5f94892f3950");
}

static void text_form_is_read_back(void **state) {
    (void)state;
    struct hash hash = hash_bytes("zoo", 3), back;
    char text[HASH_TEXT_SIZE];
    hash_to_text(hash, text);
    assert_true(hash_from_text(text, &back));
    assert_true(hash_equal(hash, back));
    text[5] = 'g';
    assert_false(hash_from_text(text, &back));
    text[5] = 'A'; // one spelling only
    assert_false(hash_from_text(text, &back));
    text[31] = '\0';
    assert_false(hash_from_text(text, &back));
    assert_false(hash_from_text("", &back));
}

static void pieces_give_the_hash_of_the_whole(void **state) {
    (void)state;
    unsigned char data[5000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 31 >> 3);
    struct hash whole = hash_bytes(data, sizeof data);
    for (size_t step = 1; step < sizeof data; step = step * 3 + 1) {
        struct hasher *hasher = hasher_new();
        for (size_t at = 0; at < sizeof data; at += step)
            hasher_add(hasher, data + at, sizeof data - at < step ? sizeof data - at : step);
        assert_true(hash_equal(hasher_end(hasher), whole));
    }
}

static struct hash path_hash(const char *path, uint64_t expected_size) {
    struct hash hash;
    uint64_t size;
    assert_true(hash_path(path, &hash, &size));
    assert_int_equal(size, expected_size);
    return hash;
}

static void a_file_is_its_content(void **state) {
    (void)state;
    static unsigned char large[700000];
    memset(large, 7, sizeof large);
    write_file("small", "abc", 3);
    write_file("empty", "", 0);
    write_file("large", large, sizeof large);
    assert_true(hash_equal(path_hash("small", 3), hash_bytes("abc", 3)));
    assert_true(hash_equal(path_hash("empty", 0), hash_bytes("", 0)));
    assert_true(hash_equal(path_hash("large", sizeof large), hash_bytes(large, sizeof large)));
}

static void a_folder_is_its_names_and_contents(void **state) {
    (void)state;
    assert_int_equal(mkdir("folder", 0700), 0);
    write_file("folder/a", "1", 1);
    write_file("folder/b", "22", 2);
    struct hash first = path_hash("folder", 3);
    assert_true(hash_equal(first, path_hash("folder/", 3)));
    assert_int_equal(rename("folder/b", "folder/c"), 0);
    assert_false(hash_equal(first, path_hash("folder", 3)));
    assert_int_equal(rename("folder/c", "folder/b"), 0);
    assert_true(hash_equal(first, path_hash("folder", 3)));
    write_file("folder/a", "3", 1);
    assert_false(hash_equal(first, path_hash("folder", 3)));
    assert_int_equal(remove("folder/a") | remove("folder/b"), 0);
}

static void what_is_no_file_fails(void **state) {
    (void)state;
    struct hash hash;
    uint64_t size;
    assert_false(hash_path("nothing", &hash, &size));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_false(hash_path("pipe", &hash, &size)); // and does not wait for a writer
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_false(hash_path("loop", &hash, &size));
    assert_int_equal(errno, ELOOP);
}

// FIPS 180-2's examples.
static void sha256_of_known_texts(void **state) {
    (void)state;
    char sum[SHA256_TEXT_SIZE];
    write_file("empty", "", 0);
    assert_true(digest_file(DIGEST_SHA256, "empty", sum));
    assert_string_equal(sum, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    write_file("abc", "abc", 3);
    assert_true(digest_file(DIGEST_SHA256, "abc", sum));
    assert_string_equal(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_false(digest_file(DIGEST_SHA256, "nothing", sum));
    assert_int_equal(errno, ENOENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(text_form_is_read_back),
        cmocka_unit_test(pieces_give_the_hash_of_the_whole),
        cmocka_unit_test_setup_teardown(a_file_is_its_content, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(a_folder_is_its_names_and_contents, enter_scratch,
                                        leave_scratch),
        cmocka_unit_test_setup_teardown(what_is_no_file_fails, enter_scratch, leave_scratch),
        cmocka_unit_test_setup_teardown(sha256_of_known_texts, enter_scratch, leave_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
