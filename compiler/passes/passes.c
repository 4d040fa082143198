// SPDX-License-Identifier: Apache-2.0
// The table of passes and the one runner.
#include "compiler/passes/pass.h"

#include <string.h>
#include <time.h>

#include "compiler/base/fatal.h"
#include "compiler/base/strbuf.h"
#include "compiler/ops/ops.h"

static bool nothing(const struct pass_options *options) {
    (void)options;
    return false;
}

#define SWITCH(flag)                                                                               \
    static bool flag(const struct pass_options *options) {                                         \
        return options->flag;                                                                      \
    }
SWITCH(disable_fusing)
SWITCH(disable_gfusing)
SWITCH(disable_resnet_optimization)
SWITCH(disable_nhwc_to_nchw)

const struct pass_def pass_table[] = {
#define PASS(name_, group_, disabled_, doc_)                                                       \
    {.name = #name_, .run = name_, .group = GROUP_##group_, .disabled = disabled_, .doc = doc_},
#include "compiler/passes/passes.def"
#undef PASS
};
const unsigned pass_count = sizeof pass_table / sizeof pass_table[0];

#define GROUP_BIT(group) (1U << (group))
enum { MOST_ROUNDS = 1000 };

// Groups that run together, in the order of the table, until none makes progress.
enum {
    CLEANING = GROUP_BIT(GROUP_CLEAN) | GROUP_BIT(GROUP_FOLD),
    SINKING = GROUP_BIT(GROUP_SINK) | CLEANING,
    REPLACING = GROUP_BIT(GROUP_REPLACE) | CLEANING,
    FUSING = GROUP_BIT(GROUP_FUSE) | CLEANING,
};
static const unsigned optimize_stages[] = {
    GROUP_BIT(GROUP_INSERT), CLEANING, GROUP_BIT(GROUP_LAYOUT), SINKING, REPLACING, FUSING,
};
static const unsigned opset_stages[] = {GROUP_BIT(GROUP_LOWER_OPSET), GROUP_BIT(GROUP_LOWERED)};
static const unsigned classic_stages[] = {
    GROUP_BIT(GROUP_CLASSIC_LAYOUT), SINKING, REPLACING, GROUP_BIT(GROUP_LOWER_CLASSIC),
    GROUP_BIT(GROUP_LOWERED),
};
// These do their work in one go: doing it again would do it twice.
static const unsigned run_once = GROUP_BIT(GROUP_INSERT) | GROUP_BIT(GROUP_LAYOUT) |
                                 GROUP_BIT(GROUP_LOWER_OPSET) | GROUP_BIT(GROUP_CLASSIC_LAYOUT) |
                                 GROUP_BIT(GROUP_LOWER_CLASSIC);

static bool is_off(const struct pass_def *pass, const struct pass_options *options) {
    if (pass->disabled != NULL && pass->disabled(options))
        return true;
    for (uint32_t i = 0; i < options->disabled_count; i++)
        if (strcmp(options->disabled[i], pass->name) == 0)
            return true;
    return false;
}

// The graph's text, read back and printed again, must be the same text.
static void check_text(struct graph *g, const struct pass_def *pass) {
    struct strbuf text = STRBUF_INIT, again = STRBUF_INIT;
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    graph_print(g, &text, true);
    struct graph *copy = graph_parse(arena, diag, pass->name, slice_of(text.data, text.length));
    if (copy == NULL) {
        diag_print(diag, stderr, DIAG_PLAIN, DIAG_NOTE);
        fatal_bug("after pass '%s' the graph's text cannot be read back", pass->name);
    }
    graph_print(copy, &again, true);
    if (strcmp(text.data, again.data) != 0)
        fatal_bug("after pass '%s' the graph's text reads back as another graph", pass->name);
    strbuf_free(&text);
    strbuf_free(&again);
    arena_free(arena);
}

static void check_graph(struct graph *g, const struct pass_def *pass) {
    const char *fault = graph_check(g);
    if (fault != NULL)
        fatal_bug("after pass '%s': %s", pass->name, fault);
    if (g->outer == NULL)
        check_text(g, pass);
}

static bool run_on_bodies(const struct pass_def *pass, struct graph *g,
                          const struct pass_options *options);

// The pass on the graph and on every body inside it.
static bool run_pass(const struct pass_def *pass, struct graph *g,
                     const struct pass_options *options) {
    bool progress = pass->run(g, options);
    bool whole = diag_count(g->diag, DIAG_FAILED) == 0; // what could not be made is poison
    if (options->check && progress && whole)
        check_graph(g, pass);
    return run_on_bodies(pass, g, options) || progress;
}

static bool run_on_bodies(const struct pass_def *pass, struct graph *g,
                          const struct pass_options *options) {
    bool progress = false;
    GRAPH_EACH(g, n) {
        for (uint32_t i = 0; i < n->op->attr_count; i++) {
            const struct attr_def *row = &n->op->attrs[i];
            struct graph *body = NULL;
            if (row->kind == ATTR_GRAPH)
                body = *(struct graph *const *)attr_field_of(row, n->attrs);
            if (body != NULL && run_pass(pass, body, options))
                progress = true;
        }
    }
    return progress;
}

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void trace(struct graph *g, const struct pass_def *pass, FILE *to) {
    struct strbuf text = STRBUF_INIT;
    graph_print(g, &text, false);
    fprintf(to, "// after %s\n%s\n", pass->name, text.data);
    strbuf_free(&text);
}

static bool run_logged(const struct pass_def *pass, struct graph *g,
                       const struct pass_options *options) {
    double start = options->log != NULL ? milliseconds() : 0;
    bool progress = run_pass(pass, g, options);
    if (options->log != NULL)
        fprintf(options->log, "pass %-28s %-8s %9.3f ms, %u nodes\n", pass->name,
                progress ? "changed" : "-", milliseconds() - start, g->node_count);
    if (options->trace != NULL && progress)
        trace(g, pass, options->trace);
    return progress;
}

static bool run_round(unsigned groups, struct graph *g, const struct pass_options *options) {
    bool progress = false;
    for (unsigned i = 0; i < pass_count; i++) {
        const struct pass_def *pass = &pass_table[i];
        if ((groups & GROUP_BIT(pass->group)) != 0 && !is_off(pass, options) &&
            run_logged(pass, g, options))
            progress = true;
    }
    return progress;
}

static const char *names_of_groups(struct arena *arena, unsigned groups) {
    const char *names = "";
    for (unsigned i = 0; i < pass_count; i++)
        if ((groups & GROUP_BIT(pass_table[i].group)) != 0)
            names = arena_printf(arena, "%s%s%s", names, *names ? ", " : "", pass_table[i].name);
    return names;
}

static bool run_stage(unsigned groups, struct graph *g, const struct pass_options *options) {
    unsigned rounds = 0;
    while (run_round(groups, g, options) && (groups & run_once) == 0)
        if (++rounds == MOST_ROUNDS) {
            diag_report(g->diag, NULL, PASS_NO_END, names_of_groups(g->arena, groups), rounds);
            return false;
        }
    return diag_count(g->diag, DIAG_FAILED) == 0;
}

static bool run_stages(const unsigned *stages, size_t count, struct graph *g,
                       const struct pass_options *options) {
    for (size_t i = 0; i < count; i++)
        if (!run_stage(stages[i], g, options))
            return false;
    return true;
}

#define RUN_STAGES(stages, g, options)                                                             \
    run_stages(stages, sizeof(stages) / sizeof *(stages), g, options)

bool passes_optimize(struct graph *g, const struct pass_options *options) {
    return RUN_STAGES(optimize_stages, g, options);
}

static bool is_first_of_operator(const struct graph *g, const struct node *n) {
    GRAPH_EACH(g, other) {
        if (other->op == n->op)
            return other == n;
    }
    return false;
}

static uint32_t count_of_operator(const struct graph *g, const struct op_def *op) {
    uint32_t count = 0;
    GRAPH_EACH(g, n) {
        count += n->op == op;
    }
    return count;
}

// Every operator that is left must be one of the dialect's. Each that is not is reported once.
static bool check_operators(struct graph *g, enum op_flags needed,
                            const struct pass_options *options) {
    bool ok = true;
    GRAPH_EACH(g, n) {
        if ((n->op->flags & needed) != 0)
            continue;
        ok = false;
        if (!is_first_of_operator(g, n))
            continue;
        uint32_t count = count_of_operator(g, n->op);
        struct place place = node_place(n);
        const char *name = count == 1 ? n->op->name
                                      : arena_printf(g->arena, "%s (as in %u other nodes)",
                                                     n->op->name, count - 1);
        diag_report(g->diag, &place, NOT_EXPRESSIBLE, name,
                    arena_printf(g->arena, "%d", options->ir_version));
    }
    return ok;
}

bool passes_lower(struct graph *g, enum dialect_id dialect, const struct pass_options *options) {
    bool opset = dialect == DIALECT_OPSET;
    return (opset ? RUN_STAGES(opset_stages, g, options)
                  : RUN_STAGES(classic_stages, g, options)) &&
           check_operators(g, opset ? OP_OPSET : OP_CLASSIC, options);
}
