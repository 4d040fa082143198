// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/control.h"

#include <string.h>
#include <strings.h>

#include "frontends/tf/loops.h"

enum truth { UNKNOWN, FALSE_, TRUE_ };

struct control {
    struct tf_graph *g;
    const struct import_options *options;
    uint8_t *truth; // by node: of its output 0, plus one once it is computed; 0 = not yet
    bool *dead;     // by node: on a branch that is never taken
};

static bool is_op(const struct tf_node *n, const char *op) {
    return strcmp(n->op, op) == 0;
}

static bool is_switch(const struct tf_node *n) {
    return (is_op(n, "Switch") || is_op(n, "RefSwitch")) && n->input_count == 2;
}

static bool is_merge(const struct tf_node *n) {
    return is_op(n, "Merge") || is_op(n, "RefMerge");
}

static bool is_of_op(const struct tf_graph *g, uint32_t node, const char *op) {
    const char *have = node == TF_NONE ? "" : g->nodes[node].op;
    return strcmp(strncmp(have, "Ref", 3) == 0 ? have + 3 : have, op) == 0;
}

// Of a loop: it hands the turns on.
static bool is_turn(const struct tf_graph *g, const struct tf_node *n) {
    return is_switch(n) && is_of_op(g, n->inputs[1].node, "LoopCond");
}

static bool is_of_loop(const struct tf_graph *g, const struct tf_node *merge) {
    for (uint32_t i = 0; i < merge->input_count; i++)
        if (is_of_op(g, merge->inputs[i].node, "Enter") ||
            is_of_op(g, merge->inputs[i].node, "NextIteration"))
            return true;
    return false;
}

// --- what a predicate is -------------------------------------------------------------------------

static enum truth truth_of_text(const char *text) {
    text += strspn(text, " [(");
    if (strncasecmp(text, "true", 4) == 0 || text[0] == '1')
        return TRUE_;
    return strncasecmp(text, "false", 5) == 0 || text[0] == '0' ? FALSE_ : UNKNOWN;
}

static enum truth truth_of_frozen(const struct control *c, const struct tf_node *n) {
    for (uint32_t i = 0; i < c->options->input_count; i++) {
        const struct import_input *in = &c->options->inputs[i];
        if (in->frozen_value != NULL && in->name != NULL && strcmp(in->name, n->name) == 0)
            return truth_of_text(in->frozen_value);
    }
    return UNKNOWN;
}

static enum truth truth_of_constant(const struct control *c, uint32_t node) {
    const Tensorflow__AttrValue *v = tf_attr(&c->g->nodes[node], "value");
    struct place at = tf_place(c->g, node);
    double number;
    if (v == NULL || v->tensor == NULL)
        return UNKNOWN;
    const struct tensor *t = tf_tensor(c->g->arena, c->g->diag, &at, v->tensor);
    if (t == NULL || tensor_count(t) != 1 || !tensor_uniform(t, &number))
        return UNKNOWN;
    return number != 0 ? TRUE_ : FALSE_;
}

static enum truth truth_of(struct control *c, uint32_t node, unsigned depth);

static enum truth truth_of_input(struct control *c, const struct tf_node *n, uint32_t input,
                                 unsigned depth) {
    uint32_t source = input < n->input_count ? n->inputs[input].node : TF_NONE;
    return source == TF_NONE ? UNKNOWN : truth_of(c, source, depth + 1);
}

static enum truth truth_of_logic(struct control *c, const struct tf_node *n, unsigned depth) {
    enum truth a = truth_of_input(c, n, 0, depth), b;
    if (is_op(n, "LogicalNot"))
        return a == UNKNOWN ? UNKNOWN : a == TRUE_ ? FALSE_ : TRUE_;
    b = truth_of_input(c, n, 1, depth);
    enum truth wins = is_op(n, "LogicalAnd") ? FALSE_ : TRUE_; // decides whatever the other is
    if (a == wins || b == wins)
        return wins;
    return a != UNKNOWN && b != UNKNOWN ? a : UNKNOWN;
}

static enum truth compute_truth(struct control *c, uint32_t node, unsigned depth) {
    static const char *const passes[] = {"Identity",  "PlaceholderWithDefault", "Switch",
                                         "RefSwitch", "StopGradient",           "Enter"};
    const struct tf_node *n = &c->g->nodes[node];
    enum truth frozen = truth_of_frozen(c, n);
    if (frozen != UNKNOWN)
        return frozen;
    if (is_op(n, "Const"))
        return truth_of_constant(c, node);
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
        if (is_op(n, passes[i]))
            return truth_of_input(c, n, 0, depth);
    if (is_op(n, "LogicalNot") || is_op(n, "LogicalAnd") || is_op(n, "LogicalOr"))
        return truth_of_logic(c, n, depth);
    return UNKNOWN;
}

static enum truth truth_of(struct control *c, uint32_t node, unsigned depth) {
    enum { DEEPEST = 64 }; // of a predicate's expression
    if (c->truth[node] == 0) {
        c->truth[node] = UNKNOWN + 1; // a predicate that depends on itself is not known
        if (depth < DEEPEST)
            c->truth[node] = (uint8_t)(compute_truth(c, node, depth) + 1);
    }
    return (enum truth)(c->truth[node] - 1);
}

static enum truth truth_of_switch(struct control *c, const struct tf_node *n) {
    uint32_t predicate = n->inputs[1].node;
    return predicate == TF_NONE ? UNKNOWN : truth_of(c, predicate, 0);
}

// --- known predicates ----------------------------------------------------------------------------

static bool edge_is_dead(struct control *c, struct tf_edge e) {
    if (e.node == TF_NONE)
        return false;
    const struct tf_node *n = &c->g->nodes[e.node];
    if (c->dead[e.node])
        return true;
    enum truth t = is_switch(n) ? truth_of_switch(c, n) : UNKNOWN;
    return t != UNKNOWN && e.output != (t == TRUE_ ? 1U : 0U);
}

static bool is_dead(struct control *c, const struct tf_node *n) {
    uint32_t dead = 0;
    for (uint32_t i = 0; i < n->input_count; i++)
        dead += edge_is_dead(c, n->inputs[i]);
    for (uint32_t i = 0; i < n->control_count; i++)
        dead += c->dead[n->controls[i]];
    return is_merge(n) ? dead > 0 && dead == n->input_count : dead > 0;
}

// Until nothing changes: loops may carry death backwards, once for each level of nesting.
static void spread_death(struct control *c) {
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < c->g->count; i++)
            if (!c->dead[i] && is_dead(c, &c->g->nodes[i])) {
                c->dead[i] = true;
                changed = true;
            }
    }
}

// Makes `n` hand on one edge, and its second output (value_index) say which it was.
static void become_identity(struct tf_node *n, struct tf_edge edge) {
    n->op = "Identity";
    n->inputs[0] = edge;
    n->input_count = 1;
}

static void resolve_merge(struct control *c, struct tf_node *n) {
    uint32_t live = TF_NONE, count = 0;
    for (uint32_t i = 0; i < n->input_count; i++)
        if (!edge_is_dead(c, n->inputs[i])) {
            live = i;
            count++;
        }
    if (count == 1 && n->input_count > 1)
        become_identity(n, n->inputs[live]);
}

// What only a dead branch reads is no output of the model, and what only pins constants to a branch
// (an Identity of a Switch) is none either.
static void mark_internal(struct control *c) {
    for (uint32_t i = 0; i < c->g->count; i++) {
        struct tf_node *n = &c->g->nodes[i];
        bool pivot = is_op(n, "Identity") && n->input_count == 1 && n->inputs[0].node != TF_NONE &&
                     is_switch(&c->g->nodes[n->inputs[0].node]);
        n->internal |= pivot || is_switch(n);
        for (uint32_t k = 0; k < n->input_count && c->dead[i]; k++)
            if (n->inputs[k].node != TF_NONE)
                c->g->nodes[n->inputs[k].node].internal = true;
    }
}

static void resolve_known(struct control *c) {
    spread_death(c);
    mark_internal(c);
    for (uint32_t i = 0; i < c->g->count; i++)
        if (!c->dead[i] && is_merge(&c->g->nodes[i]))
            resolve_merge(c, &c->g->nodes[i]);
    for (uint32_t i = 0; i < c->g->count; i++) {
        struct tf_node *n = &c->g->nodes[i];
        n->removed |= c->dead[i];
    }
}

// --- predicates that are data --------------------------------------------------------------------

struct branch { // what decides over an edge
    uint32_t predicate;
    bool taken_when;
};

enum { BRANCHES_MAX = 16 };

struct tracer {
    const struct tf_graph *g;
    uint32_t *stack;
    uint32_t *seen; // by node: the trace that came by last
    uint32_t trace;
};

// What is read next on the way back from a node on the stack; TF_NONE: all of it was seen.
static struct tf_edge unseen(const struct tracer *t, const struct tf_node *n) {
    for (uint32_t i = 0; i < n->input_count && !is_op(n, "NextIteration"); i++)
        if (n->inputs[i].node != TF_NONE && t->seen[n->inputs[i].node] != t->trace)
            return n->inputs[i];
    for (uint32_t i = 0; i < n->control_count; i++)
        if (t->seen[n->controls[i]] != t->trace && !is_switch(&t->g->nodes[n->controls[i]]))
            return (struct tf_edge){n->controls[i], 0};
    return (struct tf_edge){TF_NONE, 0};
}

// The Switches that an edge hangs on, nearest first. Of a loop on the way: those before it.
static void trace(struct tracer *t, struct tf_edge from, struct branch *out, uint32_t *count) {
    uint32_t depth = 0;
    *count = 0;
    t->trace++;
    struct tf_edge next = from;
    for (;;) {
        if (next.node != TF_NONE && t->seen[next.node] != t->trace) {
            const struct tf_node *n = &t->g->nodes[next.node];
            t->seen[next.node] = t->trace;
            if (is_switch(n) && !is_turn(t->g, n) && *count < BRANCHES_MAX)
                out[(*count)++] =
                    (struct branch){tf_behind(t->g, n->inputs[1]).node, next.output == 1};
            else
                t->stack[depth++] = next.node;
        }
        next.node = TF_NONE;
        while (depth > 0 && next.node == TF_NONE) {
            next = unseen(t, &t->g->nodes[t->stack[depth - 1]]);
            if (next.node == TF_NONE)
                depth--;
        }
        if (next.node == TF_NONE)
            return;
    }
}

// The predicate that two edges hang on in opposite ways.
static bool opposite(struct tracer *t, struct tf_edge a, struct tf_edge b, struct branch *out) {
    struct branch of_a[BRANCHES_MAX] = {{0}}, of_b[BRANCHES_MAX] = {{0}};
    uint32_t count_a, count_b;
    trace(t, a, of_a, &count_a);
    trace(t, b, of_b, &count_b);
    for (uint32_t i = 0; i < count_a; i++)
        for (uint32_t k = 0; k < count_b; k++)
            if (of_a[i].predicate == of_b[k].predicate &&
                of_a[i].taken_when != of_b[k].taken_when) {
                *out = of_a[i];
                return true;
            }
    // Tools take away the control edges that constants hang on: the other branch decides.
    *out = count_a > 0 ? of_a[0] : of_b[0];
    if (count_a == 0)
        out->taken_when = !out->taken_when;
    return (count_a == 0) != (count_b == 0);
}

// The Merge then reads the predicate, what it gives when that is true, and what else.
static bool decide(struct tracer *t, struct tf_graph *g, struct tf_node *n) {
    struct branch first;
    if (n->input_count != 2 || is_of_loop(g, n) || !opposite(t, n->inputs[0], n->inputs[1], &first))
        return false;
    struct tf_edge *inputs = arena_array_of(g->arena, 3, struct tf_edge);
    inputs[0] = (struct tf_edge){first.predicate, 0};
    inputs[1] = n->inputs[first.taken_when ? 0 : 1];
    inputs[2] = n->inputs[first.taken_when ? 1 : 0];
    n->op = "Merge";
    n->inputs = inputs;
    n->input_count = 3;
    return true;
}

// A condition within another one hangs on the outer by its predicate, which is seen once the inner
// is decided: the file may have them in any order.
static void resolve_data(struct tf_graph *g) {
    struct tracer t = {.g = g,
                       .stack = arena_array_of(g->arena, g->count, uint32_t),
                       .seen = arena_array_of(g->arena, g->count, uint32_t)};
    bool changed = true;
    for (unsigned round = 0; changed && round < BRANCHES_MAX; round++) {
        changed = false;
        for (uint32_t i = 0; i < g->count; i++)
            if (!g->nodes[i].removed && is_merge(&g->nodes[i]))
                changed |= decide(&t, g, &g->nodes[i]);
    }
}

void tf_resolve_conditions(struct tf_graph *g, const struct import_options *options) {
    bool any = false;
    for (uint32_t i = 0; i < g->count; i++)
        any |= is_switch(&g->nodes[i]);
    if (!any)
        return;
    struct control c = {.g = g,
                        .options = options,
                        .truth = arena_array_of(g->arena, g->count, uint8_t),
                        .dead = arena_array_of(g->arena, g->count, bool)};
    resolve_known(&c);
    resolve_data(g);
}
