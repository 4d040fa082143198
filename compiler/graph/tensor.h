// SPDX-License-Identifier: Apache-2.0
// Tensor: a constant's element type, shape and *where its bytes are*. A weight is never copied on
// its way: it is a slice of the mapped source file, or a recipe over other tensors that is carried
// out while somebody reads it, block by block. So anonymous memory stays flat whatever the model's
// size.
//
// Tensors are immutable once made and belong to an arena; recipes share their sources.
// Element order is row-major (C order).
#ifndef ZOOC_TENSOR_H
#define ZOOC_TENSOR_H

#include "compiler/base/arena.h"
#include "compiler/base/dtype.h"
#include "compiler/base/slice.h"
#include "compiler/graph/shape.h"

enum tensor_kind {
    TENSOR_BYTES,   // little-endian elements, as in the file or in the arena
    TENSOR_SPLAT,   // one number everywhere
    TENSOR_CAST,    // source converted to `type` (dtype_convert); its shape may be another one of
                    // as many elements, so a cast to the same type is a reshape
    TENSOR_AFFINE,  // source * scale[c] + shift[c], c the index along `axis`; computed in double
    TENSOR_PERMUTE, // axes of the source reordered: out.dims[i] = in.dims[order[i]]
    TENSOR_GATHER,  // source's slices along `axis` picked by index (channel reversal, slicing)
    TENSOR_CONCAT,  // sources joined along `axis`
    TENSOR_STRIDED, // every element `stride` bytes apart in the file (unpacked protobuf floats)
    TENSOR_TILE,    // source broadcast (NumPy rules) to `shape`
    TENSOR_STEPS,   // source cut to [low, high] and rounded to its nearest step, halves up
};

struct tensor {
    enum dtype type;
    struct shape shape; // static
    enum tensor_kind kind;
    uint32_t depth;                // recipes on top of one another; bounded, for reading recurses
    struct slice bytes;            // BYTES, STRIDED
    uint64_t stride;               // STRIDED
    double splat;                  // SPLAT
    const struct tensor *source;   // CAST, AFFINE, PERMUTE, GATHER, TILE, STEPS
    int32_t axis;                  // AFFINE, GATHER, CONCAT
    const double *scale, *shift;   // AFFINE: dims[axis] numbers each
    int32_t order[SHAPE_MAX_RANK]; // PERMUTE
    const int64_t *indices;        // GATHER: dims[axis] of them
    const struct tensor *const *parts; // CONCAT
    uint32_t part_count;
    float low, high, step; // STEPS: low + n * step, computed in float as TensorFlow does
};

uint64_t tensor_count(const struct tensor *t); // elements
uint64_t tensor_bytes(const struct tensor *t); // elements * size

// Makers. The shape must be static; sizes must match (a mismatch is our bug: the caller checks what
// an input says first). Scales and indices are copied. Cheap combinations collapse (affine of
// affine, permute of permute, identity permute, cast to the same type).
struct tensor *tensor_of_slice(struct arena *, enum dtype, struct shape, struct slice bytes);
struct tensor *tensor_strided(struct arena *, enum dtype, struct shape, struct slice bytes,
                              uint64_t stride);
struct tensor *tensor_splat(struct arena *, enum dtype, struct shape, double value);
struct tensor *tensor_i64(struct arena *, struct shape, const int64_t *values);
struct tensor *tensor_f32(struct arena *, struct shape, const float *values);
// `count` doubles stored as `type`.
struct tensor *tensor_of_doubles(struct arena *, enum dtype, struct shape, const double *values);
struct tensor *tensor_cast(struct arena *, const struct tensor *, enum dtype);
struct tensor *tensor_affine(struct arena *, const struct tensor *, int32_t axis,
                             const double *scale, const double *shift);
struct tensor *tensor_permute(struct arena *, const struct tensor *, const int32_t *order);
struct tensor *tensor_gather(struct arena *, const struct tensor *, int32_t axis, uint64_t count,
                             const int64_t *indices);
struct tensor *tensor_concat(struct arena *, int32_t axis, const struct tensor *const *parts,
                             uint32_t count);
struct tensor *tensor_tile(struct arena *, const struct tensor *, struct shape);
// f32 alone.
struct tensor *tensor_steps(struct arena *, const struct tensor *, float low, float high,
                            float step);
// Same elements, other shape (equal count).
struct tensor *tensor_reshape(struct arena *, const struct tensor *, struct shape);

// Streaming: writes elements [first, first + count) to `out`, in the tensor's type. Carries out
// recipes; needs no more memory than a few small blocks.
void tensor_read(const struct tensor *, uint64_t first, uint64_t count, void *out);
// The same as doubles.
void tensor_read_doubles(const struct tensor *, uint64_t first, uint64_t count, double *out);

// The bytes as they lie, when the tensor is plain TENSOR_BYTES; false otherwise.
bool tensor_direct(const struct tensor *, struct slice *out);
// All elements in arena memory (or as they lie); NULL when larger than limits.arena_tensor_bytes.
const void *tensor_materialize(struct arena *, const struct tensor *);
// All elements as int64 / double in arena memory; NULL when larger than the limit.
const int64_t *tensor_as_i64(struct arena *, const struct tensor *);
const double *tensor_as_doubles(struct arena *, const struct tensor *);

// True when every element equals the first (a splat in fact); gives it.
bool tensor_uniform(const struct tensor *, double *value);

#endif
