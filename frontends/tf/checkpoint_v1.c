// SPDX-License-Identifier: Apache-2.0
// V1: a table whose empty key leads to a list of all tensors with the parts that are in the file;
// the key of a part leads to its numbers.
#include <string.h>

#include "compiler/base/limits.h"
#include "frontends/source.h"
#include "frontends/tf/checkpoint_form.h"
#include "frontends/tf/index.h"
#include "frontends/wire/wire.h"

static const Tensorflow__SavedTensorSlices *unpack(struct checkpoint *c, const struct table *t,
                                                   struct slice bytes) {
    return (const Tensorflow__SavedTensorSlices *)(const void *)wire_unpack(
        c->arena, c->diag, t->file, bytes, &tensorflow__saved_tensor_slices__descriptor);
}

static bool add_meta(struct checkpoint *c, uint32_t file, const Tensorflow__SavedSliceMeta *meta) {
    if (meta->name == NULL)
        return checkpoint_fail(c, c->tables[file].file, "a tensor has no name");
    void **slot = names_slot(c->found, meta->name);
    struct checkpoint_tensor *t = *slot, here = {.name = meta->name, .type = (int)meta->type};
    if (!tf_shape(meta->shape, &here.shape) || !shape_is_static(&here.shape)) {
        here.type = 0; // more dimensions than we have: no good for any variable
        here.shape = SHAPE(0);
    }
    if (t == NULL)
        *slot = t = arena_copy(c->arena, &here, sizeof here);
    else if (t->type != here.type || !shape_equal(&t->shape, &here.shape))
        return checkpoint_fail(c, c->tables[file].file,
                               arena_printf(c->arena, "'%s' has several shapes", t->name));
    for (size_t i = 0; i < meta->n_slice && t->type != 0; i++)
        if (!checkpoint_add_stored(c, t, meta->slice[i], file))
            return false;
    return true;
}

static bool open_file(struct checkpoint *c, uint32_t file, const char *path) {
    struct slice bytes, value;
    struct table *t = &c->tables[file];
    if (!source_open(c->arena, c->diag, path, &bytes) ||
        !table_open(c->arena, c->diag, path, bytes, t) || !table_find(t, slice_of("", 0), &value))
        return false;
    const Tensorflow__SavedTensorSlices *all = value.data == NULL ? NULL : unpack(c, t, value);
    if (value.data == NULL || (all != NULL && all->meta == NULL))
        return checkpoint_fail(c, path, "it has no list of its tensors");
    if (all == NULL)
        return false;
    for (size_t i = 0; i < all->meta->n_tensor; i++)
        if (!add_meta(c, file, all->meta->tensor[i]))
            return false;
    return true;
}

static bool find_v1(struct checkpoint *c, const char *name, struct checkpoint_tensor **out) {
    (void)c; // all names are known from the start
    (void)name;
    *out = NULL;
    return true;
}

static uint64_t count_values(const Tensorflow__TensorProto *p) {
    return (uint64_t)p->n_float_val + p->n_double_val + p->n_int_val + p->n_int64_val +
           p->n_bool_val + p->n_half_val + p->n_uint32_val + p->n_uint64_val;
}

// The message says neither type nor shape, and here every value must be there.
static const struct tensor *to_tensor(struct checkpoint *c, const struct table *table,
                                      const struct checkpoint_tensor *t, struct shape shape,
                                      const Tensorflow__TensorProto *data) {
    Tensorflow__TensorShapeProto shape_proto = TENSORFLOW__TENSOR_SHAPE_PROTO__INIT;
    Tensorflow__TensorShapeProto__Dim dims[SHAPE_MAX_RANK];
    Tensorflow__TensorShapeProto__Dim *all[SHAPE_MAX_RANK];
    Tensorflow__TensorProto proto = *data;
    uint64_t count = 0;
    for (int32_t i = 0; i < shape.rank; i++) {
        dims[i] = (Tensorflow__TensorShapeProto__Dim)TENSORFLOW__TENSOR_SHAPE_PROTO__DIM__INIT;
        dims[i].has_size = 1;
        dims[i].size = shape.dims[i];
        all[i] = &dims[i];
    }
    shape_proto.n_dim = (size_t)shape.rank;
    shape_proto.dim = all;
    proto.tensor_shape = &shape_proto;
    proto.dtype = (Tensorflow__DataType)t->type;
    bool whole = shape_count(&shape, &count) &&
                 (proto.tensor_content.len > 0 || count_values(data) == count);
    if (!whole) {
        checkpoint_fail(c, table->file,
                        arena_printf(c->arena, "'%s' has %llu values, %llu are needed", t->name,
                                     (unsigned long long)count_values(data),
                                     (unsigned long long)count));
        return NULL;
    }
    struct place at = {.file = table->file};
    return tf_tensor(c->arena, c->diag, &at, &proto);
}

static const struct tensor *read_v1(struct checkpoint *c, const struct checkpoint_tensor *t,
                                    const struct checkpoint_stored *stored) {
    struct table *table = &c->tables[stored->file];
    struct slice value;
    if (!table_find(table, checkpoint_part_key(c->arena, t->name, &stored->part), &value))
        return NULL;
    const Tensorflow__SavedTensorSlices *found =
        value.data == NULL ? NULL : unpack(c, table, value);
    if (value.data != NULL && found == NULL)
        return NULL;
    if (found == NULL || found->data == NULL || found->data->data == NULL) {
        checkpoint_fail(c, table->file,
                        arena_printf(c->arena, "'%s' is listed, but is not there", t->name));
        return NULL;
    }
    return to_tensor(c, table, t, checkpoint_part_shape(t, &stored->part), found->data->data);
}

static const struct checkpoint_form form_v1 = {.find = find_v1, .read = read_v1};

bool checkpoint_open_v1(struct checkpoint *c, const char *const *paths, uint32_t count) {
    c->form = &form_v1;
    c->tables = arena_array_of(c->arena, count, struct table);
    c->table_count = count;
    for (uint32_t i = 0; i < count; i++)
        if (!open_file(c, i, paths[i]))
            return false;
    return true;
}
