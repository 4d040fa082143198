// SPDX-License-Identifier: Apache-2.0
// The invariants that edits must keep. Each check returns NULL or a sentence for fatal_bug.
#include <inttypes.h>

#include "compiler/graph/op.h"
#include "compiler/graph/walk.h"

static const char *fault(const struct node *n, const char *text) {
    return arena_printf(n->graph->arena, "graph '%s', node '%s' (%s, id %" PRIu32 "): %s",
                        n->graph->name, n->name, n->op->name, n->id, text);
}

static const char *check_place_in_list(const struct graph *g, const struct node *n) {
    if (n->graph != g)
        return fault(n, "belongs to another graph");
    if (n->removed)
        return fault(n, "is removed and still in the list");
    if (n->id >= g->next_id || (n->prev != NULL && n->prev->id >= n->id))
        return fault(n, "has an id out of order");
    if ((n->prev != NULL ? n->prev->next : g->first) != n ||
        (n->next != NULL ? n->next->prev : g->last) != n)
        return fault(n, "is not linked with its neighbours");
    return NULL;
}

static const char *check_ports(const struct node *n) {
    const struct op_def *op = n->op;
    if (n->input_count < op->min_inputs ||
        (op->max_inputs != PORTS_VARIADIC && n->input_count > op->max_inputs))
        return fault(n, "has a wrong number of inputs");
    for (uint32_t i = 0; i < op->min_inputs; i++)
        if (n->inputs[i].value == NULL)
            return fault(n, "lacks an input that is not optional");
    if (n->outputs == NULL)
        return fault(n, "was never finished");
    if (op->outputs != PORTS_VARIADIC && n->output_count != op->outputs)
        return fault(n, "has a wrong number of outputs");
    return NULL;
}

static const char *check_inputs(const struct node *n) {
    for (uint32_t i = 0; i < n->input_count; i++) {
        const struct use *u = &n->inputs[i];
        if (u->user != n || u->index != i)
            return fault(n, "has an input record that names another port");
        if (u->value == NULL)
            continue;
        if (u->value->producer->removed)
            return fault(n, "reads an output of a removed node");
        if (u->value->producer->graph != n->graph)
            return fault(n, "reads a value of another graph");
        // Only the neighbours: walking the list for every use would be quadratic.
        if ((u->prev != NULL ? u->prev->next : u->value->first_use) != u ||
            (u->next != NULL ? u->next->prev : u->value->last_use) != u)
            return fault(n, "reads a value that does not list the use");
    }
    return NULL;
}

static const char *check_constant(const struct node *n, const struct value *v) {
    if (v->constant == NULL)
        return n->op == &op_Constant ? fault(n, "has no tensor") : NULL;
    if (v->constant->type != v->type)
        return fault(n, "has a constant of another element type");
    if (!shape_equal(&v->constant->shape, &v->shape))
        return fault(n, "has a constant of another shape");
    return NULL;
}

static const char *check_shape(const struct node *n, const struct shape *s) {
    if (s->rank < RANK_UNKNOWN || s->rank > SHAPE_MAX_RANK)
        return fault(n, "has an output of impossible rank");
    for (int32_t i = 0; i < s->rank; i++)
        if (s->dims[i] < DIM_UNKNOWN)
            return fault(n, "has an output with a negative dimension");
    return NULL;
}

static const char *check_outputs(const struct node *n) {
    for (uint32_t i = 0; i < n->output_count; i++) {
        const struct value *v = &n->outputs[i];
        const char *wrong = check_shape(n, &v->shape);
        if (wrong == NULL)
            wrong = check_constant(n, v);
        if (wrong != NULL)
            return wrong;
        if (v->producer != n || v->index != i)
            return fault(n, "has an output that names another port");
        if (!v->poison && v->type == DT_UNKNOWN)
            return fault(n, "has an output without an element type");
        for (const struct use *u = v->first_use; u != NULL; u = u->next) {
            if (u->value != v)
                return fault(n, "lists a use of another value");
            if (u->index >= u->user->input_count || &u->user->inputs[u->index] != u)
                return fault(n, "lists a use that is no input");
        }
    }
    return NULL;
}

static const char *check_attrs(const struct node *n) {
    for (uint32_t i = 0; i < n->op->attr_count; i++) {
        const struct attr_def *row = &n->op->attrs[i];
        const char *wrong = attr_fault(row, n->attrs);
        if (wrong != NULL)
            return fault(n, arena_printf(n->graph->arena, "attribute '%s' %s", row->name, wrong));
        if (row->kind != ATTR_GRAPH)
            continue;
        struct graph *body = *(struct graph *const *)attr_field_of(row, n->attrs);
        if (body != NULL && (wrong = graph_check(body)) != NULL)
            return wrong;
    }
    return NULL;
}

static const char *check_list(const struct graph *g, const struct node_list *list,
                              const struct op_def *op) {
    uint32_t count = 0;
    for (const struct node *n = g->first; n != NULL; n = n->next)
        count += n->op == op;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i]->op != op)
            return fault(list->items[i], "stands in the wrong list of the graph");
        if (list->items[i]->removed || list->items[i]->graph != g)
            return fault(list->items[i], "is listed by a graph that does not hold it");
    }
    if (count != list->count)
        return arena_printf(g->arena, "graph '%s' has %" PRIu32 " %s nodes and lists %" PRIu32,
                            g->name, count, op->name, list->count);
    return NULL;
}

static const char *check_node(const struct graph *g, const struct node *n) {
    const char *wrong = check_place_in_list(g, n);
    if (wrong == NULL)
        wrong = check_ports(n);
    if (wrong == NULL)
        wrong = check_inputs(n);
    if (wrong == NULL)
        wrong = check_outputs(n);
    return wrong != NULL ? wrong : check_attrs(n);
}

const char *graph_check(struct graph *g) {
    uint32_t count = 0, reached;
    for (const struct node *n = g->first; n != NULL; n = n->next, count++) {
        const char *wrong = check_node(g, n);
        if (wrong != NULL)
            return wrong;
    }
    if (count != g->node_count)
        return arena_printf(g->arena, "graph '%s' counts %" PRIu32 " nodes and has %" PRIu32,
                            g->name, g->node_count, count);
    const char *wrong = check_list(g, &g->parameters, &op_Parameter);
    if (wrong == NULL)
        wrong = check_list(g, &g->results, &op_Result);
    if (wrong != NULL)
        return wrong;
    graph_order_reached(g, &reached);
    return reached == count ? NULL : arena_printf(g->arena, "graph '%s' has a cycle", g->name);
}
