// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/functional.h"

#include <string.h>

struct lowering {
    struct tf_graph *g;
    struct tf_node from; // as it was: the array of nodes may move
};

static Tensorflow__AttrEntry *new_attr(struct lowering *l, const char *key,
                                       const Tensorflow__AttrValue *value) {
    Tensorflow__AttrEntry *entry = arena_new_of(l->g->arena, Tensorflow__AttrEntry);
    tensorflow__attr_entry__init(entry);
    entry->key = arena_strdup(l->g->arena, key);
    entry->value = arena_copy(l->g->arena, value, sizeof *value);
    return entry;
}

// A node NAME/SUFFIX; its inputs are to be set at once.
static struct tf_node *add(struct lowering *l, const char *suffix, const char *op,
                           uint32_t input_count) {
    return tf_graph_node(l->g, arena_printf(l->g->arena, "%s/%s", l->from.name, suffix), op,
                         input_count);
}

static struct tf_edge last_node(const struct lowering *l, uint32_t output) {
    return (struct tf_edge){l->g->count - 1, output};
}

static struct tf_edge add1(struct lowering *l, const char *suffix, const char *op,
                           struct tf_edge a) {
    add(l, suffix, op, 1)->inputs[0] = a;
    return last_node(l, 0);
}

static struct tf_edge add2(struct lowering *l, const char *suffix, const char *op, struct tf_edge a,
                           struct tf_edge b) {
    struct tf_node *n = add(l, suffix, op, 2);
    n->inputs[0] = a;
    n->inputs[1] = b;
    return last_node(l, 0);
}

static const char *numbered(struct lowering *l, const char *what, uint32_t number) {
    return arena_printf(l->g->arena, "%s_%u", what, number);
}

// A call of the function that attribute `key` names.
static uint32_t add_call(struct lowering *l, const char *suffix, const char *key,
                         const struct tf_edge *inputs, uint32_t count) {
    const Tensorflow__AttrValue *function = tf_attr(&l->from, key);
    struct tf_node *n = add(l, suffix, "PartitionedCall", count);
    for (uint32_t i = 0; i < count; i++)
        n->inputs[i] = inputs[i];
    if (function != NULL) {
        n->attrs = arena_new_of(l->g->arena, Tensorflow__AttrEntry *);
        n->attrs[0] = new_attr(l, "f", function);
        n->attr_count = 1;
    }
    return l->g->count - 1;
}

static void hand_on(struct lowering *l, uint32_t node, struct tf_edge *results, uint32_t count) {
    struct tf_node *n = &l->g->nodes[node];
    n->op = "PartitionedCall";
    n->inputs = results;
    n->input_count = count;
}

// Both branches are called, and each result hangs on the predicate, also one that is a constant.
static void lower_if(struct lowering *l, uint32_t node) {
    const Tensorflow__AttrValue *types = tf_attr(&l->from, "Tout");
    uint32_t count = types != NULL && types->list != NULL ? (uint32_t)types->list->n_type : 0;
    struct tf_edge *results = arena_array_of(l->g->arena, count, struct tf_edge);
    struct tf_edge predicate = l->from.inputs[0], *args = l->from.inputs + 1;
    uint32_t calls[2] = {add_call(l, "else", "else_branch", args, l->from.input_count - 1),
                         add_call(l, "then", "then_branch", args, l->from.input_count - 1)};
    for (uint32_t i = 0; i < count; i++) {
        struct tf_edge otherwise = add2(l, numbered(l, "else_result", i), "Switch",
                                        (struct tf_edge){calls[0], i}, predicate);
        struct tf_edge then = add2(l, numbered(l, "then_result", i), "Switch",
                                   (struct tf_edge){calls[1], i}, predicate);
        then.output = 1;
        results[i] = add2(l, numbered(l, "result", i), "Merge", otherwise, then);
    }
    hand_on(l, node, results, count);
}

// Every variable enters a frame of the loop's own.
static void lower_while(struct lowering *l, uint32_t node) {
    uint32_t count = l->from.input_count;
    struct tf_edge *merges = arena_array_of(l->g->arena, count, struct tf_edge);
    struct tf_edge *kept = arena_array_of(l->g->arena, count, struct tf_edge);
    struct tf_edge *results = arena_array_of(l->g->arena, count, struct tf_edge);
    Tensorflow__AttrValue frame = TENSORFLOW__ATTR_VALUE__INIT;
    frame.has_s = 1;
    frame.s = (ProtobufCBinaryData){strlen(l->from.name), (uint8_t *)(uintptr_t)l->from.name};
    for (uint32_t i = 0; i < count; i++) {
        struct tf_edge entered = add1(l, numbered(l, "enter", i), "Enter", l->from.inputs[i]);
        struct tf_node *enter = &l->g->nodes[entered.node];
        enter->attrs = arena_new_of(l->g->arena, Tensorflow__AttrEntry *);
        enter->attrs[0] = new_attr(l, "frame_name", &frame);
        enter->attr_count = 1;
        merges[i] = add2(l, numbered(l, "merge", i), "Merge", entered, entered);
    }
    uint32_t test = add_call(l, "cond", "cond", merges, count);
    struct tf_edge goes_on = add1(l, "loop_cond", "LoopCond", (struct tf_edge){test, 0});
    for (uint32_t i = 0; i < count; i++) {
        kept[i] = add2(l, numbered(l, "switch", i), "Switch", merges[i], goes_on);
        results[i] = add1(l, numbered(l, "exit", i), "Exit", kept[i]);
        kept[i].output = 1;
    }
    uint32_t body = add_call(l, "body", "body", kept, count);
    for (uint32_t i = 0; i < count; i++) {
        struct tf_edge next =
            add1(l, numbered(l, "next", i), "NextIteration", (struct tf_edge){body, i});
        l->g->nodes[merges[i].node].inputs[1] = next;
    }
    hand_on(l, node, results, count);
}

void tf_lower_functional(struct tf_graph *g, uint32_t node) {
    static const struct {
        const char *op;
        void (*lower)(struct lowering *l, uint32_t node);
    } rows[] = {{"If", lower_if},
                {"StatelessIf", lower_if},
                {"While", lower_while},
                {"StatelessWhile", lower_while}};
    struct lowering l = {.g = g, .from = g->nodes[node]};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(l.from.op, rows[i].op) == 0 && l.from.input_count > 0)
            rows[i].lower(&l, node);
}
