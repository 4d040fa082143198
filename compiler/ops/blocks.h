// SPDX-License-Identifier: Apache-2.0
// Operators that cut axes into blocks, reverse them, or take patches.
#ifndef ZOOC_OPS_BLOCKS_H
#define ZOOC_OPS_BLOCKS_H

#include "compiler/ops/convolution.h"

// SpaceToBatch: data, block shape, pads_begin, pads_end; BatchToSpace: crops in place of pads. All
// lists have a number for each axis, the batch's being 1 or 0.

// DepthToSpace, SpaceToDepth: channels read as [block, ..., block, depth] or [depth, block, ...].
enum depth_mode { DEPTH_BLOCKS_FIRST, DEPTH_DEPTH_FIRST };
#define DEPTH_ATTRS(A)                                                                             \
    A(ENUM, mode, DEPTH_BLOCKS_FIRST, depth_modes, "mode", NULL)                                   \
    A(INT, block_size, 1, NULL, "block_size", "block_size")
ATTR_STRUCT(depth, DEPTH_ATTRS)
// How an operator reads its channels: the axes of [N, blocks and depth, places], and their order as
// [N, depth, place, block, place, block, ...]. `deep` has at most SHAPE_MAX_RANK / 2 + 1 axes.
struct depth_view {
    struct shape deep, wide;
    int32_t to_wide[SHAPE_MAX_RANK], to_deep[SHAPE_MAX_RANK];
};
struct depth_view depth_view(const struct depth *a, const struct shape *shallow,
                             const struct shape *deep);

// Inputs: data, lengths.
#define REVERSE_SEQUENCE_ATTRS(A)                                                                  \
    A(INT, batch_axis, 0, NULL, "batch_axis", "batch_axis")                                        \
    A(INT, seq_axis, 1, NULL, "seq_axis", "seq_axis")
ATTR_STRUCT(reverse_sequence, REVERSE_SEQUENCE_ATTRS)

// Inputs: data, axes (mode index) or a flag for each axis (mode mask).
enum reverse_mode { REVERSE_INDEX, REVERSE_MASK };
#define REVERSE_ATTRS(A) A(ENUM, mode, REVERSE_INDEX, reverse_modes, "mode", NULL)
ATTR_STRUCT(reverse, REVERSE_ATTRS)
// Axes that are reversed, as a bit set; false when they are not known.
bool reverse_axes(const struct node *n, uint32_t *mask);

// Data [N,C,H,W]; a patch becomes channels in the order rows, columns, channels.
#define PATCHES_ATTRS(A)                                                                           \
    A(INTS, sizes, NO_DEFAULT, NULL, "sizes", NULL)                                                \
    A(INTS, strides, NO_DEFAULT, NULL, "strides", NULL)                                            \
    A(INTS, rates, NO_DEFAULT, NULL, "rates", NULL)                                                \
    A(ENUM, auto_pad, PAD_VALID, auto_pad_names, "auto_pad", NULL)
ATTR_STRUCT(patches, PATCHES_ATTRS)

#endif
