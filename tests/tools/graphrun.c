// SPDX-License-Identifier: Apache-2.0
// graphrun GRAPH.txt...   each graph in text form is written as IR v11 and v10 and computed by the
// real runtime: shapes must be the graph's, and numbers those of the graph's own evaluators, as far
// as its operators have them. Ends with "N passed, N failed".
#include <glob.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "compiler/base/map.h"
#include "compiler/emit/dialect.h"
#include "compiler/passes/pass.h"
#include "compiler/verify/runtime.h"

enum { MOST_PORTS = 16 };
static const double tolerance = 1e-4; // of the largest number
static char folder[] = "/tmp/zooc-graphrun-XXXXXX";

struct trial {
    struct arena *arena;
    struct diag *diag;
    struct runtime *rt;
    const char *path;
    int version;
};

static struct graph *parse(const struct trial *t) {
    struct slice text;
    return map_file(t->arena, t->path, &text) ? graph_parse(t->arena, t->diag, t->path, text)
                                              : NULL;
}

// ---- Inputs: numbers that differ from place to place and stay away from zero ----

static struct shape fixed(struct shape shape) {
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = shape.dims[i] == DIM_UNKNOWN ? 2 : shape.dims[i];
    return shape;
}

static const struct tensor *input_tensor(struct arena *arena, const struct value *v) {
    struct shape shape = fixed(v->shape);
    uint64_t count;
    if (!shape_count(&shape, &count))
        return NULL;
    double *data = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++)
        data[i] = dtype_is_float(v->type) ? 0.5 + (double)(i * 5 % 23) / 16 : (double)(i % 3);
    return tensor_of_doubles(arena, v->type, shape, data);
}

static struct ndarray as_array(const struct tensor *t) {
    struct ndarray array = {
        .type = t->type, .rank = (unsigned)t->shape.rank, .data = t->bytes.data};
    array.count = tensor_count(t);
    for (unsigned i = 0; i < array.rank; i++)
        array.shape[i] = (uint64_t)t->shape.dims[i];
    return array;
}

// ---- The graph's own numbers ----

static void feed(struct graph *g) {
    uint32_t count;
    for (uint32_t i = 0; i < g->parameters.count; i++) {
        struct value *v = &g->parameters.items[i]->outputs[0];
        const struct tensor *t = input_tensor(g->arena, v);
        if (t != NULL)
            value_replace(v, graph_constant(g, g->parameters.items[i]->name, t));
    }
    struct node **order = graph_order(g, &count);
    for (uint32_t i = 0; i < count; i++)
        if (order[i]->input_count > 0)
            node_infer(order[i]);
    struct pass_options options = {.ir_version = 11};
    fold_constants(g, &options);
}

static const char *compare(const struct trial *t, const struct value *wanted,
                           const struct ndarray *got) {
    if ((int32_t)got->rank != wanted->shape.rank)
        return "its rank is another";
    for (unsigned i = 0; i < got->rank; i++)
        if (got->shape[i] != (uint64_t)wanted->shape.dims[i])
            return arena_printf(t->arena, "dimension %u is %llu", i,
                                (unsigned long long)got->shape[i]);
    if (wanted->constant == NULL) {
        printf("shapes only  %s\n", t->path);
        return NULL;
    }
    const double *numbers = tensor_as_doubles(t->arena, wanted->constant);
    double worst = 0, largest = 1e-6;
    for (uint64_t i = 0; i < got->count; i++) {
        worst = fmax(worst, fabs(dtype_load(got->type, got->data, i) - numbers[i]));
        largest = fmax(largest, fabs(numbers[i]));
    }
    bool close = worst <= tolerance * largest; // false for NaN, too
    return close ? NULL : arena_printf(t->arena, "numbers differ by %g of %g", worst, largest);
}

// ---- One graph, one version ----

// The graph as it was written, or NULL.
static struct graph *write_ir(const struct trial *t) {
    struct graph *g = parse(t);
    struct pass_options passes = {.ir_version = t->version, .check = true};
    struct emit_options options = {
        .ir_version = t->version, .data_type = DT_F32, .model_name = "out", .output_dir = folder};
    struct emit_result result;
    bool good =
        g != NULL && passes_lower(g, DIALECT_OPSET, &passes) && emit_ir(g, &options, &result);
    return good ? g : NULL;
}

static const char *run(const struct trial *t) {
    struct ndarray inputs[MOST_PORTS], outputs[MOST_PORTS];
    struct graph *g = parse(t), *written = write_ir(t);
    if (written == NULL || g == NULL)
        return "it cannot be written";
    struct runtime_model *m = runtime_load(t->rt, arena_printf(t->arena, "%s/out.xml", folder), 1);
    if (m == NULL)
        return "the runtime refuses it";
    unsigned count = runtime_input_count(m);
    if (count != g->parameters.count || count > MOST_PORTS ||
        runtime_output_count(m) != g->results.count || g->results.count > MOST_PORTS)
        return "inputs or outputs have another number";
    for (unsigned i = 0; i < count; i++)
        inputs[i] = as_array(input_tensor(t->arena, &g->parameters.items[i]->outputs[0]));
    if (!runtime_infer(m, inputs, t->arena, outputs))
        return "the runtime fails";
    feed(g);
    feed(written); // what classic IR alone has gets its numbers from the opset's operators
    for (uint32_t i = 0; i < g->results.count; i++) {
        const struct value *wanted = g->results.items[i]->inputs[0].value;
        if (wanted->constant == NULL)
            wanted = written->results.items[i]->inputs[0].value;
        const char *wrong = compare(t, wanted, &outputs[i]);
        if (wrong != NULL)
            return arena_printf(t->arena, "output '%s': %s", g->results.items[i]->name, wrong);
    }
    return NULL;
}

static bool try_graph(const char *path, int version) {
    struct trial t = {.arena = arena_new(), .path = path, .version = version};
    t.diag = diag_new(t.arena);
    t.rt = runtime_open(t.arena, t.diag, NULL);
    const char *wrong = t.rt == NULL ? "no runtime" : run(&t);
    if (wrong != NULL) {
        printf("FAILED  %s v%d: %s\n", path, version, wrong);
        diag_print(t.diag, stdout, DIAG_PLAIN, DIAG_NOTE);
    }
    arena_free(t.arena);
    return wrong == NULL;
}

int main(int argc, char **argv) {
    unsigned passed = 0, failed = 0;
    if (mkdtemp(folder) == NULL)
        return 1;
    for (int i = 1; i < argc; i++)
        for (int version = 11; version >= 10; version--) {
            bool good = try_graph(argv[i], version);
            passed += good;
            failed += !good;
        }
    static const char *const names[] = {"out.xml", "out.bin"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path);
    }
    rmdir(folder);
    printf("%u passed, %u failed\n", passed, failed);
    return failed > 0;
}
