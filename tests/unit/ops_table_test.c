// SPDX-License-Identifier: Apache-2.0
// What must hold of every entry of the operator table.
#include "tests/unit/base_support.h"

#include <ctype.h>

#include "compiler/ops/ops.h"
#include "compiler/passes/pass.h"

#define EACH_OP(op)                                                                                \
    for (int i_ = 0; i_ < OP_COUNT; i_++)                                                          \
        for (const struct op_def *op = op_table[i_]; op != NULL; op = NULL)

static void test_names(void **state) {
    (void)state;
    for (int i = 0; i < OP_COUNT; i++) {
        const struct op_def *op = op_table[i];
        assert_ptr_equal(op_find(op->name), op); // unique, and found
        for (const char *c = op->name; *c != '\0'; c++)
            assert_true(isalnum((unsigned char)*c));
    }
    assert_null(op_find("relu"));
    assert_string_equal(op_suggest("Relu"), "ReLU");
}

static void test_documentation(void **state) {
    (void)state;
    EACH_OP(op) {
        size_t length = strlen(op->doc);
        if (length < 4 || length > 90 || op->doc[length - 1] == '.' ||
            strchr(op->doc, '\n') != NULL)
            fail_msg("%s: '%s'", op->name, op->doc);
    }
}

// "opset1" and so on, for those that may stand in opset IR and only for them.
static void test_opsets(void **state) {
    (void)state;
    EACH_OP(op) {
        if (((op->flags & OP_OPSET) != 0) != (op->opset != NULL))
            fail_msg("%s: flag and opset disagree", op->name);
        if (op->opset == NULL)
            continue;
        assert_memory_equal(op->opset, "opset", 5);
        long number = strtol(op->opset + 5, NULL, 10);
        assert_in_range(number, 1, 15); // tests/graphs.sh has each read by the runtime
    }
}

static void test_classic_forms(void **state) {
    (void)state;
    EACH_OP(op) {
        bool has_form = op->classic != NULL;
        if ((op->flags & OP_CLASSIC) != 0 && !has_form && op != &op_Result)
            fail_msg("%s: classic without a form", op->name);
        if (has_form)
            assert_true(strlen(op->classic->type) > 0);
        if ((op->flags & (OP_OPSET | OP_CLASSIC)) == 0 && op != &op_Poison)
            assert_non_null(op->lowered_by);
    }
}

static void test_lowering_passes_exist(void **state) {
    (void)state;
    EACH_OP(op) {
        bool found = op->lowered_by == NULL;
        for (unsigned i = 0; i < pass_count && !found; i++)
            found = strcmp(pass_table[i].name, op->lowered_by) == 0;
        if (!found)
            fail_msg("%s: there is no pass '%s'", op->name, op->lowered_by);
    }
}

static void test_ports(void **state) {
    (void)state;
    EACH_OP(op) {
        assert_non_null(op->infer);
        assert_true(op->min_inputs <= op->max_inputs);
        assert_true(op->partial == 0 || op->evaluate != NULL);
        if ((op->flags & OP_COMMUTES) != 0)
            assert_int_equal(op->min_inputs, 2);
    }
}

static const size_t sizes[] = {
    [ATTR_INT] = sizeof(int64_t),
    [ATTR_FLOAT] = sizeof(float),
    [ATTR_BOOL] = sizeof(bool),
    [ATTR_ENUM] = sizeof(int),
    [ATTR_STRING] = sizeof(const char *),
    [ATTR_INTS] = sizeof(struct ints),
    [ATTR_FLOATS] = sizeof(struct floats),
    [ATTR_TYPE] = sizeof(enum dtype),
    [ATTR_SHAPE] = sizeof(struct shape),
    [ATTR_GRAPH] = sizeof(struct graph *),
    [ATTR_FREE] = sizeof(struct free_attr *),
};

static void check_row(const struct op_def *op, uint32_t index) {
    const struct attr_def *row = &op->attrs[index];
    assert_ptr_equal(op_find_attr(op, row->name), row); // unique
    assert_true(row->offset + sizes[row->kind] <= op->attrs_size);
    for (uint32_t i = 0; i < index; i++) {
        const struct attr_def *other = &op->attrs[i];
        assert_true(row->offset >= other->offset + sizes[other->kind] ||
                    other->offset >= row->offset + sizes[row->kind]);
    }
    assert_int_equal(row->kind == ATTR_ENUM, row->allowed != NULL);
}

static void test_attribute_rows(void **state) {
    (void)state;
    EACH_OP(op) {
        assert_int_equal(op->attr_count > 0, op->attrs_size > 0);
        for (uint32_t i = 0; i < op->attr_count; i++)
            check_row(op, i);
    }
}

static void test_defaults(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    EACH_OP(op) {
        void *attrs = arena_alloc(arena, op->attrs_size > 0 ? op->attrs_size : 1);
        attr_init(op->attrs, op->attr_count, attrs);
        for (uint32_t i = 0; i < op->attr_count; i++) {
            const struct attr_def *row = &op->attrs[i];
            assert_true(attr_is_default(row, attrs));
            assert_null(attr_fault(row, attrs));
            assert_true(row->kind == ATTR_GRAPH || attr_equal(row, attrs, attrs));
            if (row->number == ATTR_UNSET)
                assert_false(attr_is_set(row, attrs));
        }
    }
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_documentation),
        cmocka_unit_test(test_opsets),
        cmocka_unit_test(test_classic_forms),
        cmocka_unit_test(test_lowering_passes_exist),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_attribute_rows),
        cmocka_unit_test(test_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
