// SPDX-License-Identifier: Apache-2.0
// Fields of a parameter message into attributes of an operator, by the descriptors of both.
#include "frontends/caffe/layers.h"

static const void *at(const ProtobufCMessage *message, unsigned offset) {
    return (const char *)message + offset;
}

// A number, of a field itself or of element `index` of a repeated one.
static double number_at(const ProtobufCFieldDescriptor *field, const void *values, size_t index) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_FLOAT:
        return (double)((const float *)values)[index];
    case PROTOBUF_C_TYPE_UINT32:
        return ((const uint32_t *)values)[index];
    default: // int32, bool and enum
        return ((const int32_t *)values)[index];
    }
}

static void set_number(const struct attr_def *row, void *attribute, double number) {
    if (row->kind == ATTR_INT)
        *(int64_t *)attribute = (int64_t)number;
    else if (row->kind == ATTR_FLOAT)
        *(float *)attribute = (float)number;
    else if (row->kind == ATTR_BOOL)
        *(bool *)attribute = number != 0;
}

static void set_list(struct layer *l, const struct attr_def *row, void *attribute,
                     const ProtobufCFieldDescriptor *field, const void *values, size_t count) {
    if (row->kind == ATTR_FLOATS) {
        float *data = arena_array_of(l->arena, count, float);
        for (size_t i = 0; i < count; i++)
            data[i] = (float)number_at(field, values, i);
        *(struct floats *)attribute = (struct floats){.data = data, .count = (uint32_t)count};
    } else if (row->kind == ATTR_INTS) {
        int64_t *data = arena_array_of(l->arena, count, int64_t);
        for (size_t i = 0; i < count; i++)
            data[i] = (int64_t)number_at(field, values, i);
        *(struct ints *)attribute = (struct ints){.data = data, .count = (uint32_t)count};
    }
}

static bool is_given(const ProtobufCMessage *param, const ProtobufCFieldDescriptor *field) {
    return field->label != PROTOBUF_C_LABEL_OPTIONAL || field->default_value != NULL ||
           *(const protobuf_c_boolean *)at(param, field->quantifier_offset) != 0;
}

static void copy_field(struct layer *l, struct node *n, const ProtobufCMessage *param,
                       const struct layer_field *row) {
    bool may_be_missing = row->field[0] == '?';
    const char *name = row->field + may_be_missing;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(param->descriptor, name);
    const struct attr_def *attribute =
        op_find_attr(n->op, row->attribute != NULL ? row->attribute : name);
    void *to = (char *)n->attrs + attribute->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        set_list(l, attribute, to, field, *(const void *const *)at(param, field->offset),
                 *(const size_t *)at(param, field->quantifier_offset));
    else if (is_given(param, field))
        set_number(attribute, to, number_at(field, at(param, field->offset), 0));
    else if (!may_be_missing)
        layer_fail(l, ATTRIBUTE_MISSING, name);
}

void layer_copy_fields(struct layer *l, struct node *n, const ProtobufCMessage *param,
                       const struct layer_field *fields) {
    for (unsigned i = 0; i < LAYER_FIELDS && fields[i].field != NULL; i++)
        copy_field(l, n, param, &fields[i]);
}
