// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/blocks.h"

#include <inttypes.h>

#include "compiler/ops/evaluate.h"
#include "compiler/ops/shape_rules.h"

static const char *const depth_modes[] = {"blocks_first", "depth_first", NULL};
static const char *const reverse_modes[] = {"index", "mask", NULL};

#define ATTR_OWNER struct depth
static const struct attr_def depth_attrs[] = {DEPTH_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct reverse_sequence
static const struct attr_def reverse_sequence_attrs[] = {REVERSE_SEQUENCE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct reverse
static const struct attr_def reverse_attrs[] = {REVERSE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct patches
static const struct attr_def patches_attrs[] = {PATCHES_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// --- SpaceToBatch, BatchToSpace -----------------------------------------------------------------

struct block_lists {
    struct numbers block, begin, end;
};

// False when they are not known yet, or (after a report) wrong.
static bool read_lists(struct node *n, int32_t rank, struct block_lists *b, bool *wrong) {
    *wrong = false;
    if (rank == RANK_UNKNOWN || !input_complete(n, 1, &b->block) ||
        !input_complete(n, 2, &b->begin) || !input_complete(n, 3, &b->end))
        return false;
    *wrong = b->block.count != (uint32_t)rank || b->begin.count != (uint32_t)rank ||
             b->end.count != (uint32_t)rank;
    for (uint32_t i = 0; i < b->block.count && !*wrong; i++)
        *wrong = b->block.data[i] < 1 || b->block.data[i] > INT32_MAX || b->begin.data[i] < 0 ||
                 b->begin.data[i] > INT32_MAX || b->end.data[i] < 0 || b->end.data[i] > INT32_MAX;
    *wrong = *wrong ||
             (rank > 0 && (b->block.data[0] != 1 || b->begin.data[0] != 0 || b->end.data[0] != 0));
    if (*wrong)
        shape_error(n,
                    "blocks and pads are no lists of a number for each of %" PRId32
                    " axes, 1 and 0 "
                    "for the batch",
                    rank);
    return !*wrong;
}

static int64_t all_blocks(const struct block_lists *b) {
    int64_t product = 1;
    for (uint32_t i = 0; i < b->block.count; i++)
        if (__builtin_mul_overflow(product, b->block.data[i], &product))
            return INT64_MAX;
    return product;
}

// Pads or crops are computed: axes that have none, and no blocks, stay as they are.
static bool infer_partly(struct node *n, bool spread) {
    struct shape in = input_shape(n, 0), out = in.rank > 0 ? shape_of_rank(in.rank) : SHAPE_UNKNOWN;
    struct numbers block, begin, end;
    uint32_t rank = (uint32_t)in.rank;
    bool known = in.rank > 0 && input_complete(n, 1, &block) && input_numbers(n, 2, &begin) &&
                 input_numbers(n, 3, &end) && block.count == rank && begin.count == rank &&
                 end.count == rank;
    int64_t blocks = 1;
    for (uint32_t i = 0; i < rank && known; i++) {
        if (block.data[i] == 1 && begin.data[i] == 0 && end.data[i] == 0)
            out.dims[i] = in.dims[i];
        known = !__builtin_mul_overflow(blocks, block.data[i], &blocks) && blocks > 0;
    }
    int64_t *batch = &out.dims[0];
    if (!known || *batch == DIM_UNKNOWN || (!spread && *batch % blocks != 0))
        *batch = DIM_UNKNOWN;
    else if (!spread)
        *batch /= blocks;
    else if (__builtin_mul_overflow(*batch, blocks, batch))
        return shape_error(n, "too large a batch");
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

static bool infer_space_to_batch(struct node *n) {
    struct shape out = input_shape(n, 0);
    struct block_lists b;
    bool wrong;
    if (!input_rank(n, 0, 1, SHAPE_MAX_RANK))
        return false;
    if (!read_lists(n, out.rank, &b, &wrong))
        return !wrong && infer_partly(n, true);
    for (int32_t i = 0; i < out.rank; i++) {
        int64_t *dim = &out.dims[i];
        if (*dim == DIM_UNKNOWN)
            continue;
        int64_t padded = *dim + b.begin.data[i] + b.end.data[i];
        if (padded % b.block.data[i] != 0)
            return shape_error(n, "axis %" PRId32 " of %" PRId64 " is no multiple of %" PRId64, i,
                               padded, b.block.data[i]);
        *dim = i == 0 ? padded : padded / b.block.data[i];
    }
    if (out.dims[0] != DIM_UNKNOWN &&
        __builtin_mul_overflow(out.dims[0], all_blocks(&b), &out.dims[0]))
        return shape_error(n, "too large a batch");
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

static bool infer_batch_to_space(struct node *n) {
    struct shape out = input_shape(n, 0);
    struct block_lists b;
    bool wrong;
    if (!input_rank(n, 0, 1, SHAPE_MAX_RANK))
        return false;
    if (!read_lists(n, out.rank, &b, &wrong))
        return !wrong && infer_partly(n, false);
    int64_t blocks = all_blocks(&b);
    if (out.dims[0] != DIM_UNKNOWN && out.dims[0] % blocks != 0)
        return shape_error(n, "a batch of %" PRId64 " does not make blocks of %" PRId64,
                           out.dims[0], blocks);
    for (int32_t i = 0; i < out.rank; i++) {
        int64_t *dim = &out.dims[i], wide;
        if (*dim == DIM_UNKNOWN)
            continue;
        if (i == 0) {
            *dim /= blocks;
            continue;
        }
        if (__builtin_mul_overflow(*dim, b.block.data[i], &wide))
            return shape_error(n, "too large along axis %" PRId32, i);
        *dim = wide - b.begin.data[i] - b.end.data[i];
        if (*dim < 0)
            return shape_error(n, "crops of axis %" PRId32 " leave nothing", i);
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

// The batch, then for each axis its blocks and the places in them: 2 * rank - 1 axes.
static bool evaluate_space_to_batch(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    const struct tensor *t = node_constant(n, 0);
    int32_t rank = t->shape.rank, order[SHAPE_MAX_RANK] = {0};
    struct shape wide = {.rank = 2 * rank - 1};
    struct block_lists b;
    bool wrong;
    if (wide.rank > SHAPE_MAX_RANK || !read_lists(n, rank, &b, &wrong))
        return false;
    for (int32_t i = 0; i < rank && t != NULL; i++)
        t = tensor_pad(arena, t, i, b.begin.data[i], b.end.data[i], 0);
    if (t == NULL)
        return false;
    wide.dims[0] = t->shape.dims[0];
    order[rank - 1] = 0;
    for (int32_t i = 1, place = 1; i < rank; i++, place += 2) {
        wide.dims[place] = t->shape.dims[i] / b.block.data[i];
        wide.dims[place + 1] = b.block.data[i];
        order[i - 1] = place + 1;
        order[rank - 1 + i] = place;
    }
    t = tensor_permute(arena, tensor_reshape(arena, t, wide), order);
    outputs[0] = tensor_reshape(arena, t, n->outputs[0].shape);
    return true;
}

static bool evaluate_batch_to_space(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    const struct tensor *t = node_constant(n, 0);
    int32_t rank = t->shape.rank, order[SHAPE_MAX_RANK] = {0};
    struct shape wide = {.rank = 2 * rank - 1}, full = t->shape;
    struct block_lists b;
    bool wrong;
    if (wide.rank > SHAPE_MAX_RANK || !read_lists(n, rank, &b, &wrong))
        return false;
    full.dims[0] = wide.dims[rank - 1] = t->shape.dims[0] / all_blocks(&b);
    order[0] = rank - 1;
    for (int32_t i = 1, place = 1; i < rank; i++, place += 2) {
        wide.dims[i - 1] = b.block.data[i];
        wide.dims[rank - 1 + i] = t->shape.dims[i];
        full.dims[i] = t->shape.dims[i] * b.block.data[i];
        order[place] = rank - 1 + i;
        order[place + 1] = i - 1;
    }
    t = tensor_permute(arena, tensor_reshape(arena, t, wide), order);
    t = tensor_reshape(arena, t, full);
    for (int32_t i = 0; i < rank && t != NULL; i++)
        t = tensor_pad(arena, t, i, -b.begin.data[i], -b.end.data[i], 0);
    outputs[0] = t;
    return t != NULL;
}

#define BLOCKS(kind, rule, evaluator, text)                                                        \
    const struct op_def op_##kind = {                                                              \
        .name = #kind,                                                                             \
        .doc = text,                                                                               \
        .opset = "opset2",                                                                         \
        .flags = OP_OPSET,                                                                         \
        .min_inputs = 4,                                                                           \
        .max_inputs = 4,                                                                           \
        .outputs = 1,                                                                              \
        .infer = rule,                                                                             \
        .evaluate = evaluator,                                                                     \
        .lowered_by = "lower_classic_blocks",                                                      \
    };
BLOCKS(SpaceToBatch, infer_space_to_batch, evaluate_space_to_batch, "blocks of places become batch")
BLOCKS(BatchToSpace, infer_batch_to_space, evaluate_batch_to_space,
       "batch becomes blocks of places")

// --- DepthToSpace, SpaceToDepth -----------------------------------------------------------------

static int64_t power(int64_t base, int32_t exponent) {
    int64_t result = 1;
    for (int32_t i = 0; i < exponent; i++)
        if (__builtin_mul_overflow(result, base, &result))
            return INT64_MAX;
    return result;
}

static bool infer_depth(struct node *n) {
    const struct depth *a = n->attrs;
    struct shape out = input_shape(n, 0);
    bool to_space = n->op == &op_DepthToSpace;
    if (a->block_size < 1 || a->block_size > INT16_MAX)
        return shape_error(n, "blocks of %" PRId64, a->block_size);
    if (!input_rank(n, 0, 3, SHAPE_MAX_RANK))
        return false;
    set_output(n, 0, input_type(n, 0), out);
    if (out.rank == RANK_UNKNOWN)
        return true;
    int64_t blocks = power(a->block_size, out.rank - 2);
    for (int32_t i = 1; i < out.rank; i++) {
        int64_t *dim = &out.dims[i], factor = i == 1 ? blocks : a->block_size;
        if (*dim == DIM_UNKNOWN)
            continue;
        if ((i == 1) != to_space) {
            if (__builtin_mul_overflow(*dim, factor, dim))
                return shape_error(n, "too large along axis %" PRId32, i);
        } else if (*dim % factor != 0) {
            return shape_error(n, "axis %" PRId32 " of %" PRId64 " is no multiple of %" PRId64, i,
                               *dim, factor);
        } else {
            *dim /= factor;
        }
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

struct depth_view depth_view(const struct depth *a, const struct shape *shallow,
                             const struct shape *deep) {
    bool first = a->mode == DEPTH_BLOCKS_FIRST;
    int32_t k = deep->rank - 2, depth_axis = first ? k + 1 : 1;
    struct depth_view v = {.deep = {.rank = 2 * k + 2}, .wide = {.rank = 2 * k + 2}};
    v.deep.dims[0] = deep->dims[0];
    v.deep.dims[depth_axis] = shallow->dims[1];
    v.to_wide[1] = depth_axis;
    for (int32_t i = 0; i < k; i++) {
        int32_t block = (first ? 1 : 2) + i;
        v.deep.dims[block] = a->block_size;
        v.deep.dims[k + 2 + i] = deep->dims[2 + i];
        v.to_wide[2 + 2 * i] = k + 2 + i;
        v.to_wide[3 + 2 * i] = block;
    }
    for (int32_t i = 0; i < v.deep.rank; i++) {
        v.wide.dims[i] = v.deep.dims[v.to_wide[i]];
        v.to_deep[v.to_wide[i]] = i;
    }
    return v;
}

static bool evaluate_depth(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    const struct tensor *t = node_constant(n, 0);
    bool to_space = n->op == &op_DepthToSpace;
    struct shape in = t->shape, out = n->outputs[0].shape;
    if (2 * in.rank - 2 > SHAPE_MAX_RANK)
        return false;
    struct depth_view v = depth_view(n->attrs, to_space ? &out : &in, to_space ? &in : &out);
    t = tensor_reshape(arena, t, to_space ? v.deep : v.wide);
    t = tensor_permute(arena, t, to_space ? v.to_wide : v.to_deep);
    outputs[0] = tensor_reshape(arena, t, out);
    return true;
}

#define DEPTH(kind, text)                                                                          \
    const struct op_def op_##kind = {                                                              \
        .name = #kind,                                                                             \
        .doc = text,                                                                               \
        .opset = "opset1",                                                                         \
        .flags = OP_OPSET,                                                                         \
        .min_inputs = 1,                                                                           \
        .max_inputs = 1,                                                                           \
        .outputs = 1,                                                                              \
        OP_ATTRS(depth_attrs, depth),                                                              \
        .infer = infer_depth,                                                                      \
        .evaluate = evaluate_depth,                                                                \
        .lowered_by = "lower_classic_blocks",                                                      \
    };
DEPTH(DepthToSpace, "channels become blocks of places")
DEPTH(SpaceToDepth, "blocks of places become channels")

// --- Reverse, ReverseSequence -------------------------------------------------------------------

bool reverse_axes(const struct node *n, uint32_t *mask) {
    struct numbers list;
    struct shape s = input_shape(n, 0);
    *mask = 0;
    if (s.rank == RANK_UNKNOWN || !input_complete(n, 1, &list))
        return false;
    for (uint32_t i = 0; i < list.count; i++) {
        int32_t axis = (int32_t)i;
        bool by_mask = ((const struct reverse *)n->attrs)->mode == REVERSE_MASK;
        if (by_mask ? list.count != (uint32_t)s.rank : !shape_axis(&s, list.data[i], &axis))
            return false;
        *mask |= (uint32_t)(by_mask ? list.data[i] != 0 : 1) << axis;
    }
    return true;
}

static bool evaluate_reverse(struct node *n, const struct tensor **outputs) {
    struct arena *arena = n->graph->arena;
    const struct tensor *t = node_constant(n, 0);
    uint32_t mask;
    if (!reverse_axes(n, &mask))
        return false;
    for (int32_t axis = 0; axis < t->shape.rank; axis++) {
        int64_t dim = t->shape.dims[axis];
        if (!(mask >> axis & 1))
            continue;
        int64_t *indices = index_list(arena, dim);
        if (indices == NULL)
            return false;
        for (int64_t i = 0; i < dim; i++)
            indices[i] = dim - 1 - i;
        t = tensor_gather(arena, t, axis, (uint64_t)dim, indices);
    }
    outputs[0] = t;
    return true;
}

static bool infer_reverse(struct node *n) {
    uint32_t mask;
    struct numbers list;
    bool known = input_shape(n, 0).rank != RANK_UNKNOWN && input_complete(n, 1, &list);
    if (known && !reverse_axes(n, &mask))
        return shape_error(n, "the axes to reverse are not those of the data");
    return infer_same(n);
}

const struct op_def op_Reverse = {
    .name = "Reverse",
    .doc = "axes read backwards",
    .opset = "opset1",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(reverse_attrs, reverse),
    .infer = infer_reverse,
    .evaluate = evaluate_reverse,
    .lowered_by = "lower_classic_blocks",
    .partial = 1,
};

static bool infer_reverse_sequence(struct node *n) {
    const struct reverse_sequence *a = n->attrs;
    int32_t batch, sequence;
    struct shape data = input_shape(n, 0), lengths = input_shape(n, 1);
    int64_t merged;
    if (data.rank == RANK_UNKNOWN)
        return infer_same(n);
    if (!input_axis(n, 0, a->batch_axis, &batch) || !input_axis(n, 0, a->seq_axis, &sequence) ||
        !input_rank(n, 1, 1, 1))
        return false;
    if (lengths.rank == 1 && !merge_dim(lengths.dims[0], data.dims[batch], &merged))
        return shape_error(n, "one length for each of the batch is needed");
    return infer_same(n);
}

static const struct classic_form reverse_sequence_form = {.type = "ReverseSequence"};

const struct op_def op_ReverseSequence = {
    .name = "ReverseSequence",
    .doc = "the beginning of each sequence, as long as its length says, read backwards",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(reverse_sequence_attrs, reverse_sequence),
    .infer = infer_reverse_sequence,
    .classic = &reverse_sequence_form,
};

// --- ExtractImagePatches ------------------------------------------------------------------------

static bool patch_dim(struct node *n, uint32_t i, int64_t in, int64_t *out) {
    const struct patches *a = n->attrs;
    int64_t size = a->sizes.data[i], stride = a->strides.data[i], rate = a->rates.data[i];
    *out = DIM_UNKNOWN;
    if (size < 1 || stride < 1 || rate < 1 || size > INT16_MAX || rate > INT16_MAX ||
        in > INT32_MAX)
        return shape_error(n, "a patch of %" PRId64 ", stride %" PRId64 ", rate %" PRId64, size,
                           stride, rate);
    if (in == DIM_UNKNOWN)
        return true;
    int64_t room = a->auto_pad == PAD_VALID ? in - (rate * (size - 1) + 1) : in - 1;
    *out = room < 0 ? 0 : room / stride + 1;
    return *out > 0 || shape_error(n, "a patch does not fit into %" PRId64, in);
}

static bool infer_patches(struct node *n) {
    const struct patches *a = n->attrs;
    struct shape in = input_shape(n, 0), out = shape_of_rank(4);
    if (a->sizes.count != 2 || a->strides.count != 2 || a->rates.count != 2)
        return shape_error(n, "sizes, strides and rates are not pairs");
    if (!input_rank(n, 0, 4, 4))
        return false;
    if (in.rank == 4) {
        if (!patch_dim(n, 0, in.dims[2], &out.dims[2]) ||
            !patch_dim(n, 1, in.dims[3], &out.dims[3]))
            return false;
        out.dims[0] = in.dims[0];
        if (in.dims[1] == DIM_UNKNOWN ||
            __builtin_mul_overflow(in.dims[1], a->sizes.data[0] * a->sizes.data[1], &out.dims[1]))
            out.dims[1] = DIM_UNKNOWN;
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

const struct op_def op_ExtractImagePatches = {
    .name = "ExtractImagePatches",
    .doc = "patches of an image become channels",
    .opset = "opset3",
    .flags = OP_OPSET,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(patches_attrs, patches),
    .infer = infer_patches,
};
