// SPDX-License-Identifier: Apache-2.0
// What the fuse_* passes share: linear operators with constants, filters of convolution-like nodes,
// and the names that the user does not want fused.
#ifndef ZOOC_LINEAR_H
#define ZOOC_LINEAR_H

#include "compiler/passes/pass.h"

// --- names that must not be fused ---------------------------------------------------------------
struct fuse_filter;
// Lives in `arena`. An expression that cannot be read is reported and left out.
struct fuse_filter *fuse_filter_new(struct arena *arena, struct graph *g,
                                    const struct pass_options *options);
// By the name of the layer that the node comes from: names inside it are ours.
bool fuse_allowed(const struct fuse_filter *filter, const struct node *n);
// May the Add become the layer's biases? Where one source layer is both, always; else it is fusing.
bool biases_allowed(const struct fuse_filter *filter, const struct node *layer,
                    const struct node *add);

// --- y = scale * x + shift ----------------------------------------------------------------------
struct linear {
    struct node *node;
    struct value *x;
    int32_t axis;                // of x, along which the numbers differ; -1: one number for all
    uint64_t count;              // numbers in each array
    const double *scale, *shift; // in the arena of linear_of
};

// Add, Subtract, Multiply or Divide of a float value and a constant that does not grow it.
bool linear_of(struct arena *arena, struct node *n, struct linear *out);
bool linear_is_scale(const struct linear *l); // no shift
bool linear_is_shift(const struct linear *l); // no scale
// Number `i` of an array of a linear, whatever its count.
static inline double linear_at(const struct linear *l, const double *numbers, uint64_t i) {
    return numbers[l->count == 1 ? 0 : i];
}
// A constant operand for x: numbers along `axis`, or a scalar.
struct value *linear_constant(struct node *like, const char *name, const struct value *x,
                              int32_t axis, uint64_t count, const double *numbers);

// --- convolutions and fully connected layers ----------------------------------------------------
enum channel_side { INPUT_CHANNELS, OUTPUT_CHANNELS };

// A convolution of any kind, or a MatMul, with constant float filters as input 1.
bool has_filters(const struct node *n);
uint64_t filter_channels(const struct node *n, enum channel_side side);
// The axis of the channels in the node's input or output.
int32_t filter_data_axis(const struct node *n, enum channel_side side);
// The layer whose results it alone reads, with a number for each of them: a scale can go into its
// filters, a shift is its bias. NULL when there is none.
struct node *linear_layer_before(const struct linear *l, const struct fuse_filter *filter);
// Multiplies the filters by numbers[channel]; `count` is 1 or the number of channels.
void filters_scale(struct node *n, enum channel_side side, uint64_t count, const double *numbers);
// Picks filters along one axis of the tensor.
void filters_gather(struct node *n, int32_t axis, uint64_t count, const int64_t *indices);
void filters_set(struct node *n, const struct tensor *filters);

// `from` disappears, and `to` now holds what `from` held: it takes the names and gives up its own.
void value_take_over(struct value *from, struct value *to);

#endif
