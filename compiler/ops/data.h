// SPDX-License-Identifier: Apache-2.0
// Parameter, Constant, Result: where data enters, stands and leaves.
#ifndef ZOOC_OPS_DATA_H
#define ZOOC_OPS_DATA_H

#include "compiler/ops/ops.h"

// layout: "NCHW", "NHWC", ... or "" when the source says none. mean: subtracted from each channel
// by the runtime (classic IR's pre-process section). least, most: limits of unknown dimensions
// where the user gave some, a number for each dimension; a most of -1: no limit.
#define PARAMETER_ATTRS(A)                                                                         \
    A(TYPE, element_type, DT_F32, NULL, "element_type", NULL)                                      \
    A(SHAPE, shape, NO_DEFAULT, NULL, "shape", NULL)                                               \
    A(STRING, layout, NO_DEFAULT, NULL, NULL, NULL)                                                \
    A(FLOATS, mean, NO_DEFAULT, NULL, NULL, NULL)                                                  \
    A(INTS, least, NO_DEFAULT, NULL, NULL, NULL)                                                   \
    A(INTS, most, NO_DEFAULT, NULL, NULL, NULL)
ATTR_STRUCT(parameter, PARAMETER_ATTRS)

struct value *build_parameter(struct graph *g, const char *name, enum dtype type,
                              struct shape shape, const struct place *place);
// `name` is the output's name for the user; the node is "<name>/sink".
struct node *build_result(struct graph *g, const char *name, struct value *v);

#endif
