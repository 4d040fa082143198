// SPDX-License-Identifier: Apache-2.0
// A while loop becomes a TensorIterator where it counts and something is read or written once an
// iteration, else a Loop.
//
// The body has Parameters for what an iteration needs alone, so variables that serve the condition
// only vanish where the number of iterations is known. Constants stand in the body itself.
#include <string.h>

#include "compiler/ops/data.h"
#include "compiler/ops/elementwise.h"
#include "compiler/ops/loop.h"
#include "compiler/ops/movement.h"
#include "frontends/tf/scope.h"
#include "frontends/tf/tensor_arrays.h"
#include "frontends/tf/trips.h"

struct state { // of a variable, in the loop that is being made
    bool active;
    bool joined;             // an array of which each iteration writes one element, in order
    struct value *initial;   // outside
    struct value *parameter; // inside
    struct value *next;      // what an iteration leaves
    struct port port;        // joined
};

// What was learnt from making the loop, which is then made again.
struct plan {
    struct tf_trips trips;
    struct value **initial; // by variable: another first value than the one that enters, or NULL
    bool *carried;          // by variable: an array that cannot be joined
};

struct run {
    struct tf_layer *l;
    const struct tf_loop *loop;
    struct plan *plan;
    struct tf_trips trips; // count and bound unknown: the condition decides
    struct builder inside;
    struct tf_scope body, test;
    struct state *states;
    uint32_t *queue, queued, done; // variables whose next value is to be imported
    struct value **sources;        // inside, by source
    struct value **slices;         // inside, by place in loop->nodes, of reads
    struct value **inputs;         // of the node that is being made
    int64_t *map;
    uint32_t input_count, input_capacity;
    bool sliced;
};

static const char *inside_name(struct run *r, const char *base, const char *suffix) {
    return build_name(&r->inside, base, suffix);
}

// --- inputs --------------------------------------------------------------------------------------

static void set_port(int64_t *map, uint32_t place, const struct port *port) {
    const int64_t fields[PORT_FIELDS] = {place,     port->axis,   port->start,
                                         port->end, port->stride, port->part};
    memcpy(map, fields, sizeof fields);
}

static struct value *add_input(struct run *r, const char *name, struct value *from,
                               struct shape shape, const struct port *port) {
    if (r->input_count == r->input_capacity) {
        uint32_t capacity = 2 * r->input_capacity + 8;
        struct value **inputs = arena_array_of(r->l->arena, capacity, struct value *);
        int64_t *map = arena_array_of(r->l->arena, (size_t)capacity * PORT_FIELDS, int64_t);
        if (r->input_count > 0) {
            memcpy(inputs, r->inputs, r->input_count * sizeof *inputs);
            memcpy(map, r->map, (size_t)r->input_count * PORT_FIELDS * sizeof *map);
        }
        r->inputs = inputs;
        r->map = map;
        r->input_capacity = capacity;
    }
    set_port(r->map + (size_t)r->input_count * PORT_FIELDS, r->inside.graph->parameters.count,
             port);
    r->inputs[r->input_count++] = from;
    return build_parameter(r->inside.graph, name, from->type, shape, &r->inside.place);
}

static const struct port whole = {.axis = -1};

static struct value *source_inside(void *owner, uint32_t index) {
    struct run *r = owner;
    struct value *v = r->l->inputs[index], **slot = &r->sources[index];
    const char *name = r->l->graph->nodes[r->loop->sources[index].node].name;
    if (*slot == NULL)
        *slot = v->constant != NULL ? build_constant(&r->inside, v->producer->name, v->constant)
                                    : add_input(r, name, v, v->shape, &whole);
    return *slot;
}

// The variable at the beginning of an iteration.
static struct value *variable_inside(void *owner, uint32_t index) {
    struct run *r = owner;
    struct state *s = &r->states[index];
    const struct tf_variable *v = &r->loop->variables[index];
    if (!s->active) {
        s->active = true;
        r->queue[r->queued++] = index;
        if (s->initial->constant != NULL) // an input of its own, named as the value that enters
            s->initial = build_constant(&r->l->builder, r->l->graph->nodes[v->enter].name,
                                        s->initial->constant);
        s->parameter =
            add_input(r, r->l->graph->nodes[v->merge].name, s->initial, s->initial->shape, &whole);
    }
    return s->parameter;
}

// --- elements that an iteration reads ------------------------------------------------------------

// The rows that reading or writing at a counter walks over, forwards or backwards.
struct walk {
    int64_t first, count, stride; // count -1: all that there are
};

static bool rows_walked(const struct run *r, uint32_t variable, int64_t rows, struct walk *walk) {
    const struct tf_variable *v = &r->loop->variables[variable];
    double start = 0;
    if (!v->counts || (v->step != 1 && v->step != -1) ||
        r->states[variable].initial->constant == NULL ||
        !tensor_uniform(r->states[variable].initial->constant, &start))
        return false;
    *walk = (struct walk){0, -1, v->step};
    if (r->trips.count < 0)
        return r->trips.bound != NULL && rows == DIM_UNKNOWN && start == 0 && v->step == 1;
    if (rows == DIM_UNKNOWN || start < 0 || start >= (double)rows || r->trips.count > rows)
        return false;
    walk->count = r->trips.count;
    walk->first = v->step > 0 ? (int64_t)start : (int64_t)start - walk->count + 1;
    return walk->first >= 0 && walk->first + walk->count <= rows;
}

static struct port port_of(const struct walk *walk) {
    struct port forwards = {.axis = 0, .start = 0, .end = -1, .stride = 1, .part = 1};
    struct port backwards = {.axis = 0, .start = -1, .end = 0, .stride = -1, .part = 1};
    return walk->stride > 0 ? forwards : backwards;
}

// The rows alone: runtimes do not all heed where a port starts and ends.
static struct value *cut_rows(struct run *r, const char *name, struct value *content,
                              const struct walk *walk) {
    struct builder *b = &r->l->builder;
    if (walk->count < 0 || walk->count == content->shape.dims[0])
        return content;
    const int64_t begin = walk->first, end = walk->first + walk->count, step = 1;
    name = build_name(b, name, "rows");
    struct value *inputs[] = {content, build_i64(b, build_name(b, name, "begin"), 1, &begin),
                              build_i64(b, build_name(b, name, "end"), 1, &end),
                              build_i64(b, build_name(b, name, "step"), 1, &step)};
    struct node *n = build_node(b, &op_StridedSlice, name, 4, inputs);
    struct strided_slice *a = n->attrs;
    a->begin_mask = a->end_mask = ints_copy(r->l->arena, (const int64_t[]){0}, 1);
    node_finish(n);
    return &n->outputs[0];
}

// An axis 0 of one element taken away or put before; `dims` are those behind it. As a Reshape where
// that can be written.
static struct value *reshape_row(struct run *r, const char *name, struct value *v, bool away,
                                 const struct shape *row) {
    int64_t dims[SHAPE_MAX_RANK + 1] = {1};
    uint32_t at = away ? 0 : 1;
    bool known = row->rank >= 0;
    for (int32_t i = 0; i < row->rank; i++) {
        dims[at++] = i == 0 ? -1 : row->dims[i]; // the batch may be another one
        known &= i == 0 || row->dims[i] > 0;
    }
    if (known)
        return build_reshape(&r->inside, name, v, at, dims);
    struct value *axis =
        build_i64(&r->inside, inside_name(r, name, "axis"), 1, (const int64_t[]){0});
    return build_op2(&r->inside, away ? &op_Squeeze : &op_Unsqueeze, name, v, axis);
}

static struct value *slice(struct run *r, const struct tf_node *read, struct value *content,
                           const struct port *port) {
    struct shape part = content->shape, row = content->shape;
    part.dims[0] = 1;
    row.rank--;
    memmove(row.dims, row.dims + 1, (size_t)row.rank * sizeof *row.dims);
    r->sliced = true;
    struct value *v = add_input(r, inside_name(r, read->name, "slice"), content, part, port);
    return reshape_row(r, inside_name(r, read->name, "Output_0/Data_/InputSqueeze"), v, true, &row);
}

// A read of an array from outside at a counter.
static struct value *read_instead(void *owner, uint32_t node) {
    struct run *r = owner;
    const struct tf_graph *g = r->l->graph;
    const struct tf_node *n = &g->nodes[node];
    struct walk walk;
    if (strncmp(n->op, "TensorArrayRead", 15) != 0 || n->input_count != 3)
        return NULL;
    uint32_t place = tf_loop_place(r->loop, node);
    if (r->slices[place] != NULL)
        return r->slices[place];
    uint32_t flow = tf_source_of(g, r->loop, n->inputs[2]);
    uint32_t index = tf_variable_of(g, r->loop, n->inputs[1]);
    if (flow == TF_NONE || index == TF_NONE || r->l->inputs[flow]->shape.rank < 1)
        return NULL;
    struct value *content = r->l->inputs[flow];
    if (!rows_walked(r, index, content->shape.dims[0], &walk))
        return NULL;
    struct port port = port_of(&walk);
    r->slices[place] = slice(r, n, cut_rows(r, n->name, content, &walk), &port);
    return r->slices[place];
}

// --- elements that an iteration writes -----------------------------------------------------------

// The write that makes a variable's next value, when that is all that happens to it.
static const struct tf_node *only_write(const struct run *r, uint32_t index) {
    const struct tf_graph *g = r->l->graph;
    const struct tf_loop *loop = r->loop;
    struct tf_edge edge = tf_behind(g, g->nodes[loop->variables[index].next].inputs[0]);
    const struct tf_node *n = edge.node == TF_NONE ? NULL : &g->nodes[edge.node];
    if (n == NULL || strncmp(n->op, "TensorArrayWrite", 16) != 0 || n->input_count != 4 ||
        tf_variable_of(g, loop, n->inputs[3]) != index)
        return NULL;
    return n;
}

// Every element of the array is written once, in order or backwards.
static bool fills(const struct run *r, const struct tf_node *write, struct port *port) {
    const struct tf_graph *g = r->l->graph;
    uint32_t counter = tf_variable_of(g, r->loop, write->inputs[1]);
    uint32_t handle = tf_source_of(g, r->loop, write->inputs[0]);
    struct walk walk = {0, -1, 1};
    double size;
    if (counter == TF_NONE || handle == TF_NONE)
        return false;
    const struct value *v = r->l->inputs[handle];
    uint32_t maker = tf_array_maker(g, write->inputs[0]);
    if (maker != TF_NONE && tf_attr_bool(&g->nodes[maker], "dynamic_size", false)) {
        // It grows to what is written. (Starting at 0, one after the other.)
        const struct value *first = r->states[counter].initial;
        *port = port_of(&walk);
        return r->loop->variables[counter].counts && r->loop->variables[counter].step == 1 &&
               first->constant != NULL && tensor_uniform(first->constant, &size) && size == 0;
    }
    bool all;
    if (r->trips.count < 0)
        all = r->trips.bound == v && rows_walked(r, counter, DIM_UNKNOWN, &walk);
    else
        all = v->constant != NULL && tensor_uniform(v->constant, &size) &&
              size == (double)r->trips.count && rows_walked(r, counter, (int64_t)size, &walk);
    *port = port_of(&walk);
    return all;
}

static void join(struct run *r, uint32_t index, const struct tf_node *write) {
    struct state *s = &r->states[index];
    struct value *element = tf_scope_value(&r->body, write->inputs[2]);
    s->joined = true;
    s->next = element;
    if (element->poison)
        return;
    const char *name = inside_name(r, element->producer->name, "Output_0/Data_/OutputUnsqueeze");
    s->next = reshape_row(r, name, element, false, &element->shape);
}

// --- variables -----------------------------------------------------------------------------------

static void import_next(struct run *r) {
    while (r->done < r->queued) {
        uint32_t index = r->queue[r->done++];
        const struct tf_node *next = &r->l->graph->nodes[r->loop->variables[index].next];
        r->states[index].next = tf_scope_value(&r->body, next->inputs[0]);
    }
}

// The variable at the end of an iteration, for the condition.
static struct value *variable_after(void *owner, uint32_t index) {
    struct run *r = owner;
    variable_inside(r, index);
    import_next(r);
    return r->states[index].next;
}

// Variables are the first sources.
static struct value *input_outside(void *owner, uint32_t index) {
    return ((struct run *)owner)->l->inputs[index];
}

static bool counts_up(const struct run *r) {
    return r->trips.lengths == NULL && (r->trips.count >= 0 || r->trips.bound != NULL);
}

// Whether where a counter ends is known before the loop runs.
static bool ends_known(const struct run *r, uint32_t index) {
    const struct tf_variable *v = &r->loop->variables[index];
    const struct tensor *start = r->l->inputs[index]->constant;
    double first;
    return v->counts && counts_up(r) && start != NULL && tensor_uniform(start, &first) &&
           (r->trips.count >= 0 || (first == 0 && v->step == 1));
}

static struct value *counter_end(struct run *r, uint32_t index) {
    const struct tf_variable *v = &r->loop->variables[index];
    const char *name = r->l->graph->nodes[v->exit].name;
    const struct value *start = r->l->inputs[index];
    double end = 0;
    if (r->trips.count < 0)
        return build_convert(r->l->builder.graph, name, r->trips.bound, start->type);
    tensor_uniform(start->constant, &end);
    end += (double)r->trips.count * (double)v->step;
    return build_constant(&r->l->builder, name,
                          tensor_splat(r->l->arena, start->type, start->shape, end));
}

static bool is_left(const struct run *r, uint32_t index) {
    return index < r->l->output_count && r->loop->variables[index].exit != TF_NONE;
}

static bool leaves(const struct run *r, uint32_t index) {
    return is_left(r, index) && !ends_known(r, index);
}

static void import_variables(struct run *r) {
    for (uint32_t i = 0; i < r->loop->variable_count; i++) {
        struct state *s = &r->states[i];
        const struct tf_node *write = leaves(r, i) ? only_write(r, i) : NULL;
        if (write != NULL && !r->plan->carried[i] && fills(r, write, &s->port))
            join(r, i, write);
        else if (leaves(r, i))
            variable_inside(r, i);
    }
    import_next(r);
}

// --- lengths of sequences ------------------------------------------------------------------------

// Whether a condition is "the counter has reached the length", for each row.
static bool is_past_end(const struct run *r, const struct value *v) {
    const struct node *n = v->producer;
    if (n->op == &op_Reshape || n->op == &op_Unsqueeze)
        n = n->inputs[0].value->producer;
    if (n->op != &op_GreaterEqual || n->inputs[0].value != r->states[r->trips.counter].parameter)
        return false;
    for (uint32_t i = r->loop->variable_count; i < r->loop->source_count; i++)
        if (r->sources[i] == n->inputs[1].value)
            return r->l->inputs[i] == r->trips.lengths;
    return false;
}

// Zeros, which come from outside where their number is computed.
static bool is_zero(const struct run *r, const struct value *v) {
    double number;
    for (uint32_t i = r->loop->variable_count; i < r->loop->source_count; i++)
        if (r->sources[i] == v)
            v = r->l->inputs[i];
    if (v->producer->op == &op_Broadcast)
        v = v->producer->inputs[0].value;
    return v->constant != NULL && tensor_uniform(v->constant, &number) && number == 0;
}

// Behind the last length nothing changes any more, so it does no harm to go on.
static bool stands_still(const struct run *r) {
    for (uint32_t i = 0; i < r->loop->variable_count; i++) {
        const struct state *s = &r->states[i];
        if (!s->active && !s->joined)
            continue;
        if (r->loop->variables[i].counts && !leaves(r, i))
            continue;
        const struct node *n = s->next->producer;
        if (s->joined && (n->op == &op_Reshape || n->op == &op_Unsqueeze))
            n = n->inputs[0].value->producer;
        if (n->op != &op_Select || !is_past_end(r, n->inputs[0].value) ||
            (s->joined ? !is_zero(r, n->inputs[1].value) : n->inputs[1].value != s->parameter))
            return false;
    }
    return true;
}

// --- the node ------------------------------------------------------------------------------------

static bool counts(const struct run *r) {
    return r->trips.count >= 0 || r->trips.bound != NULL;
}

// The condition before the first iteration.
static struct value *condition_outside(struct run *r) {
    struct tf_scope outside;
    tf_scope_init(&outside, r->l->graph, r->loop, r->l->builder.graph, r);
    outside.variable = outside.source = input_outside;
    return tf_scope_value(&outside, r->loop->condition);
}

static void add_loop_inputs(struct run *r, struct node *n) {
    struct builder *b = &r->l->builder;
    const char *trips = tf_name(r->l, "trip_count");
    const struct tensor *yes = tensor_splat(b->graph->arena, DT_BOOL, shape_scalar(), 1);
    node_add_input(n, r->trips.count < 0 && r->trips.bound != NULL
                          ? build_convert(b->graph, trips, r->trips.bound, DT_I64)
                          : build_i64_scalar(b, trips, r->trips.count));
    node_add_input(n, counts(r) ? build_constant(b, tf_name(r->l, "condition"), yes)
                                : condition_outside(r));
}

static uint32_t add_result(struct run *r, const char *name, struct value *v) {
    build_result(r->inside.graph, name, v);
    return r->inside.graph->results.count - 1;
}

static int64_t place_of(const struct graph *body, const struct value *parameter) {
    for (uint32_t i = 0; i < body->parameters.count; i++)
        if (body->parameters.items[i] == parameter->producer)
            return i;
    return -1;
}

// Results of the body, what goes back to its Parameters, and what leaves the loop.
static void set_maps(struct run *r, struct node *n) {
    struct arena *arena = r->l->arena;
    struct loop *a = n->attrs;
    uint32_t count = r->loop->variable_count, outputs = 0, edges = 0;
    int64_t *map = arena_array_of(arena, (size_t)count * PORT_FIELDS, int64_t);
    int64_t *back = arena_array_of(arena, (size_t)2 * count, int64_t);
    for (uint32_t i = 0; i < count; i++) {
        const struct state *s = &r->states[i];
        if (!s->active && !s->joined)
            continue;
        const char *name = r->l->graph->nodes[r->loop->variables[i].next].name;
        uint32_t place = add_result(r, name, s->next);
        if (s->active) {
            back[edges++] = place;
            back[edges++] = place_of(r->inside.graph, s->parameter);
        }
        if (leaves(r, i))
            set_port(map + (size_t)PORT_FIELDS * outputs++, place, s->joined ? &s->port : &whole);
    }
    a->body = r->inside.graph;
    a->inputs = ints_copy(arena, r->map, r->input_count * PORT_FIELDS);
    a->outputs = ints_copy(arena, map, outputs * PORT_FIELDS);
    a->back_edges = ints_copy(arena, back, edges);
    node_set_output_count(n, outputs);
}

static void set_condition(struct run *r, struct node *n) {
    const struct tensor *yes = tensor_splat(r->l->arena, DT_BOOL, shape_scalar(), 1);
    struct value *v = counts(r) ? build_constant(&r->inside, tf_name(r->l, "condition"), yes)
                                : tf_scope_value(&r->test, r->loop->condition);
    ((struct loop *)n->attrs)->condition = add_result(r, r->l->name, v);
}

// Of variables that end as they must; what no output is read of is handed through.
static void set_known_ends(struct run *r) {
    for (uint32_t i = 0; i < r->l->output_count; i++)
        r->l->outputs[i] = is_left(r, i) && ends_known(r, i) ? counter_end(r, i) : r->l->inputs[i];
}

static bool anything_leaves(const struct run *r) {
    for (uint32_t i = 0; i < r->loop->variable_count; i++)
        if (leaves(r, i))
            return true;
    return false;
}

static void make_node(struct run *r) {
    set_known_ends(r);
    if (!anything_leaves(r))
        return;
    bool iterator = counts(r) && r->sliced;
    const char *name =
        iterator ? tf_name(r->l, "TensorIteratorCondition_/TensorIterator") : r->l->name;
    struct node *n = node_new(r->l->builder.graph, iterator ? &op_TensorIterator : &op_Loop, name,
                              &r->l->builder.place);
    if (!iterator)
        add_loop_inputs(r, n);
    if (!iterator)
        set_condition(r, n); // it may need more variables
    set_maps(r, n);
    for (uint32_t i = 0; i < r->input_count; i++)
        node_add_input(n, r->inputs[i]);
    node_finish(n);
    uint32_t at = 0;
    for (uint32_t i = 0; i < r->l->output_count; i++)
        if (leaves(r, i))
            r->l->outputs[i] = &n->outputs[at++];
}

// --- the whole -----------------------------------------------------------------------------------

// Learns from a body that was imported. True when another one must be.
static bool learn(struct run *r) {
    struct plan *plan = r->plan;
    bool again = false;
    for (uint32_t i = 0; i < r->loop->variable_count; i++) {
        struct state *s = &r->states[i];
        if (s->joined && s->active) {
            plan->carried[i] = again = true;
        } else if (s->active && plan->initial[i] == NULL && tf_array_is_blank(s->initial) &&
                   s->next->shape.rank > 0 && shape_is_static(&s->next->shape) &&
                   tf_is_flow(r->l->graph,
                              r->l->graph->nodes[r->loop->variables[i].next].inputs[0])) {
            const struct tensor *zeros =
                tensor_splat(r->l->arena, s->next->type, s->next->shape, 0);
            plan->initial[i] = build_constant(
                &r->l->builder, r->l->graph->nodes[r->loop->variables[i].enter].name, zeros);
            again = true;
        }
    }
    if (!again && plan->trips.lengths != NULL && !stands_still(r)) {
        plan->trips = (struct tf_trips){.count = -1};
        again = true;
    }
    return again;
}

static bool has_poison(const struct run *r) {
    for (uint32_t i = 0; i < r->loop->variable_count; i++)
        if (r->states[i].next != NULL && r->states[i].next->poison)
            return true;
    return false;
}

static void run_init(struct run *r, struct tf_layer *l, struct plan *plan) {
    const struct tf_loop *loop = l->node->loop;
    *r = (struct run){.l = l, .loop = loop, .plan = plan, .trips = plan->trips};
    r->inside = l->builder;
    r->inside.graph = graph_new(l->arena, l->builder.graph->diag, l->name);
    r->inside.graph->outer = l->builder.graph;
    r->states = arena_array_of(l->arena, loop->variable_count, struct state);
    r->queue = arena_array_of(l->arena, loop->variable_count, uint32_t);
    r->sources = arena_array_of(l->arena, loop->source_count, struct value *);
    r->slices = arena_array_of(l->arena, loop->node_count, struct value *);
    for (uint32_t i = 0; i < loop->variable_count; i++)
        r->states[i].initial = plan->initial[i] != NULL ? plan->initial[i] : l->inputs[i];
    tf_scope_init(&r->body, l->graph, loop, r->inside.graph, r);
    r->body.variable = variable_inside;
    r->body.source = source_inside;
    r->body.instead = read_instead;
    tf_scope_init(&r->test, l->graph, loop, r->inside.graph, r);
    r->test.variable = variable_after;
    r->test.source = source_inside;
}

// Loops around this one.
static unsigned nesting(const struct tf_layer *l) {
    unsigned depth = 0;
    for (const struct graph *g = l->builder.graph->outer; g != NULL; g = g->outer)
        depth++;
    return depth;
}

void tf_while(struct tf_layer *l) {
    enum { NESTING_MAX = 8, ATTEMPTS_MAX = 5 };
    const struct tf_loop *loop = l->node->loop;
    if (loop == NULL || nesting(l) >= NESTING_MAX) {
        tf_fail(l, TF_LOOP, l->name,
                loop == NULL ? "nothing enters the loop" : "it is nested too deeply");
        return;
    }
    struct plan plan = {.trips = tf_count_trips(l),
                        .initial = arena_array_of(l->arena, loop->variable_count, struct value *),
                        .carried = arena_array_of(l->arena, loop->variable_count, bool)};
    if (plan.trips.count == 0) {
        for (uint32_t i = 0; i < l->output_count && i < loop->variable_count; i++)
            l->outputs[i] = l->inputs[i];
        return;
    }
    struct run r;
    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        run_init(&r, l, &plan);
        import_variables(&r);
        if (has_poison(&r))
            return;
        if (!learn(&r))
            break;
    }
    make_node(&r);
}
