// SPDX-License-Identifier: Apache-2.0
// Convolutions. Inputs: data [N,C,spatial...], filters:
//   Convolution                    [O, I, k...]
//   GroupConvolution               [G, O/G, I/G, k...]
//   ConvolutionBackpropData        [I, O, k...] (+ output_shape)
//   GroupConvolutionBackpropData   [G, I/G, O/G, k...] (+ output_shape)
// One more input is for lower_classic alone: biases [O] (index 2; of the transposed ones 3).
// Shapes: opset1 Convolution-1 and so on. pads are the truth once inferred: with auto_pad other
// than explicit the shape rule computes them and leaves auto_pad as the source said.
#ifndef ZOOC_OPS_CONVOLUTION_H
#define ZOOC_OPS_CONVOLUTION_H

#include "compiler/ops/ops.h"

enum auto_pad { PAD_EXPLICIT, PAD_SAME_UPPER, PAD_SAME_LOWER, PAD_VALID };
extern const char *const auto_pad_names[]; // "explicit", "same_upper", "same_lower", "valid"

#define CONVOLUTION_ATTRS(A)                                                                       \
    A(INTS, strides, NO_DEFAULT, NULL, "strides", "strides")                                       \
    A(INTS, dilations, NO_DEFAULT, NULL, "dilations", "dilations")                                 \
    A(INTS, pads_begin, NO_DEFAULT, NULL, "pads_begin", "pads_begin")                              \
    A(INTS, pads_end, NO_DEFAULT, NULL, "pads_end", "pads_end")                                    \
    A(ENUM, auto_pad, PAD_EXPLICIT, auto_pad_names, "auto_pad", NULL)
ATTR_STRUCT(convolution, CONVOLUTION_ATTRS)

// Begins as a convolution. Classic IR has dilations and groups only where no shape is wanted.
#define DECONVOLUTION_ATTRS(A)                                                                     \
    A(INTS, strides, NO_DEFAULT, NULL, "strides", "strides")                                       \
    A(INTS, dilations, NO_DEFAULT, NULL, "dilations", NULL)                                        \
    A(INTS, pads_begin, NO_DEFAULT, NULL, "pads_begin", "pads_begin")                              \
    A(INTS, pads_end, NO_DEFAULT, NULL, "pads_end", "pads_end")                                    \
    A(ENUM, auto_pad, PAD_EXPLICIT, auto_pad_names, "auto_pad", NULL)                              \
    A(INTS, output_padding, NO_DEFAULT, NULL, "output_padding", NULL)
ATTR_STRUCT(deconvolution, DECONVOLUTION_ATTRS)

#endif
