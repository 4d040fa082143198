// SPDX-License-Identifier: Apache-2.0
// A frame is found by following data from its Enters up to its Exits; a frame that is entered from
// another one lies in it.
#include "frontends/tf/frames.h"

void tf_frame_fault(struct tf_frames *f, uint32_t node, const char *what) {
    struct place at = tf_place(f->g, node);
    if (f->good)
        diag_report(f->g->diag, &at, TF_LOOP, f->g->nodes[node].name, what);
    f->good = false;
}

// --- users ---------------------------------------------------------------------------------------

static void index_users(struct tf_frames *f) {
    const struct tf_graph *g = f->g;
    uint64_t edges = 0;
    f->user_of = arena_array_of(g->arena, (size_t)g->count + 2, uint32_t);
    for (uint32_t i = 0; i < g->count; i++)
        for (uint32_t k = 0; k < g->nodes[i].input_count; k++)
            if (g->nodes[i].inputs[k].node != TF_NONE) {
                f->user_of[g->nodes[i].inputs[k].node + 2]++;
                edges++;
            }
    for (uint32_t i = 2; i < g->count + 2; i++)
        f->user_of[i] += f->user_of[i - 1];
    f->users = arena_array_of(g->arena, edges, uint32_t);
    for (uint32_t i = 0; i < g->count; i++)
        for (uint32_t k = 0; k < g->nodes[i].input_count; k++)
            if (g->nodes[i].inputs[k].node != TF_NONE)
                f->users[f->user_of[g->nodes[i].inputs[k].node + 1]++] = i;
}

// --- frames --------------------------------------------------------------------------------------

static uint32_t frame_named(struct tf_frames *f, const char *name) {
    void **slot = names_slot(f->by_name, name);
    if (*slot == NULL) {
        f->frames[++f->frame_count] = (struct frame){.name = name};
        *slot = (void *)(uintptr_t)f->frame_count;
    }
    return (uint32_t)(uintptr_t)*slot;
}

static void push(struct tf_frames *f, uint32_t node) {
    f->stack[f->depth++] = node;
}

static void put_in_frame(struct tf_frames *f, uint32_t node, uint32_t frame) {
    if (f->frame_of[node] == NO_FRAME) {
        f->frame_of[node] = frame;
        push(f, node);
        if (tf_is_op(&f->g->nodes[node], "Exit")) {
            f->next[node] = f->frames[frame].exits;
            f->frames[frame].exits = node + 1;
        }
    } else if (f->frame_of[node] != frame) {
        tf_frame_fault(f, node, "it reads values of two loops at once");
    }
}

// Data of `frame` enters another one.
static void nest(struct tf_frames *f, uint32_t enter, uint32_t frame) {
    struct frame *inner = &f->frames[f->frame_of[enter]];
    if (inner->parent == frame)
        return;
    if (inner->parent != NO_FRAME || f->frame_of[enter] == frame) {
        tf_frame_fault(f, enter, "it is entered from two loops");
        return;
    }
    inner->parent = frame;
    // What left it before its place was known is walked again.
    for (uint32_t i = inner->exits; i != 0; i = f->next[i - 1])
        push(f, i - 1);
}

static void visit_users(struct tf_frames *f, uint32_t node) {
    uint32_t frame = f->frame_of[node];
    if (tf_is_op(&f->g->nodes[node], "Exit"))
        frame = f->frames[frame].parent;
    if (frame == NO_FRAME)
        return;
    for (uint32_t i = f->user_of[node]; i < f->user_of[node + 1] && f->good; i++) {
        uint32_t user = f->users[i];
        if (tf_is_op(&f->g->nodes[user], "Enter"))
            nest(f, user, frame);
        else
            put_in_frame(f, user, frame);
    }
}

static void find_frames(struct tf_frames *f) {
    struct tf_graph *g = f->g;
    uint32_t enters = 0;
    for (uint32_t i = 0; i < g->count; i++)
        enters += tf_is_op(&g->nodes[i], "Enter") && !g->nodes[i].removed;
    f->frames = arena_array_of(g->arena, (size_t)enters + 1, struct frame);
    f->by_name = names_new(g->arena);
    for (uint32_t i = 0; i < g->count && f->good; i++) {
        if (!tf_is_op(&g->nodes[i], "Enter") || g->nodes[i].removed)
            continue;
        const char *name = tf_attr_text(g->arena, &g->nodes[i], "frame_name", "");
        if (g->nodes[i].input_count == 1)
            put_in_frame(f, i, frame_named(f, name));
        else
            tf_frame_fault(f, i, "an Enter has not one input");
    }
    while (f->depth > 0 && f->good)
        visit_users(f, f->stack[--f->depth]);
}

// Depth of each frame; a frame inside itself is a fault.
static void measure_depths(struct tf_frames *f) {
    for (uint32_t i = 1; i <= f->frame_count && f->good; i++) {
        uint32_t depth = 1, at = f->frames[i].parent;
        for (; at != NO_FRAME && depth <= f->frame_count; at = f->frames[at].parent)
            depth++;
        f->frames[i].depth = depth;
        if (at != NO_FRAME)
            diag_report(f->g->diag, NULL, TF_LOOP, f->frames[i].name, "it lies in itself");
        f->good = at == NO_FRAME;
    }
}

void tf_frame_add(struct tf_frames *f, uint32_t node, uint32_t frame) {
    f->frame_of[node] = frame;
    if (frame == NO_FRAME)
        return;
    f->next[node] = f->frames[frame].members;
    f->frames[frame].members = node + 1;
    f->frames[frame].count++;
}

bool tf_find_frames(struct tf_graph *g, struct tf_frames *f) {
    *f = (struct tf_frames){.g = g,
                            .frame_of = arena_array_of(g->arena, g->count, uint32_t),
                            .next = arena_array_of(g->arena, g->count, uint32_t),
                            .stack = arena_array_of(g->arena, (size_t)2 * g->count, uint32_t),
                            .good = true};
    index_users(f);
    find_frames(f);
    measure_depths(f);
    memset(f->next, 0, g->count * sizeof *f->next);
    for (uint32_t i = 0; i < g->count; i++)
        if (!g->nodes[i].removed)
            tf_frame_add(f, i, f->frame_of[i]);
    return f->good;
}
