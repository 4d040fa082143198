// SPDX-License-Identifier: Apache-2.0
// Making, connecting, replacing, removing and walking.
#include "tests/unit/base_support.h"

#include "compiler/base/strbuf.h"
#include "compiler/ops/build.h"
#include "compiler/ops/data.h"
#include "compiler/ops/movement.h"

struct fixture {
    struct arena *arena;
    struct diag *diag;
    struct builder b;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    f->arena = arena_new();
    f->diag = diag_new(f->arena);
    f->b.graph = graph_new(f->arena, f->diag, "test");
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    arena_free(f->arena);
    free(f);
    return 0;
}

static struct value *input(struct fixture *f, const char *name) {
    return build_parameter(f->b.graph, name, DT_F32, SHAPE(2, 3), NULL);
}

static void assert_sound(struct graph *g) {
    const char *fault = graph_check(g);
    if (fault != NULL)
        fail_msg("%s", fault);
}

// Users of a value as "name:port name:port".
static void assert_uses(const struct value *v, const char *expected) {
    struct strbuf text = STRBUF_INIT;
    for (const struct use *u = v->first_use; u != NULL; u = u->next)
        strbuf_printf(&text, "%s%s:%u", text.length > 0 ? " " : "", u->user->name, u->index);
    assert_string_equal(text.data, expected);
    strbuf_free(&text);
}

static void assert_order(struct graph *g, const char *expected) {
    struct strbuf text = STRBUF_INIT;
    uint32_t count;
    struct node **order = graph_order(g, &count);
    for (uint32_t i = 0; i < count; i++)
        strbuf_printf(&text, "%s%s", i > 0 ? " " : "", order[i]->name);
    assert_string_equal(text.data, expected);
    strbuf_free(&text);
}

static void test_inputs_grow_and_keep_their_uses(void **state) {
    struct fixture *f = *state;
    struct value *a = input(f, "a"), *b = input(f, "b");
    struct node *concat = build_node(&f->b, &op_Concat, "c", 0, NULL);
    for (int i = 0; i < 9; i++)
        node_add_input(concat, i % 2 == 0 ? a : b);
    ((struct concat *)concat->attrs)->axis = 0;
    assert_true(node_finish(concat));
    assert_uses(a, "c:0 c:2 c:4 c:6 c:8");
    assert_uses(b, "c:1 c:3 c:5 c:7");
    assert_int_equal(concat->outputs[0].shape.dims[0], 18);
    assert_sound(f->b.graph);
}

static void test_removing_an_input_moves_the_rest(void **state) {
    struct fixture *f = *state;
    struct value *a = input(f, "a"), *b = input(f, "b");
    struct value *c = build_concat(&f->b, "c", 0, 4, (struct value *[]){a, b, a, b});
    node_remove_input(c->producer, 1);
    assert_uses(a, "c:0 c:1");
    assert_uses(b, "c:2");
    assert_true(node_infer(c->producer));
    assert_int_equal(c->shape.dims[0], 6);
    assert_sound(f->b.graph);
}

static void test_setting_an_input(void **state) {
    struct fixture *f = *state;
    struct value *a = input(f, "a"), *b = input(f, "b");
    struct value *sum = build_op2(&f->b, &op_Add, "sum", a, a);
    node_set_input(sum->producer, 0, b);
    assert_uses(a, "sum:1");
    assert_uses(b, "sum:0");
    assert_ptr_equal(value_only_user(a), sum->producer);
    assert_sound(f->b.graph);
}

static void test_replacing_moves_uses_and_names(void **state) {
    struct fixture *f = *state;
    struct value *a = input(f, "a"), *relu = build_op1(&f->b, &op_ReLU, "r", a);
    struct value *sum = build_op2(&f->b, &op_Add, "sum", relu, relu);
    build_result(f->b.graph, "out", relu);
    value_add_name(relu, "again");
    value_add_name(a, "first");
    value_add_name(a, "out");
    value_replace(relu, a);
    assert_uses(relu, "");
    assert_uses(a, "r:0 sum:0 sum:1 out/sink:0");
    assert_null(relu->names);
    assert_string_equal(a->names->name, "first");
    assert_string_equal(a->names->next->name, "out");
    assert_string_equal(a->names->next->next->name, "again");
    assert_null(a->names->next->next->next);
    assert_int_equal(value_use_count(a), 4);
    assert_null(value_only_user(a));
    node_remove(relu->producer);
    assert_uses(a, "sum:0 sum:1 out/sink:0");
    assert_true(node_infer(sum->producer));
    assert_sound(f->b.graph);
}

static void test_replacing_but_for_one_user(void **state) {
    struct fixture *f = *state;
    struct value *a = input(f, "a");
    build_op2(&f->b, &op_Add, "sum", a, a);
    struct value *relu = build_op1(&f->b, &op_ReLU, "r", a);
    value_replace_except(a, relu, relu->producer);
    assert_uses(a, "r:0");
    assert_uses(relu, "sum:0 sum:1");
    assert_sound(f->b.graph);
}

static void test_removing_parameters_and_results(void **state) {
    struct fixture *f = *state;
    struct value *a = input(f, "a"), *b = input(f, "b");
    struct node *out = build_result(f->b.graph, "out", a);
    build_result(f->b.graph, "more", a);
    node_remove(b->producer);
    node_remove(out);
    assert_int_equal(f->b.graph->parameters.count, 1);
    assert_int_equal(f->b.graph->results.count, 1);
    assert_string_equal(f->b.graph->results.items[0]->name, "more/sink");
    assert_int_equal(f->b.graph->node_count, 2);
    assert_sound(f->b.graph);
}

static void test_walking_while_nodes_come_and_go(void **state) {
    struct fixture *f = *state;
    struct strbuf seen = STRBUF_INIT;
    struct value *v = input(f, "a");
    for (const char *const *name = (const char *const[]){"b", "c", "d", "e", NULL}; *name; name++)
        v = build_op1(&f->b, &op_ReLU, *name, v);
    GRAPH_EACH(f->b.graph, n) {
        strbuf_puts(&seen, n->name);
        if (strcmp(n->name, "b") == 0) { // takes out itself and the two behind it
            struct node *c = n->outputs[0].first_use->user, *d = c->outputs[0].first_use->user;
            value_replace(&d->outputs[0], n->inputs[0].value);
            node_remove(d);
            node_remove(c);
            node_remove(n);
        }
        if (strcmp(n->name, "e") == 0) { // the last one is replaced by a new one
            build_op1(&f->b, &op_Tanh, "f", n->inputs[0].value);
            node_remove(n);
        }
    }
    assert_string_equal(seen.data, "abef");
    strbuf_free(&seen);
    assert_int_equal(f->b.graph->node_count, 2);
    assert_sound(f->b.graph);
}

static void test_order_is_topological_with_ties_by_id(void **state) {
    struct fixture *f = *state;
    struct value *a = input(f, "a"), *b = input(f, "b");
    struct value *x = build_op1(&f->b, &op_ReLU, "x", b);
    struct value *y = build_op1(&f->b, &op_ReLU, "y", a);
    build_op2(&f->b, &op_Add, "s", x, y);
    assert_order(f->b.graph, "a b x y s");
    struct value *late = input(f, "late");
    node_set_input(x->producer, 0, late);
    assert_order(f->b.graph, "a b y late x s");
}

static void test_names_become_unique(void **state) {
    struct fixture *f = *state;
    struct value *a = input(f, "conv");
    build_op1(&f->b, &op_ReLU, "conv", a);
    build_op1(&f->b, &op_ReLU, "conv_1", a);
    build_op1(&f->b, &op_ReLU, "conv", a);
    build_op1(&f->b, &op_ReLU, "conv_1", a);
    graph_finish_names(f->b.graph);
    assert_order(f->b.graph, "conv conv_2 conv_1 conv_3 conv_1_1");
}

static void test_a_clone_is_a_graph_of_its_own(void **state) {
    struct fixture *f = *state;
    struct strbuf before = STRBUF_INIT, after = STRBUF_INIT;
    struct value *a = input(f, "a"), *b = input(f, "b");
    struct value *gone = build_op1(&f->b, &op_ReLU, "gone", a);
    struct value *c = build_i64(&f->b, "k", 1, (const int64_t[]){7});
    struct value *sum = build_op2(&f->b, &op_Add, "sum", a, b);
    build_result(f->b.graph, "out", sum);
    node_remove(gone->producer);
    graph_print(f->b.graph, &before, true);
    struct graph *copy = graph_clone(f->b.graph);
    assert_sound(copy);
    assert_int_equal(copy->next_id, f->b.graph->next_id);
    GRAPH_EACH(copy, n) {
        if (n->op == &op_Constant)
            assert_ptr_equal(n->outputs[0].constant, c->constant);
    }
    struct node *result = copy->results.items[0];
    node_set_input(result, 0, &copy->parameters.items[1]->outputs[0]);
    node_remove(copy->last->prev);
    graph_print(f->b.graph, &after, true);
    assert_string_equal(before.data, after.data);
    assert_sound(copy);
    strbuf_free(&before);
    strbuf_free(&after);
}

static void test_poison_spreads_in_silence(void **state) {
    struct fixture *f = *state;
    struct value *poison = graph_poison(f->b.graph, "unknown", NULL);
    struct value *sum = build_op2(&f->b, &op_Add, "sum", input(f, "a"), poison);
    struct value *two = build_op1(&f->b, &op_ReLU, "relu", sum);
    assert_true(sum->poison && two->poison);
    assert_int_equal(diag_count(f->diag, DIAG_NOTE), 0);
    assert_sound(f->b.graph);
}

static void test_an_error_makes_poison_and_is_told_once(void **state) {
    struct fixture *f = *state;
    struct value *wide = build_parameter(f->b.graph, "w", DT_F32, SHAPE(2, 4), NULL);
    struct value *sum = build_op2(&f->b, &op_Add, "sum", input(f, "a"), wide);
    struct value *relu = build_op1(&f->b, &op_ReLU, "relu", sum);
    assert_true(sum->poison && relu->poison);
    assert_int_equal(diag_count(f->diag, DIAG_FAILED), 1);
    assert_true(diag_has(f->diag, D_SHAPE_MISMATCH));
}

static void test_attributes_out_of_range(void **state) {
    struct fixture *f = *state;
    struct node *pad = build_node(&f->b, &op_Pad, "pad", 0, NULL);
    struct value *a = input(f, "a");
    struct value *none = build_i64(&f->b, "none", 2, (const int64_t[]){0, 0});
    node_add_input(pad, a);
    node_add_input(pad, none);
    node_add_input(pad, none);
    ((struct pad *)pad->attrs)->pad_mode = 9;
    assert_false(node_finish(pad));
    assert_true(diag_has(f->diag, D_ATTRIBUTE_VALUE));
}

static void remove_a_value_in_use(void) {
    struct arena *arena = arena_new();
    struct builder b = {.graph = graph_new(arena, diag_new(arena), "g")};
    struct value *a = build_parameter(b.graph, "a", DT_F32, SHAPE(1), NULL);
    build_op1(&b, &op_ReLU, "r", a);
    node_remove(a->producer);
}

static void test_removing_what_is_read_is_our_fault(void **state) {
    (void)state;
    char errors[1024];
    int status = run_child(remove_a_value_in_use, errors, sizeof errors);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
    assert_non_null(strstr(errors, "'a' is removed while 'r' reads it"));
}

static void test_order_of_many_nodes(void **state) {
    struct fixture *f = *state;
    struct value *v = input(f, "a");
    for (int i = 0; i < 20000; i++)
        v = build_op1(&f->b, &op_ReLU, "r", v);
    uint32_t count;
    struct node **order = graph_order(f->b.graph, &count);
    assert_int_equal(count, 20001);
    for (uint32_t i = 1; i < count; i++)
        assert_true(order[i]->id > order[i - 1]->id);
    graph_finish_names(f->b.graph);
    assert_string_equal(order[count - 1]->name, "r_19999");
    assert_sound(f->b.graph);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_inputs_grow_and_keep_their_uses),
        TEST(test_removing_an_input_moves_the_rest),
        TEST(test_setting_an_input),
        TEST(test_replacing_moves_uses_and_names),
        TEST(test_replacing_but_for_one_user),
        TEST(test_removing_parameters_and_results),
        TEST(test_walking_while_nodes_come_and_go),
        TEST(test_order_is_topological_with_ties_by_id),
        TEST(test_names_become_unique),
        TEST(test_a_clone_is_a_graph_of_its_own),
        TEST(test_poison_spreads_in_silence),
        TEST(test_an_error_makes_poison_and_is_told_once),
        TEST(test_attributes_out_of_range),
        TEST(test_removing_what_is_read_is_our_fault),
        TEST(test_order_of_many_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
