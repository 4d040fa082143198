// SPDX-License-Identifier: Apache-2.0
// zooc ops, zooc passes: what stands in the tables.
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/base/suggest.h"
#include "compiler/cli/cli.h"
#include "compiler/ops/ops.h"
#include "compiler/passes/pass.h"

static const char *const attr_kind_names[] = {
    [ATTR_INT] = "integer",    [ATTR_FLOAT] = "number",  [ATTR_BOOL] = "boolean",
    [ATTR_ENUM] = "one of",    [ATTR_STRING] = "text",   [ATTR_INTS] = "integers",
    [ATTR_FLOATS] = "numbers", [ATTR_TYPE] = "type",     [ATTR_SHAPE] = "shape",
    [ATTR_GRAPH] = "body",     [ATTR_FREE] = "anything",
};

static void print_ports(const struct op_def *op) {
    printf("  inputs: %u", op->min_inputs);
    if (op->max_inputs == PORTS_VARIADIC)
        printf(" or more");
    else if (op->max_inputs != op->min_inputs)
        printf(" to %u", op->max_inputs);
    if (op->outputs == PORTS_VARIADIC)
        puts(", outputs: one or more");
    else
        printf(", outputs: %u\n", op->outputs);
}

static void print_dialects(const struct op_def *op) {
    if ((op->flags & OP_OPSET) != 0)
        printf("  IR 10, 11: %s\n", op->opset == NULL ? op->name : op->opset);
    if ((op->flags & OP_CLASSIC) != 0)
        printf("  IR 2, 4: %s\n", op->classic == NULL ? op->name : op->classic->type);
    if (op->lowered_by != NULL)
        printf("  replaced by pass: %s\n", op->lowered_by);
}

static void print_op(const struct op_def *op) {
    printf("%s: %s\n", op->name, op->doc);
    print_ports(op);
    print_dialects(op);
    for (uint32_t i = 0; i < op->attr_count; i++) {
        const struct attr_def *attr = &op->attrs[i];
        printf("  %s: %s", attr->name, attr_kind_names[attr->kind]);
        for (const char *const *a = attr->allowed; a != NULL && *a != NULL; a++)
            printf("%s %s", a == attr->allowed ? "" : ",", *a);
        putchar('\n');
    }
}

static int usage(const char *text) {
    puts(text);
    return EXIT_DONE;
}

static int unknown_op(const char *name) {
    const char *names[OP_COUNT];
    for (size_t i = 0; i < OP_COUNT; i++)
        names[i] = op_table[i]->name;
    const char *near = suggest(name, names, OP_COUNT);
    fprintf(stderr, "zooc: unknown operator '%s'", name);
    if (near != NULL)
        fprintf(stderr, ", did you mean '%s'?", near);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

int command_ops(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return usage("usage: zooc ops [NAME...]\n\n"
                     "Lists the operators of the graph, or tells all about those named.");
    for (size_t i = 0; argc == 1 && i < OP_COUNT; i++) {
        size_t at = (size_t)printf("%s", op_table[i]->name);
        help_wrapped(stdout, at, 32, op_table[i]->doc);
    }
    for (int i = 1; i < argc; i++) {
        const struct op_def *op = op_find(argv[i]);
        if (op == NULL)
            return unknown_op(argv[i]);
        print_op(op);
    }
    return EXIT_DONE;
}

int command_passes(int argc, char **argv) {
    (void)argv;
    if (argc > 1)
        return usage(
            "usage: zooc passes\n\n"
            "Lists the passes in the order in which they run; --disable_pass takes their names.");
    static const char *const groups[] = {
        [GROUP_INSERT] = "insert",
        [GROUP_CLEAN] = "clean",
        [GROUP_FOLD] = "fold",
        [GROUP_LAYOUT] = "layout",
        [GROUP_SINK] = "sink",
        [GROUP_REPLACE] = "replace",
        [GROUP_FUSE] = "fuse",
        [GROUP_LOWER_OPSET] = "lower, IR 10 and 11",
        [GROUP_CLASSIC_LAYOUT] = "layout, IR 2 and 4",
        [GROUP_LOWER_CLASSIC] = "lower, IR 2 and 4",
        [GROUP_LOWERED] = "after lowering",
    };
    for (unsigned i = 0; i < pass_count; i++) {
        const struct pass_def *pass = &pass_table[i];
        if (i == 0 || pass->group != pass_table[i - 1].group)
            printf("%s:\n", groups[pass->group]);
        size_t at = (size_t)printf("  %s", pass->name);
        help_wrapped(stdout, at, 36, pass->doc);
    }
    return EXIT_DONE;
}
