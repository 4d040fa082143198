// SPDX-License-Identifier: Apache-2.0
// The records of tests/cases/caffe/*.txt (README.md there): a prototxt, the graph that it becomes
// or the messages that it gets, and numbers that the real runtime must compute. Arguments: a part
// of a file's name or of a record's title to run only those; --update writes what came out into the
// files.
#include "tests/unit/base_support.h"

#include <glob.h>
#include <math.h>

#include "compiler/base/diag.h"
#include "compiler/base/map.h"
#include "compiler/base/strbuf.h"
#include "compiler/driver/convert.h"
#include "compiler/driver/driver.h"
#include "compiler/verify/fill.h"
#include "compiler/verify/runtime.h"
#include "frontends/caffe/layers.h"

static const char pattern[] = "tests/cases/caffe/*.txt";
static const char *filter;
static bool update;
static char folder[] = "/tmp/zooc-caffe-XXXXXX";
static char *home;
static struct strbuf types; // every layer type that a record has imported, one a line

enum { MOST_OUTPUTS = 8 };

struct output {
    const char *name, *numbers;
    double tolerance;
};

struct record {
    const char *file, *title;
    const char *options; // words of the command line
    bool topology_only;  // there is no file of weights
    const char *prototxt, *mapping;
    const char *graph, *messages; // NULL: not said
    struct output outputs[MOST_OUTPUTS];
    unsigned output_count;
};

struct reader {
    struct arena *arena;
    const char *file, *at;
    unsigned line;
};

// --- reading -----------------------------------------------------------------

static bool starts(const char *line, const char *word) {
    return strncmp(line, word, strlen(word)) == 0;
}

static const char *next_line(struct reader *r) {
    size_t length = strcspn(r->at, "\n");
    const char *line = arena_strndup(r->arena, r->at, length);
    r->at += length + (r->at[length] == '\n');
    r->line++;
    return line;
}

static bool at_mark(const struct reader *r) {
    return *r->at == '\0' || starts(r->at, "---") || starts(r->at, "===");
}

// Lines up to the next mark, without blank ones at the end.
static const char *section(struct reader *r) {
    const char *start = r->at;
    while (!at_mark(r))
        next_line(r);
    size_t length = (size_t)(r->at - start);
    while (length > 0 && start[length - 1] == '\n')
        length--;
    return arena_printf(r->arena, "%.*s\n", (int)length, start);
}

static void read_output(struct reader *r, struct record *record, const char *words) {
    assert_true(record->output_count < MOST_OUTPUTS);
    struct output *o = &record->outputs[record->output_count++];
    size_t length = strcspn(words, " ");
    o->name = arena_strndup(r->arena, words, length);
    o->tolerance = words[length] == ' ' ? strtod(words + length, NULL) : 1e-5;
    o->numbers = section(r);
}

static void read_section(struct reader *r, struct record *record) {
    const char *mark = next_line(r) + strlen("--- ");
    const struct {
        const char *name;
        const char **to;
    } sections[] = {{"prototxt", &record->prototxt},
                    {"mapping", &record->mapping},
                    {"graph", &record->graph},
                    {"messages", &record->messages}};
    for (size_t i = 0; i < COUNT_OF(sections); i++)
        if (strcmp(mark, sections[i].name) == 0) {
            *sections[i].to = section(r);
            return;
        }
    if (!starts(mark, "output "))
        fail_msg("%s:%u: what is '%s'?", r->file, r->line, mark);
    read_output(r, record, mark + strlen("output "));
}

static void read_record(struct reader *r, struct record *record) {
    *record = (struct record){.file = r->file, .title = next_line(r) + strlen("=== ")};
    record->options = record->prototxt = "";
    while (!at_mark(r)) {
        const char *line = next_line(r);
        if (starts(line, "options "))
            record->options = line + strlen("options ");
        else if (strcmp(line, "topology only") == 0)
            record->topology_only = true;
        else if (*line != '\0')
            fail_msg("%s:%u: what is '%s'?", r->file, r->line, line);
    }
    while (starts(r->at, "---"))
        read_section(r, record);
    assert_int_not_equal(record->prototxt[0], '\0');
}

// --- the files of a record ---------------------------------------------------

static void write_file(const char *name, const void *data, size_t size) {
    remove(name); // rewriting a file waits for the disk
    FILE *to = fopen(name, "wb");
    assert_non_null(to);
    fwrite(data, 1, size, to);
    assert_int_equal(fclose(to), 0);
}

static void copy_weights(const Caffe__LayerParameter *from, Caffe__LayerWeights *to) {
    caffe__layer_weights__init(to);
    to->name = from->name;
    to->type = from->type;
    to->n_blobs = from->n_blobs;
    to->blobs = from->blobs;
}

// The blobs that stand in the prototxt as a caffemodel, as Caffe writes one.
static void write_weights(struct arena *arena, const Caffe__NetParameter *net) {
    Caffe__NetWeights file;
    caffe__net_weights__init(&file);
    file.n_layer = net->n_layer;
    file.layer = arena_array_of(arena, net->n_layer, Caffe__LayerWeights *);
    for (size_t i = 0; i < net->n_layer; i++) {
        file.layer[i] = arena_new_of(arena, Caffe__LayerWeights);
        copy_weights(net->layer[i], file.layer[i]);
    }
    file.n_layers = net->n_layers;
    file.layers = arena_array_of(arena, net->n_layers, Caffe__LayersWeights *);
    for (size_t i = 0; i < net->n_layers; i++) {
        file.layers[i] = arena_new_of(arena, Caffe__LayersWeights);
        caffe__layers_weights__init(file.layers[i]);
        file.layers[i]->name = net->layers[i]->name;
        file.layers[i]->n_blobs = net->layers[i]->n_blobs;
        file.layers[i]->blobs = net->layers[i]->blobs;
    }
    uint8_t *bytes = arena_alloc(arena, caffe__net_weights__get_packed_size(&file));
    write_file("net.caffemodel", bytes, caffe__net_weights__pack(&file, bytes));
}

static void write_files(struct arena *arena, const struct record *record) {
    struct diag *quiet = diag_new(arena);
    write_file("net.prototxt", record->prototxt, strlen(record->prototxt));
    if (record->mapping != NULL)
        write_file("mapping.xml", record->mapping, strlen(record->mapping));
    const Caffe__NetParameter *net = (const Caffe__NetParameter *)text_parse(
        arena, quiet, "net.prototxt", slice_of(record->prototxt, strlen(record->prototxt)),
        &caffe__net_parameter__descriptor, TEXT_UNKNOWN_KEEP);
    if (net != NULL && !record->topology_only)
        write_weights(arena, net);
}

// --- importing ---------------------------------------------------------------

static bool read_options(struct arena *arena, struct diag *diag, const struct record *record,
                         const char *model, struct option_values *values) {
    char *words = arena_printf(arena, "--input_model %s %s%s", model, record->options,
                               record->mapping != NULL ? " -k mapping.xml" : "");
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
static struct graph *import(struct arena *arena, struct diag *diag, const struct record *record,
                            const char *model) {
    struct option_values values;
    struct conversion c = {.arena = arena, .diag = diag, .options = &values};
    struct import_options options;
    struct graph *g = graph_new(arena, diag, "");
    if (!read_options(arena, diag, record, model, &values) ||
        !driver_import_options(&c, &options) || !frontend_caffe.import(&options, g))
        return NULL;
    const char *fault = graph_check(g);
    if (fault != NULL)
        fail_msg("%s: %s: %s", record->file, record->title, fault);
    return g;
}

static const char *print_graph(struct arena *arena, struct graph *g) {
    struct strbuf text = STRBUF_INIT;
    graph_print(g, &text, false);
    const char *copy = arena_strdup(arena, text.data);
    strbuf_free(&text);
    return copy;
}

static const char *print_messages(struct arena *arena, struct diag *diag) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    diag_print(diag, out, DIAG_PLAIN, DIAG_WARNING);
    assert_int_equal(fclose(out), 0);
    const char *copy = arena_strdup(arena, text);
    free(text);
    return copy;
}

// Weights in the prototxt itself give the same graph as those of the caffemodel.
static void compare_inline(struct arena *arena, const struct record *record, const char *graph) {
    struct diag *quiet = diag_new(arena);
    struct graph *g = record->topology_only ? NULL : import(arena, quiet, record, "net.prototxt");
    if (g != NULL)
        assert_string_equal(print_graph(arena, g), graph);
}

static void note_types(struct arena *arena, const struct record *record) {
    for (const char *at = record->prototxt; (at = strstr(at, "type: \"")) != NULL;) {
        at += strlen("type: \"");
        strbuf_printf(&types, "%s\n", arena_strndup(arena, at, strcspn(at, "\"")));
    }
}

// --- numbers -----------------------------------------------------------------

static struct ndarray input_array(struct arena *arena, const struct runtime_port *port,
                                  const char *name) {
    struct ndarray array = {.name = name, .type = port->type, .rank = port->rank, .count = 1};
    struct fill fill;
    for (unsigned i = 0; i < port->rank; i++) {
        array.shape[i] = (uint64_t)port->shape[i];
        array.count *= array.shape[i];
    }
    float *data = arena_array_of(arena, array.count, float);
    assert_true(fill_start(&fill, name, 0, 0, 1));
    fill_next(&fill, data, array.count);
    array.data = (const uint8_t *)data;
    return array;
}

static bool compare_numbers(const struct record *record, const struct output *wanted,
                            const struct ndarray *got) {
    const float *data = (const float *)(const void *)got->data;
    const char *at = wanted->numbers;
    double largest = 1e-6, worst = 0;
    uint64_t count = 0;
    for (char *end;; at = end) {
        double number = strtod(at, &end);
        if (end == at)
            break;
        assert_true(count < got->count);
        largest = fmax(largest, fabs(number));
        worst = fmax(worst, fabs(number - (double)data[count++]));
    }
    if (count == got->count && worst <= wanted->tolerance * largest)
        return true;
    print_error("%s: %s: output %s: %ju of %ju numbers, off by %g of %g\n", record->file,
                record->title, wanted->name, (uintmax_t)count, (uintmax_t)got->count, worst,
                largest);
    return false;
}

static bool run_model(struct arena *arena, const struct record *record, const struct graph *g,
                      struct runtime_model *m) {
    struct ndarray inputs[MOST_OUTPUTS], outputs[MOST_OUTPUTS];
    bool good = true;
    assert_true(runtime_input_count(m) <= MOST_OUTPUTS && runtime_output_count(m) <= MOST_OUTPUTS);
    unsigned fed = 0;
    for (unsigned i = 0; i < g->parameters.count; i++) {
        const char *name = g->parameters.items[i]->name;
        int found = runtime_find_input(m, name);
        if (found < 0) // only its shape mattered
            continue;
        inputs[found] = input_array(arena, runtime_input(m, (unsigned)found), name);
        fed++;
    }
    assert_int_equal(runtime_input_count(m), fed);
    if (!runtime_infer(m, inputs, arena, outputs))
        return false;
    for (unsigned i = 0; i < record->output_count; i++) {
        int found = runtime_find_output(m, record->outputs[i].name);
        if (found < 0)
            fail_msg("%s: %s: no output %s", record->file, record->title, record->outputs[i].name);
        good &= compare_numbers(record, &record->outputs[i], &outputs[found]);
    }
    return good;
}

// Converts as the command line does and runs the result; nothing where the runtime is missing.
static bool check_numbers(struct arena *arena, const struct record *record, const struct graph *g) {
    struct diag *diag = diag_new(arena);
    struct option_values values;
    struct conversion c = {.arena = arena, .diag = diag, .options = &values};
    uint32_t count;
    assert_int_equal(chdir(home), 0); // where the runtime is looked for
    struct runtime *rt = runtime_open(arena, diag, NULL);
    assert_int_equal(chdir(folder), 0);
    if (rt == NULL)
        return true;
    bool good =
        read_options(arena, diag, record, "net.caffemodel", &values) && conversion_begin(&c);
    struct conversion_target *targets = good ? conversion_targets(&c, &count) : NULL;
    good = good && conversion_run(&c, targets, count);
    struct runtime_model *m = good ? runtime_load(rt, "net.xml", 1) : NULL;
    if (m != NULL && run_model(arena, record, g, m))
        return true;
    print_error("%s: %s: numbers:\n%s\n", record->file, record->title, print_messages(arena, diag));
    return false;
}

// --- records -----------------------------------------------------------------

static bool same_text(const struct record *record, const char *what, const char *expected,
                      const char *found) {
    if (strcmp(expected, found) == 0)
        return true;
    if (!update)
        print_error("%s: %s: %s: expected\n%s\nfound\n%s\n", record->file, record->title, what,
                    expected, found);
    return false;
}

static void remove_files(void) {
    static const char *const names[] = {"net.prototxt", "net.caffemodel", "mapping.xml",
                                        "net.xml",      "net.bin",        "net.mapping"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        remove(names[i]);
}

// What a record should say: the graph or, when there is none, the messages; both when both matter.
static const char *outcome(struct arena *arena, const char *graph, const char *messages) {
    return arena_printf(arena, "%s%s%s%s", graph[0] != '\0' ? "--- graph\n" : "", graph,
                        messages[0] != '\0' ? "--- messages\n" : "", messages);
}

static const char *run_record(struct arena *arena, const struct record *record, bool *same) {
    struct diag *diag = diag_new(arena);
    assert_int_equal(chdir(folder), 0);
    write_files(arena, record);
    struct graph *g =
        import(arena, diag, record, record->topology_only ? "net.prototxt" : "net.caffemodel");
    const char *graph = g == NULL ? "" : print_graph(arena, g);
    const char *messages = print_messages(arena, diag);
    if (g != NULL) {
        note_types(arena, record);
        compare_inline(arena, record, graph);
    }
    const char *found = outcome(arena, graph, messages);
    *same = same_text(record, "outcome",
                      outcome(arena, record->graph == NULL ? "" : record->graph,
                              record->messages == NULL ? "" : record->messages),
                      found);
    if (g != NULL && record->output_count > 0 && !update)
        *same &= check_numbers(arena, record, g);
    remove_files();
    assert_int_equal(chdir(home), 0);
    return found;
}

static const char *find_mark(const char *start, const char *end) {
    static const char *const marks[] = {"\n--- graph", "\n--- messages"};
    const char *first = end;
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        const char *mark = strstr(start, marks[i]);
        if (mark != NULL && mark + 1 < first)
            first = mark + 1;
    }
    return first;
}

static const char *find_outputs(const char *start, const char *end) {
    const char *mark = strstr(start, "\n--- output ");
    return mark == NULL || mark > end ? end : mark + 1;
}

// The record with what was found in place of its graph and messages.
static void write_update(struct strbuf *out, const char *start, const char *end,
                         const char *found) {
    const char *outputs = find_outputs(start, end), *mark = find_mark(start, outputs);
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

static unsigned run_file(const char *file) {
    struct arena *arena = arena_new();
    struct slice bytes;
    assert_true(map_file(arena, file, &bytes));
    const char *text = arena_strndup(arena, (const char *)bytes.data, bytes.size);
    struct reader r = {.arena = arena, .file = file, .at = text};
    struct strbuf updated = STRBUF_INIT;
    unsigned failed = 0;
    while (*r.at != '\0' && !starts(r.at, "==="))
        next_line(&r);
    strbuf_add(&updated, text, (size_t)(r.at - text));
    while (*r.at != '\0') {
        struct record record;
        const char *start = r.at, *found = NULL;
        bool same = true;
        read_record(&r, &record);
        if (filter == NULL || strstr(file, filter) || strstr(record.title, filter))
            found = run_record(arena, &record, &same);
        failed += !same;
        if (same || !update)
            strbuf_add(&updated, start, (size_t)(r.at - start));
        else
            write_update(&updated, start, r.at, found);
    }
    if (update && failed > 0) {
        write_file(file, updated.data, updated.length);
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
    for (size_t i = 0; i < files.gl_pathc; i++)
        failed += run_file(files.gl_pathv[i]);
    globfree(&files);
    assert_int_equal(failed, 0);
}

static void test_every_layer_type_has_a_record(void **state) {
    (void)state;
    unsigned missing = 0;
    for (size_t i = 0; filter == NULL && i < layer_row_count; i++) {
        char line[64];
        snprintf(line, sizeof line, "\n%s\n", layer_rows[i].type);
        if (strstr(types.data, line) != NULL)
            continue;
        print_error("layer type '%s' has no record in %s\n", layer_rows[i].type, pattern);
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
        cmocka_unit_test(test_every_layer_type_has_a_record),
    };
    home = getcwd(NULL, 0);
    types = (struct strbuf)STRBUF_INIT;
    strbuf_puts(&types, "\n");
    if (home == NULL || mkdtemp(folder) == NULL)
        return 1;
    int failed = cmocka_run_group_tests_name("caffe/cases", tests, NULL, NULL);
    rmdir(folder);
    strbuf_free(&types);
    free(home);
    return failed;
}
