// SPDX-License-Identifier: Apache-2.0
// tests/cases/emit/NAME/graph.txt is a graph; each other file there says what becomes of it:
//   v11-FP32.xml, .mapping, .hex   what is written for that IR version and data type (.hex: the
//   .bin) v11-FP32.fail                  the messages; then nothing may be written
// Arguments: [--update] [NAME...]; --update writes what came out into the case.

#include "compiler/base/strbuf.h"
#include "tests/unit/emit_support.h"

static bool update;
static char folder[SCRATCH_SIZE];

static void hex_of(struct strbuf *out, struct slice bytes) {
    for (uint64_t i = 0; i < bytes.size; i++)
        strbuf_printf(out, "%02x%s", bytes.data[i],
                      i % 16 == 15 || i + 1 == bytes.size ? "\n"
                      : i % 4 == 3                        ? " "
                                                          : "");
}

static const char *messages(struct arena *arena, struct diag *diag) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    diag_print(diag, to, DIAG_PLAIN, DIAG_NOTE);
    fclose(to);
    const char *copy = arena_strdup(arena, text);
    free(text);
    return copy;
}

// Parses, lowers and emits; what the file of kind `kind` should hold.
static struct slice outcome(struct arena *arena, const char *graph_path, int version,
                            enum dtype type, const char *kind) {
    struct diag *diag = diag_new(arena);
    bool good = emit_case(arena, diag, graph_path, version, type, folder);
    const char *said = messages(arena, diag);
    if (!good || strcmp(kind, "fail") == 0) {
        assert_int_equal(access(arena_printf(arena, "%s/out.bin", folder), F_OK), good ? 0 : -1);
        return slice_of(said, strlen(said));
    }
    const char *suffix = strcmp(kind, "hex") == 0 ? "bin" : kind;
    return contents(arena, arena_printf(arena, "%s/out.%s", folder, suffix));
}

static void write_whole(const char *path, struct slice bytes) {
    FILE *to = fopen(path, "wb");
    assert_non_null(to);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, to), bytes.size);
    assert_int_equal(fclose(to), 0);
}

static void compare(struct arena *arena, const char *path, struct slice got) {
    if (update) {
        write_whole(path, got);
        return;
    }
    struct slice wanted = contents(arena, path);
    uint64_t line = 1, i = 0;
    while (i < got.size && i < wanted.size && got.data[i] == wanted.data[i])
        line += got.data[i++] == '\n';
    if (got.size == wanted.size && i == got.size)
        return;
    while (i > 0 && got.data[i - 1] != '\n')
        i--;
    print_error("%s: line %llu is\n%.*s\nnot\n%.*s\n", path, (unsigned long long)line,
                (int)(got.size - i > 200 ? 200 : got.size - i), (const char *)got.data + i,
                (int)(wanted.size - i > 200 ? 200 : wanted.size - i),
                (const char *)wanted.data + i);
    fail();
}

static void check_file(const char *path) {
    struct target target;
    if (!read_target(path, &target))
        return; // the graph, or a note
    struct arena *arena = arena_new();
    struct strbuf hex = STRBUF_INIT;
    remove_outputs(folder);
    struct slice got =
        outcome(arena, target_graph(arena, path), target.version, target.type, target.kind);
    if (strcmp(target.kind, "hex") == 0) {
        hex_of(&hex, got);
        got = slice_of(hex.data, hex.length);
    }
    compare(arena, path, got);
    strbuf_free(&hex);
    arena_free(arena);
}

static void check_case(void **state) {
    char pattern[512];
    snprintf(pattern, sizeof pattern, "%s/v*", (const char *)*state);
    glob_t files;
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        check_file(files.gl_pathv[i]);
    globfree(&files);
}

static bool is_wanted(const char *path, int argc, char **argv) {
    bool named = false;
    for (int i = 1; i < argc; i++) {
        named = named || argv[i][0] != '-';
        if (strcmp(argv[i], strrchr(path, '/') + 1) == 0)
            return true;
    }
    return !named;
}

int main(int argc, char **argv) {
    glob_t cases;
    update = argc > 1 && strcmp(argv[1], "--update") == 0;
    if (glob(CASES "/*", 0, NULL, &cases) != 0 || !scratch_make(folder))
        return 1;
    struct CMUnitTest *tests = calloc(cases.gl_pathc, sizeof *tests);
    size_t count = 0;
    for (size_t i = 0; i < cases.gl_pathc; i++)
        if (is_wanted(cases.gl_pathv[i], argc, argv))
            tests[count++] = (struct CMUnitTest){.name = cases.gl_pathv[i],
                                                 .test_func = check_case,
                                                 .initial_state = cases.gl_pathv[i]};
    int failed = _cmocka_run_group_tests("emit_cases", tests, count, NULL, NULL);
    tree_remove(folder);
    free(tests);
    globfree(&cases);
    return failed;
}
