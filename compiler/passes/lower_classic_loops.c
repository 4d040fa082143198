// SPDX-License-Identifier: Apache-2.0
// Inputs of a TensorIterator in the order in which its body reads them, the sliced ones first.
#include "compiler/ops/loop.h"
#include "compiler/passes/lower.h"

// Place in the order of the first layer that reads a Parameter, and which of its ports.
static uint64_t first_reader(const struct node *parameter) {
    uint64_t first = UINT64_MAX;
    VALUE_EACH_USE(&parameter->outputs[0], u) {
        uint64_t rank = (uint64_t)u->user->mark << 32 | u->index;
        if (rank < first)
            first = rank;
    }
    return first;
}

struct entry {
    struct value *value;
    struct port port;
    uint64_t rank;
};

static bool before(const struct entry *a, const struct entry *b) {
    bool sliced = a->port.axis >= 0, other = b->port.axis >= 0;
    return sliced != other ? sliced : a->rank < b->rank;
}

static bool sort_entries(struct entry *entries, uint32_t count) {
    bool changed = false;
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t k = i; k > 0 && before(&entries[k], &entries[k - 1]); k--) {
            struct entry kept = entries[k];
            entries[k] = entries[k - 1];
            entries[k - 1] = kept;
            changed = true;
        }
    return changed;
}

static void write_entries(struct node *n, const struct entry *entries) {
    struct loop *a = n->attrs;
    int64_t *data = arena_array_of(n->graph->arena, a->inputs.count, int64_t);
    for (uint32_t i = 0; i < n->input_count; i++) {
        const struct port *p = &entries[i].port;
        const int64_t fields[PORT_FIELDS] = {p->place, p->axis,   p->start,
                                             p->end,   p->stride, p->part};
        for (uint32_t k = 0; k < PORT_FIELDS; k++)
            data[(size_t)i * PORT_FIELDS + k] = fields[k];
        node_set_input(n, i, entries[i].value);
    }
    a->inputs.data = data;
}

static bool order_inputs(struct node *n) {
    enum { MOST = 256 }; // sorting is plain
    const struct loop *a = n->attrs;
    struct entry *entries = arena_array_of(n->graph->arena, n->input_count, struct entry);
    uint32_t count;
    struct node **order = graph_order(a->body, &count);
    for (uint32_t i = 0; i < count; i++)
        order[i]->mark = i;
    for (uint32_t i = 0; i < n->input_count; i++) {
        struct port p = port_at(a->inputs, i);
        entries[i] =
            (struct entry){n->inputs[i].value, p, first_reader(a->body->parameters.items[p.place])};
    }
    if (n->input_count > MOST || !sort_entries(entries, n->input_count))
        return false;
    write_entries(n, entries);
    return true;
}

bool lower_classic_loops(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    GRAPH_EACH(g, n) {
        if (n->op == &op_TensorIterator && !n->outputs[0].poison)
            changed |= order_inputs(n);
    }
    return changed;
}
