// SPDX-License-Identifier: Apache-2.0
#include "frontends/importer.h"

#include "compiler/ops/data.h"

static void make_results(struct importer *im) {
    for (uint32_t i = 0; i < im->cut.output_count; i++) {
        const struct cut_output *output = &im->cut.outputs[i];
        struct value **values = im->values[output->source.node];
        struct value *v =
            cut_end(&im->cut, output, values == NULL ? NULL : values[output->source.output]);
        if (v != NULL && !v->poison)
            build_result(im->graph, output->name, v);
    }
}

bool importer_run(struct importer *im, const struct import_options *options,
                  import_node_function *import_node) {
    struct arena *arena = im->graph->arena;
    if (!cut_plan(&im->cut, options))
        return false;
    im->values = arena_array_of(arena, im->cut.node_count, struct value **);
    for (uint32_t i = 0; i < im->cut.node_count; i++) {
        if (!im->cut.reached[i])
            continue;
        im->values[i] = arena_array_of(arena, im->cut.nodes[i].output_count, struct value *);
        import_node(im, i);
    }
    make_results(im);
    if (diag_count(im->graph->diag, DIAG_FAILED) > 0)
        return false;
    cut_finish(&im->cut);
    return true;
}

static const char *source_name(const struct importer *im, const struct cut_node *n, uint32_t port) {
    if (n->input_names != NULL)
        return n->input_names[port];
    struct cut_source source = n->inputs[port];
    return source.node == CUT_NONE ? "?" : im->cut.nodes[source.node].name;
}

bool importer_gather(struct importer *im, uint32_t node, const struct place *place,
                     struct value **inputs) {
    const struct cut_node *n = &im->cut.nodes[node];
    bool good = true;
    for (uint32_t i = 0; i < n->input_count; i++) {
        struct cut_source s = n->inputs[i];
        struct value **values = s.node == CUT_NONE ? NULL : im->values[s.node];
        struct value *v = cut_feed(&im->cut, node, i, values == NULL ? NULL : values[s.output]);
        if (v == NULL)
            diag_report(im->graph->diag, place, EDGE_UNDEFINED, source_name(im, n, i), n->name);
        inputs[i] = v;
        good &= v != NULL && !v->poison;
    }
    return good;
}
