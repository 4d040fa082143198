// SPDX-License-Identifier: Apache-2.0
// The plan of tests/cases/plan/zoo.yml against plan.txt (UPDATE=1 writes it anew), and what a plan
// promises: outputs made once, no input from nowhere.
#include "tests/unit/base_support.h"

#include "compiler/base/map.h"
#include "compiler/base/names.h"
#include "rules/ninja/plan.h"

static const char manifest[] = "tests/cases/plan/zoo.yml", expected[] = "tests/cases/plan/plan.txt";

static void paths_are_joined(void **state) {
    (void)state;
    static const struct {
        const char *folder, *path, *joined;
    } rows[] = {
        {"", "a", "a"},
        {"", "./a", "a"},
        {"d/", "a", "d/a"},
        {"d/", "../a", "a"},
        {"../d/", "../a", "../a"},
        {"../", "../a", "../../a"},
        {"d/", "/a/b", "/a/b"},
        {"d/", "/a/../b", "/b"},
        {"d/", "/../b", "/b"},
        {"a/b/c/", "../../x", "a/x"},
        {"", "a//b/./c/", "a/b/c"},
        {"", ".", "."},
        {"d/", "..", "."},
        {"", "/", "/"},
        {"", "a/../../b", "../b"},
    };
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(plan_join(arena, rows[i].folder, rows[i].path), rows[i].joined);
    arena_free(arena);
}

static const char *folder_path(void *context, const char *folder) {
    (void)context;
    assert_string_equal(folder, "tests/cases/plan/");
    return "../plan/";
}

static struct plan *make_plan(struct arena *arena) {
    const char *path = manifest;
    struct diag *diag = diag_new(arena);
    struct plan_request request = {.zoo = zoo_read(arena, &path, 1, diag),
                                   .folder_path = folder_path};
    assert_non_null(request.zoo);
    struct plan *plan = plan_zoo(arena, &request, diag);
    assert_int_equal(diag_count(diag, DIAG_WARNING), 0);
    return plan;
}

static void put_list(struct strbuf *to, const char *name, const struct text_list *list) {
    for (uint32_t i = 0; i < list->count; i++)
        strbuf_printf(to, "  %s %s\n", name, list->items[i]);
}

static void the_plan_is_as_expected(void **state) {
    (void)state;
    static const char *const kinds[] = {"unpack", "convert", "verify"};
    struct arena *arena = arena_new();
    struct plan *plan = make_plan(arena);
    struct strbuf text = STRBUF_INIT;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        strbuf_printf(&text, "%s %s %s\n", kinds[step->kind], step->model, step->variant);
        put_list(&text, "from", &step->inputs);
        put_list(&text, "after", &step->implicit_inputs);
        put_list(&text, "to", &step->outputs);
        put_list(&text, "also", &step->implicit_outputs);
        strbuf_puts(&text, "  words");
        for (uint32_t k = 0; k < step->words.count; k++)
            strbuf_printf(&text, " %s", step->words.items[k]);
        strbuf_putc(&text, '\n');
    }
    put_list(&text, "outside", &plan->outside);
    if (getenv("UPDATE") != NULL) {
        FILE *file = fopen(expected, "w");
        assert_non_null(file);
        fputs(text.data, file);
        fclose(file);
    }
    struct slice file;
    assert_true(map_file(arena, expected, &file));
    assert_string_equal(text.data, arena_strndup(arena, (const char *)file.data, file.size));
    strbuf_free(&text);
    arena_free(arena);
}

static void note(struct names *made, const struct text_list *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        void **slot = names_slot(made, list->items[i]);
        assert_null(*slot);
        *slot = made;
    }
}

static void check(const struct names *made, const struct text_list *list) {
    for (uint32_t i = 0; i < list->count; i++)
        assert_non_null(names_find(made, list->items[i]));
}

static void every_input_is_made_or_from_outside(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct plan *plan = make_plan(arena);
    struct names *made = names_new(arena);
    note(made, &plan->outside);
    for (uint32_t i = 0; i < plan->count; i++) {
        check(made, &plan->steps[i].inputs); // by an earlier step
        check(made, &plan->steps[i].implicit_inputs);
        note(made, &plan->steps[i].outputs);
        note(made, &plan->steps[i].implicit_outputs);
    }
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_joined),
        cmocka_unit_test(the_plan_is_as_expected),
        cmocka_unit_test(every_input_is_made_or_from_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
