// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/graph/op.h"
#include "compiler/graph/walk.h"

// A removed node keeps its `prev` of that moment, and every node between that one and the next
// living one has been removed since.
struct node *graph_next(const struct node *n) {
    if (!n->removed)
        return n->next;
    const struct node *before = n->prev;
    while (before != NULL && before->removed)
        before = before->prev;
    return before != NULL ? before->next : n->graph->first;
}

// --- topological order: Kahn's algorithm with a heap of ready nodes by id -----------------------

struct ready {
    struct node **items;
    uint32_t count;
};

static void ready_push(struct ready *heap, struct node *n) {
    uint32_t i = heap->count++;
    while (i > 0 && heap->items[(i - 1) / 2]->id > n->id) {
        heap->items[i] = heap->items[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap->items[i] = n;
}

static struct node *ready_pop(struct ready *heap) {
    struct node *top = heap->items[0], *last = heap->items[--heap->count];
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < heap->count; i = child) {
        if (child + 1 < heap->count && heap->items[child + 1]->id < heap->items[child]->id)
            child++;
        if (heap->items[child]->id > last->id)
            break;
        heap->items[i] = heap->items[child];
    }
    heap->items[i] = last;
    return top;
}

static void release_users(struct node *n, uint32_t *waiting, struct ready *heap) {
    for (uint32_t i = 0; i < n->output_count; i++)
        for (const struct use *u = n->outputs[i].first_use; u != NULL; u = u->next)
            if (--waiting[u->user->id] == 0)
                ready_push(heap, u->user);
}

struct node **graph_order_reached(struct graph *g, uint32_t *count) {
    struct arena *scratch = arena_new();
    uint32_t *waiting = arena_array_of(scratch, g->next_id + 1, uint32_t);
    struct ready heap = {arena_array_of(scratch, g->node_count + 1, struct node *), 0};
    struct node **order = arena_array_of(g->arena, g->node_count + 1, struct node *);
    *count = 0;
    GRAPH_EACH(g, n) {
        for (uint32_t i = 0; i < n->input_count; i++)
            waiting[n->id] += n->inputs[i].value != NULL;
        if (waiting[n->id] == 0)
            ready_push(&heap, n);
    }
    while (heap.count > 0) {
        struct node *n = ready_pop(&heap);
        order[(*count)++] = n;
        release_users(n, waiting, &heap);
    }
    arena_free(scratch);
    return order;
}

struct node **graph_order(struct graph *g, uint32_t *count) {
    struct node **order = graph_order_reached(g, count);
    if (*count != g->node_count)
        fatal_bug("graph '%s' has a cycle", g->name);
    return order;
}

// --- clone --------------------------------------------------------------------------------------

static void clone_outputs(const struct node *from, struct node *to) {
    node_set_output_count(to, from->output_count);
    for (uint32_t i = 0; i < from->output_count; i++) {
        const struct value *v = &from->outputs[i];
        struct value *copy = &to->outputs[i];
        copy->type = v->type;
        copy->shape = v->shape;
        copy->constant = v->constant;
        copy->partial = v->partial;
        copy->poison = v->poison;
        for (const struct source_name *s = v->names; s != NULL; s = s->next)
            value_add_name(copy, s->name);
    }
}

static void clone_attrs(const struct node *from, struct node *to) {
    if (from->op->attrs_size == 0)
        return;
    memcpy(to->attrs, from->attrs, from->op->attrs_size);
    for (uint32_t i = 0; i < from->op->attr_count; i++) {
        const struct attr_def *row = &from->op->attrs[i];
        if (row->kind != ATTR_GRAPH)
            continue;
        struct graph **body = attr_field(row, to->attrs);
        if (*body != NULL) {
            *body = graph_clone(*body);
            (*body)->outer = to->graph;
        }
    }
}

static struct node *clone_node(struct graph *copy, const struct node *n) {
    copy->next_id = n->id; // ids are kept: they decide ties in the order
    struct node *twin = node_new(copy, n->op, n->name, &n->place);
    clone_attrs(n, twin);
    if (n->outputs != NULL)
        clone_outputs(n, twin);
    return twin;
}

static void clone_list(struct graph *copy, const struct node_list *from, struct node_list *to,
                       struct node **twins) {
    to->count = 0;
    for (uint32_t i = 0; i < from->count; i++)
        node_list_add(copy->arena, to, twins[from->items[i]->id]);
}

struct graph *graph_clone(struct graph *g) {
    struct graph *copy = graph_new(g->arena, g->diag, g->name);
    struct arena *scratch = arena_new();
    struct node **twins = arena_array_of(scratch, g->next_id + 1, struct node *);
    copy->outer = g->outer;
    copy->keep_strides = g->keep_strides;
    copy->keep_split_convolutions = g->keep_split_convolutions;
    copy->channels_last = g->channels_last;
    GRAPH_EACH(g, n) {
        twins[n->id] = clone_node(copy, n);
    }
    GRAPH_EACH(g, n) {
        for (uint32_t i = 0; i < n->input_count; i++) {
            const struct value *v = n->inputs[i].value;
            node_add_input(twins[n->id],
                           v == NULL ? NULL : &twins[v->producer->id]->outputs[v->index]);
        }
    }
    clone_list(copy, &g->parameters, &copy->parameters, twins);
    clone_list(copy, &g->results, &copy->results, twins);
    copy->next_id = g->next_id;
    arena_free(scratch);
    return copy;
}
