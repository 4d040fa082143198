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

// What dynamic_rnn makes of its sequence_length: min(steps, max(1, largest of lengths)), where
// steps may be computed. Without lengths steps stand in their place, which is steps again.
struct shortest {
    struct value *steps, *lengths; // lengths NULL: none
};

static bool read_shortest(const struct value *limit, struct shortest *out) {
    const struct node *n = limit->producer;
    double one;
    if (n->op != &op_Minimum || n->input_count != 2)
        return false;
    for (uint32_t i = 0; i < 2; i++) {
        struct value *steps = n->inputs[i].value;
        struct value *longest = other_operand(n->inputs[1 - i].value, &op_Maximum, &one);
        if (longest == NULL || one != 1)
            continue;
        bool reduces = longest->producer->op == &op_ReduceMax;
        *out = (struct shortest){steps, reduces ? longest->producer->inputs[0].value : NULL};
        return reduces || longest == steps;
    }
    return false;
}

static void take_least(struct tf_trips *trips, int64_t count) {
    if (trips->count < 0 || count < trips->count)
        trips->count = count;
}

static bool take_bound(struct tf_trips *trips, struct value *bound) {
    double number;
    if (number_of(bound, &number)) {
        take_least(trips, (int64_t)number);
        return true;
    }
    if (trips->bound != NULL && trips->bound != bound)
        return false;
    trips->bound = bound;
    return true;
}

// A limit that is computed, for a counter that counts from 0 up to it.
static bool take_limit(struct tf_trips *trips, const struct term *t) {
    struct shortest s;
    if (!read_shortest(t->limit, &s))
        return take_bound(trips, t->limit);
    if (s.lengths != NULL && trips->lengths != NULL && trips->lengths != s.lengths)
        return false;
    if (s.lengths != NULL) {
        trips->lengths = s.lengths;
        trips->counter = t->counter;
    }
    return take_bound(trips, s.steps);
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
        if (number_of(terms[i].limit, &number)) {
            int64_t most = iterations(l, &terms[i], number);
            if (most < 0)
                return unknown;
            take_least(&trips, most);
        } else if (!counts_from_zero(l, &terms[i]) || !take_limit(&trips, &terms[i])) {
            return unknown;
        }
    }
    return trips.bound != NULL && trips.count >= 0 ? unknown : trips;
}
