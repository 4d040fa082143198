// SPDX-License-Identifier: Apache-2.0
// Where the regions of a YOLO stand: behind its outputs (v1, v2), or in place of the operators that
// TensorFlow's version 3 computes them with, which begin at named nodes.
#include <string.h>

#include "frontends/tf/layers.h"
#include "frontends/tf/replace.h"

// The layout that an edge's data has: that of the nearest operator before it which has a choice.
static bool is_channels_first(const struct tf_graph *g, struct tf_edge edge) {
    enum { FARTHEST = 64 };
    for (unsigned i = 0; i < FARTHEST && edge.node != TF_NONE; i++) {
        const struct tf_node *n = &g->nodes[edge.node];
        const Tensorflow__AttrValue *format = tf_attr(n, "data_format");
        if (format != NULL && format->has_s)
            return format->s.len >= 2 && memcmp(format->s.data, "NC", 2) == 0;
        edge = n->input_count > 0 ? n->inputs[0] : (struct tf_edge){TF_NONE, 0};
    }
    return false;
}

struct regions {
    struct tf_graph *g;
    const struct replacement *rule;
    const char **names; // of the outputs that the model gets
    uint32_t count;
};

// A node that stands for instance `index` of a rule and reads one tensor; TF_NONE after a report.
static uint32_t replacing_node(struct tf_graph *g, const char *name, const struct replacement *rule,
                               uint32_t index, struct tf_edge input, bool channels_first) {
    if (tf_find(g, name) != TF_NONE) {
        diag_report(g->diag, NULL, NAME_TWICE, name);
        return TF_NONE;
    }
    struct tf_replaced *replaced = arena_new_of(g->arena, struct tf_replaced);
    *replaced = (struct tf_replaced){rule, index, 1, channels_first};
    struct tf_node *made = tf_graph_node(g, name, rule->id, 1);
    made->replaced = replaced;
    made->inputs[0] = input;
    return g->count - 1;
}

static bool add_region(struct regions *r, struct tf_edge edge) {
    struct tf_graph *g = r->g;
    const char *name = arena_printf(g->arena, "%s/YoloRegion", g->nodes[edge.node].name);
    bool first = is_channels_first(g, edge);
    uint32_t made = replacing_node(g, name, r->rule, r->count, edge, first);
    if (made == TF_NONE)
        return false;
    r->names[r->count++] = name;
    return true;
}

static bool finish(struct regions *r, struct import_options *options) {
    if (r->count > 0) {
        options->outputs = r->names;
        options->output_count = r->count;
    }
    return true;
}

// What nothing reads and that is no constant, in the file's order.
static bool regions_at_leaves(struct regions *r) {
    struct tf_graph *g = r->g;
    uint32_t count = g->count;
    bool *read = arena_array_of(g->arena, count, bool);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < g->nodes[i].input_count; k++)
            if (g->nodes[i].inputs[k].node != TF_NONE)
                read[g->nodes[i].inputs[k].node] = true;
    r->names = arena_array_of(g->arena, count, const char *);
    for (uint32_t i = 0; i < count; i++) {
        const struct tf_layer_row *row = tf_layer_find(g->nodes[i].op);
        bool data = row == NULL || row->kind == TF_IMPORT || row->kind == TF_PASS;
        if (!read[i] && data && strcmp(g->nodes[i].op, "Const") != 0 &&
            !add_region(r, (struct tf_edge){i, 0}))
            return false;
    }
    return true;
}

bool tf_regions_at_outputs(struct tf_graph *g, struct import_options *options,
                           const struct replacement *rule) {
    struct regions r = {.g = g, .rule = rule};
    r.names = arena_array_of(g->arena, options->output_count, const char *);
    for (uint32_t i = 0; i < options->output_count; i++) {
        struct tf_edge edge = tf_parse_edge(g, options->outputs[i]);
        if (edge.node == TF_NONE) {
            diag_report(g->diag, NULL, OUTPUT_NODE_MISSING, options->outputs[i]);
            return false;
        }
        if (!add_region(&r, edge))
            return false;
    }
    return (r.count > 0 || regions_at_leaves(&r)) && finish(&r, options);
}

bool tf_regions_at_points(struct tf_graph *g, struct import_options *options,
                          const struct replacement *rule) {
    struct json_object *points = json_object_object_get(rule->attributes, "entry_points");
    struct regions r = {.g = g, .rule = rule};
    if (!json_object_is_type(points, json_type_array)) {
        diag_report(g->diag, NULL, ATTRIBUTE_MISSING, "entry_points");
        return false;
    }
    size_t count = json_object_array_length(points);
    r.names = arena_array_of(g->arena, count, const char *);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(points, i));
        uint32_t node = name == NULL ? TF_NONE : tf_find(g, name);
        if (node == TF_NONE || g->nodes[node].input_count == 0 ||
            g->nodes[node].inputs[0].node == TF_NONE) {
            diag_report(g->diag, NULL, NODE_MISSING, name == NULL ? "" : name);
            return false;
        }
        if (!add_region(&r, g->nodes[node].inputs[0]))
            return false;
    }
    return finish(&r, options);
}
