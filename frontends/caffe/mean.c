// SPDX-License-Identifier: Apache-2.0
// The mean image of a binaryproto file (--mean_file), cut to the size of the input.
#include "frontends/caffe/layers.h"
#include "frontends/source.h"
#include "frontends/wire/wire.h"

struct mean {
    struct graph *graph;
    const char *path;
    struct shape image; // [channels, height, width]
    struct shape input; // [1, channels, height, width]
};

static const struct tensor *refuse(const struct mean *m, const char *why) {
    diag_report(m->graph->diag, NULL, MEAN_FILE_FORMAT, m->path, why);
    return NULL;
}

static const Caffe__BlobProto *read_blob(const struct mean *m) {
    struct arena *arena = m->graph->arena;
    struct slice bytes;
    if (source_is_empty(m->path)) {
        diag_report(m->graph->diag, NULL, MEAN_FILE_EMPTY, m->path);
        return NULL;
    }
    if (!source_open(arena, m->graph->diag, m->path, &bytes))
        return NULL;
    return (const Caffe__BlobProto *)wire_unpack(arena, m->graph->diag, m->path, bytes,
                                                 &caffe__blob_proto__descriptor);
}

// Either form of the blob's shape as [channels, height, width].
static bool read_shape(struct mean *m, const Caffe__BlobProto *blob) {
    struct shape shape;
    if (!caffe_blob_shape(blob, &shape) || shape.rank < 3 || shape.rank > 4 ||
        (shape.rank == 4 && shape.dims[0] != 1))
        return false;
    m->image = shape_make(3, shape.dims + (shape.rank - 3));
    return true;
}

static const struct tensor *whole_image(struct mean *m) {
    const Caffe__BlobProto *blob = read_blob(m);
    uint64_t count;
    if (blob == NULL)
        return NULL;
    if (!read_shape(m, blob))
        return refuse(m, "it holds no image of channels, height and width");
    struct caffe_numbers numbers = caffe_blob_numbers(blob);
    size_t size = dtype_size(numbers.type);
    if (!shape_count(&m->image, &count) || size == 0 || count == 0 ||
        count * size != numbers.bytes.size)
        return refuse(m, "its numbers do not fill its shape");
    return tensor_of_slice(m->graph->arena, numbers.type, m->image, numbers.bytes);
}

static bool input_shape_of(struct mean *m, const struct node *parameter) {
    m->input = parameter->outputs[0].shape;
    return m->input.rank == 4 && shape_is_static(&m->input);
}

// [from, from + count) of an axis.
static const struct tensor *cut(struct mean *m, const struct tensor *t, int32_t axis, int64_t from,
                                int64_t count) {
    if (from == 0 && count == t->shape.dims[axis])
        return t;
    int64_t *indices = arena_array_of(m->graph->arena, (uint64_t)count, int64_t);
    for (int64_t i = 0; i < count; i++)
        indices[i] = from + i;
    return tensor_gather(m->graph->arena, t, axis, (uint64_t)count, indices);
}

static const struct tensor *too_small(struct mean *m) {
    struct arena *arena = m->graph->arena;
    diag_report(m->graph->diag, NULL, MEAN_FILE_SMALLER, shape_text(arena, &m->input),
                shape_text(arena, &m->image));
    return NULL;
}

const struct tensor *caffe_mean_image(struct graph *g, const char *path, const int64_t *offsets,
                                      const struct node *parameter) {
    struct mean m = {.graph = g, .path = path};
    const struct tensor *t = whole_image(&m);
    if (t == NULL)
        return NULL;
    if (!input_shape_of(&m, parameter))
        return refuse(&m, "the input is no image of known size");
    int64_t height = m.input.dims[2], width = m.input.dims[3];
    int64_t y = offsets != NULL ? offsets[1] : (m.image.dims[1] - height) / 2;
    int64_t x = offsets != NULL ? offsets[0] : (m.image.dims[2] - width) / 2;
    if (m.image.dims[0] != m.input.dims[1] || height > m.image.dims[1] || width > m.image.dims[2] ||
        y > m.image.dims[1] - height || x > m.image.dims[2] - width)
        return too_small(&m);
    t = cut(&m, cut(&m, t, 1, y, height), 2, x, width);
    return tensor_reshape(g->arena, t, SHAPE(1, m.input.dims[1], height, width));
}
