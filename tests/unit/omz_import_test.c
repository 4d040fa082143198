// SPDX-License-Identifier: Apache-2.0
// manifests/omz on descriptions that are cut or changed: whatever it still takes must be a manifest
// that the reader takes. What it makes of whole ones is in tests/omz.sh.
#include "tests/unit/base_scratch.h"

#include "cache/tree.h"
#include "compiler/base/map.h"
#include "manifests/manifest.h"
#include "manifests/omz.h"

static const char *const cases[] = {"tests/cases/omz/caffe_text/model.yml",
                                    "tests/cases/omz/tf_archive/model.yml",
                                    "tests/cases/omz/mxnet_parts/model.yml"};

static struct slice texts[COUNT_OF(cases)];
static struct arena *texts_arena;
static unsigned taken;

static void print_all(struct diag *diag) {
    diag_print(diag, stderr, DIAG_PLAIN, DIAG_FAILED);
}

// Imports what lies in zoo/, and reads what came of it.
static void import_and_read(void) {
    static const char *const folders[] = {"zoo"}, *const frameworks[] = {"caffe", "tf", "mxnet",
                                                                         NULL};
    static const char *const services[] = {"google_drive=https://example.org/", NULL};
    struct omz_request request = {.folders = folders,
                                  .folder_count = 1,
                                  .manifest_folder = "",
                                  .frameworks = frameworks,
                                  .services = services};
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena), *reading = diag_new(arena);
    struct strbuf out = STRBUF_INIT;
    struct omz_count count;
    omz_import(arena, &request, &out, &count, diag);
    taken += count.models;
    write_file("manifest.yml", out.data, out.length);
    const char *path = "manifest.yml";
    if (zoo_read(arena, &path, 1, reading) == NULL) {
        print_all(reading);
        fail_msg("the reader does not take:\n%s", out.data);
    }
    strbuf_free(&out);
    arena_free(arena);
}

static void cut_descriptions_are_survived(void **state) {
    (void)state;
    taken = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (uint64_t size = 0; size <= texts[i].size; size += 7) {
            write_file("zoo/model/model.yml", texts[i].data, size);
            import_and_read();
        }
    }
    assert_in_range(taken, 1, 1000);
}

static uint32_t random_state;

static uint32_t next_random(uint32_t below) {
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

// Bytes replaced by those that mean something to YAML, to patterns and to options.
static void changed_descriptions_are_survived(void **state) {
    (void)state;
    static const char bytes[] = "\n\t :-[]{},'\"\\$#&*!|>%@`0a=()/.\x01\xff";
    taken = 0;
    for (random_state = 1; random_state % 2 == 1 && taken < 400;) {
        size_t i = next_random(COUNT_OF(cases));
        uint8_t text[4096];
        assert_in_range(texts[i].size, 1, sizeof text);
        memcpy(text, texts[i].data, texts[i].size);
        for (uint32_t k = next_random(4) + 1; k > 0; k--)
            text[next_random((uint32_t)texts[i].size)] =
                (uint8_t)bytes[next_random(sizeof bytes - 1)];
        write_file("zoo/model/model.yml", text, texts[i].size);
        import_and_read();
        random_state |= 1;
    }
    assert_int_equal(taken, 400);
}

static int set_up(void **state) {
    if (enter_scratch(state) != 0 || !tree_make_folders("zoo/model"))
        return -1;
    return 0;
}

static int tear_down(void **state) {
    tree_remove("zoo");
    return leave_scratch(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cut_descriptions_are_survived, set_up, tear_down),
        cmocka_unit_test_setup_teardown(changed_descriptions_are_survived, set_up, tear_down),
    };
    texts_arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (!map_file(texts_arena, cases[i], &texts[i]))
            return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(texts_arena);
    return failed;
}
