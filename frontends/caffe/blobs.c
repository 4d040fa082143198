// SPDX-License-Identifier: Apache-2.0
// Weights as tensors: views of the mapped file.
#include "frontends/caffe/layers.h"

struct numbers_of_blob {
    enum dtype type;
    struct slice bytes;
};

static enum dtype raw_type(Caffe__BlobProto__RawType type) {
    switch (type) {
    case CAFFE__BLOB_PROTO__RAW_TYPE__DOUBLE:
        return DT_F64;
    case CAFFE__BLOB_PROTO__RAW_TYPE__FLOAT:
        return DT_F32;
    case CAFFE__BLOB_PROTO__RAW_TYPE__FLOAT16:
        return DT_F16;
    case CAFFE__BLOB_PROTO__RAW_TYPE__INT:
        return DT_I32;
    case CAFFE__BLOB_PROTO__RAW_TYPE__UINT:
        return DT_U32;
    default:
        return DT_UNKNOWN;
    }
}

static struct numbers_of_blob numbers_of(const Caffe__BlobProto *blob) {
    if (blob->n_data > 0)
        return (struct numbers_of_blob){DT_F32, slice_of(blob->data, blob->n_data * 4)};
    if (blob->n_double_data > 0)
        return (struct numbers_of_blob){DT_F64,
                                        slice_of(blob->double_data, blob->n_double_data * 8)};
    if (blob->has_raw_data)
        return (struct numbers_of_blob){raw_type(blob->raw_data_type),
                                        slice_of(blob->raw_data.data, blob->raw_data.len)};
    return (struct numbers_of_blob){DT_F32, slice_of("", 0)};
}

static const struct tensor *tensor_of(struct layer *l, const char *what, struct shape shape,
                                      struct numbers_of_blob n) {
    uint64_t wanted = 0, size = dtype_size(n.type), held = size == 0 ? 0 : n.bytes.size / size;
    if (!shape_count(&shape, &wanted) || wanted != held || held * size != n.bytes.size) {
        layer_fail(l, BLOB_SIZE, what, (unsigned long long)held, (unsigned long long)wanted);
        return NULL;
    }
    const struct tensor *t = tensor_of_slice(l->arena, n.type, shape, n.bytes);
    return n.type == DT_F32 ? t : tensor_cast(l->arena, t, DT_F32);
}

static const Caffe__BlobProto *find_blob(struct layer *l, uint32_t index, const char *what) {
    if (index < l->source->blob_count)
        return l->source->blobs[index];
    layer_fail(l, BLOB_MISSING,
               l->source->has_weights
                   ? arena_printf(l->arena, "the layer has %u blobs, %s would be the next",
                                  l->source->blob_count, what)
                   : arena_printf(l->arena,
                                  "no layer of that name is in the weights file, its %s "
                                  "are needed",
                                  what));
    return NULL;
}

const struct tensor *layer_blob(struct layer *l, uint32_t index, const char *what,
                                struct shape shape) {
    const Caffe__BlobProto *blob = find_blob(l, index, what);
    return blob == NULL ? NULL : tensor_of(l, what, shape, numbers_of(blob));
}

const struct tensor *layer_blob_as_is(struct layer *l, uint32_t index, const char *what) {
    const Caffe__BlobProto *blob = find_blob(l, index, what);
    struct shape shape;
    if (blob == NULL)
        return NULL;
    if (!caffe_blob_shape(blob, &shape)) {
        layer_fail(l, BLOB_MISSING, arena_printf(l->arena, "%s have an impossible shape", what));
        return NULL;
    }
    return tensor_of(l, what, shape, numbers_of(blob));
}
