// SPDX-License-Identifier: Apache-2.0
// graphrun FILE...   each graph in text form is written as IR v11 and v10 and computed by the real
// runtime: shapes must be the graph's, and numbers those of the graph's own evaluators, as far as
// its operators have them. A file is one graph, or records (tests/cases/ops/README.md): then each
// graph that gives something is one, with a result for every output, unless it has values of
// unknown rank, which the runtime's CPU does not take. Graphs that begin with "# not for the
// runtime" are left out. Ends with "N passed, N failed".
#include <glob.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cache/tree.h"
#include "compiler/base/map.h"
#include "compiler/emit/dialect.h"
#include "compiler/ops/data.h"
#include "compiler/passes/pass.h"
#include "compiler/verify/runtime.h"
#include "tests/scratch.h"
#include "tests/unit/records.h"

enum { MOST_PORTS = 64 };
static const double tolerance = 1e-4; // of the largest number
static char folder[SCRATCH_SIZE];

struct trial {
    struct arena *arena;
    struct diag *diag;
    struct runtime *rt;
    const char *path; // and the record's title
    const char *text;
    bool is_record;
    int version;
};

// Something that opset IR has, or that a pass makes of what it has.
static bool is_computed(const struct node *n) {
    bool lowered = n->op->lowered_by != NULL && strstr(n->op->lowered_by, "opset") != NULL;
    return n->op != &op_Constant && n->op != &op_Parameter && n->op != &op_Result &&
           n->op != &op_Assign && ((n->op->flags & OP_OPSET) != 0 || lowered);
}

// Records have no results: every output becomes one. What Assign gives is its input.
static void add_results(struct graph *g) {
    uint32_t count;
    for (uint32_t i = 0; i < g->parameters.count; i++)
        value_add_name(&g->parameters.items[i]->outputs[0], g->parameters.items[i]->name);
    struct node **order = graph_order(g, &count);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; is_computed(order[i]) && k < order[i]->output_count; k++)
            build_result(g, arena_printf(g->arena, "%s.%u", order[i]->name, k),
                         &order[i]->outputs[k]);
    clean_dead(g, &(struct pass_options){.ir_version = 11});
    graph_finish_names(g);
}

static struct graph *parse(const struct trial *t) {
    struct graph *g = graph_parse(t->arena, t->diag, t->path, slice_of(t->text, strlen(t->text)));
    if (g != NULL && t->is_record)
        add_results(g);
    return g;
}

static bool is_static(const struct graph *g) {
    for (uint32_t i = 0; i < g->parameters.count; i++)
        if (!shape_is_static(&g->parameters.items[i]->outputs[0].shape))
            return false;
    return true;
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
        if (wanted->shape.dims[i] != DIM_UNKNOWN &&
            got->shape[i] != (uint64_t)wanted->shape.dims[i])
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

// What the runtime infers without running: as much as the graph, no more and no less.
static const char *compare_ports(const struct trial *t, const struct graph *g,
                                 const struct runtime_model *m) {
    for (unsigned i = 0; i < g->results.count; i++) {
        const struct value *v = g->results.items[i]->inputs[0].value;
        const struct runtime_port *port = runtime_output(m, i);
        bool same = v->type == port->type && v->shape.rank == (int32_t)port->rank;
        for (unsigned d = 0; same && d < port->rank; d++)
            same = v->shape.dims[d] == port->shape[d];
        if (!same)
            return arena_printf(t->arena, "output '%s' is not %s%s", g->results.items[i]->name,
                                dtype_opset_name(v->type), shape_text(t->arena, &v->shape));
    }
    return NULL;
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

// A record's inputs may vanish when only their shape counts: the rest is found by name.
static const struct value *input_of(const struct trial *t, const struct graph *g,
                                    const struct runtime_model *m, unsigned index) {
    for (uint32_t i = 0; t->is_record && i < g->parameters.count; i++)
        if (strcmp(g->parameters.items[i]->name, runtime_input(m, index)->name) == 0)
            return &g->parameters.items[i]->outputs[0];
    return &g->parameters.items[index]->outputs[0];
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
    if (count > g->parameters.count || (count < g->parameters.count && !t->is_record) ||
        count > MOST_PORTS || runtime_output_count(m) != g->results.count ||
        g->results.count > MOST_PORTS)
        return "inputs or outputs have another number";
    if (!is_static(g) && t->is_record)
        return compare_ports(t, g, m);
    for (unsigned i = 0; i < count; i++)
        inputs[i] = as_array(input_tensor(t->arena, input_of(t, g, m, i)));
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

static unsigned passed, failed;

// Values of IR v10 come out as f32 and i32, whatever they are in the graph: records are for v11.
static bool is_for(const char *text, bool is_record, int version) {
    return strncmp(text, "# not for the runtime", 21) != 0 &&
           (!is_record || (version == 11 && strstr(text, "[...]") == NULL));
}

static void try_graph(const char *path, const char *text, bool is_record) {
    for (int version = 11; version >= 10; version--) {
        if (!is_for(text, is_record, version))
            continue;
        struct trial t = {.arena = arena_new(),
                          .path = path,
                          .text = text,
                          .is_record = is_record,
                          .version = version};
        t.diag = diag_new(t.arena);
        t.rt = runtime_open(t.arena, t.diag, NULL);
        const char *wrong = t.rt == NULL ? "no runtime" : run(&t);
        if (wrong != NULL) {
            printf("FAILED  %s v%d: %s\n", path, version, wrong);
            diag_print(t.diag, stdout, DIAG_PLAIN, DIAG_NOTE);
        }
        passed += wrong == NULL;
        failed += wrong != NULL;
        arena_free(t.arena);
    }
}

static void try_file(const char *path) {
    struct arena *arena = arena_new();
    struct slice bytes;
    if (!map_file(arena, path, &bytes)) {
        printf("FAILED  %s: it cannot be read\n", path);
        failed++;
    } else {
        struct records r = {arena, arena_strndup(arena, (const char *)bytes.data, bytes.size)};
        if (strstr(r.at, "\n--- gives") == NULL)
            try_graph(path, r.at, false);
        for (const char *title; (title = records_next(&r)) != NULL;) {
            const char *text = records_section(&r);
            if (records_starts(&r, "--- gives"))
                try_graph(arena_printf(arena, "%s: %s", path, title), text, true);
        }
    }
    arena_free(arena);
}

int main(int argc, char **argv) {
    if (!scratch_make(folder))
        return 1;
    for (int i = 1; i < argc; i++)
        try_file(argv[i]);
    tree_remove(folder);
    printf("%u passed, %u failed\n", passed, failed);
    return failed > 0;
}
