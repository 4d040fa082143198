// SPDX-License-Identifier: Apache-2.0
// Frames collapse from the innermost on, so that a loop in a loop is one node of the outer one.
#include "frontends/tf/loops.h"

#include <stdlib.h>
#include <string.h>

#include "frontends/tf/frames.h"

// --- one frame -----------------------------------------------------------------------------------

enum { NEW, OPEN, DONE };

struct visit {
    uint32_t node, input;
};

struct collapse {
    struct tf_frames *f;
    uint32_t frame, condition; // condition: the LoopCond
    uint32_t *members, member_count;
    struct tf_loop *loop;
    // By node of the graph. Shared by all frames: members belong to one, the rest is cleared.
    uint32_t *variable_at;  // of Merges and Switches: index + 1
    uint8_t *state;         // of the walk
    uint32_t *source_first; // index + 1 of a source that is an output of the node
    struct visit *stack;
    uint32_t *source_next; // by source
    uint32_t source_capacity;
    bool *needed; // by variable
    uint32_t *queue, queued;
};

static int compare_nodes(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void list_members(struct collapse *c) {
    struct frame *frame = &c->f->frames[c->frame];
    uint32_t at = 0;
    c->members = arena_array_of(c->f->g->arena, frame->count, uint32_t);
    for (uint32_t i = frame->members; i != 0; i = c->f->next[i - 1])
        c->members[at++] = i - 1;
    c->member_count = at;
    qsort(c->members, at, sizeof *c->members, compare_nodes);
}

static bool find_condition(struct collapse *c) {
    const struct tf_graph *g = c->f->g;
    c->condition = TF_NONE;
    for (uint32_t i = 0; i < c->member_count; i++) {
        const struct tf_node *n = &g->nodes[c->members[i]];
        if (strcmp(n->op, "LoopCond") != 0 || n->loop != NULL)
            continue;
        if (c->condition != TF_NONE || n->input_count != 1)
            tf_frame_fault(c->f, c->members[i], "it has two conditions");
        c->condition = c->members[i];
    }
    if (c->condition == TF_NONE)
        tf_frame_fault(c->f, c->members[0], "its loop has no condition");
    return c->f->good;
}

// A Merge of what enters and what the iteration before left.
static bool is_variable(const struct collapse *c, const struct tf_node *merge,
                        struct tf_variable *v) {
    const struct tf_graph *g = c->f->g;
    *v = (struct tf_variable){TF_NONE, TF_NONE, TF_NONE, TF_NONE, TF_NONE, false, 0};
    for (uint32_t k = 0; k < merge->input_count && merge->input_count == 2; k++) {
        uint32_t source = merge->inputs[k].node;
        if (source == TF_NONE)
            return false;
        if (tf_is_op(&g->nodes[source], "Enter"))
            v->enter = source;
        else if (tf_is_op(&g->nodes[source], "NextIteration") && g->nodes[source].input_count == 1)
            v->next = source;
    }
    return v->enter != TF_NONE && v->next != TF_NONE;
}

static void find_turn(struct collapse *c, uint32_t index) {
    struct tf_frames *f = c->f;
    struct tf_variable *v = &c->loop->variables[index];
    c->variable_at[v->merge] = index + 1;
    for (uint32_t i = f->user_of[v->merge]; i < f->user_of[v->merge + 1]; i++) {
        const struct tf_node *n = &f->g->nodes[f->users[i]];
        if (!tf_is_op(n, "Switch") || n->input_count != 2 || n->inputs[1].node != c->condition)
            continue;
        v->turn = f->users[i];
        c->variable_at[v->turn] = index + 1;
    }
}

static void find_variables(struct collapse *c) {
    const struct tf_graph *g = c->f->g;
    struct tf_variable v;
    c->loop->variables = arena_array_of(g->arena, c->member_count, struct tf_variable);
    for (uint32_t i = 0; i < c->member_count; i++) {
        if (!tf_is_op(&g->nodes[c->members[i]], "Merge") ||
            !is_variable(c, &g->nodes[c->members[i]], &v))
            continue;
        v.merge = c->members[i];
        c->loop->variables[c->loop->variable_count] = v;
        find_turn(c, c->loop->variable_count++);
    }
}

static bool find_exits(struct collapse *c) {
    const struct tf_graph *g = c->f->g;
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->member_count; i++) {
        const struct tf_node *n = &g->nodes[c->members[i]];
        if (!tf_is_op(n, "Exit"))
            continue;
        struct tf_edge from = n->input_count == 1 ? n->inputs[0] : (struct tf_edge){TF_NONE, 0};
        uint32_t index = from.node == TF_NONE ? 0 : c->variable_at[from.node];
        if (index == 0 || from.output != 0 || c->loop->variables[index - 1].turn != from.node) {
            tf_frame_fault(c->f, c->members[i], "an Exit is not that of a variable");
            return false;
        }
        c->loop->variables[index - 1].exit = c->members[i];
        count++;
    }
    if (count == 0)
        tf_frame_fault(c->f, c->condition, "the loop has no Exit");
    return count > 0;
}

// --- what an iteration needs ---------------------------------------------------------------------

static void need(struct collapse *c, uint32_t variable) {
    if (c->needed[variable])
        return;
    c->needed[variable] = true;
    c->queue[c->queued++] = variable;
}

static void add_source(struct collapse *c, struct tf_edge edge) {
    struct tf_loop *loop = c->loop;
    struct arena *arena = c->f->g->arena;
    for (uint32_t i = c->source_first[edge.node]; i != 0; i = c->source_next[i - 1])
        if (loop->sources[i - 1].output == edge.output)
            return;
    if (loop->source_count == c->source_capacity) {
        uint32_t capacity = 2 * c->source_capacity + 16;
        struct tf_edge *sources = arena_array_of(arena, capacity, struct tf_edge);
        uint32_t *next = arena_array_of(arena, capacity, uint32_t);
        if (loop->source_count > 0) {
            memcpy(sources, loop->sources, loop->source_count * sizeof *sources);
            memcpy(next, c->source_next, loop->source_count * sizeof *next);
        }
        loop->sources = sources;
        c->source_next = next;
        c->source_capacity = capacity;
    }
    c->source_next[loop->source_count] = c->source_first[edge.node];
    loop->sources[loop->source_count++] = edge;
    c->source_first[edge.node] = loop->source_count;
}

// Whether the walk goes on through a node that an edge comes from.
static bool enter_node(struct collapse *c, struct tf_edge edge) {
    struct tf_frames *f = c->f;
    uint32_t node = edge.node, index = c->variable_at[node];
    if (f->frame_of[node] != NO_FRAME && f->frame_of[node] != c->frame) {
        tf_frame_fault(f, node, "its value is read outside of its loop");
    } else if (f->frame_of[node] == NO_FRAME || tf_is_op(&f->g->nodes[node], "Enter")) {
        add_source(c, edge);
    } else if (index != 0) {
        need(c, index - 1);
        c->state[node] = DONE;
    } else if (node == c->condition) {
        tf_frame_fault(f, node, "its value is read inside of the loop");
    } else if (c->state[node] == OPEN) {
        struct place at = tf_place(f->g, node);
        diag_report(f->g->diag, &at, CYCLE, f->g->nodes[node].name);
        f->good = false;
    } else {
        return c->state[node] == NEW;
    }
    return false;
}

static void walk_back(struct collapse *c, struct tf_edge from) {
    uint32_t depth = 0;
    struct tf_edge next = from;
    const struct tf_graph *g = c->f->g;
    while (c->f->good) {
        if (next.node != TF_NONE && enter_node(c, next)) {
            c->state[next.node] = OPEN;
            c->stack[depth++] = (struct visit){next.node, 0};
        }
        while (depth > 0 &&
               c->stack[depth - 1].input == g->nodes[c->stack[depth - 1].node].input_count)
            c->state[c->stack[--depth].node] = DONE;
        if (depth == 0)
            return;
        struct visit *top = &c->stack[depth - 1];
        next = g->nodes[top->node].inputs[top->input++];
    }
}

static void find_needs(struct collapse *c) {
    struct tf_loop *loop = c->loop;
    struct arena *arena = c->f->g->arena;
    uint32_t done = 0;
    c->needed = arena_array_of(arena, loop->variable_count, bool);
    c->queue = arena_array_of(arena, loop->variable_count, uint32_t);
    for (uint32_t i = 0; i < loop->variable_count; i++)
        if (loop->variables[i].exit != TF_NONE)
            need(c, i);
    walk_back(c, loop->condition);
    while (done < c->queued && c->f->good)
        walk_back(c, c->f->g->nodes[loop->variables[c->queue[done++]].next].inputs[0]);
}

// --- the node that stands for the loop -----------------------------------------------------------

static void keep_needed(struct collapse *c) {
    struct tf_loop *loop = c->loop;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < loop->variable_count; i++) {
        struct tf_variable v = loop->variables[i];
        uint32_t index = c->needed[i] ? kept + 1 : 0;
        c->variable_at[v.merge] = index;
        if (v.turn != TF_NONE)
            c->variable_at[v.turn] = index;
        if (c->needed[i])
            loop->variables[kept++] = v;
    }
    loop->variable_count = kept;
}

// The Enters of the variables before the other sources.
static void order_sources(struct collapse *c) {
    struct tf_loop *loop = c->loop;
    uint32_t count = loop->variable_count + loop->source_count;
    struct tf_edge *sources = arena_array_of(c->f->g->arena, count, struct tf_edge);
    for (uint32_t i = 0; i < loop->variable_count; i++)
        sources[i] = (struct tf_edge){loop->variables[i].enter, 0};
    if (loop->source_count > 0)
        memcpy(sources + loop->variable_count, loop->sources, loop->source_count * sizeof *sources);
    for (uint32_t i = 0; i < loop->source_count; i++)
        c->source_first[loop->sources[i].node] = 0;
    loop->sources = sources;
    loop->source_count = count;
}

static void note_read(struct tf_loop *loop, struct tf_edge edge) {
    uint32_t place = edge.node == TF_NONE ? TF_NONE : tf_loop_place(loop, edge.node);
    if (place != TF_NONE && loop->read[place] <= edge.output)
        loop->read[place] = edge.output + 1;
}

static void list_reads(struct collapse *c) {
    struct tf_loop *loop = c->loop;
    loop->read = arena_array_of(c->f->g->arena, loop->node_count, uint32_t);
    note_read(loop, loop->condition);
    for (uint32_t i = 0; i < c->member_count; i++) {
        const struct tf_node *n = &c->f->g->nodes[c->members[i]];
        for (uint32_t k = 0; k < n->input_count; k++)
            note_read(loop, n->inputs[k]);
    }
}

static void list_sources(struct collapse *c) {
    struct tf_loop *loop = c->loop;
    struct arena *arena = c->f->g->arena;
    loop->source_first = arena_array_of(arena, loop->node_count, uint32_t);
    loop->source_next = arena_array_of(arena, loop->source_count, uint32_t);
    for (uint32_t i = loop->source_count; i-- > 0;) {
        uint32_t place = tf_loop_place(loop, loop->sources[i].node);
        loop->source_next[i] = loop->source_first[place];
        loop->source_first[place] = i + 1;
    }
}

static void list_nodes(struct collapse *c) {
    struct tf_loop *loop = c->loop;
    uint32_t count = 0, kept = 0;
    loop->nodes =
        arena_array_of(c->f->g->arena, (size_t)c->member_count + loop->source_count, uint32_t);
    for (uint32_t i = 0; i < c->member_count; i++)
        loop->nodes[count++] = c->members[i];
    for (uint32_t i = 0; i < loop->source_count; i++)
        loop->nodes[count++] = loop->sources[i].node;
    qsort(loop->nodes, count, sizeof *loop->nodes, compare_nodes);
    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || loop->nodes[i] != loop->nodes[kept - 1])
            loop->nodes[kept++] = loop->nodes[i];
    loop->node_count = kept;
    loop->variable_at = arena_array_of(c->f->g->arena, kept, uint32_t);
    for (uint32_t i = 0; i < kept; i++)
        loop->variable_at[i] = c->variable_at[loop->nodes[i]];
    list_sources(c);
    list_reads(c);
}

// What a source is outside of the loop.
static struct tf_edge outside(const struct tf_graph *g, struct tf_edge source) {
    const struct tf_node *n = &g->nodes[source.node];
    return tf_is_op(n, "Enter") ? n->inputs[0] : source;
}

static void leave_one_node(struct collapse *c) {
    struct tf_graph *g = c->f->g;
    struct tf_loop *loop = c->loop;
    uint32_t parent = c->f->frames[c->frame].parent;
    struct tf_node *node = &g->nodes[c->condition];
    node->inputs = arena_array_of(g->arena, loop->source_count, struct tf_edge);
    node->input_count = loop->source_count;
    node->loop = loop;
    for (uint32_t i = 0; i < loop->source_count; i++)
        node->inputs[i] = outside(g, loop->sources[i]);
    for (uint32_t i = 0; i < c->member_count; i++) {
        struct tf_node *n = &g->nodes[c->members[i]];
        if (tf_is_op(n, "Exit")) {
            n->op = "Identity";
            n->inputs[0] = (struct tf_edge){c->condition, c->variable_at[n->inputs[0].node] - 1};
            tf_frame_add(c->f, c->members[i], parent);
        } else if (c->members[i] == c->condition) {
            tf_frame_add(c->f, c->members[i], parent);
        } else {
            n->removed = true;
        }
    }
}

// --- what counts ---------------------------------------------------------------------------------

bool tf_constant_number(const struct tf_graph *g, struct tf_edge edge, double *number) {
    edge = tf_behind(g, edge);
    if (edge.node != TF_NONE && tf_is_op(&g->nodes[edge.node], "Enter"))
        edge = tf_behind(g, g->nodes[edge.node].inputs[0]);
    if (edge.node == TF_NONE || strcmp(g->nodes[edge.node].op, "Const") != 0)
        return false;
    const Tensorflow__AttrValue *v = tf_attr(&g->nodes[edge.node], "value");
    struct place at = tf_place(g, edge.node);
    if (v == NULL || v->tensor == NULL)
        return false;
    const struct tensor *t = tf_tensor(g->arena, g->diag, &at, v->tensor);
    return t != NULL && tensor_count(t) == 1 && tensor_uniform(t, number);
}

// next = variable + constant, or - constant.
static void find_counter(const struct tf_graph *g, const struct tf_loop *loop, uint32_t index) {
    enum { STEP_MAX = 1 << 20 };
    struct tf_variable *v = &loop->variables[index];
    struct tf_edge edge = tf_behind(g, g->nodes[v->next].inputs[0]);
    const struct tf_node *n = edge.node == TF_NONE ? NULL : &g->nodes[edge.node];
    double step;
    if (n == NULL || n->input_count != 2)
        return;
    bool adds = strcmp(n->op, "Add") == 0 || strcmp(n->op, "AddV2") == 0;
    if (!adds && strcmp(n->op, "Sub") != 0)
        return;
    uint32_t from = tf_variable_of(g, loop, n->inputs[0]) == index ? 0 : 1;
    if (tf_variable_of(g, loop, n->inputs[from]) != index || (!adds && from == 1) ||
        !tf_constant_number(g, n->inputs[1 - from], &step))
        return;
    if (step == 0 || step != (double)(int32_t)step || step > STEP_MAX || step < -STEP_MAX)
        return;
    v->counts = true;
    v->step = adds ? (int64_t)step : -(int64_t)step;
}

static void collapse_frame(struct collapse *c, uint32_t frame) {
    const struct tf_graph *g = c->f->g;
    c->frame = frame;
    c->loop = arena_new_of(g->arena, struct tf_loop);
    c->loop->name = c->f->frames[frame].name;
    c->source_capacity = c->queued = 0;
    list_members(c);
    if (!find_condition(c))
        return;
    c->loop->condition = g->nodes[c->condition].inputs[0];
    find_variables(c);
    if (!find_exits(c))
        return;
    find_needs(c);
    if (!c->f->good)
        return;
    keep_needed(c);
    order_sources(c);
    list_nodes(c);
    for (uint32_t i = 0; i < c->loop->variable_count; i++)
        find_counter(g, c->loop, i);
    leave_one_node(c);
}

// --- all -----------------------------------------------------------------------------------------

struct ranked {
    uint32_t frame, depth;
};

static int compare_ranked(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    if (x->depth != y->depth)
        return x->depth < y->depth ? 1 : -1;
    return (x->frame > y->frame) - (x->frame < y->frame);
}

static void collapse_all(struct tf_frames *f) {
    struct arena *arena = f->g->arena;
    uint32_t count = f->g->count;
    struct collapse c = {.f = f,
                         .variable_at = arena_array_of(arena, count, uint32_t),
                         .state = arena_array_of(arena, count, uint8_t),
                         .source_first = arena_array_of(arena, count, uint32_t),
                         .stack = arena_array_of(arena, count, struct visit)};
    struct ranked *order = arena_array_of(arena, f->frame_count, struct ranked);
    for (uint32_t i = 0; i < f->frame_count; i++)
        order[i] = (struct ranked){i + 1, f->frames[i + 1].depth};
    if (f->frame_count > 0)
        qsort(order, f->frame_count, sizeof *order, compare_ranked);
    for (uint32_t i = 0; i < f->frame_count && f->good; i++)
        collapse_frame(&c, order[i].frame);
}

// --- what leaves a loop for nothing --------------------------------------------------------------

// Back from a node, without recursion: each goes on the stack once.
static void mark_wanted(const struct tf_graph *g, uint32_t start, uint32_t *stack, bool *wanted) {
    uint32_t depth = 0;
    if (!wanted[start])
        stack[depth++] = start;
    wanted[start] = true;
    while (depth > 0) {
        const struct tf_node *n = &g->nodes[stack[--depth]];
        for (uint32_t i = 0; i < n->input_count; i++) {
            uint32_t source = n->inputs[i].node;
            if (source == TF_NONE || wanted[source])
                continue;
            wanted[source] = true;
            stack[depth++] = source;
        }
    }
}

// Exits that no output hangs on: a graph that was frozen for the same outputs has none.
static void drop_exits(struct tf_graph *g, const struct import_options *options) {
    uint32_t *stack = arena_array_of(g->arena, (size_t)g->count + 1, uint32_t);
    bool *wanted = arena_array_of(g->arena, g->count, bool);
    for (uint32_t i = 0; i < options->output_count; i++) {
        const char *text = options->outputs[i], *colon = strchr(text, ':');
        uint32_t node = tf_parse_edge(g, text).node;
        if (node == TF_NONE && colon != NULL) // "PORT:NODE", what comes in there
            node = tf_find(g, colon + 1);
        if (node == TF_NONE)
            return;
        mark_wanted(g, node, stack, wanted);
    }
    for (uint32_t i = 0; i < g->count && options->output_count > 0; i++)
        g->nodes[i].removed |= tf_is_op(&g->nodes[i], "Exit") && !wanted[i];
}

bool tf_collapse_loops(struct tf_graph *g, const struct import_options *options) {
    bool any = false;
    for (uint32_t i = 0; i < g->count && !any; i++)
        any = tf_is_op(&g->nodes[i], "Enter");
    if (!any)
        return true;
    drop_exits(g, options);
    struct tf_frames f;
    if (tf_find_frames(g, &f))
        collapse_all(&f);
    return f.good;
}

// --- questions -----------------------------------------------------------------------------------

uint32_t tf_loop_place(const struct tf_loop *loop, uint32_t node) {
    const uint32_t *found =
        bsearch(&node, loop->nodes, loop->node_count, sizeof *loop->nodes, compare_nodes);
    return found == NULL ? TF_NONE : (uint32_t)(found - loop->nodes);
}

struct tf_edge tf_behind(const struct tf_graph *g, struct tf_edge edge) {
    for (uint32_t steps = 0; edge.node != TF_NONE && steps < g->count; steps++) {
        const struct tf_node *n = &g->nodes[edge.node];
        if (strcmp(n->op, "Identity") != 0 || n->input_count != 1)
            break;
        edge = n->inputs[0];
    }
    return edge;
}

uint32_t tf_variable_of(const struct tf_graph *g, const struct tf_loop *loop, struct tf_edge edge) {
    edge = tf_behind(g, edge);
    uint32_t place = edge.node == TF_NONE ? TF_NONE : tf_loop_place(loop, edge.node);
    return place == TF_NONE || loop->variable_at[place] == 0 ? TF_NONE
                                                             : loop->variable_at[place] - 1;
}

uint32_t tf_source_of(const struct tf_graph *g, const struct tf_loop *loop, struct tf_edge edge) {
    edge = tf_behind(g, edge);
    uint32_t place = edge.node == TF_NONE ? TF_NONE : tf_loop_place(loop, edge.node);
    uint32_t i = place == TF_NONE ? 0 : loop->source_first[place];
    while (i != 0 && loop->sources[i - 1].output != edge.output)
        i = loop->source_next[i - 1];
    return i == 0 ? TF_NONE : i - 1;
}
