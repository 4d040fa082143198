// SPDX-License-Identifier: Apache-2.0
// A TensorArray is a tensor whose axis 0 counts the elements. Its flow value, which orders reads
// and writes in TensorFlow, is that tensor; its handle is the number of elements. Before anything
// is written the flow is zeros, or a scalar where the shape of the elements is not known yet.
#ifndef ZOOC_TF_TENSOR_ARRAYS_H
#define ZOOC_TF_TENSOR_ARRAYS_H

#include "frontends/tf/layers.h"

// Whether an edge is the flow of an array.
bool tf_is_flow(const struct tf_graph *g, struct tf_edge edge);
// The node that made the array of a handle; TF_NONE when it is not found.
uint32_t tf_array_maker(const struct tf_graph *g, struct tf_edge handle);
// The content is a scalar that stands for elements of a shape not known yet.
bool tf_array_is_blank(const struct value *flow);
// Zeros: `size` elements of the shape of `element`.
struct value *tf_array_zeros(struct builder *b, const char *name, struct value *size,
                             struct value *element);
// 0, 1, 2, ... for every element of `content`.
bool tf_counts_all(const struct value *indices, const struct value *content);

#endif
