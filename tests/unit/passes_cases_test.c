// SPDX-License-Identifier: Apache-2.0
// The records of tests/cases/passes/*.txt (README.md there): a graph before, what is run, the graph
// after. Arguments: a part of a file's name or of a record's title to run only those; --update
// writes what came out into the files.
#include "tests/unit/base_support.h"

#include <glob.h>

#include "compiler/base/diag.h"
#include "compiler/base/map.h"
#include "compiler/base/strbuf.h"
#include "compiler/passes/pass.h"

static const char pattern[] = "tests/cases/passes/*.txt";
static const char *filter;
static bool update;

enum { MOST_PASSES = 8, MOST_LISTED = 8, MOST_NUMBERS = 16 };

struct record {
    const char *file;
    const char *title, *before;
    const char *after; // NULL: unchanged
    const char *passes[MOST_PASSES];
    const char *regexes[MOST_LISTED], *disabled[MOST_LISTED];
    struct input_preprocess preprocess[MOST_LISTED];
    unsigned messages[MOST_LISTED];
    unsigned pass_count, message_count;
    struct pass_options options;
};

struct reader {
    struct arena *arena;
    const char *file, *at;
    unsigned line;
};

// --- reading ------------------------------------------------------------------------------------

static const char *peek(const struct reader *r) {
    return *r->at != '\0' ? r->at : NULL;
}

static bool starts(const char *line, const char *word) {
    return line != NULL && strncmp(line, word, strlen(word)) == 0;
}

static const char *next_line(struct reader *r) {
    size_t length = strcspn(r->at, "\n");
    const char *line = arena_strndup(r->arena, r->at, length);
    r->at += length + (r->at[length] == '\n');
    r->line++;
    return line;
}

// Lines up to the next `---` or `===`, without blank ones at the end.
static const char *section(struct reader *r) {
    const char *start = r->at;
    while (peek(r) != NULL && !starts(r->at, "---") && !starts(r->at, "==="))
        next_line(r);
    size_t length = (size_t)(r->at - start);
    while (length > 0 && start[length - 1] == '\n')
        length--;
    return arena_printf(r->arena, "%.*s\n", (int)length, start);
}

static uint32_t read_numbers(struct reader *r, const char *text, const double **out) {
    double *numbers = arena_array_of(r->arena, MOST_NUMBERS, double);
    uint32_t count = 0;
    for (char *end; *text != '\0'; text = end + (*end == ',')) {
        assert_true(count < MOST_NUMBERS);
        numbers[count++] = strtod(text, &end);
        assert_true(end != text);
    }
    *out = numbers;
    return count;
}

static struct input_preprocess *preprocess_of(struct record *record, const char *name) {
    for (uint32_t i = 0; i < record->options.preprocess_count; i++)
        if (strcmp(record->preprocess[i].parameter, name) == 0)
            return &record->preprocess[i];
    struct input_preprocess *p = &record->preprocess[record->options.preprocess_count++];
    p->parameter = name;
    return p;
}

// `mean data 1,2,3`
static void read_values(struct reader *r, struct record *record, const char *text, bool is_mean) {
    size_t length = strcspn(text, " ");
    const char *name = arena_strndup(r->arena, text, length);
    struct input_preprocess *p = preprocess_of(record, name);
    const char *numbers = text + length + 1;
    if (is_mean)
        p->mean_count = read_numbers(r, numbers, &p->mean);
    else
        p->scale_count = read_numbers(r, numbers, &p->scale);
}

static bool *flag_named(struct pass_options *o, const char *name) {
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"disable_fusing", &o->disable_fusing},
        {"disable_gfusing", &o->disable_gfusing},
        {"disable_resnet_optimization", &o->disable_resnet_optimization},
        {"disable_nhwc_to_nchw", &o->disable_nhwc_to_nchw},
        {"reverse_input_channels", &o->reverse_input_channels},
        {"move_to_preprocess", &o->move_to_preprocess},
    };
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (strcmp(flags[i].name, name) == 0)
            return flags[i].flag;
    return NULL;
}

static void read_setting(struct reader *r, struct record *record, const char *line) {
    size_t length = strcspn(line, " ");
    const char *word = arena_strndup(r->arena, line, length);
    const char *value = line + length + (line[length] == ' ');
    struct pass_options *o = &record->options;
    bool *flag = flag_named(o, word);
    if (flag != NULL)
        *flag = true;
    else if (strcmp(word, "run") == 0)
        record->passes[record->pass_count++] = value;
    else if (strcmp(word, "message") == 0)
        record->messages[record->message_count++] = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(word, "finegrain_fusing") == 0)
        record->regexes[o->finegrain_count++] = value;
    else if (strcmp(word, "disable_pass") == 0)
        record->disabled[o->disabled_count++] = value;
    else if (strcmp(word, "ir_version") == 0)
        o->ir_version = (int)strtol(value, NULL, 10);
    else if (strcmp(word, "mean") == 0 || strcmp(word, "scale") == 0)
        read_values(r, record, value, word[0] == 'm');
    else
        fail_msg("%s:%u: what is '%s'?", r->file, r->line, line);
    assert_true(record->pass_count <= MOST_PASSES && record->message_count <= MOST_LISTED);
}

static void read_record(struct reader *r, struct record *record) {
    *record = (struct record){.file = r->file, .title = next_line(r) + strlen("=== ")};
    while (peek(r) != NULL && !starts(r->at, "---")) {
        const char *line = next_line(r);
        if (*line != '\0')
            read_setting(r, record, line);
    }
    assert_string_equal(next_line(r), "--- before");
    record->before = section(r);
    const char *line = next_line(r);
    if (strcmp(line, "--- after") == 0)
        record->after = section(r);
    else if (strcmp(line, "--- unchanged") == 0)
        section(r);
    else
        fail_msg("%s:%u: expected '--- after' or '--- unchanged'", r->file, r->line);
    record->options.finegrain_fusing = record->regexes;
    record->options.disabled = record->disabled;
    record->options.preprocess = record->preprocess;
    record->options.check = true;
}

// --- running ------------------------------------------------------------------------------------

static const struct pass_def *find_pass(const char *name) {
    for (unsigned i = 0; i < pass_count; i++)
        if (strcmp(pass_table[i].name, name) == 0)
            return &pass_table[i];
    fail_msg("there is no pass '%s'", name);
    return NULL;
}

static void run_one(struct graph *g, const struct record *record, const char *what) {
    if (strcmp(what, "optimize") == 0)
        passes_optimize(g, &record->options);
    else if (strcmp(what, "lower_opset") == 0)
        passes_lower(g, DIALECT_OPSET, &record->options);
    else if (strcmp(what, "lower_classic") == 0)
        passes_lower(g, DIALECT_CLASSIC, &record->options);
    else
        find_pass(what)->run(g, &record->options);
}

// tests/cases/passes/NAME.txt
static const char *pass_of_file(struct arena *arena, const char *file) {
    const char *name = strrchr(file, '/') + 1;
    return arena_strndup(arena, name, strlen(name) - strlen(".txt"));
}

static void check_messages(const struct record *record, const struct diag *diag) {
    for (unsigned id = 0; id < DIAG_ID_COUNT; id++) {
        if (!diag_has(diag, (enum diag_id)id))
            continue;
        bool expected = false;
        for (unsigned i = 0; i < record->message_count; i++)
            expected = expected || record->messages[i] == diag_entry((enum diag_id)id)->number;
        if (!expected)
            fail_msg("%s: %s: message %u was not expected", record->file, record->title,
                     diag_entry((enum diag_id)id)->number);
    }
    for (unsigned i = 0; i < record->message_count; i++) {
        bool found = false;
        for (unsigned id = 0; id < DIAG_ID_COUNT; id++)
            found = found || (diag_has(diag, (enum diag_id)id) &&
                              diag_entry((enum diag_id)id)->number == record->messages[i]);
        if (!found)
            fail_msg("%s: %s: message %u did not come", record->file, record->title,
                     record->messages[i]);
    }
}

static const char *printed(struct arena *arena, struct graph *g) {
    struct strbuf text = STRBUF_INIT;
    graph_print(g, &text, true);
    const char *copy = arena_strdup(arena, text.data);
    strbuf_free(&text);
    return copy;
}

// The graph's text after; *before is the text of what was read.
static const char *run_record(struct arena *arena, const struct record *record,
                              const char **before) {
    struct diag *diag = diag_new(arena);
    struct graph *g =
        graph_parse(arena, diag, record->title, slice_of(record->before, strlen(record->before)));
    if (g == NULL) {
        diag_print(diag, stderr, DIAG_PLAIN, DIAG_NOTE);
        fail_msg("%s: %s: the graph cannot be read", record->file, record->title);
    }
    *before = printed(arena, g);
    const char *own = pass_of_file(arena, record->file);
    for (unsigned i = 0; i < record->pass_count; i++)
        run_one(g, record, record->passes[i]);
    if (record->pass_count == 0)
        run_one(g, record, own);
    clean_dead(g, &record->options);
    const char *fault = graph_check(g);
    if (fault != NULL)
        fail_msg("%s: %s: %s", record->file, record->title, fault);
    check_messages(record, diag);
    return printed(arena, g);
}

// Both in the printed form, so that a record may be written as one likes.
static bool as_expected(struct arena *arena, const struct record *record, const char *before,
                        const char *after) {
    const char *expected = before;
    if (record->after != NULL) {
        struct diag *diag = diag_new(arena);
        struct graph *g =
            graph_parse(arena, diag, record->title, slice_of(record->after, strlen(record->after)));
        expected = g != NULL ? printed(arena, g) : record->after;
    }
    if (strcmp(expected, after) == 0)
        return true;
    if (!update)
        print_error("%s: %s: expected\n%s\nfound\n%s\n", record->file, record->title, expected,
                    after);
    return false;
}

static void write_update(struct strbuf *out, const struct record *record, const char *text,
                         const char *end, const char *before, const char *after) {
    const char *mark = strstr(text, "\n--- after");
    if (mark == NULL || mark > end)
        mark = strstr(text, "\n--- unchanged");
    strbuf_add(out, text, (size_t)(mark - text) + 1);
    if (strcmp(before, after) == 0)
        strbuf_puts(out, "--- unchanged\n");
    else
        strbuf_printf(out, "--- after\n%s", after);
    strbuf_puts(out, *end != '\0' ? "\n" : "");
    (void)record;
}

static unsigned run_file(const char *file, bool *changes) {
    struct arena *arena = arena_new();
    struct slice bytes;
    assert_true(map_file(arena, file, &bytes));
    const char *text = arena_strndup(arena, (const char *)bytes.data, bytes.size);
    struct reader r = {.arena = arena, .file = file, .at = text};
    struct strbuf updated = STRBUF_INIT;
    unsigned failed = 0;
    while (peek(&r) != NULL && !starts(r.at, "==="))
        next_line(&r);
    strbuf_add(&updated, text, (size_t)(r.at - text));
    while (peek(&r) != NULL) {
        struct record record;
        const char *start = r.at, *before;
        read_record(&r, &record);
        bool chosen = filter == NULL || strstr(file, filter) || strstr(record.title, filter);
        const char *after = chosen ? run_record(arena, &record, &before) : NULL;
        bool same = !chosen || as_expected(arena, &record, before, after);
        failed += !same;
        *changes = *changes || record.after != NULL;
        if (same)
            strbuf_add(&updated, start, (size_t)(r.at - start));
        else
            write_update(&updated, &record, start, r.at, before, after);
    }
    if (update && failed > 0) {
        FILE *to = fopen(file, "w");
        assert_non_null(to);
        fwrite(updated.data, 1, updated.length, to);
        assert_int_equal(fclose(to), 0);
        print_message("updated %u records of %s\n", failed, file);
    }
    strbuf_free(&updated);
    arena_free(arena);
    return update ? 0 : failed;
}

static void test_records(void **state) {
    (void)state;
    glob_t files;
    unsigned failed = 0;
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        bool changes = false;
        failed += run_file(files.gl_pathv[i], &changes);
        assert_true(changes); // records of graphs that stay as they are prove little
    }
    globfree(&files);
    assert_int_equal(failed, 0);
}

static void test_every_pass_has_records(void **state) {
    (void)state;
    unsigned missing = 0;
    for (unsigned i = 0; i < pass_count; i++) {
        char file[128];
        snprintf(file, sizeof file, "tests/cases/passes/%s.txt", pass_table[i].name);
        if (access(file, R_OK) == 0)
            continue;
        print_error("pass '%s' has no records in %s\n", pass_table[i].name, file);
        missing++;
    }
    assert_int_equal(missing, 0);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--update") == 0)
            update = true;
        else
            filter = argv[i];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_every_pass_has_records),
    };
    return cmocka_run_group_tests_name("passes/cases", tests, NULL, NULL);
}
