// SPDX-License-Identifier: Apache-2.0
// Making and editing. Use records are intrusive: moving an input array means telling the
// neighbours.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/graph/op.h"

struct graph *graph_new(struct arena *arena, struct diag *diag, const char *name) {
    struct graph *g = arena_new_of(arena, struct graph);
    g->arena = arena;
    g->diag = diag;
    g->name = name;
    return g;
}

void node_list_add(struct arena *arena, struct node_list *list, struct node *n) {
    ARENA_ROOM(arena, list->items, list->count, &list->capacity);
    list->items[list->count++] = n;
}

static void node_list_take(struct node_list *list, const struct node *n) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++)
        if (list->items[i] != n)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

struct node *node_new(struct graph *g, const struct op_def *op, const char *name,
                      const struct place *place) {
    struct node *n = arena_new_of(g->arena, struct node);
    n->graph = g;
    n->op = op;
    n->id = g->next_id++;
    n->name = name != NULL ? name : op->name;
    if (place != NULL)
        n->place = *place;
    if (op->attrs_size > 0) {
        n->attrs = arena_alloc(g->arena, op->attrs_size);
        attr_init(op->attrs, op->attr_count, n->attrs);
    }
    n->prev = g->last;
    *(g->last != NULL ? &g->last->next : &g->first) = n;
    g->last = n;
    g->node_count++;
    if (op == &op_Parameter)
        node_list_add(g->arena, &g->parameters, n);
    if (op == &op_Result)
        node_list_add(g->arena, &g->results, n);
    return n;
}

// --- use records --------------------------------------------------------------------------------

static void use_link(struct use *u, struct value *v) {
    u->value = v;
    u->next = NULL;
    u->prev = NULL;
    if (v == NULL)
        return;
    u->prev = v->last_use;
    *(v->last_use != NULL ? &v->last_use->next : &v->first_use) = u;
    v->last_use = u;
}

static void use_unlink(struct use *u) {
    struct value *v = u->value;
    if (v == NULL)
        return;
    *(u->prev != NULL ? &u->prev->next : &v->first_use) = u->next;
    *(u->next != NULL ? &u->next->prev : &v->last_use) = u->prev;
    u->value = NULL;
    u->next = NULL;
    u->prev = NULL;
}

// Gives the record another address and keeps its place among the value's uses.
static void use_move(struct use *from, struct use *to) {
    struct value *v = from->value;
    *to = *from;
    if (v == NULL)
        return;
    *(to->prev != NULL ? &to->prev->next : &v->first_use) = to;
    *(to->next != NULL ? &to->next->prev : &v->last_use) = to;
}

void node_add_input(struct node *n, struct value *v) {
    if (n->input_count == n->input_capacity) {
        uint32_t capacity = n->input_capacity == 0 ? 2 : n->input_capacity * 2;
        struct use *inputs = arena_array_of(n->graph->arena, capacity, struct use);
        for (uint32_t i = 0; i < n->input_count; i++)
            use_move(&n->inputs[i], &inputs[i]);
        n->inputs = inputs;
        n->input_capacity = capacity;
    }
    struct use *u = &n->inputs[n->input_count];
    u->user = n;
    u->index = n->input_count++;
    use_link(u, v);
}

void node_set_input(struct node *n, uint32_t index, struct value *v) {
    if (index >= n->input_count)
        fatal_bug("node '%s' has no input %" PRIu32, n->name, index);
    use_unlink(&n->inputs[index]);
    use_link(&n->inputs[index], v);
}

void node_remove_input(struct node *n, uint32_t index) {
    if (index >= n->input_count)
        fatal_bug("node '%s' has no input %" PRIu32, n->name, index);
    use_unlink(&n->inputs[index]);
    for (uint32_t i = index + 1; i < n->input_count; i++) {
        use_move(&n->inputs[i], &n->inputs[i - 1]);
        n->inputs[i - 1].index = i - 1;
    }
    n->input_count--;
}

void value_replace_except(struct value *from, struct value *to, const struct node *except) {
    if (from == to)
        fatal_bug("value of '%s' replaced by itself", from->producer->name);
    VALUE_EACH_USE(from, u) {
        if (u->user == except)
            continue;
        use_unlink(u);
        use_link(u, to);
    }
    value_move_names(from, to);
}

void value_replace(struct value *from, struct value *to) {
    value_replace_except(from, to, NULL);
}

uint32_t value_use_count(const struct value *v) {
    uint32_t count = 0;
    for (const struct use *u = v->first_use; u != NULL; u = u->next)
        count++;
    return count;
}

struct node *value_only_user(const struct value *v) {
    const struct use *u = v->first_use;
    return u != NULL && u->next == NULL ? u->user : NULL;
}

// --- names of values ----------------------------------------------------------------------------

static struct source_name **names_end(struct value *v, const char *name) {
    struct source_name **end = &v->names;
    for (; *end != NULL; end = &(*end)->next)
        if (strcmp((*end)->name, name) == 0)
            return NULL;
    return end;
}

void value_add_name(struct value *v, const char *name) {
    struct source_name **end = names_end(v, name);
    if (end == NULL)
        return;
    *end = arena_new_of(v->producer->graph->arena, struct source_name);
    (*end)->name = name;
}

void value_move_names(struct value *from, struct value *to) {
    for (struct source_name *s = from->names, *next; s != NULL; s = next) {
        next = s->next;
        s->next = NULL;
        struct source_name **end = names_end(to, s->name);
        if (end != NULL)
            *end = s;
    }
    from->names = NULL;
}

// --- outputs ------------------------------------------------------------------------------------

void node_set_output_count(struct node *n, uint32_t count) {
    if (n->outputs != NULL)
        fatal_bug("outputs of '%s' are already made", n->name);
    n->outputs = arena_array_of(n->graph->arena, count > 0 ? count : 1, struct value);
    n->output_count = count;
    for (uint32_t i = 0; i < count; i++) {
        n->outputs[i].producer = n;
        n->outputs[i].index = i;
        n->outputs[i].shape = SHAPE_UNKNOWN;
    }
}

static void make_outputs(struct node *n) {
    if (n->outputs == NULL)
        node_set_output_count(n, n->op->outputs == PORTS_VARIADIC ? 1 : n->op->outputs);
}

static void poison_outputs(struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++) {
        struct value *v = &n->outputs[i];
        v->poison = true;
        v->type = DT_UNKNOWN;
        v->shape = SHAPE_UNKNOWN;
        v->constant = NULL;
        v->partial = NULL;
    }
}

static bool any_poison(const struct node *n) {
    for (uint32_t i = 0; i < n->input_count; i++)
        if (n->inputs[i].value != NULL && n->inputs[i].value->poison)
            return true;
    return false;
}

static const char *ports_text(const struct node *n) {
    const struct op_def *op = n->op;
    if (op->max_inputs == PORTS_VARIADIC)
        return arena_printf(n->graph->arena, "%u or more", op->min_inputs);
    if (op->min_inputs == op->max_inputs)
        return arena_printf(n->graph->arena, "%u", op->min_inputs);
    return arena_printf(n->graph->arena, "%u to %u", op->min_inputs, op->max_inputs);
}

static bool check_ports(struct node *n) {
    const struct op_def *op = n->op;
    uint32_t given = n->input_count;
    bool too_many = op->max_inputs != PORTS_VARIADIC && given > op->max_inputs;
    for (uint32_t i = 0; i < n->input_count && i < op->min_inputs; i++)
        if (n->inputs[i].value == NULL && given == n->input_count)
            given = i;
    if (given >= op->min_inputs && !too_many)
        return true;
    struct place place = node_place(n);
    diag_report(n->graph->diag, &place, INPUT_COUNT, given, ports_text(n));
    return false;
}

static bool check_attrs(struct node *n) {
    for (uint32_t i = 0; i < n->op->attr_count; i++) {
        const char *fault = attr_fault(&n->op->attrs[i], n->attrs);
        if (fault == NULL)
            continue;
        struct place place = node_place(n);
        diag_report(n->graph->diag, &place, ATTRIBUTE_VALUE, n->op->attrs[i].name, fault);
        return false;
    }
    return true;
}

bool node_finish(struct node *n) {
    make_outputs(n);
    if (any_poison(n)) {
        poison_outputs(n);
        return false;
    }
    if (check_ports(n) && check_attrs(n) && node_infer(n))
        return true;
    poison_outputs(n);
    return false;
}

static bool check_sizes(struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++) {
        const struct shape *s = &n->outputs[i].shape;
        for (int32_t d = 0; d < s->rank; d++) {
            if (s->dims[d] <= DIM_MAX)
                continue;
            struct place place = node_place(n);
            diag_report(
                n->graph->diag, &place, SHAPE_MISMATCH,
                arena_printf(n->graph->arena, "%s is too large", shape_text(n->graph->arena, s)));
            return false;
        }
    }
    return true;
}

bool node_infer(struct node *n) {
    if (n->op != &op_Constant)
        for (uint32_t i = 0; i < n->output_count; i++) {
            n->outputs[i].constant = NULL;
            n->outputs[i].partial = NULL;
        }
    if (!n->op->infer(n) || !check_sizes(n))
        return false;
    node_fold_small(n);
    return true;
}

struct value *graph_constant(struct graph *g, const char *name, const struct tensor *t) {
    struct node *n = node_new(g, &op_Constant, name, NULL);
    make_outputs(n);
    n->outputs[0].constant = t;
    node_finish(n);
    return &n->outputs[0];
}

struct value *graph_poison(struct graph *g, const char *name, const struct place *place) {
    struct node *n = node_new(g, &op_Poison, name, place);
    make_outputs(n);
    poison_outputs(n);
    return &n->outputs[0];
}

void node_remove(struct node *n) {
    struct graph *g = n->graph;
    for (uint32_t i = 0; i < n->output_count; i++)
        if (n->outputs[i].first_use != NULL)
            fatal_bug("'%s' is removed while '%s' reads it", n->name,
                      n->outputs[i].first_use->user->name);
    if (n->removed)
        fatal_bug("'%s' is removed twice", n->name);
    for (uint32_t i = 0; i < n->input_count; i++)
        use_unlink(&n->inputs[i]);
    n->input_count = 0;
    *(n->prev != NULL ? &n->prev->next : &g->first) = n->next;
    *(n->next != NULL ? &n->next->prev : &g->last) = n->prev;
    if (n->op == &op_Parameter)
        node_list_take(&g->parameters, n);
    if (n->op == &op_Result)
        node_list_take(&g->results, n);
    n->removed = true;
    g->node_count--;
}
