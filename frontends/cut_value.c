// SPDX-License-Identifier: Apache-2.0
#include "frontends/cut_value.h"

#include <string.h>

#include "compiler/base/limits.h"
#include "compiler/ops/build.h"
#include "compiler/ops/data.h"
#include "compiler/options/values.h"

// --batch: the first dimension, where the model leaves it open or says 1.
static bool set_batch(struct cut *cut, const struct cut_input *in, struct shape *shape) {
    int64_t batch = cut->options->batch;
    bool named = in->wish != NULL && in->wish->has_shape;
    if (batch == 0 || named || shape->rank == RANK_UNKNOWN)
        return true;
    if (shape->rank == 0 || shape->dims[0] > 1) {
        diag_report(cut->graph->diag, NULL, NO_BATCH, in->name,
                    shape_text(cut->graph->arena, shape));
        return false;
    }
    shape->dims[0] = batch;
    return true;
}

static struct tensor *fill(struct cut *cut, enum dtype type, struct shape shape,
                           const double *values, uint32_t count) {
    struct arena *arena = cut->graph->arena;
    return count == 1 ? tensor_splat(arena, type, shape, values[0])
                      : tensor_of_doubles(arena, type, shape, values);
}

// A list keeps the placeholder's shape when it has as many elements, else it is a vector; one
// number fills the shape, or is a scalar.
static struct value *freeze(struct cut *cut, const struct cut_input *in, enum dtype type,
                            struct shape shape, const struct place *place) {
    struct graph *g = cut->graph;
    struct option_parser p = {
        .arena = g->arena, .diag = g->diag, .option = "freeze_placeholder_with_value"};
    const double *values;
    uint32_t count;
    uint64_t elements;
    bool scalar;
    if (!option_parse_numbers(&p, in->wish->frozen_value, &values, &count, &scalar))
        return graph_poison(g, in->name, place);
    bool fits =
        shape_is_static(&shape) && shape_count(&shape, &elements) && (elements == count || scalar);
    if (!fits)
        shape = scalar ? shape_scalar() : SHAPE(count);
    return graph_constant(g, in->name, fill(cut, type, shape, values, count));
}

struct value *cut_make_value(struct cut *cut, const struct cut_input *in, enum dtype type,
                             struct shape shape, const char *layout, const struct place *place) {
    struct graph *g = cut->graph;
    if (in->wish != NULL && in->wish->has_shape)
        shape = in->wish->shape;
    if (in->wish != NULL && in->wish->type != DT_UNKNOWN)
        type = in->wish->type;
    if (in->wish != NULL && in->wish->frozen_value != NULL)
        return freeze(cut, in, type, shape, place);
    if (shape.rank == RANK_UNKNOWN && !cut->any_rank) {
        diag_report(g->diag, place, SHAPE_UNKNOWN, in->name);
        return graph_poison(g, in->name, place);
    }
    if (!set_batch(cut, in, &shape))
        return graph_poison(g, in->name, place);
    struct value *v = build_parameter(g, in->name, type, shape, place);
    struct parameter *a = v->producer->attrs;
    if (shape.rank == (int32_t)strlen(layout))
        a->layout = layout;
    if (in->wish != NULL && in->wish->least != NULL) {
        a->least = ints_copy(g->arena, in->wish->least, (uint32_t)shape.rank);
        a->most = ints_copy(g->arena, in->wish->most, (uint32_t)shape.rank);
    }
    return v;
}
