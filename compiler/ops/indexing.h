// SPDX-License-Identifier: Apache-2.0
// Reading and writing at indices, and tensors made of numbers.
#ifndef ZOOC_OPS_INDEXING_H
#define ZOOC_OPS_INDEXING_H

#include "compiler/ops/ops.h"

// GatherND: data, indices. GatherElements: data, indices. ScatterUpdate and ScatterElementsUpdate:
// data, indices, updates, axis. ScatterNDUpdate: data, indices, updates.
#define GATHER_ND_ATTRS(A) A(INT, batch_dims, 0, NULL, "batch_dims", NULL)
ATTR_STRUCT(gather_nd, GATHER_ND_ATTRS)
#define GATHER_ELEMENTS_ATTRS(A) A(INT, axis, 0, NULL, "axis", NULL)
ATTR_STRUCT(gather_elements, GATHER_ELEMENTS_ATTRS)

// How ScatterNDUpdate joins updates with what stands at their place. Unset: the update takes it.
enum scatter_reduction {
    SCATTER_SUM,
    SCATTER_SUB,
    SCATTER_PROD,
    SCATTER_MIN,
    SCATTER_MAX,
};
#define SCATTER_ND_ATTRS(A) A(ENUM, reduction, ATTR_UNSET, scatter_reductions, "reduction", NULL)
ATTR_STRUCT(scatter_nd, SCATTER_ND_ATTRS)

evaluate_function evaluate_gather_nd, evaluate_gather_elements, evaluate_cum_sum;
evaluate_function evaluate_scatter_slices, evaluate_scatter_places, evaluate_scatter_elements;

// Inputs: indices, depth, on value, off value.
#define ONE_HOT_ATTRS(A) A(INT, axis, -1, NULL, "axis", NULL)
ATTR_STRUCT(one_hot, ONE_HOT_ATTRS)

// Inputs: data, axis.
#define CUM_SUM_ATTRS(A)                                                                           \
    A(BOOL, exclusive, false, NULL, "exclusive", NULL)                                             \
    A(BOOL, reverse, false, NULL, "reverse", NULL)
ATTR_STRUCT(cum_sum, CUM_SUM_ATTRS)

// Range: start, stop, step. ShapeOf, NonZero: data.
#define OUTPUT_TYPE_ATTRS(A) A(TYPE, output_type, DT_I64, NULL, "output_type", NULL)
ATTR_STRUCT(output_type, OUTPUT_TYPE_ATTRS)

// Inputs: shape, least, end (not included). Seeds of 0: other numbers each time.
#define RANDOM_UNIFORM_ATTRS(A)                                                                    \
    A(TYPE, output_type, DT_F32, NULL, "output_type", NULL)                                        \
    A(INT, global_seed, 0, NULL, "global_seed", NULL)                                              \
    A(INT, op_seed, 0, NULL, "op_seed", NULL)
ATTR_STRUCT(random_uniform, RANDOM_UNIFORM_ATTRS)

// Inputs: data, then lowest and highest in, lowest and highest out. levels: different numbers out.
// `halves_up`: the source rounds halves up, as TensorFlow does; runtimes round them to even.
#define FAKE_QUANTIZE_ATTRS(A)                                                                     \
    A(INT, levels, 256, NULL, "levels", NULL)                                                      \
    A(BOOL, halves_up, false, NULL, NULL, NULL)
ATTR_STRUCT(fake_quantize, FAKE_QUANTIZE_ATTRS)

// A layer that only an extension of the runtime knows. Its last inputs are constants that become
// the blobs named in `blobs` ("weights,biases"); `shapes` holds for each output its rank and
// dimensions.
#define CUSTOM_ATTRS(A)                                                                            \
    A(STRING, type, NO_DEFAULT, NULL, NULL, NULL)                                                  \
    A(STRING, blobs, NO_DEFAULT, NULL, NULL, NULL)                                                 \
    A(TYPE, output_type, DT_F32, NULL, NULL, NULL)                                                 \
    A(INTS, shapes, NO_DEFAULT, NULL, NULL, NULL)                                                  \
    A(FREE, attributes, NO_DEFAULT, NULL, NULL, "")
ATTR_STRUCT(custom, CUSTOM_ATTRS)

#endif
