// SPDX-License-Identifier: Apache-2.0
// What the functions of layers are made of.
#include "frontends/caffe/layers.h"

// --- parameters and names -----------------------------------------------------

const void *layer_param(struct layer *l, const char *name) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(&caffe__layer_parameter__descriptor, name);
    const ProtobufCMessage *param =
        *(ProtobufCMessage *const *)(const void *)((const char *)l->param + field->offset);
    if (param != NULL)
        return param;
    const ProtobufCMessageDescriptor *descriptor = field->descriptor;
    ProtobufCMessage *defaults = arena_alloc(l->arena, descriptor->sizeof_message);
    descriptor->message_init(defaults);
    return defaults;
}

const char *layer_node(struct layer *l, const char *suffix) {
    return build_name(&l->builder, l->name, suffix);
}

// --- shapes ------------------------------------------------------------------

static void fail_shape(struct layer *l, uint32_t bottom, const char *why) {
    struct shape shape = layer_shape(l, bottom);
    layer_fail(
        l, SHAPE_MISMATCH,
        arena_printf(l->arena, "%s, bottom %u is %s", why, bottom, shape_text(l->arena, &shape)));
}

bool layer_rank(struct layer *l, uint32_t bottom, int32_t least, int32_t most) {
    struct shape shape = layer_shape(l, bottom);
    if (shape.rank >= least && shape.rank <= most)
        return true;
    fail_shape(l, bottom,
               least == most
                   ? arena_printf(l->arena, "%d dimensions are needed", least)
                   : arena_printf(l->arena, "%d to %d dimensions are needed", least, most));
    return false;
}

bool layer_static(struct layer *l, uint32_t bottom) {
    struct shape shape = layer_shape(l, bottom);
    if (shape_is_static(&shape))
        return true;
    fail_shape(l, bottom, "every dimension must be known");
    return false;
}

bool layer_axis(struct layer *l, uint32_t bottom, int64_t axis, bool beyond, int32_t *out) {
    struct shape shape = layer_shape(l, bottom);
    if (beyond && shape.rank != RANK_UNKNOWN && axis == shape.rank) {
        *out = shape.rank;
        return true;
    }
    if (shape_axis(&shape, axis, out))
        return true;
    fail_shape(l, bottom, arena_printf(l->arena, "axis %lld is outside", (long long)axis));
    return false;
}
