// SPDX-License-Identifier: Apache-2.0
// The text form on random graphs and random damage. What single texts mean is in tests/cases/graph.
#include "tests/unit/base_support.h"

#include "compiler/base/strbuf.h"
#include "compiler/ops/build.h"
#include "compiler/ops/convolution.h"
#include "compiler/ops/data.h"
#include "compiler/ops/indexing.h"
#include "compiler/ops/movement.h"
#include "tests/unit/random_attrs.h"

static const char *printed(struct arena *arena, struct graph *g) {
    struct strbuf text = STRBUF_INIT;
    graph_print(g, &text, true);
    const char *copy = arena_strdup(arena, text.data);
    strbuf_free(&text);
    return copy;
}

// The attributes of one node come back as they were, whatever they are: its input is poison, so no
// shape rule looks at them.
static void check_attrs(struct arena *arena, const struct op_def *op) {
    struct diag *diag = diag_new(arena);
    struct graph *g = graph_new(arena, diag, random_text(arena));
    struct value *poison = graph_poison(g, random_text(arena), NULL);
    struct node *n = node_new(g, op, random_text(arena), NULL);
    for (uint32_t i = 0; i < op->attr_count; i++)
        random_attr(arena, &op->attrs[i], attr_field(&op->attrs[i], n->attrs));
    node_add_input(n, poison);
    node_finish(n);
    const char *text = printed(arena, g);
    struct graph *back = graph_parse(arena, diag, "again", slice_of(text, strlen(text)));
    if (back == NULL) {
        diag_print(diag, stderr, DIAG_PLAIN, DIAG_NOTE);
        fail_msg("%s", text);
        return;
    }
    for (uint32_t i = 0; i < op->attr_count; i++)
        if (op->attrs[i].kind != ATTR_GRAPH &&
            !attr_equal(&op->attrs[i], n->attrs, back->last->attrs))
            fail_msg("attribute '%s' changes:\n%s", op->attrs[i].name, text);
    assert_string_equal(back->last->name, n->name);
}

static void test_every_attribute_comes_back(void **state) {
    (void)state;
    seed = 1;
    for (int i = 0; i < OP_COUNT; i++) {
        if (op_table[i]->attr_count == 0)
            continue;
        struct arena *arena = arena_new();
        for (int k = 0; k < 20; k++)
            check_attrs(arena, op_table[i]);
        arena_free(arena);
    }
}

// --- random graphs ------------------------------------------------------------------------------

static struct value *random_constant(struct builder *b, enum dtype type, struct shape shape) {
    struct arena *arena = b->graph->arena;
    uint64_t count, size = dtype_size(type);
    assert_true(shape_count(&shape, &count));
    uint8_t *bytes = arena_alloc(arena, count * size + 1);
    for (uint64_t i = 0; i < count; i++)
        dtype_store(type, bytes, i,
                    dtype_is_float(type) ? (double)random_float() : (double)(random_below(200)));
    return build_constant(b, random_text(arena),
                          tensor_of_slice(arena, type, shape, slice_of(bytes, count * size)));
}

static struct value *random_node(struct builder *b, struct value *const *values, uint32_t count) {
    struct arena *arena = b->graph->arena;
    struct value *x = values[random_below(count)], *y = values[random_below(count)];
    const char *name = random_text(arena);
    while (!shape_equal(&x->shape, &y->shape))
        y = values[random_below(count)];
    switch (random_below(7)) {
    case 0:
        return build_op1(b, &op_ReLU, name, x);
    case 1:
        return build_op2(b, &op_Add, name, x, y);
    case 2:
        return build_concat(b, name, 0, 2, (struct value *[]){x, y});
    case 3:
        return build_op2(b, &op_Multiply, name, x, random_constant(b, DT_F32, SHAPE(1, 3)));
    case 4:
        return build_transpose(b, name, build_transpose(b, name, x, 2, (const int64_t[]){1, 0}), 2,
                               (const int64_t[]){1, 0});
    case 5:
        return build_op1(b, &op_ShapeOf, name, x);
    default:
        random_constant(b, (enum dtype)(1 + random_below(DT_BOOL)), SHAPE(2, 5));
        return build_reshape(b, name, x, 2, (const int64_t[]){-1, 3});
    }
}

static struct graph *random_graph(struct arena *arena, struct diag *diag) {
    struct builder b = {.graph = graph_new(arena, diag, random_text(arena))};
    struct value *values[40];
    uint32_t count = 0;
    while (count < 3)
        values[count++] = build_parameter(b.graph, random_text(arena), DT_F32, SHAPE(1, 3), NULL);
    while (count < COUNT_OF(values)) {
        struct value *v = random_node(&b, values, count);
        if (v->type == DT_F32 && !v->poison && v->shape.dims[0] < 1000)
            values[count++] = v;
        if (random_below(5) == 0)
            value_add_name(values[random_below(count)], random_text(arena));
        if (random_below(6) == 0)
            build_result(b.graph, random_text(arena), values[random_below(count)]);
    }
    return b.graph;
}

static void shuffle(struct node_list *list) {
    for (uint32_t i = list->count; i > 1; i--) {
        uint64_t k = random_below(i);
        struct node *n = list->items[i - 1];
        list->items[i - 1] = list->items[k];
        list->items[k] = n;
    }
}

static void test_random_graphs_come_back(void **state) {
    (void)state;
    for (seed = 1000; seed < 1200;) {
        uint64_t start = seed;
        struct arena *arena = arena_new();
        struct diag *diag = diag_new(arena);
        struct graph *g = random_graph(arena, diag);
        shuffle(&g->parameters);
        shuffle(&g->results);
        const char *text = printed(arena, g);
        struct graph *back = graph_parse(arena, diag, "again", slice_of(text, strlen(text)));
        if (back == NULL)
            diag_print(diag, stderr, DIAG_PLAIN, DIAG_FAILED);
        assert_non_null(back);
        assert_string_equal(printed(arena, back), text);
        assert_string_equal(printed(arena, graph_clone(back)), text);
        assert_null(graph_check(back));
        arena_free(arena);
        seed = start + 1;
    }
}

// --- damage -------------------------------------------------------------------------------------

static void parse_damaged(const char *text, size_t length) {
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct graph *g = graph_parse(arena, diag, "damaged", slice_of(text, length));
    if (g == NULL)
        assert_true(diag_count(diag, DIAG_FAILED) > 0);
    else
        assert_null(graph_check(g));
    arena_free(arena);
}

static void test_damaged_text_gives_a_message(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    seed = 7;
    char *text = arena_strdup(arena, printed(arena, random_graph(arena, diag_new(arena))));
    size_t length = strlen(text);
    for (size_t cut = 0; cut < length; cut += 3)
        parse_damaged(text, cut);
    for (int i = 0; i < 1500; i++) {
        size_t at = random_below(length);
        char kept = text[at];
        text[at] = (char)random_below(256);
        parse_damaged(text, length);
        text[at] = kept;
    }
    arena_free(arena);
}

static void test_bodies_nested_too_deeply(void **state) {
    (void)state;
    struct strbuf text = STRBUF_INIT;
    for (int i = 0; i < 20000; i++)
        strbuf_puts(&text, "a = If() {then_body={");
    parse_damaged(text.data, text.length);
    strbuf_free(&text);
}

static void test_short_printing_shows_the_beginning(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct builder b = {.graph = graph_new(arena, diag_new(arena), "")};
    int64_t numbers[40];
    for (int i = 0; i < 40; i++)
        numbers[i] = i;
    build_i64(&b, "k", 40, numbers);
    struct strbuf text = STRBUF_INIT;
    graph_print(b.graph, &text, false);
    assert_string_equal(text.data, "k = Constant() : i64[40] = [0, 1, 2, 3, 4, 5, 6, 7, ...]\n");
    struct graph *back =
        graph_parse(arena, b.graph->diag, "again", slice_of(text.data, text.length));
    struct strbuf again = STRBUF_INIT;
    graph_print(back, &again, false);
    assert_string_equal(again.data, text.data);
    strbuf_free(&text);
    strbuf_free(&again);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_attribute_comes_back),
        cmocka_unit_test(test_random_graphs_come_back),
        cmocka_unit_test(test_damaged_text_gives_a_message),
        cmocka_unit_test(test_bodies_nested_too_deeply),
        cmocka_unit_test(test_short_printing_shows_the_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
