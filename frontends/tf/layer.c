// SPDX-License-Identifier: Apache-2.0
// What layer functions are made of: checks that report at the node, constants, layout.
#include <string.h>

#include "compiler/ops/elementwise.h"
#include "frontends/tf/layers.h"

const char *tf_name(struct tf_layer *l, const char *suffix) {
    return build_name(&l->builder, l->name, suffix);
}

bool tf_inputs(struct tf_layer *l, uint32_t least) {
    if (l->input_count >= least)
        return true;
    tf_fail(l, INPUT_COUNT, l->input_count, arena_printf(l->arena, "%u", least));
    return false;
}

bool tf_rank(struct tf_layer *l, uint32_t input, int32_t least, int32_t most) {
    if (!tf_inputs(l, input + 1))
        return false;
    const struct shape *shape = &l->inputs[input]->shape;
    if (shape->rank >= least && shape->rank <= most)
        return true;
    tf_fail(l, SHAPE_MISMATCH,
            arena_printf(l->arena, "input %u is %s, but %d to %d dimensions are needed", input,
                         shape_text(l->arena, shape), least, most));
    return false;
}

bool tf_static(struct tf_layer *l, uint32_t input) {
    if (!tf_inputs(l, input + 1))
        return false;
    const struct value *v = l->inputs[input];
    if (shape_is_static(&v->shape))
        return true;
    tf_fail(l, SHAPE_PARTLY_KNOWN, v->index, v->producer->name, shape_text(l->arena, &v->shape));
    return false;
}

bool tf_axis(struct tf_layer *l, uint32_t input, int64_t axis, int32_t *out) {
    if (!tf_inputs(l, input + 1))
        return false;
    const struct shape *shape = &l->inputs[input]->shape;
    if (shape_axis(shape, axis, out))
        return true;
    tf_fail(l, SHAPE_MISMATCH,
            arena_printf(l->arena, "axis %lld is none of %s", (long long)axis,
                         shape_text(l->arena, shape)));
    return false;
}

const struct tensor *tf_constant(struct tf_layer *l, uint32_t input, const char *what) {
    if (!tf_inputs(l, input + 1))
        return NULL;
    const struct tensor *t = l->inputs[input]->constant;
    if (t == NULL)
        tf_fail(l, NOT_SUPPORTED, arena_printf(l->arena, "%s that is computed", what),
                "it must be a constant");
    return t;
}

bool tf_numbers(struct tf_layer *l, uint32_t input, const char *what, struct ints *out) {
    const struct tensor *t = tf_constant(l, input, what);
    const int64_t *data = t == NULL ? NULL : tensor_as_i64(l->arena, t);
    if (data == NULL)
        return false;
    uint64_t count = tensor_count(t);
    if (count > UINT16_MAX) {
        tf_fail(l, ATTRIBUTE_VALUE, what, "so long");
        return false;
    }
    *out = (struct ints){.data = data, .count = (uint32_t)count};
    return true;
}

bool tf_number(struct tf_layer *l, uint32_t input, const char *what, int64_t *out) {
    struct ints all;
    if (!tf_numbers(l, input, what, &all))
        return false;
    if (all.count != 1) {
        tf_fail(l, ATTRIBUTE_VALUE, what, "a list");
        return false;
    }
    *out = all.data[0];
    return true;
}

// --- layout --------------------------------------------------------------------------------------

bool tf_channels_last(struct tf_layer *l) {
    const char *format = tf_attr_text(l->arena, l->node, "data_format", "NHWC");
    return strncmp(format, "NC", 2) != 0;
}

struct value *tf_to_first(struct tf_layer *l, const char *suffix, struct value *x) {
    int64_t order[SHAPE_MAX_RANK] = {0, x->shape.rank - 1};
    for (int32_t i = 2; i < x->shape.rank; i++)
        order[i] = i - 1;
    return build_transpose(&l->builder, tf_name(l, suffix), x, (uint32_t)x->shape.rank, order);
}

struct value *tf_as_real(struct tf_layer *l, struct value *x) {
    if (x->poison || dtype_is_float(x->type))
        return x;
    return build_convert(l->builder.graph, tf_name(l, "real"), x, DT_F32);
}

struct value *tf_to_last(struct tf_layer *l, struct value *x) {
    int64_t order[SHAPE_MAX_RANK] = {0};
    if (x->poison)
        return x;
    for (int32_t i = 1; i < x->shape.rank; i++)
        order[i] = i + 1 == x->shape.rank ? 1 : i + 1;
    return build_transpose(&l->builder, tf_name(l, "to_channels_last"), x, (uint32_t)x->shape.rank,
                           order);
}

struct ints tf_spatial(struct tf_layer *l, struct ints all) {
    if (all.count < 3)
        return (struct ints){0};
    return ints_copy(l->arena, all.data + (tf_channels_last(l) ? 1 : 2), all.count - 2);
}
