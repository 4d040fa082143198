// SPDX-License-Identifier: Apache-2.0
// Attribute values, element types, shapes and constants of TensorFlow's messages.
#include <string.h>

#include "compiler/base/checked.h"
#include "compiler/base/limits.h"
#include "frontends/tf/index.h"

const Tensorflow__AttrValue *tf_attr(const struct tf_node *n, const char *key) {
    for (size_t i = 0; i < n->attr_count; i++)
        if (n->attrs[i]->key != NULL && strcmp(n->attrs[i]->key, key) == 0)
            return n->attrs[i]->value;
    return NULL;
}

int64_t tf_attr_int(const struct tf_node *n, const char *key, int64_t otherwise) {
    const Tensorflow__AttrValue *v = tf_attr(n, key);
    return v != NULL && v->has_i ? v->i : otherwise;
}

bool tf_attr_bool(const struct tf_node *n, const char *key, bool otherwise) {
    const Tensorflow__AttrValue *v = tf_attr(n, key);
    return v != NULL && v->has_b ? v->b : otherwise;
}

double tf_attr_float(const struct tf_node *n, const char *key, double otherwise) {
    const Tensorflow__AttrValue *v = tf_attr(n, key);
    return v != NULL && v->has_f ? (double)v->f : otherwise;
}

enum dtype tf_attr_type(const struct tf_node *n, const char *key, enum dtype otherwise) {
    const Tensorflow__AttrValue *v = tf_attr(n, key);
    return v != NULL && v->has_type ? tf_dtype((int)v->type) : otherwise;
}

const char *tf_attr_text(struct arena *arena, const struct tf_node *n, const char *key,
                         const char *otherwise) {
    const Tensorflow__AttrValue *v = tf_attr(n, key);
    return v != NULL && v->has_s ? arena_strndup(arena, (const char *)v->s.data, v->s.len)
                                 : otherwise;
}

struct ints tf_attr_ints(const struct tf_node *n, const char *key) {
    const Tensorflow__AttrValue *v = tf_attr(n, key);
    if (v == NULL || v->list == NULL || v->list->n_i > 256)
        return (struct ints){0};
    return (struct ints){.data = v->list->i, .count = (uint32_t)v->list->n_i};
}

// --- types and shapes ----------------------------------------------------------------------------

static const struct {
    uint8_t number;
    enum dtype type;
} dtypes[] = {
    {1, DT_F32},  {2, DT_F64},    {3, DT_I32},   {4, DT_U8},    {5, DT_I16},
    {6, DT_I8},   {7, DT_STRING}, {9, DT_I64},   {10, DT_BOOL}, {11, DT_I8},
    {12, DT_U8},  {13, DT_I32},   {14, DT_BF16}, {15, DT_I16},  {16, DT_U16},
    {17, DT_U16}, {19, DT_F16},   {22, DT_U32},  {23, DT_U64},
};

enum dtype tf_dtype(int number) {
    number = number > 100 ? number - 100 : number;
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (dtypes[i].number == number)
            return dtypes[i].type;
    return DT_UNKNOWN;
}

bool tf_shape(const Tensorflow__TensorShapeProto *proto, struct shape *out) {
    *out = SHAPE_UNKNOWN;
    if (proto == NULL || proto->unknown_rank)
        return true;
    if (proto->n_dim > SHAPE_MAX_RANK)
        return false;
    out->rank = (int32_t)proto->n_dim;
    for (size_t i = 0; i < proto->n_dim; i++)
        out->dims[i] = proto->dim[i]->has_size
                           ? proto->dim[i]->size < 0 ? DIM_UNKNOWN : proto->dim[i]->size
                           : 0;
    return true;
}

// --- constants -----------------------------------------------------------------------------------

struct values { // one of the typed lists
    enum dtype type;
    const void *data;
    size_t count;
};

static struct values typed_values(const Tensorflow__TensorProto *p) {
    if (p->n_float_val > 0)
        return (struct values){DT_F32, p->float_val, p->n_float_val};
    if (p->n_double_val > 0)
        return (struct values){DT_F64, p->double_val, p->n_double_val};
    if (p->n_int_val > 0)
        return (struct values){DT_I32, p->int_val, p->n_int_val};
    if (p->n_int64_val > 0)
        return (struct values){DT_I64, p->int64_val, p->n_int64_val};
    if (p->n_half_val > 0)
        return (struct values){DT_I32, p->half_val, p->n_half_val};
    if (p->n_uint32_val > 0)
        return (struct values){DT_U32, p->uint32_val, p->n_uint32_val};
    if (p->n_uint64_val > 0)
        return (struct values){DT_U64, p->uint64_val, p->n_uint64_val};
    return (struct values){DT_UNKNOWN, NULL, 0};
}

// A list that repeats its last value is written out in memory, so it must not be huge.
static bool may_expand(uint64_t count) {
    return count <= limits.arena_tensor_bytes / sizeof(double);
}

static const struct tensor *bools(struct arena *arena, const Tensorflow__TensorProto *p,
                                  struct shape shape, uint64_t count) {
    if (p->n_bool_val == 1)
        return tensor_splat(arena, DT_BOOL, shape, p->bool_val[0] != 0);
    if (!may_expand(count))
        return NULL;
    uint8_t *data = arena_array_of(arena, count, uint8_t);
    for (uint64_t i = 0; i < count; i++)
        data[i] = p->bool_val[i < p->n_bool_val ? i : p->n_bool_val - 1] != 0;
    return tensor_of_slice(arena, DT_BOOL, shape, slice_of(data, count));
}

// Halves stand as the low 16 bits of integers.
static const struct tensor *halves(struct arena *arena, enum dtype type, const struct values *v,
                                   struct shape shape) {
    uint16_t *data = arena_array_of(arena, v->count, uint16_t);
    for (size_t i = 0; i < v->count; i++) {
        int32_t bits;
        memcpy(&bits, (const char *)v->data + i * sizeof bits, sizeof bits);
        data[i] = (uint16_t)bits;
    }
    return tensor_of_slice(arena, type, shape, slice_of(data, v->count * sizeof *data));
}

// A list that is shorter than the shape repeats its last value (TensorProto's own rule).
static const struct tensor *repeated(struct arena *arena, enum dtype type, const struct values *v,
                                     struct shape shape, uint64_t count) {
    size_t size = dtype_size(v->type);
    const char *last = (const char *)v->data + (v->count - 1) * size;
    if (v->count == 1)
        return tensor_splat(arena, type, shape, dtype_load(v->type, last, 0));
    if (!may_expand(count))
        return NULL;
    double *all = arena_array_of(arena, count, double);
    for (uint64_t i = 0; i < count; i++)
        all[i] = dtype_load(v->type, v->data, i < v->count ? i : v->count - 1);
    return tensor_of_doubles(arena, type, shape, all);
}

static const struct tensor *from_list(struct arena *arena, const Tensorflow__TensorProto *p,
                                      enum dtype type, struct shape shape, uint64_t count) {
    struct values v = typed_values(p);
    if (type == DT_BOOL && p->n_bool_val > 0)
        return bools(arena, p, shape, count);
    if (v.count == 0) // nothing at all means zeros
        return tensor_splat(arena, type, shape, 0);
    bool half = type == DT_F16 || type == DT_BF16;
    if (half && v.count == count)
        return halves(arena, type, &v, shape);
    if (half) {
        const struct tensor *one = halves(arena, type, &v, SHAPE((int64_t)v.count));
        double value;
        return v.count == 1 && tensor_uniform(one, &value) ? tensor_splat(arena, type, shape, value)
                                                           : NULL;
    }
    if (v.count < count)
        return repeated(arena, type, &v, shape, count);
    return tensor_cast(
        arena, tensor_of_slice(arena, v.type, shape, slice_of(v.data, count * dtype_size(v.type))),
        type);
}

const struct tensor *tf_tensor(struct arena *arena, struct diag *diag, const struct place *place,
                               const Tensorflow__TensorProto *proto) {
    enum dtype type = tf_dtype((int)proto->dtype);
    struct shape shape;
    uint64_t count, bytes;
    const char *fault = NULL;
    const struct tensor *out = NULL;
    if (proto->tensor_shape == NULL)
        shape = shape_scalar();
    else if (!tf_shape(proto->tensor_shape, &shape))
        fault = "it has more than 8 dimensions";
    if (fault == NULL && type == DT_STRING)
        return tensor_splat(arena, DT_U8, shape_scalar(), 0); // no graph carries strings
    if (fault == NULL && (dtype_size(type) == 0 || !shape_count(&shape, &count) ||
                          !checked_mul(count, dtype_size(type), &bytes)))
        fault = "its type or shape is not usable";
    if (fault == NULL && proto->has_tensor_content && proto->tensor_content.len > 0) {
        if (proto->tensor_content.len != bytes)
            fault = "its content has another size than its shape";
        else
            out = tensor_of_slice(arena, type, shape, slice_of(proto->tensor_content.data, bytes));
    } else if (fault == NULL) {
        out = from_list(arena, proto, type, shape, count);
        fault = out == NULL ? "its list of values is too short or too long" : NULL;
    }
    if (fault != NULL)
        diag_report(diag, place, MALFORMED, "constant", fault);
    return out;
}
