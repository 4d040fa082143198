// SPDX-License-Identifier: Apache-2.0
// Weights as tensors: views of the mapped file.
#include "frontends/caffe/layers.h"

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

struct caffe_numbers caffe_blob_numbers(const Caffe__BlobProto *blob) {
    if (blob->n_data > 0)
        return (struct caffe_numbers){DT_F32, slice_of(blob->data, blob->n_data * 4)};
    if (blob->n_double_data > 0)
        return (struct caffe_numbers){DT_F64, slice_of(blob->double_data, blob->n_double_data * 8)};
    if (blob->has_raw_data)
        return (struct caffe_numbers){raw_type(blob->raw_data_type),
                                      slice_of(blob->raw_data.data, blob->raw_data.len)};
    return (struct caffe_numbers){DT_F32, slice_of("", 0)};
}

// "[1,3,8,8], [1,3]"
static const char *bottoms_text(struct layer *l) {
    const char *text = "none";
    for (uint32_t i = 0; i < l->bottom_count; i++) {
        struct shape shape = layer_shape(l, i);
        text = arena_printf(l->arena, "%s%s%s", i == 0 ? "" : text, i == 0 ? "" : ", ",
                            shape_text(l->arena, &shape));
    }
    return text;
}

static const struct tensor *tensor_of(struct layer *l, const char *what, struct shape shape,
                                      struct caffe_numbers n) {
    uint64_t wanted = 0, size = dtype_size(n.type), held = size == 0 ? 0 : n.bytes.size / size;
    const char *name = arena_printf(l->arena, "blob of %s %s for bottoms %s", what,
                                    shape_text(l->arena, &shape), bottoms_text(l));
    if (!shape_count(&shape, &wanted)) {
        layer_fail(l, BLOB_MISSING, arena_printf(l->arena, "%s is larger than any tensor", name));
        return NULL;
    }
    if (wanted != held || held * size != n.bytes.size) {
        layer_fail(l, BLOB_SIZE, name, (unsigned long long)held, (unsigned long long)wanted);
        return NULL;
    }
    const struct tensor *t = tensor_of_slice(l->arena, n.type, shape, n.bytes);
    return n.type == DT_F32 ? t : tensor_cast(l->arena, t, DT_F32);
}

static const Caffe__BlobProto *find_blob(struct layer *l, uint32_t index, const char *what) {
    if (index < l->source->blob_count)
        return l->source->blobs[index];
    const char *why = l->source->has_weights
                          ? arena_printf(l->arena, "the layer has %u blobs", l->source->blob_count)
                          : "the weights file has no layer of that name";
    layer_fail(l, BLOB_MISSING,
               arena_printf(l->arena, "%s; needed: %s for bottoms %s", why, what, bottoms_text(l)));
    return NULL;
}

const struct tensor *layer_blob(struct layer *l, uint32_t index, const char *what,
                                struct shape shape) {
    const Caffe__BlobProto *blob = find_blob(l, index, what);
    return blob == NULL ? NULL : tensor_of(l, what, shape, caffe_blob_numbers(blob));
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
    return tensor_of(l, what, shape, caffe_blob_numbers(blob));
}
