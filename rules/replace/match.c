// SPDX-License-Identifier: Apache-2.0
#include "rules/replace/match.h"

#include <string.h>

#include "compiler/base/names.h"
#include "compiler/base/strbuf.h"
#include "rules/replace/pattern.h"

struct matcher {
    const struct match_net *net;
    const struct replacement *r;
    bool *members;
    struct match *out;
};

static bool same_edge(struct match_edge a, struct match_edge b) {
    return a.node == b.node && a.output == b.output;
}

static struct pattern *compile(struct matcher *m, const char *text) {
    const char *wrong = "";
    struct pattern *p = pattern_new(m->net->arena, text, &wrong);
    if (p == NULL)
        diag_report(m->net->diag, NULL, REPLACEMENT_INVALID, m->net->file, wrong);
    return p;
}

// --- what enters and leaves ----------------------------------------------------------------------

// Edges in the order in which they come, each once.
struct edge_set {
    struct match_edge *edges;
    uint32_t *count;
    uint32_t *head,
        *next; // by node, by edge: the last edge of the node, and the one before it; + 1
};

static struct edge_set new_set(struct matcher *m, struct match_edge **edges, uint32_t *count,
                               uint64_t most) {
    struct arena *arena = m->net->arena;
    *edges = arena_array_of(arena, most, struct match_edge);
    return (struct edge_set){*edges, count, arena_array_of(arena, m->net->count, uint32_t),
                             arena_array_of(arena, most, uint32_t)};
}

static bool add_edge(struct edge_set *set, struct match_edge edge) {
    for (uint32_t i = set->head[edge.node]; i != 0; i = set->next[i - 1])
        if (set->edges[i - 1].output == edge.output)
            return false;
    set->next[*set->count] = set->head[edge.node];
    set->edges[(*set->count)++] = edge;
    set->head[edge.node] = *set->count;
    return true;
}

// Every tensor from outside that a member reads, in the order of the readers.
static void find_inputs(struct matcher *m) {
    const struct match_net *net = m->net;
    uint64_t most = 0;
    for (uint32_t i = 0; i < net->count; i++)
        most += m->members[i] ? net->nodes[i].input_count : 0;
    struct edge_set set = new_set(m, &m->out->inputs, &m->out->input_count, most);
    for (uint32_t i = 0; i < net->count; i++)
        for (uint32_t k = 0; m->members[i] && k < net->nodes[i].input_count; k++) {
            struct match_edge e = net->nodes[i].inputs[k];
            if (e.node != MATCH_NONE && !m->members[e.node])
                add_edge(&set, e);
        }
}

// Every tensor of a member that is read outside; then output 0 of members that nobody reads.
static void find_outputs(struct matcher *m) {
    const struct match_net *net = m->net;
    bool *read = arena_array_of(net->arena, net->count, bool);
    uint64_t most = net->count;
    for (uint32_t i = 0; i < net->count; i++)
        most += m->members[i] ? 0 : net->nodes[i].input_count;
    struct edge_set set = new_set(m, &m->out->outputs, &m->out->output_count, most);
    for (uint32_t i = 0; i < net->count; i++)
        for (uint32_t k = 0; k < net->nodes[i].input_count; k++) {
            struct match_edge e = net->nodes[i].inputs[k];
            if (e.node == MATCH_NONE)
                continue;
            read[e.node] = true;
            if (m->members[e.node] && !m->members[i])
                add_edge(&set, e);
        }
    for (uint32_t i = 0; i < net->count; i++)
        if (m->members[i] && !read[i])
            add_edge(&set, (struct match_edge){i, 0});
}

// --- by scope ------------------------------------------------------------------------------------

// The one member that a pattern behind the scope's finds; MATCH_NONE after a report.
static uint32_t find_member(struct matcher *m, const char *scope, const char *text) {
    size_t length = strlen(scope);
    const char *slash = length > 0 && scope[length - 1] == '/' ? "" : "/";
    const char *whole = arena_printf(m->net->arena, "(?:%s)%s(?:%s)", scope, slash, text);
    struct pattern *p = compile(m, whole);
    uint32_t found = MATCH_NONE, count = 0;
    for (uint32_t i = 0; p != NULL && i < m->net->count; i++)
        if (m->members[i] && pattern_starts(p, m->net->nodes[i].name, &length)) {
            found = i;
            count++;
        }
    if (p != NULL && count != 1)
        diag_report(m->net->diag, NULL, PATTERN_NOT_ONE, text, count);
    return count == 1 ? found : MATCH_NONE;
}

static bool input_of(struct matcher *m, const char *scope, const struct pattern_ports *readers,
                     struct match_edge *out) {
    for (uint32_t i = 0; i < readers->count; i++) {
        uint32_t found = find_member(m, scope, readers->items[i].pattern);
        if (found == MATCH_NONE)
            return false;
        const struct match_node *n = &m->net->nodes[found];
        uint32_t port = readers->items[i].port;
        if (port >= n->input_count) {
            diag_report(m->net->diag, NULL, PORT_RANGE, port, n->input_count, n->name);
            return false;
        }
        if (i > 0 && !same_edge(*out, n->inputs[port])) {
            diag_report(m->net->diag, NULL, REPLACEMENT_INVALID, m->net->file,
                        arena_printf(m->net->arena, "the nodes of input '%s' read several tensors",
                                     readers->items[0].pattern));
            return false;
        }
        *out = n->inputs[port];
    }
    return true;
}

static bool read_inputs(struct matcher *m, const char *scope) {
    m->out->inputs = arena_array_of(m->net->arena, m->r->input_count, struct match_edge);
    for (uint32_t i = 0; i < m->r->input_count; i++)
        if (!input_of(m, scope, &m->r->inputs[i], &m->out->inputs[m->out->input_count++]))
            return false;
    return true;
}

static bool read_outputs(struct matcher *m, const char *scope) {
    const struct pattern_ports *wanted = &m->r->outputs;
    struct edge_set set = new_set(m, &m->out->outputs, &m->out->output_count, wanted->count);
    for (uint32_t i = 0; i < wanted->count; i++) {
        uint32_t found = find_member(m, scope, wanted->items[i].pattern);
        struct match_edge edge = {found, wanted->items[i].port};
        if (found == MATCH_NONE)
            return false;
        if (!add_edge(&set, edge)) {
            diag_report(m->net->diag, NULL, MATCH_OUTPUT_TWICE, i);
            return false;
        }
    }
    return true;
}

bool match_scope(const struct match_net *net, const struct replacement *r, uint32_t index,
                 struct match *out) {
    const char *scope = r->instances.items[index];
    *out = (struct match){.replacement = r};
    struct matcher m = {net, r, arena_array_of(net->arena, net->count, bool), out};
    struct pattern *p = compile(&m, scope);
    for (uint32_t i = 0; p != NULL && i < net->count; i++) {
        size_t length;
        m.members[i] = pattern_starts(p, net->nodes[i].name, &length);
        if (m.members[i] && out->scope == NULL)
            out->scope = arena_strndup(net->arena, net->nodes[i].name, length);
    }
    if (p == NULL)
        return false;
    if (out->scope == NULL) {
        diag_report(net->diag, NULL, PATTERN_NOT_ONE, scope, 0U);
        return false;
    }
    out->members = m.members;
    if (!r->has_inputs)
        find_inputs(&m);
    if (!r->has_outputs)
        find_outputs(&m);
    return (!r->has_inputs || read_inputs(&m, scope)) &&
           (!r->has_outputs || read_outputs(&m, scope));
}

// --- by points -----------------------------------------------------------------------------------

// Readers of each node: those of node i are readers[first[i]] to readers[first[i + 1] - 1].
struct users {
    uint32_t *first, *readers;
};

static struct users find_users(const struct match_net *net) {
    struct users u = {.first = arena_array_of(net->arena, (uint64_t)net->count + 1, uint32_t)};
    for (uint32_t i = 0; i < net->count; i++)
        for (uint32_t k = 0; k < net->nodes[i].input_count; k++)
            if (net->nodes[i].inputs[k].node != MATCH_NONE)
                u.first[net->nodes[i].inputs[k].node + 1]++;
    for (uint32_t i = 0; i < net->count; i++)
        u.first[i + 1] += u.first[i];
    u.readers = arena_array_of(net->arena, u.first[net->count], uint32_t);
    uint32_t *next = arena_array_of(net->arena, net->count, uint32_t);
    for (uint32_t i = 0; i < net->count; i++)
        for (uint32_t k = 0; k < net->nodes[i].input_count; k++) {
            uint32_t source = net->nodes[i].inputs[k].node;
            if (source != MATCH_NONE)
                u.readers[u.first[source] + next[source]++] = i;
        }
    return u;
}

// Nodes by name; NULL after a report.
static uint32_t *find_points(struct matcher *m, const struct names *names,
                             const struct text_list *points) {
    uint32_t *out = arena_array_of(m->net->arena, points->count, uint32_t);
    for (uint32_t i = 0; i < points->count; i++) {
        uintptr_t found = (uintptr_t)names_find(names, points->items[i]);
        if (found == 0) {
            diag_report(m->net->diag, NULL, NODE_MISSING, points->items[i]);
            return NULL;
        }
        out[i] = (uint32_t)(found - 1);
    }
    return out;
}

struct walk {
    uint32_t *stack, depth; // each node enters once
};

static void enter(struct matcher *m, struct walk *w, uint32_t node) {
    if (!m->members[node])
        w->stack[w->depth++] = node;
    m->members[node] = true;
}

static void walk_forward(struct matcher *m, struct walk *w, const bool *is_end) {
    struct users users = find_users(m->net);
    while (w->depth > 0) {
        uint32_t node = w->stack[--w->depth];
        for (uint32_t i = users.first[node]; i < users.first[node + 1] && !is_end[node]; i++)
            enter(m, w, users.readers[i]);
    }
}

static bool walk_backward(struct matcher *m, struct walk *w, const bool *is_start) {
    for (uint32_t i = 0; i < m->net->count; i++)
        if (m->members[i] && !is_start[i])
            w->stack[w->depth++] = i;
    while (w->depth > 0) {
        const struct match_node *n = &m->net->nodes[w->stack[--w->depth]];
        for (uint32_t k = 0; k < n->input_count; k++) {
            uint32_t source = n->inputs[k].node;
            if (source == MATCH_NONE || m->members[source])
                continue;
            if (m->net->nodes[source].is_input) {
                diag_report(m->net->diag, NULL, MATCH_HOLDS_INPUT, m->net->nodes[source].name,
                            m->r->id);
                return false;
            }
            enter(m, w, source);
        }
    }
    return true;
}

static const char *listed(struct arena *arena, const struct text_list *list) {
    const char *text = "";
    for (uint32_t i = 0; i < list->count && i < 8; i++)
        text = arena_printf(arena, "%s%s'%.200s'", text, i > 0 ? ", " : "", list->items[i]);
    return list->count > 8 ? arena_printf(arena, "%s, ...", text) : text;
}

static bool ends_reached(struct matcher *m, const uint32_t *ends) {
    for (uint32_t i = 0; i < m->r->end_points.count; i++)
        if (!m->members[ends[i]]) {
            diag_report(m->net->diag, NULL, END_UNREACHABLE, m->r->end_points.items[i],
                        listed(m->net->arena, &m->r->start_points));
            return false;
        }
    return true;
}

static bool take_edges(struct matcher *m, const uint32_t *starts, const uint32_t *ends) {
    struct match *out = m->out;
    out->inputs = arena_array_of(m->net->arena, m->r->start_points.count, struct match_edge);
    struct edge_set set = new_set(m, &out->outputs, &out->output_count, m->r->end_points.count);
    for (uint32_t i = 0; i < m->r->start_points.count; i++) {
        const struct match_node *n = &m->net->nodes[starts[i]];
        if (n->input_count == 0 || n->inputs[0].node == MATCH_NONE) {
            diag_report(m->net->diag, NULL, PORT_RANGE, 0U, n->input_count, n->name);
            return false;
        }
        out->inputs[out->input_count++] = n->inputs[0];
    }
    for (uint32_t i = 0; i < m->r->end_points.count; i++)
        if (!add_edge(&set, (struct match_edge){ends[i], 0})) {
            diag_report(m->net->diag, NULL, MATCH_OUTPUT_TWICE, i);
            return false;
        }
    return true;
}

bool match_points(const struct match_net *net, const struct replacement *r, struct match *out) {
    *out = (struct match){.replacement = r, .scope = ""};
    struct matcher m = {net, r, arena_array_of(net->arena, net->count, bool), out};
    struct names *names = names_new(net->arena);
    for (uint32_t i = 0; i < net->count; i++)
        *names_slot(names, net->nodes[i].name) = (void *)((uintptr_t)i + 1);
    const uint32_t *starts = find_points(&m, names, &r->start_points);
    const uint32_t *ends = find_points(&m, names, &r->end_points);
    if (starts == NULL || ends == NULL)
        return false;
    bool *is_start = arena_array_of(net->arena, net->count, bool);
    bool *is_end = arena_array_of(net->arena, net->count, bool);
    struct walk walk = {.stack = arena_array_of(net->arena, net->count, uint32_t)};
    for (uint32_t i = 0; i < r->end_points.count; i++)
        is_end[ends[i]] = true;
    for (uint32_t i = 0; i < r->start_points.count; i++) {
        is_start[starts[i]] = true;
        enter(&m, &walk, starts[i]);
    }
    walk_forward(&m, &walk, is_end);
    out->members = m.members;
    return ends_reached(&m, ends) && walk_backward(&m, &walk, is_start) &&
           take_edges(&m, starts, ends);
}

// --- describing ----------------------------------------------------------------------------------

// A node's name behind the scope, as a pattern.
static struct json_object *behind(const struct match *m, const char *name, uint32_t port) {
    struct strbuf text = STRBUF_INIT;
    size_t skip = strlen(m->scope);
    name += strncmp(name, m->scope, skip) == 0 ? skip : 0;
    for (name += *name == '/'; *name != '\0'; name++) {
        if (strchr(".^$*+?()[]{}|\\", *name) != NULL)
            strbuf_putc(&text, '\\');
        strbuf_putc(&text, *name);
    }
    strbuf_putc(&text, '$');
    struct json_object *out = json_object_new_object();
    json_object_object_add(out, "node", json_object_new_string(text.data));
    json_object_object_add(out, "port", json_object_new_int64(port));
    strbuf_free(&text);
    return out;
}

static struct json_object *readers_of(const struct match_net *net, const struct match *m,
                                      struct match_edge edge) {
    struct json_object *list = json_object_new_array();
    for (uint32_t i = 0; i < net->count; i++)
        for (uint32_t k = 0; m->members[i] && k < net->nodes[i].input_count; k++)
            if (same_edge(net->nodes[i].inputs[k], edge))
                json_object_array_add(list, behind(m, net->nodes[i].name, k));
    return list;
}

struct json_object *match_describe_inputs(const struct match_net *net, const struct match *m) {
    struct json_object *list = json_object_new_array();
    for (uint32_t i = 0; i < m->input_count; i++)
        json_object_array_add(list, readers_of(net, m, m->inputs[i]));
    return list;
}

struct json_object *match_describe_outputs(const struct match_net *net, const struct match *m) {
    struct json_object *list = json_object_new_array();
    for (uint32_t i = 0; i < m->output_count; i++)
        json_object_array_add(list,
                              behind(m, net->nodes[m->outputs[i].node].name, m->outputs[i].output));
    return list;
}
