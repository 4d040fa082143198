// SPDX-License-Identifier: Apache-2.0
#include "frontends/cut.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/base/names.h"
#include "compiler/ops/data.h"
#include "frontends/cut_value.h"

struct cut_lookup {
    struct names *nodes;   // name -> index + 1
    struct names *aliases; // name -> const struct cut_alias
};

// --- names -------------------------------------------------------------------

static void make_lookup(struct cut *cut) {
    struct arena *arena = cut->graph->arena;
    struct cut_lookup *lookup = arena_new_of(arena, struct cut_lookup);
    lookup->nodes = names_new(arena);
    lookup->aliases = names_new(arena);
    for (uint32_t i = 0; i < cut->node_count; i++) {
        void **slot = names_slot(lookup->nodes, cut->nodes[i].name);
        if (*slot == NULL) // the first of a name has it
            *slot = (void *)((uintptr_t)i + 1);
    }
    for (uint32_t i = 0; i < cut->alias_count; i++)
        *names_slot(lookup->aliases, cut->aliases[i].name) = (void *)(uintptr_t)&cut->aliases[i];
    cut->lookup = lookup;
}

static uint32_t find_node(const struct cut *cut, const char *name) {
    uintptr_t found = (uintptr_t)names_find(cut->lookup->nodes, name);
    return found == 0 ? CUT_NONE : (uint32_t)(found - 1);
}

static const struct cut_alias *find_alias(const struct cut *cut, const char *name) {
    return names_find(cut->lookup->aliases, name);
}

static const char *output_name(const struct cut *cut, struct cut_source source) {
    const struct cut_node *n = &cut->nodes[source.node];
    if (n->output_count <= 1)
        return n->name;
    for (uint32_t i = 0; i < cut->alias_count; i++)
        if (cut->aliases[i].source.node == source.node &&
            cut->aliases[i].source.output == source.output)
            return cut->aliases[i].name;
    return arena_printf(cut->graph->arena, "%s.%u", n->name, source.output);
}

static bool port_fits(const struct cut *cut, const struct cut_node *n, uint32_t port,
                      uint32_t count) {
    if (port < count)
        return true;
    diag_report(cut->graph->diag, NULL, PORT_RANGE, port, count, n->name);
    return false;
}

// --- inputs ------------------------------------------------------------------

static struct cut_input *find_input(const struct cut *cut, uint32_t node, uint32_t port,
                                    bool before) {
    struct cut_input *in = node == CUT_NONE ? NULL : cut->inputs[node];
    while (in != NULL && (in->port != port || in->before != before))
        in = in->next;
    return in;
}

static struct cut_input *add_input(struct cut *cut, uint32_t node, uint32_t port, bool before,
                                   const struct import_input *wish) {
    struct cut_input *in = find_input(cut, node, port, before);
    if (in == NULL) {
        in = arena_new_of(cut->graph->arena, struct cut_input);
        *in = (struct cut_input){.port = port, .before = before, .next = cut->inputs[node]};
        cut->inputs[node] = in;
    }
    in->wish = wish;
    const struct cut_node *n = &cut->nodes[node];
    in->by_source = !n->is_input && (wish == NULL || !wish->has_shape);
    in->name = n->is_input ? output_name(cut, (struct cut_source){node, port})
                           : arena_printf(cut->graph->arena, "%s/placeholder%s_port_%u", n->name,
                                          before ? "" : "_out", port);
    return in;
}

static bool reads_constant(const struct cut *cut, const struct cut_node *n, uint32_t input) {
    uint32_t source = n->inputs[input].node;
    return source != CUT_NONE && cut->nodes[source].is_constant;
}

// A node without a port: all its inputs but weights, or the one that the shape is for. A node that
// reads nothing but constants (a state that is read) is fed in their place.
static bool cut_all_before(struct cut *cut, uint32_t node, const struct import_input *wish) {
    const struct cut_node *n = &cut->nodes[node];
    uint32_t count = 0, constants = 0;
    for (uint32_t i = 0; i < n->input_count; i++)
        constants += reads_constant(cut, n, i);
    for (uint32_t i = 0; i < n->input_count; i++) {
        if (constants < n->input_count && reads_constant(cut, n, i))
            continue;
        count++;
        add_input(cut, node, i, true, wish);
    }
    if (count <= 1 || !wish->has_shape)
        return true;
    diag_report(cut->graph->diag, NULL, INPUT_AND_SHAPE, n->name);
    return false;
}

static bool cut_at_port(struct cut *cut, uint32_t node, const struct import_input *wish) {
    const struct cut_node *n = &cut->nodes[node];
    uint32_t port = (uint32_t)wish->port, count = n->output_count;
    if (wish->port_is_input) {
        if (n->is_input) {
            diag_report(cut->graph->diag, NULL, PLACEHOLDER_PORT, n->name, port);
            return false;
        }
        count = n->input_count;
    }
    if (!port_fits(cut, n, port, count))
        return false;
    add_input(cut, node, port, wish->port_is_input, wish);
    return true;
}

static bool cut_at(struct cut *cut, const struct import_input *wish) {
    const struct cut_alias *alias = NULL;
    uint32_t node = find_node(cut, wish->name), port = 0;
    if (node == CUT_NONE && (alias = find_alias(cut, wish->name)) != NULL) {
        node = alias->source.node;
        port = alias->source.output;
    }
    if (node == CUT_NONE) {
        diag_report(cut->graph->diag, NULL, NODE_MISSING, wish->name);
        return false;
    }
    if (wish->port >= 0)
        return cut_at_port(cut, node, wish);
    if (alias == NULL && !cut->nodes[node].is_input)
        return cut_all_before(cut, node, wish);
    add_input(cut, node, port, false, wish);
    return true;
}

// --- outputs -----------------------------------------------------------------

static void add_output(struct cut *cut, struct cut_source source) {
    cut->outputs[cut->output_count++] =
        (struct cut_output){.name = output_name(cut, source), .source = source};
}

static bool read_port(const char *from, const char *to, uint32_t *port) {
    uint32_t value = 0;
    if (from == to || to - from > 5)
        return false;
    for (; from < to; from++) {
        if (*from < '0' || *from > '9')
            return false;
        value = value * 10 + (uint32_t)(*from - '0');
    }
    *port = value;
    return true;
}

// "port:NODE" (what feeds the input port) or "NODE:port": the node, or CUT_NONE.
static uint32_t split_port(const struct cut *cut, const char *text, uint32_t *port, bool *before) {
    const char *first = strchr(text, ':'), *last = strrchr(text, ':');
    *before = first != NULL && read_port(text, first, port);
    if (*before)
        return find_node(cut, first + 1);
    if (last == NULL || !read_port(last + 1, text + strlen(text), port))
        return CUT_NONE;
    return find_node(cut, arena_strndup(cut->graph->arena, text, (size_t)(last - text)));
}

static bool end_at(struct cut *cut, const char *wish) {
    const struct cut_alias *alias = find_alias(cut, wish);
    uint32_t node = find_node(cut, wish), port = 0;
    bool before = false;
    if (node == CUT_NONE && alias != NULL) {
        add_output(cut, alias->source);
        return true;
    }
    if (node == CUT_NONE)
        node = split_port(cut, wish, &port, &before);
    if (node == CUT_NONE) {
        diag_report(cut->graph->diag, NULL, OUTPUT_NODE_MISSING, wish);
        return false;
    }
    const struct cut_node *n = &cut->nodes[node];
    if (!port_fits(cut, n, port, before ? n->input_count : n->output_count))
        return false;
    struct cut_source source = before ? n->inputs[port] : (struct cut_source){node, port};
    if (source.node != CUT_NONE)
        add_output(cut, source);
    return true;
}

static bool end_at_wishes(struct cut *cut) {
    const struct import_options *options = cut->options;
    bool good = true;
    cut->outputs = arena_array_of(cut->graph->arena, options->output_count, struct cut_output);
    for (uint32_t i = 0; i < options->output_count; i++)
        good &= end_at(cut, options->outputs[i]);
    return good;
}

// By node: whether data of an input comes there.
static bool *find_fed(const struct cut *cut) {
    bool *fed = arena_array_of(cut->graph->arena, cut->node_count, bool);
    for (uint32_t i = 0; i < cut->node_count; i++) {
        const struct cut_node *n = &cut->nodes[i];
        fed[i] = cut->inputs[i] != NULL || (n->is_input && !cut->options->inputs_given);
        for (uint32_t k = 0; k < n->input_count && !fed[i]; k++)
            fed[i] = n->inputs[k].node != CUT_NONE && fed[n->inputs[k].node];
    }
    return fed;
}

// Every output of a node that data comes to and that nothing reads.
static bool end_at_leaves(struct cut *cut) {
    struct arena *arena = cut->graph->arena;
    bool *fed = find_fed(cut), *read = arena_array_of(arena, cut->node_count, bool);
    uint64_t count = 0;
    for (uint32_t i = 0; i < cut->node_count; i++) {
        count += cut->nodes[i].output_count;
        for (uint32_t k = 0; k < cut->nodes[i].input_count; k++)
            if (cut->nodes[i].inputs[k].node != CUT_NONE)
                read[cut->nodes[i].inputs[k].node] = true;
    }
    cut->outputs = arena_array_of(arena, count, struct cut_output);
    for (uint32_t i = 0; i < cut->node_count; i++) {
        const struct cut_node *n = &cut->nodes[i];
        if (read[i] || !fed[i] || n->is_end || n->is_input || n->is_constant)
            continue;
        for (uint32_t k = 0; k < n->output_count; k++)
            add_output(cut, (struct cut_source){i, k});
    }
    return true;
}

// --- the walk back -----------------------------------------------------------

struct walk {
    struct cut *cut;
    uint32_t *stack; // each node enters once
    uint32_t depth;
    bool for_shapes; // behind a cut, only to learn the shapes there
    bool good;
};

static void push(struct walk *w, uint32_t node) {
    if (w->cut->reached[node])
        return;
    w->cut->reached[node] = true;
    w->stack[w->depth++] = node;
}

static void reach(struct walk *w, struct cut_source source) {
    struct cut *cut = w->cut;
    if (source.node == CUT_NONE)
        return;
    const struct cut_node *n = &cut->nodes[source.node];
    struct cut_input *in = find_input(cut, source.node, source.output, false);
    if (in == NULL && n->is_input && !w->for_shapes) {
        if (cut->options->inputs_given && !cut->reached[source.node]) {
            diag_report(cut->graph->diag, NULL, INPUTS_MISSING, n->name);
            w->good = false;
        }
        in = add_input(cut, source.node, source.output, false, NULL);
    }
    if (in != NULL)
        in->used |= !w->for_shapes;
    if (in == NULL || n->is_input)
        push(w, source.node);
}

static void reach_inputs(struct walk *w, uint32_t node) {
    const struct cut_node *n = &w->cut->nodes[node];
    for (uint32_t i = 0; i < n->input_count; i++) {
        struct cut_input *in = find_input(w->cut, node, i, true);
        if (in == NULL)
            reach(w, n->inputs[i]);
        else
            in->used |= !w->for_shapes;
    }
}

static void walk_on(struct walk *w) {
    while (w->depth > 0)
        reach_inputs(w, w->stack[--w->depth]);
}

// Sources of cuts that need their shapes.
static void reach_shapes(struct walk *w) {
    const struct cut *cut = w->cut;
    w->for_shapes = true;
    for (uint32_t i = cut->node_count; i-- > 0;) // what a source needs lies before it
        for (struct cut_input *in = cut->inputs[i]; in != NULL; in = in->next) {
            if (!in->by_source || !(in->used || cut->reached[i]))
                continue;
            if (!in->before)
                push(w, i);
            else if (cut->nodes[i].inputs[in->port].node != CUT_NONE)
                reach(w, cut->nodes[i].inputs[in->port]);
            walk_on(w);
        }
}

// The one shape without a name goes to the one placeholder that is used and not frozen.
static bool give_shape(struct cut *cut) {
    const struct import_input *wish = NULL;
    for (uint32_t i = 0; i < cut->options->input_count; i++)
        if (cut->options->inputs[i].name == NULL)
            wish = &cut->options->inputs[i];
    if (wish == NULL)
        return true;
    struct cut_input *only = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < cut->node_count; i++)
        for (struct cut_input *in = cut->inputs[i]; in != NULL; in = in->next)
            if (in->used && (in->wish == NULL || in->wish->frozen_value == NULL)) {
                only = in;
                count++;
            }
    if (count == 1) {
        only->wish = wish;
        return true;
    }
    diag_report(cut->graph->diag, NULL, ONE_SHAPE_MANY_INPUTS, count);
    return false;
}

bool cut_plan(struct cut *cut, const struct import_options *options) {
    struct arena *arena = cut->graph->arena;
    bool good = true;
    cut->options = options;
    cut->inputs = arena_array_of(arena, cut->node_count, struct cut_input *);
    cut->reached = arena_array_of(arena, cut->node_count, bool);
    make_lookup(cut);
    for (uint32_t i = 0; i < options->input_count; i++)
        if (options->inputs[i].name != NULL)
            good &= cut_at(cut, &options->inputs[i]);
    good &= options->output_count > 0 ? end_at_wishes(cut) : end_at_leaves(cut);
    if (!good)
        return false;
    if (cut->output_count == 0) {
        diag_report(cut->graph->diag, NULL, NO_OUTPUT);
        return false;
    }
    struct walk w = {
        .cut = cut, .stack = arena_array_of(arena, cut->node_count, uint32_t), .good = true};
    for (uint32_t i = 0; i < cut->output_count; i++)
        reach(&w, cut->outputs[i].source);
    walk_on(&w);
    reach_shapes(&w);
    return w.good && give_shape(cut);
}

// --- while importing ---------------------------------------------------------

bool cut_is_used(const struct cut *cut, uint32_t node, uint32_t output) {
    return cut->inputs[node] == NULL || find_input(cut, node, output, false) != NULL;
}

struct value *cut_placeholder(struct cut *cut, uint32_t node, uint32_t output, enum dtype type,
                              struct shape shape, const char *layout, const struct place *place) {
    struct cut_input *in = find_input(cut, node, output, false);
    if (in == NULL) // only its shape matters
        return build_parameter(cut->graph, cut->nodes[node].name, type, shape, place);
    if (in->value == NULL)
        in->value = cut_make_value(cut, in, type, shape, layout, place);
    return in->value;
}

static struct value *replace(struct cut *cut, struct cut_input *in, struct value *value) {
    if (in->value == NULL) {
        bool known = in->by_source && value != NULL;
        in->value = known && value->poison
                        ? value
                        : cut_make_value(cut, in, known ? value->type : DT_F32,
                                         known ? value->shape : SHAPE_UNKNOWN, "", NULL);
    }
    return in->value;
}

struct value *cut_feed(struct cut *cut, uint32_t node, uint32_t port, struct value *value) {
    struct cut_source source = cut->nodes[node].inputs[port];
    struct cut_input *in = find_input(cut, node, port, true);
    if (in == NULL && source.node != CUT_NONE && !cut->nodes[source.node].is_input)
        in = find_input(cut, source.node, source.output, false);
    return in == NULL ? value : replace(cut, in, value);
}

struct value *cut_end(struct cut *cut, const struct cut_output *output, struct value *value) {
    struct cut_input *in = NULL;
    if (!cut->nodes[output->source.node].is_input)
        in = find_input(cut, output->source.node, output->source.output, false);
    return in == NULL ? value : replace(cut, in, value);
}

static bool is_unused(const struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++)
        if (n->outputs[i].first_use != NULL)
            return false;
    return !node_is(n, &op_Result);
}

void cut_finish(struct cut *cut) {
    for (struct node *n = cut->graph->last, *before; n != NULL; n = before) {
        before = n->prev; // users go before their sources
        if (is_unused(n) && ((n->op->flags & OP_EFFECT) == 0 || node_is(n, &op_Parameter)))
            node_remove(n);
    }
}
