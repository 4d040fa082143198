// SPDX-License-Identifier: Apache-2.0
// The real runtime reads what is written for every opset target of tests/cases/emit, computes it,
// and finds the shapes that the graph has. Skipped where the runtime is not installed.
#include <glob.h>
#include <math.h>

#include "compiler/verify/runtime.h"
#include "tests/unit/emit_support.h"

static char folder[] = "/tmp/zooc-run-XXXXXX";

// Numbers that differ from place to place, and stay away from zero.
static struct ndarray input_array(struct arena *arena, const struct runtime_port *port) {
    struct ndarray array = {.type = port->type, .rank = port->rank};
    uint64_t count = 1;
    for (unsigned i = 0; i < port->rank; i++) {
        array.shape[i] = (uint64_t)(port->shape[i] < 0 ? 2 : port->shape[i]);
        count *= array.shape[i];
    }
    float *data = arena_array_of(arena, count, float);
    for (uint64_t i = 0; i < count; i++)
        data[i] = 0.5f + (float)(i % 7) / 8;
    array.count = count;
    array.data = (uint8_t *)data;
    return array;
}

static bool infer(struct arena *arena, struct runtime_model *m) {
    struct ndarray inputs[8], outputs[8];
    assert_true(runtime_input_count(m) <= 8 && runtime_output_count(m) <= 8);
    for (unsigned i = 0; i < runtime_input_count(m); i++)
        inputs[i] = input_array(arena, runtime_input(m, i));
    return runtime_infer(m, inputs, arena, outputs);
}

// The shapes of the graph's results are those that the runtime found.
static void compare_shapes(struct arena *arena, struct diag *diag, const char *path,
                           const struct runtime_model *m) {
    struct graph *g = graph_parse(arena, diag, path, contents(arena, path));
    assert_non_null(g);
    assert_int_equal(g->results.count, runtime_output_count(m));
    for (uint32_t i = 0; i < g->results.count; i++) {
        const struct shape *wanted = &g->results.items[i]->inputs[0].value->shape;
        const struct runtime_port *got = runtime_output(m, i);
        assert_int_equal(got->rank, wanted->rank);
        for (unsigned k = 0; k < got->rank; k++)
            assert_int_equal(got->shape[k], wanted->dims[k]);
    }
}

static void check_file(const char *path) {
    struct target target;
    if (!read_target(path, &target) || strcmp(target.kind, "xml") != 0)
        return;
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct runtime *rt = runtime_open(arena, diag, NULL);
    if (rt == NULL) {
        arena_free(arena);
        skip();
    }
    const char *graph = target_graph(arena, path);
    assert_true(emit_case(arena, diag, graph, target.version, target.type, folder));
    struct runtime_model *m = runtime_load(rt, arena_printf(arena, "%s/out.xml", folder), 1);
    bool good = m != NULL && infer(arena, m);
    diag_print(diag, stderr, DIAG_PLAIN, DIAG_WARNING);
    assert_true(good);
    compare_shapes(arena, diag, graph, m);
    arena_free(arena);
    remove_outputs(folder);
}

static void check_case(void **state) {
    glob_t files;
    char pattern[512];
    snprintf(pattern, sizeof pattern, "%s/v1[01]-*", (const char *)*state);
    if (glob(pattern, 0, NULL, &files) != 0)
        return;
    for (size_t i = 0; i < files.gl_pathc; i++)
        check_file(files.gl_pathv[i]);
    globfree(&files);
}

int main(void) {
    glob_t cases;
    if (glob(CASES "/*", 0, NULL, &cases) != 0 || mkdtemp(folder) == NULL)
        return 1;
    struct CMUnitTest *tests = calloc(cases.gl_pathc, sizeof *tests);
    for (size_t i = 0; i < cases.gl_pathc; i++)
        tests[i] = (struct CMUnitTest){
            .name = cases.gl_pathv[i], .test_func = check_case, .initial_state = cases.gl_pathv[i]};
    int failed = _cmocka_run_group_tests("emit_runtime", tests, cases.gl_pathc, NULL, NULL);
    remove_outputs(folder);
    rmdir(folder);
    free(tests);
    globfree(&cases);
    return failed;
}
