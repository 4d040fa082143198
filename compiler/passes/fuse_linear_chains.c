// SPDX-License-Identifier: Apache-2.0
// A chain of linear operators with constants, each the only user of the one before, becomes
// x * scale + shift: one Multiply, one Add, or what of them is needed.
#include <string.h>

#include "compiler/ops/build.h"
#include "compiler/passes/linear.h"

struct chain {
    struct arena *scratch;
    const struct fuse_filter *filter;
    struct linear total;
    uint32_t length;
    struct node *first, *last;
    const char *scale_name, *shift_name; // of the first operators of the kind
    bool in_form;                        // it is one Multiply, one Add, or one behind the other
};

static bool along_one_axis(const struct linear *a, const struct linear *b) {
    return a->axis < 0 || b->axis < 0 || a->axis == b->axis;
}

static void compose(struct arena *arena, struct linear *total, const struct linear *next) {
    uint64_t count = total->axis >= 0 ? total->count : next->count;
    double *scale = arena_array_of(arena, count, double);
    double *shift = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++) {
        double factor = linear_at(next, next->scale, i);
        scale[i] = linear_at(total, total->scale, i) * factor;
        shift[i] = linear_at(total, total->shift, i) * factor + linear_at(next, next->shift, i);
    }
    if (total->axis < 0)
        total->axis = next->axis;
    total->count = count;
    total->scale = scale;
    total->shift = shift;
}

static void note_names(struct chain *chain, const struct linear *l) {
    if (!linear_is_shift(l) && chain->scale_name == NULL)
        chain->scale_name = l->node->name;
    if (!linear_is_scale(l) && chain->shift_name == NULL)
        chain->shift_name = l->node->name;
}

// The linear operator that alone reads the chain's end.
static bool next_link(const struct chain *chain, struct linear *out) {
    struct node *user = value_only_user(&chain->last->outputs[0]);
    return user != NULL && fuse_allowed(chain->filter, user) &&
           linear_of(chain->scratch, user, out) && out->x == &chain->last->outputs[0] &&
           along_one_axis(&chain->total, out);
}

static bool chain_from(struct node *n, struct chain *chain) {
    struct linear link;
    if (!fuse_allowed(chain->filter, n) || !linear_of(chain->scratch, n, &link))
        return false;
    chain->total = link;
    chain->length = 1;
    chain->first = chain->last = n;
    chain->in_form = linear_is_scale(&link) || linear_is_shift(&link);
    note_names(chain, &link);
    bool scale_first = linear_is_scale(&link);
    while (next_link(chain, &link)) {
        chain->length++;
        chain->in_form = chain->length == 2 && scale_first && linear_is_shift(&link);
        chain->last = link.node;
        note_names(chain, &link);
        compose(chain->scratch, &chain->total, &link);
    }
    return true;
}

// A bias keeps its name: it belongs to the convolution before it.
static const char *shift_name(struct builder *b, const struct chain *chain) {
    bool is_bias = chain->shift_name == chain->first->name &&
                   chain->scale_name != chain->first->name && has_filters(chain->total.x->producer);
    return is_bias ? chain->shift_name : build_name(b, chain->shift_name, "Fused_Add_");
}

static struct value *build_part(struct builder *b, const struct chain *chain, struct value *x,
                                const struct op_def *op, const char *name, const char *constant,
                                const double *numbers) {
    struct value *operand =
        linear_constant(chain->first, build_name(b, name, constant), chain->total.x,
                        chain->total.axis, chain->total.count, numbers);
    return build_op2(b, op, name, x, operand);
}

static bool any_but(const double *numbers, uint64_t count, double number) {
    for (uint64_t i = 0; i < count; i++)
        if (numbers[i] != number)
            return true;
    return false;
}

static void replace_chain(struct chain *chain) {
    struct linear *total = &chain->total;
    struct builder b = {.graph = chain->first->graph, .place = chain->first->place};
    struct value *y = total->x;
    if (any_but(total->scale, total->count, 1))
        y = build_part(&b, chain, y, &op_Multiply, build_name(&b, chain->scale_name, "Fused_Mul_"),
                       "scale", total->scale);
    if (any_but(total->shift, total->count, 0))
        y = build_part(&b, chain, y, &op_Add, shift_name(&b, chain), "shift", total->shift);
    value_replace(&chain->last->outputs[0], y);
    for (struct node *n = chain->last, *before; n != NULL; n = before) {
        before = NULL;
        if (n != chain->first)
            before = node_input(n, node_constant(n, 0) != NULL ? 1 : 0)->producer;
        node_remove(n);
    }
}

bool fuse_linear_chains(struct graph *g, const struct pass_options *options) {
    struct arena *scratch = arena_new();
    struct fuse_filter *filter = fuse_filter_new(scratch, g, options);
    uint32_t count;
    struct node **order = graph_order(g, &count);
    bool progress = false;
    for (uint32_t i = 0; i < count; i++) {
        struct chain chain = {.scratch = scratch, .filter = filter};
        if (order[i]->removed || !chain_from(order[i], &chain) || chain.in_form)
            continue;
        replace_chain(&chain);
        progress = true;
    }
    arena_free(scratch);
    return progress;
}
