// SPDX-License-Identifier: Apache-2.0
// The CPU runtime of today packs weights once for each blob, whichever way a MatMul reads it (tied
// weights of an autoencoder): a constant that is read as it is and transposed becomes two. The .bin
// keeps blobs that are read in different ways apart (emit/bin.h).
#include "compiler/ops/matmul.h"
#include "compiler/passes/lower.h"

static bool split_constant(struct node *n) {
    struct value *v = &n->outputs[0], *twin = NULL;
    struct builder b = {.graph = n->graph, .place = n->place};
    uint32_t turned = 0, straight = 0;
    VALUE_EACH_USE(v, u) {
        turned += matmul_turns(u);
        straight += node_is(u->user, &op_MatMul) && !matmul_turns(u);
    }
    if (turned == 0 || straight == 0)
        return false;
    twin = build_constant(&b, lower_name(n, "turned"), v->constant);
    VALUE_EACH_USE(v, use) {
        if (matmul_turns(use))
            node_set_input(use->user, use->index, twin);
    }
    return true;
}

bool lower_opset_weights(struct graph *g, const struct pass_options *options) {
    (void)options;
    bool changed = false;
    GRAPH_EACH(g, n) {
        if (n->op == &op_Constant)
            changed |= split_constant(n);
    }
    return changed;
}
