// SPDX-License-Identifier: Apache-2.0
// --layout: says which layout an input has, and gives the IR an input of another one by a Transpose
// behind it.
#include "compiler/driver/driver.h"
#include "compiler/ops/build.h"
#include "compiler/ops/data.h"
#include "compiler/options/values.h"

// Numbers of the source's dimensions in the target's order; what nobody said stays unsaid.
static struct ints reordered(struct graph *g, struct ints numbers, const int64_t *order) {
    int64_t turned[SHAPE_MAX_RANK];
    for (uint32_t i = 0; i < numbers.count; i++)
        turned[order[i]] = numbers.data[i];
    return ints_copy(g->arena, turned, numbers.count);
}

// The Parameter takes the target's shape; a Transpose brings back what the model expects.
static bool change_layout(struct graph *g, struct node *parameter, const struct option_layout *l) {
    struct parameter *attrs = parameter->attrs;
    struct value *data = &parameter->outputs[0];
    struct builder b = {.graph = g, .place = parameter->place};
    struct shape shape = attrs->shape;
    int64_t order[SHAPE_MAX_RANK];
    uint32_t rank = (uint32_t)strlen(l->source);
    for (uint32_t i = 0; i < rank; i++) {
        order[i] = strchr(l->target, l->source[i]) - l->target;
        attrs->shape.dims[order[i]] = shape.dims[i];
    }
    attrs->least = reordered(g, attrs->least, order);
    attrs->most = reordered(g, attrs->most, order);
    attrs->layout = l->target;
    if (!node_infer(parameter))
        return false;
    const char *name = build_name(&b, parameter->name, "layout");
    struct value *back = build_transpose(&b, name, data, rank, order);
    value_replace_except(data, back, back->producer);
    value_move_names(back, data);
    return !back->poison;
}

static bool set_layout(struct conversion *c, struct graph *g, struct node *parameter,
                       const struct option_layout *l) {
    struct parameter *attrs = parameter->attrs;
    if (attrs->shape.rank != (int32_t)strlen(l->source)) {
        diag_report(c->diag, &parameter->place, OPTION_VALUE, "layout", l->source,
                    arena_printf(c->arena, "input '%s' has the shape %s", parameter->name,
                                 shape_text(c->arena, &attrs->shape)));
        return false;
    }
    attrs->layout = l->source;
    return l->target == NULL || strcmp(l->target, l->source) == 0 || change_layout(g, parameter, l);
}

bool driver_layouts(struct conversion *c, struct graph *g) {
    const char *text = c->options->text[OPT_layout];
    struct option_parser p = {c->arena, c->diag, NULL, "layout"};
    struct option_layouts layouts;
    if (text == NULL)
        return true;
    if (!option_parse_layouts(&p, text, &layouts))
        return false;
    for (uint32_t i = 0; i < layouts.count; i++) {
        const struct option_layout *l = &layouts.items[i];
        struct node *one = l->name == NULL ? NULL : driver_find_parameter(g, l->name);
        if (l->name != NULL && one == NULL) {
            diag_report(c->diag, NULL, INPUT_MISSING, l->name);
            return false;
        }
        for (uint32_t k = 0; k < g->parameters.count; k++)
            if ((one == NULL || one == g->parameters.items[k]) &&
                !set_layout(c, g, g->parameters.items[k], l))
                return false;
    }
    return true;
}
