// SPDX-License-Identifier: Apache-2.0
// Sorting, suppression and decoding.
#ifndef ZOOC_OPS_SORT_H
#define ZOOC_OPS_SORT_H

#include "compiler/ops/ops.h"

enum topk_mode { TOPK_MIN, TOPK_MAX };
enum topk_sort { TOPK_BY_VALUE, TOPK_BY_INDEX, TOPK_UNSORTED };
// Inputs: data, k. Outputs: values, indices.
#define TOPK_ATTRS(A)                                                                              \
    A(INT, axis, -1, NULL, "axis", "axis")                                                         \
    A(ENUM, mode, TOPK_MAX, topk_modes, "mode", "mode")                                            \
    A(ENUM, sort, TOPK_BY_VALUE, topk_sorts, "sort", "sort")                                       \
    A(TYPE, index_element_type, DT_I32, NULL, "index_element_type", NULL)
ATTR_STRUCT(topk, TOPK_ATTRS)

// Input: a list. Outputs: each number once, in the order in which they come first; where; for each
// element which of them it is; how often each stands.
#define UNIQUE_ATTRS(A)                                                                            \
    A(BOOL, sorted, false, NULL, "sorted", NULL)                                                   \
    A(TYPE, index_element_type, DT_I64, NULL, "index_element_type", NULL)                          \
    A(TYPE, count_element_type, DT_I64, NULL, "count_element_type", NULL)
ATTR_STRUCT(unique, UNIQUE_ATTRS)

// Caffe's ArgMax. Without an axis it looks over all but the batch and gives [N, 1 or 2, top_k, 1].
#define ARG_MAX_ATTRS(A)                                                                           \
    A(INT, axis, ATTR_UNSET, NULL, NULL, "axis")                                                   \
    A(BOOL, out_max_val, false, NULL, NULL, "out_max_val")                                         \
    A(INT, top_k, 1, NULL, NULL, "top_k")
ATTR_STRUCT(arg_max, ARG_MAX_ATTRS)

// Inputs: boxes [B,N,4], scores [B,C,N], boxes per class, iou threshold, score threshold, sigma.
// Outputs: [M,3] of (batch, class, box), [M,3] with scores, [1] = M.
enum nms_encoding { NMS_CORNER, NMS_CENTER };
#define NMS_ATTRS(A)                                                                               \
    A(ENUM, box_encoding, NMS_CORNER, nms_encodings, "box_encoding", NULL)                         \
    A(BOOL, sort_result_descending, true, NULL, "sort_result_descending", NULL)                    \
    A(TYPE, output_type, DT_I64, NULL, "output_type", NULL)
ATTR_STRUCT(nms, NMS_ATTRS)

// Inputs: probabilities [T,N,C], mask [T,N]. Output [N,T,1,1], filled with -1.
#define CTC_ATTRS(A)                                                                               \
    A(BOOL, ctc_merge_repeated, true, NULL, "ctc_merge_repeated", "ctc_merge_repeated")
ATTR_STRUCT(ctc_greedy_decoder, CTC_ATTRS)

// Inputs: probabilities [N,T,C], lengths [N], index of the blank. Outputs: classes [N,T], lengths
// [N].
#define CTC_SEQ_LEN_ATTRS(A)                                                                       \
    A(BOOL, merge_repeated, true, NULL, "merge_repeated", NULL)                                    \
    A(TYPE, classes_index_type, DT_I32, NULL, "classes_index_type", NULL)                          \
    A(TYPE, sequence_length_type, DT_I32, NULL, "sequence_length_type", NULL)
ATTR_STRUCT(ctc_seq_len, CTC_SEQ_LEN_ATTRS)

#endif
