// SPDX-License-Identifier: Apache-2.0
// The records of tests/cases/ops/*.txt and tests/cases/graph/*.txt (README.md in the former): a
// graph as text, and what its shape rules and evaluators give, or the message. Arguments: a part of
// a file's name or of a title to run only those; --update writes what came out into the files.
#include "tests/unit/base_support.h"

#include <glob.h>
#include <math.h>

#include "compiler/base/map.h"
#include "compiler/base/strbuf.h"
#include "compiler/ops/ops.h"
#include "tests/unit/records.h"

static const char *filter;
static bool update;
static bool op_seen[OP_COUNT]; // stands in a record whose shapes are compared

enum { VALUES_SHOWN = 64 };

// --- what a graph gives -------------------------------------------------------------------------

static void put_values(struct strbuf *out, struct arena *arena, const struct tensor *t) {
    const double *numbers = tensor_as_doubles(arena, t);
    uint64_t count = tensor_count(t);
    strbuf_putc(out, '[');
    for (uint64_t i = 0; i < count && i < VALUES_SHOWN; i++) {
        strbuf_puts(out, i > 0 ? ", " : "");
        if (isnan(numbers[i]))
            strbuf_puts(out, "?");
        else if (t->type == DT_F64)
            strbuf_double(out, numbers[i]);
        else
            strbuf_float(out, (float)numbers[i]);
    }
    strbuf_puts(out, count > VALUES_SHOWN ? ", ...]" : "]");
}

static void put_known(struct strbuf *out, const struct value *v) {
    if (v->constant == NULL && v->partial == NULL)
        return;
    strbuf_puts(out, v->constant != NULL ? " = " : " ~ ");
    put_values(out, v->producer->graph->arena, v->constant != NULL ? v->constant : v->partial);
}

static bool is_shown(const struct node *n) {
    return n->op != &op_Constant && n->op != &op_Parameter && n->output_count > 0;
}

// A node's text: its line, and those of a body.
static size_t node_length(const char *text) {
    size_t length = strcspn(text, "\n");
    while (text[length] == '\n' && (text[length + 1] == ' ' || text[length + 1] == '}'))
        length += 1 + strcspn(text + length + 1, "\n");
    return length;
}

// The text of the nodes that compute something, and what is known of their outputs.
static void put_graph(struct strbuf *out, struct graph *g) {
    struct strbuf text = STRBUF_INIT;
    uint32_t count;
    struct node **order = graph_order(g, &count);
    graph_print(g, &text, false);
    const char *at =
        text.data + (strncmp(text.data, "graph \"", 7) == 0 ? strcspn(text.data, "\n") + 1 : 0);
    for (uint32_t i = 0; i < count; i++) {
        size_t length = node_length(at);
        if (is_shown(order[i])) {
            strbuf_add(out, at, length);
            for (uint32_t k = 0; k < order[i]->output_count; k++)
                put_known(out, &order[i]->outputs[k]);
            strbuf_putc(out, '\n');
        }
        at += length + 1;
    }
    strbuf_free(&text);
}

// --- what must hold of every graph that was read ------------------------------------------------

static void mark_ops(struct graph *g) {
    GRAPH_EACH(g, n) {
        for (int i = 0; i < OP_COUNT; i++)
            if (op_table[i] == n->op)
                op_seen[i] = true;
        for (uint32_t i = 0; i < n->op->attr_count; i++)
            if (n->op->attrs[i].kind == ATTR_GRAPH)
                mark_ops(*(struct graph *const *)attr_field_of(&n->op->attrs[i], n->attrs));
    }
}

static void assert_printed(struct graph *g, const char *expected, const char *what) {
    struct strbuf text = STRBUF_INIT;
    const char *fault = graph_check(g);
    if (fault != NULL)
        fail_msg("%s: %s", what, fault);
    graph_print(g, &text, true);
    if (strcmp(text.data, expected) != 0)
        fail_msg("%s: not the same text\n%s\nas\n%s", what, text.data, expected);
    strbuf_free(&text);
}

static void check_read(struct graph *g, struct diag *diag) {
    struct strbuf text = STRBUF_INIT;
    graph_print(g, &text, true);
    assert_printed(g, text.data, "printed again");
    struct graph *again = graph_parse(g->arena, diag, "again", slice_of(text.data, text.length));
    if (again == NULL) {
        diag_print(diag, stderr, DIAG_PLAIN, DIAG_NOTE);
        fail_msg("cannot be read again\n%s", text.data);
        return;
    }
    assert_printed(again, text.data, "read again");
    assert_printed(graph_clone(g), text.data, "clone");
    GRAPH_EACH(g, n) {
        if (n->op != &op_Poison)
            assert_true(node_infer(n));
    }
    assert_printed(g, text.data, "inferred again");
    strbuf_free(&text);
}

// --- records ------------------------------------------------------------------------------------

static void put_messages(struct strbuf *out, struct diag *diag) {
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    diag_print(diag, f, DIAG_PLAIN, DIAG_NOTE);
    fclose(f);
    strbuf_puts(out, text);
    free(text);
}

// "--- gives" or "--- message", and what came.
static const char *run_record(struct arena *arena, const char *text) {
    struct diag *diag = diag_new(arena);
    struct strbuf out = STRBUF_INIT;
    struct graph *g = graph_parse(arena, diag, "case", slice_of(text, strlen(text)));
    if (g != NULL) {
        strbuf_puts(&out, "--- gives\n");
        put_graph(&out, g);
        mark_ops(g);
        check_read(g, diag);
    } else {
        strbuf_puts(&out, "--- message\n");
        put_messages(&out, diag);
    }
    while (out.length > 0 && out.data[out.length - 1] == '\n')
        out.data[--out.length] = '\0';
    const char *result = arena_printf(arena, "%s\n", out.data);
    strbuf_free(&out);
    return result;
}

static void write_file(const char *path, const struct strbuf *text) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text->data, 1, text->length, f), text->length);
    assert_int_equal(fclose(f), 0);
}

static bool run_one(struct records *r, const char *file, const char *title,
                    struct strbuf *updated) {
    const char *text = records_section(r), *mark = "";
    if (records_starts(r, "--- "))
        mark = records_line(r);
    const char *section = records_section(r);
    const char *expected = arena_printf(r->arena, "%s\n%s", mark, section), *found = expected;
    if (filter == NULL || strstr(file, filter) != NULL || strstr(title, filter) != NULL)
        found = run_record(r->arena, text);
    strbuf_printf(updated, "=== %s\n%s%s%s", title, text, found, *r->at != '\0' ? "\n" : "");
    if (strcmp(found, expected) == 0)
        return true;
    if (!update)
        print_error("%s: %s: expected\n%sfound\n%s", file, title, expected, found);
    return false;
}

static unsigned run_file(const char *file) {
    struct arena *arena = arena_new();
    struct slice bytes;
    struct strbuf updated = STRBUF_INIT;
    unsigned failed = 0;
    assert_true(map_file(arena, file, &bytes));
    struct records r = {arena, arena_strndup(arena, (const char *)bytes.data, bytes.size)};
    const char *start = r.at, *title = strstr(start, "=== ");
    assert_non_null(title);
    strbuf_add(&updated, start, (size_t)(title - start));
    while ((title = records_next(&r)) != NULL)
        failed += run_one(&r, file, title, &updated) ? 0 : 1;
    if (update && failed > 0)
        write_file(file, &updated);
    strbuf_free(&updated);
    arena_free(arena);
    return update ? 0 : failed;
}

static void test_records(void **state) {
    (void)state;
    glob_t files = {0};
    unsigned failed = 0;
    assert_int_equal(glob("tests/cases/ops/*.txt", 0, NULL, &files), 0);
    assert_int_equal(glob("tests/cases/graph/*.txt", GLOB_APPEND, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        failed += run_file(files.gl_pathv[i]);
    globfree(&files);
    assert_int_equal(failed, 0);
}

// Every operator stands in a record whose shapes are compared.
static void test_every_operator_has_a_record(void **state) {
    (void)state;
    unsigned missing = 0;
    for (int i = 0; i < OP_COUNT; i++) {
        if (op_seen[i])
            continue;
        print_error("no record of tests/cases/ops has operator %s\n", op_table[i]->name);
        missing++;
    }
    if (filter == NULL)
        assert_int_equal(missing, 0);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--update") == 0)
            update = true;
        else
            filter = argv[i];
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_every_operator_has_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
