// SPDX-License-Identifier: Apache-2.0
// graph_check finds every invariant that is broken by hand.
#include "tests/unit/base_support.h"

#include "compiler/ops/build.h"
#include "compiler/ops/data.h"
#include "compiler/ops/loop.h"
#include "compiler/ops/movement.h"

// a, b -> sum = Add(a, b) -> relu -> out/sink; k = Constant
struct parts {
    struct graph *g, *other;
    struct node *a, *b, *sum, *relu, *out, *k, *stranger;
};

static struct parts make(struct arena *arena) {
    struct builder b = {.graph = graph_new(arena, diag_new(arena), "g")};
    struct builder o = {.graph = graph_new(arena, b.graph->diag, "other")};
    struct value *x = build_parameter(b.graph, "a", DT_F32, SHAPE(2, 3), NULL);
    struct value *y = build_parameter(b.graph, "b", DT_F32, SHAPE(2, 3), NULL);
    struct value *sum = build_op2(&b, &op_Add, "sum", x, y);
    struct value *relu = build_op1(&b, &op_ReLU, "relu", sum);
    struct node *out = build_result(b.graph, "out", relu);
    struct value *k = build_i64(&b, "k", 2, (const int64_t[]){1, 2});
    struct value *z = build_parameter(o.graph, "z", DT_F32, SHAPE(2, 3), NULL);
    return (struct parts){.g = b.graph,
                          .other = o.graph,
                          .a = x->producer,
                          .b = y->producer,
                          .sum = sum->producer,
                          .relu = relu->producer,
                          .out = out,
                          .k = k->producer,
                          .stranger = z->producer};
}

typedef void break_function(struct parts *p);

static void another_graph(struct parts *p) {
    p->relu->graph = p->other;
}
static void removed_in_list(struct parts *p) {
    p->relu->removed = true;
}
static void id_twice(struct parts *p) {
    p->relu->id = p->sum->id;
}
static void id_too_large(struct parts *p) {
    p->k->id = p->g->next_id;
}
static void link_broken(struct parts *p) {
    p->relu->prev = p->a;
}
static void inputs_missing(struct parts *p) {
    node_remove_input(p->sum, 1);
}
static void input_absent(struct parts *p) {
    node_set_input(p->relu, 0, NULL);
}
static void inputs_too_many(struct parts *p) {
    node_add_input(p->relu, &p->a->outputs[0]);
}
static void outputs_missing(struct parts *p) {
    p->out->outputs = NULL;
}
static void outputs_too_many(struct parts *p) {
    p->relu->output_count = 0;
}
static void use_of_another_port(struct parts *p) {
    node_set_input(p->relu, 0, &p->k->outputs[0]);
    p->relu->inputs[0].index = 1;
}
static void use_moved(struct parts *p) {
    p->sum->inputs[1].index = 0;
}
static void use_not_listed(struct parts *p) {
    p->a->outputs[0].first_use = NULL;
    p->a->outputs[0].last_use = NULL;
}
static void use_listed_elsewhere(struct parts *p) {
    p->sum->inputs[0].value = &p->b->outputs[0];
}
static void use_of_no_input(struct parts *p) {
    static struct use stray;
    stray = (struct use){.value = &p->k->outputs[0], .user = p->relu, .index = 0};
    p->k->outputs[0].first_use = &stray;
}
static void reads_removed(struct parts *p) {
    p->b->removed = true;
    p->b->prev->next = p->b->next;
    p->b->next->prev = p->b->prev;
}
static void reads_another_graph(struct parts *p) {
    node_set_input(p->relu, 0, &p->stranger->outputs[0]);
}
static void output_of_another(struct parts *p) {
    p->relu->outputs[0].producer = p->sum;
}
static void no_type(struct parts *p) {
    p->relu->outputs[0].type = DT_UNKNOWN;
}
static void negative_dimension(struct parts *p) {
    p->relu->outputs[0].shape.dims[0] = -2;
}
static void impossible_rank(struct parts *p) {
    p->relu->outputs[0].shape.rank = SHAPE_MAX_RANK + 1;
}
static void constant_lost(struct parts *p) {
    p->k->outputs[0].constant = NULL;
}
static void constant_of_another_type(struct parts *p) {
    p->k->outputs[0].type = DT_I32;
}
static void constant_of_another_shape(struct parts *p) {
    p->k->outputs[0].shape = SHAPE(3);
}
static void attribute_is_null(struct parts *p) {
    ((struct parameter *)p->a->attrs)->layout = NULL;
}
static void attribute_no_type(struct parts *p) {
    ((struct parameter *)p->a->attrs)->element_type = DT_COUNT;
}
static void count_wrong(struct parts *p) {
    p->g->node_count++;
}
static void parameter_not_listed(struct parts *p) {
    p->g->parameters.count = 1;
}
static void result_in_wrong_list(struct parts *p) {
    p->g->parameters.items[0] = p->out;
}
static void foreign_parameter(struct parts *p) {
    p->g->parameters.items[1] = p->stranger;
}
static void cycle(struct parts *p) {
    node_set_input(p->sum, 0, &p->relu->outputs[0]);
}

static const struct {
    const char *name;
    break_function *broken;
    const char *expected; // part of the message
} breaks[] = {
#define BREAK(function, expected)                                                                  \
    { #function, function, expected }
    BREAK(another_graph, "'relu' (ReLU, id 3): belongs to another graph"),
    BREAK(removed_in_list, "is removed and still in the list"),
    BREAK(id_twice, "has an id out of order"),
    BREAK(id_too_large, "has an id out of order"),
    BREAK(link_broken, "is not linked with its neighbours"),
    BREAK(inputs_missing, "'sum' (Add, id 2): has a wrong number of inputs"),
    BREAK(input_absent, "lacks an input that is not optional"),
    BREAK(inputs_too_many, "has a wrong number of inputs"),
    BREAK(outputs_missing, "was never finished"),
    BREAK(outputs_too_many, "has a wrong number of outputs"),
    BREAK(use_of_another_port, "has an input record that names another port"),
    BREAK(use_moved, "'b' (Parameter, id 1): lists a use that is no input"),
    BREAK(use_not_listed, "reads a value that does not list the use"),
    BREAK(use_listed_elsewhere, "lists a use of another value"),
    BREAK(use_of_no_input, "lists a use that is no input"),
    BREAK(reads_removed, "reads an output of a removed node"),
    BREAK(reads_another_graph, "reads a value of another graph"),
    BREAK(output_of_another, "has an output that names another port"),
    BREAK(no_type, "has an output without an element type"),
    BREAK(negative_dimension, "has an output with a negative dimension"),
    BREAK(impossible_rank, "has an output of impossible rank"),
    BREAK(constant_lost, "'k' (Constant, id 5): has no tensor"),
    BREAK(constant_of_another_type, "has a constant of another element type"),
    BREAK(constant_of_another_shape, "has a constant of another shape"),
    BREAK(attribute_is_null, "attribute 'layout' is NULL"),
    BREAK(attribute_no_type, "attribute 'element_type' is no element type"),
    BREAK(count_wrong, "counts 7 nodes and has 6"),
    BREAK(parameter_not_listed, "has 2 Parameter nodes and lists 1"),
    BREAK(result_in_wrong_list, "stands in the wrong list of the graph"),
    BREAK(foreign_parameter, "is listed by a graph that does not hold it"),
    BREAK(cycle, "has a cycle"),
};

static void test_each_break_is_found(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(breaks); i++) {
        struct arena *arena = arena_new();
        struct parts p = make(arena);
        assert_null(graph_check(p.g));
        breaks[i].broken(&p);
        const char *fault = graph_check(p.g);
        if (fault == NULL)
            fail_msg("%s is not found", breaks[i].name);
        else if (strstr(fault, breaks[i].expected) == NULL)
            fail_msg("%s gives: %s", breaks[i].name, fault);
        arena_free(arena);
    }
}

static void test_a_body_is_checked_too(void **state) {
    (void)state;
    static const char text[] = "x = Parameter() {shape=[2,7]} : f32[2,7]\n"
                               "ti = TensorIterator(x) {inputs=[0,1,0,-1,1,1],"
                               " outputs=[0,1,0,-1,1,1], body={\n"
                               "  xi = Parameter() : f32[...]\n"
                               "  y = ReLU(xi)\n"
                               "  y/sink = Result(y)\n"
                               "}} : f32[2,7]\n";
    struct arena *arena = arena_new();
    struct graph *g = graph_parse(arena, diag_new(arena), "test", slice_of(text, sizeof text - 1));
    assert_non_null(g);
    assert_null(graph_check(g));
    struct graph *body = ((struct loop *)g->last->attrs)->body;
    assert_ptr_equal(body->outer, g);
    body->last->inputs[0].index = 1;
    assert_non_null(strstr(graph_check(g), "'y' (ReLU, id 1): lists a use that is no input"));
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_break_is_found),
        cmocka_unit_test(test_a_body_is_checked_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
