// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/pattern.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/base/fatal.h"

static bool find(const struct match *m, const char *name, struct value **out) {
    for (uint32_t i = 0; i < m->count; i++)
        if (strcmp(m->bound[i].name, name) == 0) {
            *out = m->bound[i].value;
            return true;
        }
    return false;
}

struct value *match_value(const struct match *m, const char *name) {
    struct value *v;
    if (!find(m, name, &v))
        fatal_bug("no '%s' in a pattern", name);
    return v;
}

double match_number(const struct match *m, const char *name) {
    double number = 0;
    tensor_uniform(match_value(m, name)->constant, &number);
    return number;
}

static bool bind(struct match *m, const char *name, struct value *v) {
    struct value *old;
    if (find(m, name, &old))
        return old == v;
    if (m->count == PATTERN_BOUND)
        fatal_bug("a pattern has too many names");
    m->bound[m->count].name = name;
    m->bound[m->count++].value = v;
    return true;
}

// "#0.1666667" is what a float makes of 1/6.
static bool is_number(const struct value *v, const char *wanted) {
    double number, all;
    if (v->constant == NULL || !tensor_uniform(v->constant, &number))
        return false;
    if (wanted == NULL)
        return true;
    all = strtod(wanted, NULL);
    return fabs(number - all) <= 1e-6 * fabs(all);
}

static bool match_step(const struct pattern *p, const struct pattern_step *step, struct value *v,
                       struct match *m);

static bool match_input(const struct pattern *p, const char *name, struct value *v,
                        struct match *m) {
    if (v == NULL)
        return false;
    if (name[0] == '#')
        return is_number(v, name + 1);
    if (name[0] == '=')
        return is_number(v, NULL) && bind(m, name + 1, v);
    for (uint32_t i = 0; i < p->count; i++)
        if (strcmp(p->steps[i].name, name) == 0)
            return match_step(p, &p->steps[i], v, m);
    return bind(m, name, v);
}

static bool match_inputs(const struct pattern *p, const struct pattern_step *step,
                         const struct node *n, bool swapped, struct match *m) {
    for (uint32_t i = 0; i < PATTERN_INPUTS && step->inputs[i] != NULL; i++) {
        uint32_t from = swapped && i < 2 ? 1 - i : i;
        if (!match_input(p, step->inputs[i], node_input(n, from), m))
            return false;
    }
    return true;
}

static bool match_step(const struct pattern *p, const struct pattern_step *step, struct value *v,
                       struct match *m) {
    struct value *old;
    const struct node *n = v->producer;
    if (find(m, step->name, &old))
        return old == v;
    if (n->op != step->op || n->output_count != 1)
        return false;
    struct match before = *m;
    bool commutes = (n->op->flags & OP_COMMUTES) != 0 && n->input_count == 2;
    if (match_inputs(p, step, n, false, m))
        return bind(m, step->name, v);
    *m = before;
    if (commutes && match_inputs(p, step, n, true, m))
        return bind(m, step->name, v);
    *m = before;
    return false;
}

static bool is_step(const struct pattern *p, const struct match *m, const struct node *n) {
    struct value *v;
    for (uint32_t i = 0; i < p->count; i++)
        if (find(m, p->steps[i].name, &v) && v->producer == n)
            return true;
    return false;
}

// Nobody outside reads what is to go.
static bool is_closed(const struct pattern *p, const struct match *m) {
    for (uint32_t i = 0; i + 1 < p->count; i++) {
        VALUE_EACH_USE(match_value(m, p->steps[i].name), u) {
            if (!is_step(p, m, u->user))
                return false;
        }
    }
    return true;
}

static bool replace(const struct pattern *p, struct node *root) {
    struct match m = {.count = 0};
    struct builder b = {.graph = root->graph, .place = root->place};
    if (!match_step(p, &p->steps[p->count - 1], &root->outputs[0], &m) || !is_closed(p, &m))
        return false;
    struct value *v = p->make(&b, root, &m);
    if (v == NULL)
        return false;
    value_replace(&root->outputs[0], v);
    node_remove(root);
    return true;
}

bool patterns_replace(struct graph *g, const struct pattern *patterns, size_t count) {
    bool progress = false;
    GRAPH_EACH(g, n) {
        for (size_t i = 0; n->output_count == 1 && !n->outputs[0].poison && i < count; i++)
            if (replace(&patterns[i], n)) {
                progress = true;
                break;
            }
    }
    return progress;
}
