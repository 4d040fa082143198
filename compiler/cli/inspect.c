// SPDX-License-Identifier: Apache-2.0
// zooc inspect: what a model is, be it an IR or any file that a front end reads.
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/cli/cli.h"
#include "compiler/driver/convert.h"
#include "compiler/ops/ops.h"
#include "compiler/verify/summary.h"

static const char usage[] =
    "usage: zooc inspect FILE [--layers] [--json] [options of zooc convert]\n"
    "\n"
    "Tells the inputs, outputs, operators and sizes of a model: an IR of any version (.xml), or a\n"
    "source model, as it is before any optimisation. Options of zooc convert that say what to "
    "read\n"
    "(--input_proto, --input_shape, --input, --output...) mean what they mean there.\n"
    "\n"
    "  --layers  a line for each layer, with the shapes of its outputs\n"
    "  --json    one JSON object\n";

struct inspection {
    struct arena *arena;
    struct diag *diag;
    struct option_values options;
    struct model_summary summary;
    bool layers;
};

static bool is_ir(const char *path) {
    size_t length = path != NULL ? strlen(path) : 0;
    return length > 4 && strcmp(path + length - 4, ".xml") == 0;
}

// --- source models ------------------------------------------------------------------------------

static const char *value_name(const struct value *v) {
    return v->names != NULL ? v->names->name : v->producer->name;
}

static void add_value(struct inspection *i, struct summary_list *list, const struct value *v) {
    struct summary_value value = {value_name(v), dtype_opset_name(v->type),
                                  shape_text(i->arena, &v->shape)};
    summary_add_value(i->arena, list, value);
}

static const char *output_shapes(struct arena *arena, const struct node *n) {
    struct strbuf text = STRBUF_INIT;
    for (uint32_t o = 0; o < n->output_count; o++)
        strbuf_printf(&text, "%s%s", o > 0 ? " " : "", shape_text(arena, &n->outputs[o].shape));
    const char *copy = arena_strdup(arena, text.data);
    strbuf_free(&text);
    return copy;
}

static void add_node(struct inspection *i, const struct node *n) {
    struct model_summary *s = &i->summary;
    if (n->op == &op_Constant) {
        s->constants++;
        s->constant_bytes += tensor_bytes(n->outputs[0].constant);
    } else if (n->op != &op_Parameter && n->op != &op_Result) {
        struct summary_layer layer = {n->name, n->op->name, output_shapes(i->arena, n)};
        summary_add_layer(s, layer);
    }
}

static bool inspect_source(struct inspection *i) {
    struct conversion c = {.arena = i->arena, .diag = i->diag, .options = &i->options};
    if (!conversion_begin(&c))
        return false;
    struct graph *g = conversion_import(&c);
    if (g == NULL)
        return false;
    i->summary = (struct model_summary){.arena = i->arena, .name = g->name};
    i->summary.format = c.frontend->title;
    for (uint32_t p = 0; p < g->parameters.count; p++)
        add_value(i, &i->summary.inputs, &g->parameters.items[p]->outputs[0]);
    for (uint32_t r = 0; r < g->results.count; r++)
        add_value(i, &i->summary.outputs, node_input(g->results.items[r], 0));
    GRAPH_EACH(g, n) {
        add_node(i, n);
    }
    return true;
}

// ------------------------------------------------------------------------------------------------

// Takes --layers out of the words; the rest are options of a conversion.
static int take_layers(struct inspection *i, int argc, char **argv) {
    int kept = 0;
    for (int w = 0; w < argc; w++) {
        if (strcmp(argv[w], "--layers") == 0)
            i->layers = true;
        else
            argv[kept++] = argv[w];
    }
    return kept;
}

static int inspect(struct inspection *i) {
    const char *path = i->options.text[OPT_input_model];
    bool known =
        is_ir(path) ? summary_of_ir(i->arena, i->diag, path, &i->summary) : inspect_source(i);
    if (known && option_flag(&i->options, OPT_json))
        summary_print_json(&i->summary, i->layers, stdout);
    else if (known)
        summary_print(&i->summary, i->layers, stdout);
    return known ? EXIT_DONE : cli_exit_code(i->diag);
}

int command_inspect(int argc, char **argv) {
    struct arena *arena = arena_new();
    struct inspection i = {.arena = arena, .diag = diag_new(arena)};
    argc = take_layers(&i, argc, argv);
    bool read = options_read(arena, i.diag, argc - 1, argv + 1, &i.options);
    int code = EXIT_USAGE;
    if (option_flag(&i.options, OPT_help)) {
        fputs(usage, stdout);
        code = EXIT_DONE;
    } else if (read && options_check(arena, i.diag, NULL, &i.options)) {
        code = inspect(&i);
    }
    cli_print_diag(i.diag, &i.options);
    arena_free(arena);
    return code;
}
