// SPDX-License-Identifier: Apache-2.0
// A Pad with zeros, cut and pooled (the shifted path of NasNet), becomes a convolution that
// multiplies by one and does the padding: not every device of the time has a Pad.
#include "compiler/ops/classic.h"
#include "compiler/ops/convolution.h"
#include "compiler/ops/movement.h"
#include "compiler/ops/pooling.h"
#include "compiler/passes/lower.h"

struct pads {
    int64_t begin[SHAPE_MAX_RANK], end[SHAPE_MAX_RANK];
};

// Spatial axes alone are padded.
static bool read_list(const struct node *n, uint32_t input, int64_t *out) {
    const struct tensor *t = node_constant(n, input);
    int32_t rank = n->outputs[0].shape.rank;
    if (t == NULL || rank < 3 || tensor_count(t) != (uint64_t)rank)
        return false;
    const int64_t *all = tensor_as_i64(n->graph->arena, t);
    for (int32_t i = 0; i < rank; i++) {
        if (all[i] < 0 || (i < 2 && all[i] != 0))
            return false;
        if (i >= 2)
            out[i - 2] = all[i];
    }
    return true;
}

static bool pads_with_zeros(const struct node *n, struct pads *pads) {
    double value = 0;
    const struct tensor *t = node_constant(n, 3);
    if (((const struct pad *)n->attrs)->pad_mode != PAD_CONSTANT ||
        (node_input(n, 3) != NULL && (t == NULL || !tensor_uniform(t, &value))))
        return false;
    return value == 0 && read_list(n, 1, pads->begin) && read_list(n, 2, pads->end);
}

static bool is_cut_and_pooled(const struct node *n) {
    const struct node *slice = value_only_user(&n->outputs[0]);
    return node_is(slice, &op_StridedSlice) &&
           node_is(value_only_user(&slice->outputs[0]), &op_AvgPool);
}

static struct value *ones(struct builder *b, const struct node *n, int64_t channels) {
    struct shape shape = {.rank = n->outputs[0].shape.rank + 1};
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dims[i] = i == 0 ? channels : 1;
    return build_constant(b, lower_name(n, "ConvW_"),
                          tensor_splat(b->graph->arena, n->outputs[0].type, shape, 1));
}

static struct value *lower_pad(struct builder *b, struct node *n) {
    struct pads pads;
    const struct shape *shape = &n->outputs[0].shape;
    if (!shape_is_static(shape) || !pads_with_zeros(n, &pads) || !is_cut_and_pooled(n))
        return NULL;
    uint32_t spatial = (uint32_t)shape->rank - 2;
    struct node *made =
        build_node(b, &op_GroupConvolution, lower_name(n, "Conv_"), 2,
                   (struct value *[]){node_input(n, 0), ones(b, n, shape->dims[1])});
    struct convolution *a = made->attrs;
    a->pads_begin = ints_copy(b->graph->arena, pads.begin, spatial);
    a->pads_end = ints_copy(b->graph->arena, pads.end, spatial);
    node_finish(made);
    struct node *slice = value_only_user(&n->outputs[0]);
    slice->name = lower_name(slice, "Crop_");
    return &made->outputs[0];
}

bool lower_classic_pads(struct graph *g, const struct pass_options *options) {
    (void)options;
    return lower_each(g, &op_Pad, lower_pad);
}
