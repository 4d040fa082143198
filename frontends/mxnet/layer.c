// SPDX-License-Identifier: Apache-2.0
// What layer functions are made of: attributes, weights and checks that report at the layer.
#include <string.h>

#include "frontends/mxnet/layers.h"

static void bad_value(struct mxnet_layer *l, const char *key) {
    mxnet_fail(l, ATTRIBUTE_VALUE, key, mxnet_attr(l->node, key));
}

bool mxnet_bool(struct mxnet_layer *l, const char *key, bool otherwise) {
    bool value;
    if (!mxnet_attr_bool(l->node, key, otherwise, &value))
        bad_value(l, key);
    return value;
}

int64_t mxnet_int(struct mxnet_layer *l, const char *key, int64_t otherwise) {
    int64_t value;
    if (!mxnet_attr_int(l->node, key, otherwise, &value))
        bad_value(l, key);
    return value;
}

double mxnet_float(struct mxnet_layer *l, const char *key, double otherwise) {
    double value;
    if (!mxnet_attr_float(l->node, key, otherwise, &value))
        bad_value(l, key);
    return value;
}

struct ints mxnet_ints_or_none(struct mxnet_layer *l, const char *key) {
    struct ints value;
    if (!mxnet_attr_ints(l->arena, l->node, key, MXNET_NONE, &value))
        bad_value(l, key);
    return value;
}

struct ints mxnet_ints(struct mxnet_layer *l, const char *key) {
    struct ints value = mxnet_ints_or_none(l, key);
    for (uint32_t i = 0; i < value.count; i++)
        if (value.data[i] == MXNET_NONE) {
            bad_value(l, key);
            return (struct ints){0};
        }
    return value;
}

struct floats mxnet_floats(struct mxnet_layer *l, const char *key) {
    struct floats value;
    if (!mxnet_attr_floats(l->arena, l->node, key, &value))
        bad_value(l, key);
    return value;
}

int mxnet_choice(struct mxnet_layer *l, const char *key, const char *const *names) {
    const char *text = mxnet_attr(l->node, key);
    if (text == NULL)
        return 0;
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    bad_value(l, key);
    return 0;
}

bool mxnet_has(const struct mxnet_layer *l, const char *key) {
    return mxnet_attr(l->node, key) != NULL;
}

const struct tensor *mxnet_weights(struct mxnet_layer *l, uint32_t index, const char *what) {
    const struct tensor *t = index < l->input_count ? l->inputs[index]->constant : NULL;
    if (t == NULL) {
        mxnet_fail(l, BLOB_MISSING, what);
        return NULL;
    }
    return tensor_cast(l->arena, t, DT_F32);
}

bool mxnet_static(struct mxnet_layer *l, uint32_t input) {
    const struct shape *shape = &l->inputs[input]->shape;
    if (shape_is_static(shape))
        return true;
    mxnet_fail(l, SHAPE_PARTLY_KNOWN, l->inputs[input]->index, l->inputs[input]->producer->name,
               shape_text(l->arena, shape));
    return false;
}

bool mxnet_rank(struct mxnet_layer *l, uint32_t input, int32_t least, int32_t most) {
    const struct shape *shape = &l->inputs[input]->shape;
    if (shape->rank >= least && shape->rank <= most)
        return true;
    mxnet_fail(l, SHAPE_MISMATCH,
               arena_printf(l->arena, "input %u is %s, but %d to %d dimensions are needed", input,
                            shape_text(l->arena, shape), least, most));
    return false;
}

bool mxnet_axis(struct mxnet_layer *l, uint32_t input, int64_t axis, int32_t *out) {
    const struct shape *shape = &l->inputs[input]->shape;
    if (shape_axis(shape, axis, out))
        return true;
    mxnet_fail(l, SHAPE_MISMATCH,
               arena_printf(l->arena, "axis %lld is none of %s", (long long)axis,
                            shape_text(l->arena, shape)));
    return false;
}

const char *mxnet_name(struct mxnet_layer *l, const char *suffix) {
    return build_name(&l->builder, l->name, suffix);
}
