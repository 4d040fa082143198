// SPDX-License-Identifier: Apache-2.0
// Recurrent cells and sequences. Gates stand in OpenVINO's order: LSTM f, i, c, o; GRU z, r, h.
//   LSTMCell      X [N,I], H [N,h], C [N,h], W [4h,I], R [4h,h], B [4h]           -> H, C
//   GRUCell       X, H, W [3h,I], R [3h,h], B [3h] ([4h] when linear_before_reset)  -> H
//   RNNCell       X, H, W [h,I], R [h,h], B [h]                                    -> H
//   LSTMSequence  X [N,T,I], H [N,D,h], C [N,D,h], lengths [N], W [D,4h,I], R [D,4h,h], B [D,4h]
//                 -> Y [N,D,T,h], H, C; GRUSequence and RNNSequence without C
// LSTMCellIE is classic IR's: X, H, C, weights [4h, I+h], biases [4h].
#ifndef ZOOC_OPS_RECURRENT_H
#define ZOOC_OPS_RECURRENT_H

#include "compiler/ops/ops.h"

// activations: names with commas between; empty means the usual ones.
#define CELL_ATTRS(A)                                                                              \
    A(INT, hidden_size, NO_DEFAULT, NULL, "hidden_size", "hidden_size")                            \
    A(STRING, activations, NO_DEFAULT, NULL, "activations", "activations")                         \
    A(FLOATS, activations_alpha, NO_DEFAULT, NULL, "activations_alpha", "activations_alpha")       \
    A(FLOATS, activations_beta, NO_DEFAULT, NULL, "activations_beta", "activations_beta")          \
    A(FLOAT, clip, ATTR_UNSET, NULL, "clip", "clip")
#define GRU_CELL_ATTRS(A)                                                                          \
    CELL_ATTRS(A)                                                                                  \
    A(BOOL, linear_before_reset, false, NULL, "linear_before_reset", NULL)
enum direction { DIRECTION_FORWARD, DIRECTION_REVERSE, DIRECTION_BOTH };
#define SEQUENCE_ATTRS(A)                                                                          \
    CELL_ATTRS(A)                                                                                  \
    A(ENUM, direction, DIRECTION_FORWARD, directions, "direction", NULL)
#define GRU_SEQUENCE_ATTRS(A)                                                                      \
    SEQUENCE_ATTRS(A)                                                                              \
    A(BOOL, linear_before_reset, false, NULL, "linear_before_reset", NULL)
ATTR_STRUCT(cell, CELL_ATTRS)
ATTR_STRUCT(gru_cell, GRU_CELL_ATTRS)
ATTR_STRUCT(sequence, SEQUENCE_ATTRS)
ATTR_STRUCT(gru_sequence, GRU_SEQUENCE_ATTRS)

#endif
