// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/replace.h"

#include <errno.h>
#include <string.h>

#include "compiler/base/outfile.h"
#include "compiler/base/suggest.h"
#include "frontends/tf/layers.h"

struct replacer {
    const char *id;
    enum match_kind kind;
    tf_rewrite_function *rewrite; // NULL: a node takes the sub-graph's place
};

static const struct replacer replacers[] = {
    {"TFYOLO", MATCH_GENERAL, tf_regions_at_outputs},
    {"TFYOLOV3", MATCH_GENERAL, tf_regions_at_points},
};

static const struct replacer *find_replacer(const char *id) {
    for (size_t i = 0; i < sizeof replacers / sizeof *replacers; i++)
        if (strcmp(replacers[i].id, id) == 0)
            return &replacers[i];
    return NULL;
}

// --- the index as the matcher sees it ------------------------------------------------------------

static struct match_net make_net(const struct tf_graph *g, const char *file) {
    struct match_node *nodes = arena_array_of(g->arena, g->count, struct match_node);
    for (uint32_t i = 0; i < g->count; i++) {
        const struct tf_node *n = &g->nodes[i];
        const struct tf_layer_row *row = tf_layer_find(n->op);
        struct match_edge *inputs = arena_array_of(g->arena, n->input_count, struct match_edge);
        for (uint32_t k = 0; k < n->input_count; k++)
            inputs[k] = (struct match_edge){n->inputs[k].node, n->inputs[k].output};
        nodes[i] = (struct match_node){.name = n->name,
                                       .inputs = inputs,
                                       .input_count = n->input_count,
                                       .is_input = row != NULL && row->kind == TF_INPUT};
    }
    return (struct match_net){g->arena, g->diag, file, nodes, g->count};
}

// --- one node for a sub-graph --------------------------------------------------------------------

struct collapse {
    struct tf_graph *g;
    const struct match *m;
    uint32_t made;    // the node that takes the place
    uint32_t *copies; // by node whose tensors leave: its copy
    uint32_t *first;  // and the first of the outputs that is one of its tensors
};

static uint32_t copy_node(struct tf_graph *g, uint32_t node) {
    struct tf_node from = g->nodes[node];
    struct tf_node *to = tf_graph_node(g, from.name, from.op, from.input_count);
    struct tf_edge *inputs = to->inputs;
    memcpy(inputs, from.inputs, from.input_count * sizeof *from.inputs);
    *to = from;
    to->inputs = inputs;
    to->internal = true;
    return g->count - 1;
}

static uint32_t output_at(const struct match *m, struct tf_edge e) {
    for (uint32_t i = 0; i < m->output_count; i++)
        if (m->outputs[i].node == e.node && m->outputs[i].output == e.output)
            return i;
    return TF_NONE;
}

// What `reader` reads instead of `e`. Members go on reading each other.
static struct tf_edge moved(const struct collapse *c, uint32_t reader, struct tf_edge e) {
    uint32_t copy = e.node < c->made ? c->copies[e.node] : TF_NONE;
    if (copy == TF_NONE)
        return e;
    bool inside = reader > c->made || c->m->members[reader];
    uint32_t output = inside ? TF_NONE : output_at(c->m, e);
    if (output == TF_NONE)
        return (struct tf_edge){copy, e.output};
    return e.output == 0 ? e : (struct tf_edge){c->made, output};
}

// Nodes whose tensors leave are copied: the copies stay in the sub-graph, the nodes themselves hand
// on what the new node gives, so that the names that the model knows speak of that.
static void copy_ends(struct collapse *c) {
    const struct match *m = c->m;
    for (uint32_t i = 0; i < m->output_count; i++) {
        uint32_t node = m->outputs[i].node;
        if (c->copies[node] == TF_NONE)
            c->copies[node] = copy_node(c->g, node);
        if (c->first[node] == TF_NONE || m->outputs[i].output == 0)
            c->first[node] = i;
    }
}

static void hand_on(struct collapse *c) {
    struct tf_graph *g = c->g;
    for (uint32_t i = 0; i < c->made; i++) {
        g->nodes[i].internal |= c->m->members[i] && c->copies[i] == TF_NONE;
        if (c->copies[i] == TF_NONE)
            continue;
        g->nodes[i].op = "Identity";
        g->nodes[i].attr_count = 0;
        g->nodes[i].inputs = arena_new_of(g->arena, struct tf_edge);
        g->nodes[i].inputs[0] = (struct tf_edge){c->made, c->first[i]};
        g->nodes[i].input_count = 1;
    }
}

static void connect(struct collapse *c) {
    struct tf_graph *g = c->g;
    for (uint32_t i = 0; i < g->count; i++)
        for (uint32_t k = 0; i != c->made && k < g->nodes[i].input_count; k++)
            if (g->nodes[i].inputs[k].node != TF_NONE)
                g->nodes[i].inputs[k] = moved(c, i, g->nodes[i].inputs[k]);
    struct tf_node *made = &g->nodes[c->made];
    for (uint32_t i = 0; i < c->m->input_count; i++)
        made->inputs[i] = (struct tf_edge){c->m->inputs[i].node, c->m->inputs[i].output};
    for (uint32_t i = 0; i < c->m->output_count; i++)
        made->inputs[c->m->input_count + i] =
            (struct tf_edge){c->copies[c->m->outputs[i].node], c->m->outputs[i].output};
}

static bool keeps_channels_first(const struct tf_graph *g, const struct match *m) {
    for (uint32_t i = 0; i < g->count; i++) {
        const Tensorflow__AttrValue *format = tf_attr(&g->nodes[i], "data_format");
        if (m->members[i] && format != NULL && format->has_s)
            return format->s.len >= 2 && memcmp(format->s.data, "NC", 2) == 0;
    }
    return false;
}

static const char *place_name(struct tf_graph *g, const struct match *m, const char *what) {
    size_t length = strlen(m->scope);
    while (length > 0 && m->scope[length - 1] == '/')
        length--;
    return length == 0 ? what : arena_printf(g->arena, "%.*s/%s", (int)length, m->scope, what);
}

static bool collapse(struct tf_graph *g, const struct match *m, uint32_t instance) {
    const struct replacement *rule = m->replacement;
    const char *name = place_name(g, m, rule->op != NULL ? rule->op : rule->id);
    if (tf_find(g, name) != TF_NONE) {
        diag_report(g->diag, NULL, NAME_TWICE, name);
        return false;
    }
    struct collapse c = {.g = g, .m = m, .made = g->count};
    c.copies = arena_array_of(g->arena, g->count, uint32_t);
    c.first = arena_array_of(g->arena, g->count, uint32_t);
    memset(c.copies, 0xFF, g->count * sizeof *c.copies);
    memset(c.first, 0xFF, g->count * sizeof *c.first);
    struct tf_replaced *replaced = arena_new_of(g->arena, struct tf_replaced);
    *replaced = (struct tf_replaced){rule, instance, m->input_count, keeps_channels_first(g, m)};
    struct tf_node *made =
        tf_graph_node(g, name, rule->op != NULL ? "SubGraphReplacement" : rule->id,
                      m->input_count + m->output_count);
    made->replaced = replaced;
    made->internal = true;
    copy_ends(&c);
    connect(&c);
    hand_on(&c);
    return true;
}

// --- rules ---------------------------------------------------------------------------------------

static bool replace_instances(struct tf_graph *g, const char *file,
                              const struct replacement *rule) {
    uint32_t count = rule->kind == MATCH_SCOPE ? rule->instances.count : 1;
    for (uint32_t i = 0; i < count; i++) {
        struct match_net net = make_net(g, file);
        struct match m;
        bool found = rule->kind == MATCH_SCOPE ? match_scope(&net, rule, i, &m)
                                               : match_points(&net, rule, &m);
        if (!found || !collapse(g, &m, i))
            return false;
    }
    return true;
}

static bool unknown(struct tf_graph *g, const struct replacement *rule) {
    const char *names[sizeof replacers / sizeof *replacers], *near;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        names[i] = replacers[i].id;
    near = suggest(rule->id, names, sizeof names / sizeof *names);
    diag_report(g->diag, NULL, REPLACEMENT_UNKNOWN, rule->id,
                near == NULL ? "" : arena_printf(g->arena, ", did you mean '%s'?", near));
    return false;
}

static bool apply(struct tf_graph *g, struct import_options *options, const char *file,
                  const struct replacement *rule) {
    const struct replacer *replacer = find_replacer(rule->id);
    enum match_kind kind = rule->kind;
    if (replacer == NULL && (rule->op == NULL || kind == MATCH_GENERAL))
        return unknown(g, rule);
    if (replacer != NULL && replacer->kind != kind) {
        diag_report(g->diag, NULL, MATCH_KIND, match_kinds[kind], rule->id);
        return false;
    }
    if (replacer != NULL && replacer->rewrite != NULL)
        return replacer->rewrite(g, options, rule);
    return replace_instances(g, file, rule);
}

static const char *option(const struct import_options *options, const char *name) {
    return options->option == NULL ? NULL : options->option(options->options, name);
}

bool tf_replace(struct tf_graph *g, struct import_options *options) {
    const char *file = option(options, "tensorflow_use_custom_operations_config");
    struct replacements all;
    if (file == NULL)
        return true;
    if (!replacements_read(g->arena, g->diag, file, &all))
        return false;
    for (uint32_t i = 0; i < all.count; i++)
        if (!apply(g, options, file, &all.items[i]))
            return false;
    return true;
}

// --- updating a configuration --------------------------------------------------------------------

static bool write_back(struct tf_graph *g, const struct replacements *all) {
    const char *text = json_object_to_json_string_ext(
        all->root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
    text = arena_printf(g->arena, "%s\n", text);
    if (outfile_replace(all->file, text, strlen(text), NULL))
        return true;
    diag_report(g->diag, NULL, REPLACEMENT_UPDATE, all->file, strerror(errno));
    return false;
}

bool tf_update_replacements(struct tf_graph *g, const char *path) {
    struct replacements all;
    if (!replacements_read(g->arena, g->diag, path, &all)) {
        diag_report(g->diag, NULL, REPLACEMENT_UPDATE, path, "it cannot be read");
        return false;
    }
    struct match_net net = make_net(g, path);
    for (uint32_t i = 0; i < all.count; i++) {
        struct replacement rule = all.items[i];
        struct match m;
        if (rule.kind != MATCH_SCOPE)
            continue;
        rule.has_inputs = rule.has_outputs = false;
        if (!match_scope(&net, &rule, 0, &m))
            return false;
        struct json_object *entry = json_object_array_get_idx(all.root, i);
        json_object_object_add(entry, "inputs", match_describe_inputs(&net, &m));
        json_object_object_add(entry, "outputs", match_describe_outputs(&net, &m));
    }
    return write_back(g, &all);
}
