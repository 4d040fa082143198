// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/sort.h"

#include <inttypes.h>
#include <math.h>

#include "compiler/ops/shape_rules.h"

static const char *const topk_modes[] = {"min", "max", NULL};
static const char *const topk_sorts[] = {"value", "index", "none", NULL};
static const char *const nms_encodings[] = {"corner", "center", NULL};

#define ATTR_OWNER struct topk
static const struct attr_def topk_attrs[] = {TOPK_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct unique
static const struct attr_def unique_attrs[] = {UNIQUE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct arg_max
static const struct attr_def arg_max_attrs[] = {ARG_MAX_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct nms
static const struct attr_def nms_attrs[] = {NMS_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct ctc_greedy_decoder
static const struct attr_def ctc_attrs[] = {CTC_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct ctc_seq_len
static const struct attr_def ctc_seq_len_attrs[] = {CTC_SEQ_LEN_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// --- TopK, ArgMax -------------------------------------------------------------------------------

static bool infer_topk(struct node *n) {
    struct topk *a = n->attrs;
    struct shape out = input_shape(n, 0);
    struct numbers k;
    int32_t axis;
    bool known = input_complete(n, 1, &k);
    if (known && (k.count != 1 || k.data[0] < 0))
        return shape_error(n, "k is not one number that is not negative");
    if (out.rank != RANK_UNKNOWN) {
        if (!input_axis(n, 0, a->axis, &axis))
            return false;
        if (known && out.dims[axis] != DIM_UNKNOWN && k.data[0] > out.dims[axis])
            return shape_error(n, "the largest %" PRId64 " of %" PRId64, k.data[0], out.dims[axis]);
        out.dims[axis] = known ? k.data[0] : DIM_UNKNOWN;
    }
    set_output(n, 0, input_type(n, 0), out);
    set_output(n, 1, a->index_element_type, out);
    return true;
}

const struct op_def op_TopK = {
    .name = "TopK",
    .doc = "the k largest or smallest along an axis, and where they stand",
    .opset = "opset3",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 2,
    OP_ATTRS(topk_attrs, topk),
    .infer = infer_topk,
    .lowered_by = "lower_classic_indices",
};

// --- Unique -------------------------------------------------------------------------------------

enum { UNIQUE_COUNT = 4096 };                       // longer lists are not folded
static const double exact_max = 9007199254740992.0; // 2^53: larger integers lose bits

struct groups {
    uint32_t elements, count;
    const double *data;
    double *firsts, *members, *sizes; // by group, by element, by group
};

// False where the list is not known, is long, or must be sorted.
static bool find_groups(const struct node *n, struct groups *g) {
    const struct tensor *t = node_constant(n, 0);
    if (t == NULL || tensor_count(t) > UNIQUE_COUNT || ((const struct unique *)n->attrs)->sorted)
        return false;
    struct arena *arena = n->graph->arena;
    *g =
        (struct groups){.elements = (uint32_t)tensor_count(t), .data = tensor_as_doubles(arena, t)};
    g->firsts = arena_array_of(arena, g->elements, double);
    g->members = arena_array_of(arena, g->elements, double);
    g->sizes = arena_array_of(arena, g->elements, double);
    for (uint32_t i = 0; i < g->elements; i++) {
        uint32_t k = 0;
        while (k < g->count && g->data[(uint32_t)g->firsts[k]] != g->data[i])
            k++;
        if (k == g->count) {
            g->firsts[g->count] = i;
            g->sizes[g->count++] = 0;
        }
        if (fabs(g->data[i]) > exact_max)
            return false;
        g->members[i] = k;
        g->sizes[k]++;
    }
    return true;
}

static bool infer_unique(struct node *n) {
    const struct unique *a = n->attrs;
    struct groups g;
    if (!input_rank(n, 0, 1, 1))
        return false;
    struct shape found = SHAPE(find_groups(n, &g) ? (int64_t)g.count : DIM_UNKNOWN);
    set_output(n, 0, input_type(n, 0), found);
    set_output(n, 1, a->index_element_type, found);
    set_output(n, 2, a->index_element_type, SHAPE(input_dim(n, 0, 0)));
    set_output(n, 3, a->count_element_type, found);
    return true;
}

static bool evaluate_unique(struct node *n, const struct tensor **outputs) {
    const struct unique *a = n->attrs;
    struct arena *arena = n->graph->arena;
    struct groups g;
    if (!find_groups(n, &g) || input_shape(n, 0).rank != 1)
        return false;
    int64_t *firsts = arena_array_of(arena, g.count, int64_t);
    for (uint32_t k = 0; k < g.count; k++)
        firsts[k] = (int64_t)g.firsts[k];
    outputs[0] = tensor_gather(arena, node_constant(n, 0), 0, g.count, firsts);
    outputs[1] = tensor_of_doubles(arena, a->index_element_type, SHAPE(g.count), g.firsts);
    outputs[2] = tensor_of_doubles(arena, a->index_element_type, SHAPE(g.elements), g.members);
    outputs[3] = tensor_of_doubles(arena, a->count_element_type, SHAPE(g.count), g.sizes);
    return true;
}

const struct op_def op_Unique = {
    .name = "Unique",
    .doc = "every number of a list once",
    .opset = "opset10",
    .flags = OP_OPSET,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 4,
    OP_ATTRS(unique_attrs, unique),
    .infer = infer_unique,
    .evaluate = evaluate_unique,
};

static bool infer_arg_max(struct node *n) {
    const struct arg_max *a = n->attrs;
    struct shape in = input_shape(n, 0), out = in;
    int32_t axis;
    if (a->top_k < 1)
        return shape_error(n, "top_k is %" PRId64, a->top_k);
    if (!input_rank(n, 0, 1, SHAPE_MAX_RANK))
        return false;
    if (a->axis == INT_UNSET) {
        out = SHAPE(input_dim(n, 0, 0), a->out_max_val ? 2 : 1, a->top_k, 1);
    } else if (in.rank != RANK_UNKNOWN) {
        if (!input_axis(n, 0, a->axis, &axis))
            return false;
        out.dims[axis] = a->top_k;
    }
    set_output(n, 0, input_type(n, 0), out);
    return true;
}

static const struct classic_form arg_max_form = {.type = "ArgMax"};

const struct op_def op_ArgMax = {
    .name = "ArgMax",
    .doc = "indices (or values) of the largest elements, as numbers of the data's type",
    .flags = OP_CLASSIC,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    OP_ATTRS(arg_max_attrs, arg_max),
    .infer = infer_arg_max,
    .classic = &arg_max_form,
    .lowered_by = "lower_opset_argmax",
};

// --- NonMaxSuppression --------------------------------------------------------------------------

static bool infer_nms(struct node *n) {
    const struct nms *a = n->attrs;
    int64_t merged;
    if (!input_rank(n, 0, 3, 3) || !input_rank(n, 1, 3, 3))
        return false;
    if (!merge_dim(input_dim(n, 0, 2), 4, &merged) ||
        !merge_dim(input_dim(n, 0, 0), input_dim(n, 1, 0), &merged) ||
        !merge_dim(input_dim(n, 0, 1), input_dim(n, 1, 2), &merged))
        return shape_error(n, "boxes and scores do not belong together");
    set_output(n, 0, a->output_type, SHAPE(DIM_UNKNOWN, 3));
    set_output(n, 1, input_type(n, 1), SHAPE(DIM_UNKNOWN, 3));
    set_output(n, 2, a->output_type, SHAPE(1));
    return true;
}

const struct op_def op_NonMaxSuppression = {
    .name = "NonMaxSuppression",
    .doc = "the best boxes that do not overlap, by class",
    .opset = "opset5",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = 6,
    .outputs = 3,
    OP_ATTRS(nms_attrs, nms),
    .infer = infer_nms,
};

// --- CTC ----------------------------------------------------------------------------------------

static bool infer_ctc(struct node *n) {
    int64_t merged;
    if (!input_rank(n, 0, 3, 3) || !input_rank(n, 1, 2, 2))
        return false;
    if (!merge_dim(input_dim(n, 0, 0), input_dim(n, 1, 0), &merged) ||
        !merge_dim(input_dim(n, 0, 1), input_dim(n, 1, 1), &merged))
        return shape_error(n, "the mask has not the data's time and batch");
    set_output(n, 0, input_type(n, 0), SHAPE(input_dim(n, 0, 1), input_dim(n, 0, 0), 1, 1));
    return true;
}

static const struct classic_form ctc_form = {.type = "CTCGreedyDecoder"};

const struct op_def op_CTCGreedyDecoder = {
    .name = "CTCGreedyDecoder",
    .doc = "the most likely class at each step, repeats and blanks dropped",
    .opset = "opset1",
    .flags = OP_OPSET | OP_CLASSIC,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    OP_ATTRS(ctc_attrs, ctc_greedy_decoder),
    .infer = infer_ctc,
    .classic = &ctc_form,
};

static bool infer_ctc_seq_len(struct node *n) {
    const struct ctc_seq_len *a = n->attrs;
    int64_t batch;
    if (!input_rank(n, 0, 3, 3) || !input_rank(n, 1, 1, 1))
        return false;
    if (!merge_dim(input_dim(n, 0, 0), input_dim(n, 1, 0), &batch))
        return shape_error(n, "one length for each of the batch is needed");
    set_output(n, 0, a->classes_index_type, SHAPE(batch, input_dim(n, 0, 1)));
    set_output(n, 1, a->sequence_length_type, SHAPE(batch));
    return true;
}

const struct op_def op_CTCGreedyDecoderSeqLen = {
    .name = "CTCGreedyDecoderSeqLen",
    .doc = "as CTCGreedyDecoder, with the lengths of the sequences",
    .opset = "opset6",
    .flags = OP_OPSET,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 2,
    OP_ATTRS(ctc_seq_len_attrs, ctc_seq_len),
    .infer = infer_ctc_seq_len,
};
