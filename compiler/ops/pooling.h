// SPDX-License-Identifier: Apache-2.0
// MaxPool, AvgPool: opset1 forms. rounding_type stays as the source said; ROUND_CEIL_CLIPPED is
// Caffe's rule (a last window that would start in the padding is dropped) and is written as ceil
// or, where that differs, as explicit pads with floor (shape_rules.h: window).
#ifndef ZOOC_OPS_POOLING_H
#define ZOOC_OPS_POOLING_H

#include "compiler/ops/convolution.h"

enum rounding { ROUND_FLOOR, ROUND_CEIL, ROUND_CEIL_CLIPPED };
extern const char *const rounding_names[]; // "floor", "ceil", "ceil_clipped" (never in IR)

// How classic IR spells the rounding: a mean over whole images has a dash; not at all where the
// source has no such thing and readers are to take what they take.
enum rounding_spelling { SPELL_ROUNDING, SPELL_WITH_DASH, SPELL_NOTHING };
extern const char *const rounding_spellings[];

// MaxPool has the struct of AvgPool; exclude_pad means nothing to it and is not in its opset form.
#define WINDOW_POOLING_ATTRS(A)                                                                    \
    A(INTS, kernel, NO_DEFAULT, NULL, "kernel", "kernel")                                          \
    A(INTS, strides, NO_DEFAULT, NULL, "strides", "strides")                                       \
    A(INTS, pads_begin, NO_DEFAULT, NULL, "pads_begin", "pads_begin")                              \
    A(INTS, pads_end, NO_DEFAULT, NULL, "pads_end", "pads_end")                                    \
    A(ENUM, auto_pad, PAD_EXPLICIT, auto_pad_names, "auto_pad", NULL)                              \
    A(ENUM, rounding_type, ROUND_FLOOR, rounding_names, "rounding_type", NULL)                     \
    A(ENUM, spelling, SPELL_ROUNDING, rounding_spellings, NULL, NULL)
#define POOLING_ATTRS(A)                                                                           \
    WINDOW_POOLING_ATTRS(A)                                                                        \
    A(BOOL, exclude_pad, true, NULL, "exclude-pad", NULL)
#define MAX_POOLING_ATTRS(A)                                                                       \
    WINDOW_POOLING_ATTRS(A)                                                                        \
    A(BOOL, exclude_pad, true, NULL, NULL, NULL)
ATTR_STRUCT(pooling, POOLING_ATTRS)

// MaxPoolIndices: MaxPool of opset8. Output 1: where each stands in the data, counted from `axis`.
#define POOLING_INDICES_ATTRS(A)                                                                   \
    WINDOW_POOLING_ATTRS(A)                                                                        \
    A(BOOL, exclude_pad, true, NULL, NULL, NULL)                                                   \
    A(INTS, dilations, NO_DEFAULT, NULL, "dilations", NULL)                                        \
    A(TYPE, index_element_type, DT_I64, NULL, "index_element_type", NULL)                          \
    A(INT, axis, 0, NULL, "axis", NULL)
ATTR_STRUCT(pooling_indices, POOLING_INDICES_ATTRS)

// For the lowering of both dialects: ROUND_CEIL_CLIPPED becomes ROUND_CEIL where that gives the
// same shape, else ROUND_FLOOR with pads_end that give it.
void pooling_resolve_rounding(struct node *n);

#endif
