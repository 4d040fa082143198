// SPDX-License-Identifier: Apache-2.0
#include "frontends/tf/trips.h"

#include <math.h>
#include <string.h>

struct term { // goes on while the counter is less than (or equal to) the limit, or greater
    uint32_t counter;
    struct value *limit;
    bool less, equal;
};

enum { TERMS_MAX = 8 };

static const struct {
    const char *op;
    bool less, equal;
} comparisons[] = {
    {"Less", true, false},
    {"LessEqual", true, true},
    {"Greater", false, false},
    {"GreaterEqual", false, true},
};

static bool number_of(const struct value *v, double *number) {
    return v != NULL && v->constant != NULL && tensor_count(v->constant) == 1 &&
           tensor_uniform(v->constant, number);
}

// One side is a counter, the other comes from outside.
static bool read_term(const struct tf_layer *l, const struct tf_node *n, struct term *t) {
    const struct tf_loop *loop = l->node->loop;
    for (size_t i = 0; n->input_count == 2 && i < sizeof comparisons / sizeof *comparisons; i++) {
        if (strcmp(n->op, comparisons[i].op) != 0)
            continue;
        uint32_t side = tf_variable_of(l->graph, loop, n->inputs[0]) == TF_NONE ? 1 : 0;
        uint32_t source = tf_source_of(l->graph, loop, n->inputs[1 - side]);
        t->counter = tf_variable_of(l->graph, loop, n->inputs[side]);
        if (t->counter == TF_NONE || source == TF_NONE || !loop->variables[t->counter].counts)
            return false;
        t->limit = l->inputs[source];
        t->less = comparisons[i].less == (side == 0);
        t->equal = comparisons[i].equal;
        uint64_t elements;
        return shape_count(&t->limit->shape, &elements) && elements == 1;
    }
    return false;
}

// The condition as terms that must all hold; false when it is something else.
static bool read_terms(const struct tf_layer *l, struct term *terms, uint32_t *count) {
    struct tf_edge stack[TERMS_MAX] = {l->node->loop->condition};
    uint32_t depth = 1;
    *count = 0;
    while (depth > 0) {
        struct tf_edge edge = tf_behind(l->graph, stack[--depth]);
        const struct tf_node *n = edge.node == TF_NONE ? NULL : &l->graph->nodes[edge.node];
        double truth;
        if (n == NULL)
            return false;
        if (tf_constant_number(l->graph, edge, &truth) && truth != 0)
            continue;
        if (strcmp(n->op, "LogicalAnd") == 0 && n->input_count == 2 && depth + 2 <= TERMS_MAX) {
            stack[depth++] = n->inputs[1];
            stack[depth++] = n->inputs[0];
        } else if (*count == TERMS_MAX || !read_term(l, n, &terms[(*count)++])) {
            return false;
        }
    }
    return *count > 0;
}

// Iterations that a term allows, from the first value of its counter on; -1: not known.
static int64_t iterations(const struct tf_layer *l, const struct term *t, double limit) {
    double start, step = (double)l->node->loop->variables[t->counter].step;
    if (!number_of(l->inputs[t->counter], &start))
        return -1;
    if (!t->less) { // counting down to the limit is counting up to its negative
        start = -start;
        limit = -limit;
        step = -step;
    }
    bool goes_on = t->equal ? start <= limit : start < limit;
    if (!goes_on)
        return 0;
    double count = t->equal ? floor((limit - start) / step) + 1 : ceil((limit - start) / step);
    return step > 0 && count < (double)INT32_MAX ? (int64_t)count : -1;
}

static bool counts_from_zero(const struct tf_layer *l, const struct term *t) {
    double start;
    return t->less && !t->equal && l->node->loop->variables[t->counter].step == 1 &&
           number_of(l->inputs[t->counter], &start) && start == 0;
}

// Of "x op number", either way round: x.
static struct value *other_operand(const struct value *v, const struct op_def *op, double *number) {
    const struct node *n = v->producer;
    if (n->op != op || n->input_count != 2)
        return NULL;
    for (uint32_t i = 0; i < 2; i++)
        if (number_of(n->inputs[i].value, number))
            return n->inputs[1 - i].value;
    return NULL;
}

// limit = min(steps, max(1, largest of lengths)): what dynamic_rnn makes of its sequence_length.
static bool by_lengths(const struct value *limit, struct tf_trips *trips, double *steps) {
    double one;
    const struct value *longest = other_operand(limit, &op_Minimum, steps);
    const struct value *largest =
        longest == NULL ? NULL : other_operand(longest, &op_Maximum, &one);
    if (largest == NULL || one != 1 || largest->producer->op != &op_ReduceMax)
        return false;
    trips->lengths = largest->producer->inputs[0].value;
    return true;
}

static void take_least(struct tf_trips *trips, int64_t count) {
    if (trips->count < 0 || count < trips->count)
        trips->count = count;
}

struct tf_trips tf_count_trips(const struct tf_layer *l) {
    static const struct tf_trips unknown = {.count = -1};
    struct tf_trips trips = unknown;
    struct term terms[TERMS_MAX];
    uint32_t count;
    double number;
    if (!read_terms(l, terms, &count))
        return unknown;
    for (uint32_t i = 0; i < count; i++) {
        struct value *limit = terms[i].limit;
        if (number_of(limit, &number)) {
            int64_t most = iterations(l, &terms[i], number);
            if (most < 0)
                return unknown;
            take_least(&trips, most);
        } else if (!counts_from_zero(l, &terms[i])) {
            return unknown;
        } else if (trips.lengths == NULL && by_lengths(limit, &trips, &number)) {
            trips.counter = terms[i].counter;
            take_least(&trips, (int64_t)number);
        } else if (trips.bound == NULL || trips.bound == limit) {
            trips.bound = limit;
        } else {
            return unknown;
        }
    }
    return trips.bound != NULL && (trips.count >= 0 || trips.lengths != NULL) ? unknown : trips;
}
