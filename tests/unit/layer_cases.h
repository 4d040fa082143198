// SPDX-License-Identifier: Apache-2.0
// Records of a front end's layers (tests/cases/FRAMEWORK/README.md): a topology, the graph that it
// becomes or the messages that it gets, and numbers that the real runtime must compute. The test of
// a front end describes its files in a struct layer_cases and ends in layer_cases_main.
//
// Arguments of the test: a part of a file's name or of a record's title to run only those; --update
// writes what came out into the files.
#ifndef ZOOC_LAYER_CASES_H
#define ZOOC_LAYER_CASES_H

#include "tests/unit/base_scratch.h"

#include <math.h>

#include "compiler/base/diag.h"
#include "compiler/base/map.h"
#include "compiler/base/strbuf.h"
#include "compiler/driver/convert.h"
#include "compiler/driver/driver.h"
#include "compiler/verify/fill.h"
#include "compiler/verify/runtime.h"
#include "frontends/frontend.h"

enum { CASE_FILES = 4, CASE_NUMBERS = 24 };

struct case_file {       // a section of a record that becomes a file
    const char *section; // "prototxt"
    const char *file;    // "net.prototxt"
    const char *option;  // that names it, or NULL
};

struct case_numbers { // of an input or an output
    const char *name;
    const char *numbers; // NULL: an input by the rule of fill.h, with offset and scale
    double tolerance, offset, scale;
};

struct layer_record {
    const char *file, *title;
    const char *options;           // words of the command line
    bool plain;                    // the topology is all there is
    const char *texts[CASE_FILES]; // by file; NULL: not said
    const char *graph, *messages;  // NULL: not said
    struct case_numbers inputs[CASE_NUMBERS], outputs[CASE_NUMBERS];
    unsigned input_count, output_count;
};

struct layer_cases {
    const char *name;    // of the group of tests
    const char *pattern; // of the files of records
    const struct frontend *frontend;
    struct case_file files[CASE_FILES]; // the first is the topology
    const char
        *plain; // line of a record that has no more than the topology; NULL: none can be read so
    const char
        *model; // what is converted; the topology must give the same graph, if it can be read
    void (*write_model)(struct arena *arena, const struct layer_record *record);
    const char *type_mark;             // what stands before a layer's type in the topology
    const char *type_end;              // and behind it: NULL for quotes
    const char *(*type)(size_t index); // rows of the front end's table; NULL behind the last
};

struct case_run {
    const struct layer_cases *cases;
    const char *filter;
    bool update;
    char *home;
    struct strbuf types; // every layer type that a record has imported, one a line
};

static struct case_run case_run;

struct case_reader {
    struct arena *arena;
    const char *file, *at;
    unsigned line;
};

// --- reading -----------------------------------------------------------------

static inline bool case_starts(const char *line, const char *word) {
    return strncmp(line, word, strlen(word)) == 0;
}

static inline const char *case_line(struct case_reader *r) {
    size_t length = strcspn(r->at, "\n");
    const char *line = arena_strndup(r->arena, r->at, length);
    r->at += length + (r->at[length] == '\n');
    r->line++;
    return line;
}

static inline bool case_at_mark(const struct case_reader *r) {
    return *r->at == '\0' || case_starts(r->at, "---") || case_starts(r->at, "===");
}

// Lines up to the next mark, without blank ones at the end.
static inline const char *case_section(struct case_reader *r) {
    const char *start = r->at;
    while (!case_at_mark(r))
        case_line(r);
    size_t length = (size_t)(r->at - start);
    while (length > 0 && start[length - 1] == '\n')
        length--;
    return arena_printf(r->arena, "%.*s\n", (int)length, start);
}

static inline void case_read_numbers(struct case_reader *r, struct case_numbers *list,
                                     unsigned *count, const char *words) {
    assert_true(*count < CASE_NUMBERS);
    struct case_numbers *n = &list[(*count)++];
    size_t length = strcspn(words, " ");
    n->name = arena_strndup(r->arena, words, length);
    n->tolerance = words[length] == ' ' ? strtod(words + length, NULL) : 1e-5;
    n->numbers = case_section(r);
}

// NAME OFFSET SCALE
static inline void case_read_fill(struct case_reader *r, struct layer_record *record,
                                  const char *words) {
    assert_true(record->input_count < CASE_NUMBERS);
    struct case_numbers *n = &record->inputs[record->input_count++];
    size_t length = strcspn(words, " ");
    char *end;
    *n = (struct case_numbers){.name = arena_strndup(r->arena, words, length)};
    n->offset = strtod(words + length, &end);
    n->scale = strtod(end, NULL);
}

static inline bool case_read_text(struct case_reader *r, struct layer_record *record,
                                  const char *mark) {
    const char **to = strcmp(mark, "graph") == 0      ? &record->graph
                      : strcmp(mark, "messages") == 0 ? &record->messages
                                                      : NULL;
    for (size_t i = 0; i < CASE_FILES && to == NULL; i++)
        if (case_run.cases->files[i].section != NULL &&
            strcmp(mark, case_run.cases->files[i].section) == 0)
            to = &record->texts[i];
    if (to != NULL)
        *to = case_section(r);
    return to != NULL;
}

static inline void case_read_section(struct case_reader *r, struct layer_record *record) {
    const char *mark = case_line(r) + strlen("--- ");
    if (case_read_text(r, record, mark))
        return;
    if (case_starts(mark, "input "))
        case_read_numbers(r, record->inputs, &record->input_count, mark + strlen("input "));
    else if (case_starts(mark, "output "))
        case_read_numbers(r, record->outputs, &record->output_count, mark + strlen("output "));
    else
        fail_msg("%s:%u: what is '%s'?", r->file, r->line, mark);
}

static inline void case_read(struct case_reader *r, struct layer_record *record) {
    *record = (struct layer_record){.file = r->file, .title = case_line(r) + strlen("=== ")};
    record->options = "";
    while (!case_at_mark(r)) {
        const char *line = case_line(r);
        if (case_starts(line, "options "))
            record->options = line + strlen("options ");
        else if (case_run.cases->plain != NULL && strcmp(line, case_run.cases->plain) == 0)
            record->plain = true;
        else if (case_starts(line, "fill "))
            case_read_fill(r, record, line + strlen("fill "));
        else if (*line != '\0')
            fail_msg("%s:%u: what is '%s'?", r->file, r->line, line);
    }
    while (case_starts(r->at, "---"))
        case_read_section(r, record);
    assert_non_null(record->texts[0]);
}

// --- the files of a record ---------------------------------------------------

static inline void case_write_files(struct arena *arena, const struct layer_record *record) {
    for (size_t i = 0; i < CASE_FILES; i++)
        if (record->texts[i] != NULL)
            write_file(case_run.cases->files[i].file, record->texts[i], strlen(record->texts[i]));
    if (!record->plain)
        case_run.cases->write_model(arena, record);
}

// --- importing ---------------------------------------------------------------

static inline bool case_options(struct arena *arena, struct diag *diag,
                                const struct layer_record *record, const char *model,
                                struct option_values *values) {
    char *words = arena_printf(arena, "--input_model %s %s", model, record->options);
    for (size_t i = 1; i < CASE_FILES; i++)
        if (record->texts[i] != NULL && case_run.cases->files[i].option != NULL)
            words = arena_printf(arena, "%s %s %s", words, case_run.cases->files[i].option,
                                 case_run.cases->files[i].file);
    char *argv[32], *rest = words;
    int argc = 0;
    for (char *word; argc < 32 && (word = strsep(&rest, " ")) != NULL;)
        if (*word != '\0')
            argv[argc++] = word;
    memset(values, 0, sizeof(*values));
    return options_read(arena, diag, argc, argv, values) &&
           options_check(arena, diag, NULL, values);
}

// The graph of a record; NULL after a report.
static inline struct graph *case_import(struct arena *arena, struct diag *diag,
                                        const struct layer_record *record, const char *model) {
    struct option_values values;
    struct conversion c = {.arena = arena, .diag = diag, .options = &values};
    struct import_options options;
    struct graph *g = graph_new(arena, diag, "");
    if (!case_options(arena, diag, record, model, &values) ||
        !driver_import_options(&c, &options) || !case_run.cases->frontend->import(&options, g))
        return NULL;
    const char *fault = graph_check(g);
    if (fault != NULL)
        fail_msg("%s: %s: %s", record->file, record->title, fault);
    return g;
}

static inline const char *case_print_graph(struct arena *arena, struct graph *g) {
    struct strbuf text = STRBUF_INIT;
    graph_print(g, &text, false);
    const char *copy = arena_strdup(arena, text.data);
    strbuf_free(&text);
    return copy;
}

static inline const char *case_print_messages(struct arena *arena, struct diag *diag) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    diag_print(diag, out, DIAG_PLAIN, DIAG_WARNING);
    assert_int_equal(fclose(out), 0);
    const char *copy = arena_strdup(arena, text);
    free(text);
    return copy;
}

// The topology itself gives the same graph as the model made of it.
static inline void case_compare_plain(struct arena *arena, const struct layer_record *record,
                                      const char *graph) {
    struct diag *quiet = diag_new(arena);
    struct graph *g = record->plain || case_run.cases->plain == NULL
                          ? NULL
                          : case_import(arena, quiet, record, case_run.cases->files[0].file);
    if (g != NULL)
        assert_string_equal(case_print_graph(arena, g), graph);
}

// As the topology's file has them: write_model may have made it anew.
static inline void case_note_types(struct arena *arena) {
    const char *mark = case_run.cases->type_mark, *end = case_run.cases->type_end;
    struct slice bytes;
    assert_true(map_file(arena, case_run.cases->files[0].file, &bytes));
    const char *text = arena_strndup(arena, (const char *)bytes.data, bytes.size);
    for (const char *at = text; (at = strstr(at, mark)) != NULL;) {
        at += strlen(mark);
        strbuf_printf(&case_run.types, "%s\n",
                      arena_strndup(arena, at, strcspn(at, end == NULL ? "\"" : end)));
    }
}

// --- numbers -----------------------------------------------------------------

// The rule of fill.h with seed 0.
static inline void case_fill(const char *name, double offset, double scale, double *values,
                             uint64_t count) {
    float block[256];
    struct fill fill;
    assert_true(fill_start(&fill, name, 0, offset, scale));
    for (uint64_t k = 0; k < count; k++) {
        if (k % 256 == 0)
            fill_next(&fill, block, count - k < 256 ? count - k : 256);
        values[k] = (double)block[k % 256];
    }
}

// A number of that rule in an array of `type`: integers are rounded down, truths are what is not
// negative.
static inline double case_round(enum dtype type, double value) {
    if (type == DT_BOOL)
        return value >= 0;
    return dtype_is_float(type) ? value : floor(value);
}

static inline void case_read_values(const struct layer_record *record,
                                    const struct case_numbers *from, double *values,
                                    uint64_t count) {
    const char *at = from->numbers;
    char *end = NULL;
    for (uint64_t k = 0; k < count; k++, at = end) {
        values[k] = strtod(at, &end);
        if (end == at)
            fail_msg("%s: %s: input %s is too short", record->file, record->title, from->name);
    }
}

// What the record says, else the rule with the input's name.
static inline void case_values(const struct layer_record *record, enum dtype type, const char *name,
                               double *values, uint64_t count) {
    struct case_numbers from = {.name = name, .scale = 1};
    for (unsigned i = 0; i < record->input_count; i++)
        if (strcmp(record->inputs[i].name, name) == 0)
            from = record->inputs[i];
    if (from.numbers != NULL) {
        case_read_values(record, &from, values, count);
        return;
    }
    case_fill(name, from.offset, from.scale, values, count);
    for (uint64_t k = 0; k < count; k++)
        values[k] = case_round(type, values[k]);
}

static inline struct ndarray case_input(struct arena *arena, const struct layer_record *record,
                                        const struct runtime_port *port, const char *name) {
    struct ndarray array = {.name = name, .type = port->type, .rank = port->rank, .count = 1};
    for (unsigned i = 0; i < port->rank; i++) {
        array.shape[i] = port->shape[i] < 0 ? 1 : (uint64_t)port->shape[i]; // open ones
        array.count *= array.shape[i];
    }
    double *values = arena_array_of(arena, array.count, double);
    uint8_t *data = arena_array(arena, array.count, dtype_size(port->type));
    case_values(record, port->type, name, values, array.count);
    for (uint64_t i = 0; i < array.count; i++)
        dtype_store(port->type, data, i, values[i]);
    array.data = data;
    return array;
}

static inline bool case_compare(const struct layer_record *record,
                                const struct case_numbers *wanted, const struct ndarray *got) {
    const char *at = wanted->numbers;
    double largest = 1e-6, worst = 0;
    uint64_t count = 0;
    for (char *end;; at = end) {
        double number = strtod(at, &end);
        if (end == at)
            break;
        assert_true(count < got->count);
        double off = fabs(number - dtype_load(got->type, got->data, count++));
        largest = isfinite(number) ? fmax(largest, fabs(number)) : largest;
        worst = isnan(off) && !isfinite(number) ? worst : fmax(worst, off);
    }
    if (count == got->count && worst <= wanted->tolerance * largest)
        return true;
    print_error("%s: %s: output %s: %ju of %ju numbers, off by %g of %g\n", record->file,
                record->title, wanted->name, (uintmax_t)count, (uintmax_t)got->count, worst,
                largest);
    return false;
}

static inline bool case_infer(struct arena *arena, const struct layer_record *record,
                              const struct graph *g, struct runtime_model *m) {
    struct ndarray inputs[CASE_NUMBERS], outputs[CASE_NUMBERS];
    bool good = true;
    assert_true(runtime_input_count(m) <= CASE_NUMBERS && runtime_output_count(m) <= CASE_NUMBERS);
    unsigned fed = 0;
    for (unsigned i = 0; i < g->parameters.count; i++) {
        const char *name = g->parameters.items[i]->name;
        int found = runtime_find_input(m, name);
        if (found < 0) // only its shape mattered
            continue;
        inputs[found] = case_input(arena, record, runtime_input(m, (unsigned)found), name);
        fed++;
    }
    assert_int_equal(runtime_input_count(m), fed);
    if (!runtime_infer(m, inputs, arena, outputs))
        return false;
    for (unsigned i = 0; i < record->output_count; i++) {
        int found = runtime_find_output(m, record->outputs[i].name);
        if (found < 0)
            print_error("%s: %s: no output %s\n", record->file, record->title,
                        record->outputs[i].name);
        good &= found >= 0 && case_compare(record, &record->outputs[i], &outputs[found]);
    }
    return good;
}

// Converts as the command line does and runs the result; nothing where the runtime is missing.
static inline bool case_check_numbers(struct arena *arena, const struct layer_record *record,
                                      const struct graph *g) {
    struct diag *diag = diag_new(arena);
    struct option_values values;
    struct conversion c = {.arena = arena, .diag = diag, .options = &values};
    uint32_t count;
    assert_int_equal(chdir(case_run.home), 0); // where the runtime is looked for
    struct runtime *rt = runtime_open(arena, diag, NULL);
    assert_int_equal(chdir(scratch_folder), 0);
    if (rt == NULL)
        return true;
    const char *model = record->plain ? case_run.cases->files[0].file : case_run.cases->model;
    bool good = case_options(arena, diag, record, model, &values) && conversion_begin(&c);
    struct conversion_target *targets = good ? conversion_targets(&c, &count) : NULL;
    good = good && conversion_run(&c, targets, count);
    struct runtime_model *m = good ? runtime_load(rt, "net.xml", 1) : NULL;
    if (m != NULL && case_infer(arena, record, g, m))
        return true;
    print_error("%s: %s: numbers:\n%s\n", record->file, record->title,
                case_print_messages(arena, diag));
    return false;
}

// --- records -----------------------------------------------------------------

static inline bool case_same_text(const struct layer_record *record, const char *expected,
                                  const char *found) {
    if (strcmp(expected, found) == 0)
        return true;
    if (!case_run.update)
        print_error("%s: %s: expected\n%s\nfound\n%s\n", record->file, record->title, expected,
                    found);
    return false;
}

// What a record should say: the graph or, when there is none, the messages; both when both matter.
static inline const char *case_outcome(struct arena *arena, const char *graph,
                                       const char *messages) {
    return arena_printf(arena, "%s%s%s%s", graph[0] != '\0' ? "--- graph\n" : "", graph,
                        messages[0] != '\0' ? "--- messages\n" : "", messages);
}

static inline const char *case_run_record(struct arena *arena, const struct layer_record *record,
                                          bool *same) {
    struct diag *diag = diag_new(arena);
    assert_int_equal(enter_scratch(NULL), 0);
    case_write_files(arena, record);
    struct graph *g = case_import(
        arena, diag, record, record->plain ? case_run.cases->files[0].file : case_run.cases->model);
    const char *graph = g == NULL ? "" : case_print_graph(arena, g);
    const char *messages = case_print_messages(arena, diag);
    if (g != NULL) {
        case_note_types(arena);
        case_compare_plain(arena, record, graph);
    }
    const char *found = case_outcome(arena, graph, messages);
    *same = case_same_text(record,
                           case_outcome(arena, record->graph == NULL ? "" : record->graph,
                                        record->messages == NULL ? "" : record->messages),
                           found);
    if (g != NULL && record->output_count > 0 && !case_run.update)
        *same &= case_check_numbers(arena, record, g);
    assert_int_equal(leave_scratch(NULL), 0);
    assert_int_equal(chdir(case_run.home), 0);
    return found;
}

static inline const char *case_find(const char *start, const char *end, const char *mark) {
    const char *found = strstr(start, mark);
    return found == NULL || found + 1 > end ? end : found + 1;
}

// The record with what was found in place of its graph and messages.
static inline void case_write_update(struct strbuf *out, const char *start, const char *end,
                                     const char *found) {
    const char *outputs = case_find(start, end, "\n--- output ");
    const char *graph = case_find(start, outputs, "\n--- graph");
    const char *messages = case_find(start, outputs, "\n--- messages");
    const char *mark = graph < messages ? graph : messages;
    size_t length = (size_t)(mark - start);
    while (length > 0 && start[length - 1] == '\n')
        length--;
    strbuf_add(out, start, length);
    strbuf_printf(out, "\n%s", found);
    if (outputs < end)
        strbuf_add(out, outputs, (size_t)(end - outputs));
    else if (*end != '\0')
        strbuf_puts(out, "\n");
}

static inline unsigned case_run_file(const char *file) {
    struct arena *arena = arena_new();
    struct slice bytes;
    assert_true(map_file(arena, file, &bytes));
    const char *text = arena_strndup(arena, (const char *)bytes.data, bytes.size);
    struct case_reader r = {.arena = arena, .file = file, .at = text};
    struct strbuf updated = STRBUF_INIT;
    unsigned failed = 0;
    while (*r.at != '\0' && !case_starts(r.at, "==="))
        case_line(&r);
    strbuf_add(&updated, text, (size_t)(r.at - text));
    while (*r.at != '\0') {
        struct layer_record record;
        const char *start = r.at, *found = NULL, *filter = case_run.filter;
        bool same = true;
        case_read(&r, &record);
        if (filter == NULL || strstr(file, filter) || strstr(record.title, filter))
            found = case_run_record(arena, &record, &same);
        failed += !same;
        if (same || !case_run.update)
            strbuf_add(&updated, start, (size_t)(r.at - start));
        else
            case_write_update(&updated, start, r.at, found);
    }
    if (case_run.update && failed > 0) {
        write_file(file, updated.data, updated.length);
        print_message("updated %u records of %s\n", failed, file);
    }
    strbuf_free(&updated);
    arena_free(arena);
    return case_run.update ? 0 : failed;
}

static inline void test_records(void **state) {
    (void)state;
    glob_t files;
    unsigned failed = 0;
    assert_int_equal(glob(case_run.cases->pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        failed += case_run_file(files.gl_pathv[i]);
    globfree(&files);
    assert_int_equal(failed, 0);
}

static inline void test_every_layer_type_has_a_record(void **state) {
    (void)state;
    unsigned missing = 0;
    const char *type;
    for (size_t i = 0; case_run.filter == NULL && (type = case_run.cases->type(i)) != NULL; i++) {
        char line[64];
        snprintf(line, sizeof line, "\n%s\n", type);
        if (strstr(case_run.types.data, line) != NULL)
            continue;
        print_error("layer type '%s' has no record in %s\n", type, case_run.cases->pattern);
        missing++;
    }
    assert_int_equal(missing, 0);
}

static inline int layer_cases_main(const struct layer_cases *cases, int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--update") == 0)
            case_run.update = true;
        else
            case_run.filter = argv[i];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_every_layer_type_has_a_record),
    };
    case_run.cases = cases;
    case_run.home = getcwd(NULL, 0);
    case_run.types = (struct strbuf)STRBUF_INIT;
    strbuf_puts(&case_run.types, "\n");
    if (case_run.home == NULL)
        return 1;
    int failed = cmocka_run_group_tests_name(cases->name, tests, NULL, NULL);
    strbuf_free(&case_run.types);
    free(case_run.home);
    return failed;
}

#endif
