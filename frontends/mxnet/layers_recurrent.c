// SPDX-License-Identifier: Apache-2.0
// The fused RNN operator: data [T, N, I], one flat vector of parameters, states [L*D, N, h].
//
// Parameters, after MXNet's rnn-inl.h: for every layer and direction the weights of the input [G*h,
// I] and of the state [G*h, h]; then for every layer and direction their two biases [G*h]. Gates:
// LSTM i, f, c, o; GRU r, z, h. OpenVINO wants f, i, c, o and z, r, h.
#include <string.h>

#include "compiler/ops/build_layers.h"
#include "compiler/ops/recurrent.h"
#include "frontends/mxnet/layers.h"

struct rnn_mode {
    const char *name;
    int64_t gates;
    const struct op_def *op;
    const char *activations;
    int64_t order[4]; // which of MXNet's gates stands at OpenVINO's place
};

static const struct rnn_mode rnn_modes[] = {
    {"lstm", 4, &op_LSTMSequence, "sigmoid,tanh,tanh", {1, 0, 2, 3}},
    {"gru", 3, &op_GRUSequence, "sigmoid,tanh", {1, 0, 2}},
    {"rnn_tanh", 1, &op_RNNSequence, "tanh", {0}},
    {"rnn_relu", 1, &op_RNNSequence, "relu", {0}},
};

struct rnn { // the layer's sizes, and how far its parameters are read
    const struct rnn_mode *mode;
    int64_t hidden, layers, directions, batch;
    const struct tensor *flat;
    uint64_t weights_at, biases_at;
};

static struct value *finish(struct node *n) {
    node_finish(n);
    return &n->outputs[0];
}

// `rows * columns` elements of the flat parameters from `at` on; NULL when there are too few.
static const struct tensor *part(struct mxnet_layer *l, const struct rnn *r, uint64_t at,
                                 int64_t rows, int64_t columns) {
    uint64_t count = (uint64_t)(rows * columns);
    struct slice bytes, own;
    const void *data = tensor_materialize(l->arena, r->flat);
    if (at + count > tensor_count(r->flat) || data == NULL)
        return NULL;
    bytes = slice_of(data, tensor_bytes(r->flat));
    if (!slice_sub(bytes, at * sizeof(float), count * sizeof(float), &own))
        return NULL;
    return tensor_of_slice(l->arena, DT_F32, SHAPE(rows, columns), own);
}

// Rows [G*h, columns] with the gates in OpenVINO's order, behind an axis of 1 for the direction.
static const struct tensor *in_order(struct mxnet_layer *l, const struct rnn *r,
                                     const struct tensor *t) {
    int64_t gates = r->mode->gates, columns = t->shape.dims[1];
    int64_t *rows = arena_array_of(l->arena, (size_t)(gates * r->hidden), int64_t);
    for (int64_t i = 0; i < gates * r->hidden; i++)
        rows[i] = r->mode->order[i / r->hidden] * r->hidden + i % r->hidden;
    t = tensor_gather(l->arena, t, 0, (uint64_t)(gates * r->hidden), rows);
    return tensor_reshape(l->arena, t, SHAPE(1, gates * r->hidden, columns));
}

struct cell_weights {
    const struct tensor *w, *r, *b; // [D, G*h, I], [D, G*h, h], [D, G*h]
};

static const struct tensor *sum(struct mxnet_layer *l, const struct tensor *a,
                                const struct tensor *b) {
    uint64_t count = tensor_count(a);
    const double *x = tensor_as_doubles(l->arena, a), *y = tensor_as_doubles(l->arena, b);
    double *z = arena_array_of(l->arena, count, double);
    for (uint64_t i = 0; x != NULL && y != NULL && i < count; i++)
        z[i] = x[i] + y[i];
    return tensor_of_doubles(l->arena, DT_F32, a->shape, z);
}

// A GRU's biases of the new state stay apart, since the reset gate works on one of them only.
static const struct tensor *gru_bias(struct mxnet_layer *l, const struct rnn *r,
                                     const struct tensor *input, const struct tensor *state) {
    int64_t h = r->hidden;
    const double *x = tensor_as_doubles(l->arena, input), *y = tensor_as_doubles(l->arena, state);
    double *z = arena_array_of(l->arena, (size_t)(4 * h), double);
    for (int64_t i = 0; x != NULL && y != NULL && i < h; i++) {
        z[i] = x[i] + y[i];
        z[h + i] = x[h + i] + y[h + i];
        z[2 * h + i] = x[2 * h + i];
        z[3 * h + i] = y[2 * h + i];
    }
    return tensor_of_doubles(l->arena, DT_F32, SHAPE(1, 4 * h), z);
}

static bool read_direction(struct mxnet_layer *l, struct rnn *r, int64_t inputs,
                           struct cell_weights *out) {
    int64_t rows = r->mode->gates * r->hidden;
    const struct tensor *w = part(l, r, r->weights_at, rows, inputs);
    r->weights_at += (uint64_t)(rows * inputs);
    const struct tensor *s = part(l, r, r->weights_at, rows, r->hidden);
    r->weights_at += (uint64_t)(rows * r->hidden);
    const struct tensor *wb = part(l, r, r->biases_at, rows, 1);
    const struct tensor *sb = part(l, r, r->biases_at + (uint64_t)rows, rows, 1);
    r->biases_at += (uint64_t)(2 * rows);
    if (w == NULL || s == NULL || wb == NULL || sb == NULL) {
        mxnet_fail(l, BLOB_SIZE, "parameters", (unsigned long long)tensor_count(r->flat),
                   (unsigned long long)r->biases_at);
        return false;
    }
    wb = in_order(l, r, wb);
    sb = in_order(l, r, sb);
    bool gru = r->mode->op == &op_GRUSequence;
    out->w = in_order(l, r, w);
    out->r = in_order(l, r, s);
    out->b =
        gru ? gru_bias(l, r, wb, sb) : tensor_reshape(l->arena, sum(l, wb, sb), SHAPE(1, rows));
    return true;
}

static bool read_layer(struct mxnet_layer *l, struct rnn *r, int64_t inputs,
                       struct cell_weights *out) {
    struct cell_weights both[2];
    for (int64_t d = 0; d < r->directions; d++)
        if (!read_direction(l, r, inputs, &both[d]))
            return false;
    *out = both[0];
    if (r->directions == 1)
        return true;
    out->w = tensor_concat(l->arena, 0, (const struct tensor *[]){both[0].w, both[1].w}, 2);
    out->r = tensor_concat(l->arena, 0, (const struct tensor *[]){both[0].r, both[1].r}, 2);
    out->b = tensor_concat(l->arena, 0, (const struct tensor *[]){both[0].b, both[1].b}, 2);
    return true;
}

// Rows [layer * D, layer * D + D) of the states, as [N, D, h]. A state of one batch serves all.
static struct value *first_state(struct mxnet_layer *l, const struct rnn *r, struct value *states,
                                 int64_t layer, const char *name) {
    struct builder *b = &l->builder;
    double number;
    if (states == NULL || (states->constant != NULL && tensor_uniform(states->constant, &number))) {
        number = states == NULL ? 0 : number;
        struct shape shape = SHAPE(r->batch, r->directions, r->hidden);
        return build_constant(b, name, tensor_splat(l->arena, DT_F32, shape, number));
    }
    int64_t *rows = arena_array_of(l->arena, (size_t)r->directions, int64_t);
    for (int64_t d = 0; d < r->directions; d++)
        rows[d] = layer * r->directions + d;
    struct value *inputs[] = {
        states, build_i64(b, build_name(b, name, "rows"), (uint32_t)r->directions, rows),
        build_i64_scalar(b, build_name(b, name, "axis"), 0)};
    struct value *own = finish(build_node(b, &op_Gather, build_name(b, name, "own"), 3, inputs));
    return build_transpose(b, name, own, 3, (const int64_t[]){1, 0, 2});
}

static struct node *sequence(struct mxnet_layer *l, const struct rnn *r, int64_t layer,
                             struct value *x, const struct cell_weights *w) {
    struct builder *b = &l->builder;
    const char *name = mxnet_name(l, arena_printf(l->arena, "layer_%lld", (long long)layer));
    int64_t steps = x->shape.dims[1];
    struct node *n = build_node(b, r->mode->op, name, 1, &x);
    node_add_input(n, first_state(l, r, l->inputs[2], layer, build_name(b, name, "state")));
    if (r->mode->op == &op_LSTMSequence)
        node_add_input(n, first_state(l, r, l->input_count > 3 ? l->inputs[3] : NULL, layer,
                                      build_name(b, name, "cell")));
    node_add_input(n,
                   build_constant(b, build_name(b, name, "lengths"),
                                  tensor_splat(l->arena, DT_I32, SHAPE(r->batch), (double)steps)));
    node_add_input(n, build_constant(b, build_name(b, name, "W"), w->w));
    node_add_input(n, build_constant(b, build_name(b, name, "R"), w->r));
    node_add_input(n, build_constant(b, build_name(b, name, "B"), w->b));
    struct gru_sequence *a = n->attrs; // begins as struct sequence does
    a->hidden_size = r->hidden;
    a->activations = r->mode->activations;
    a->direction = r->directions == 2 ? DIRECTION_BOTH : DIRECTION_FORWARD;
    if (r->mode->op == &op_GRUSequence)
        a->linear_before_reset = true;
    node_finish(n);
    return n;
}

// A sequence's last states [N, D, h] of every layer as MXNet gives them: [L*D, N, h].
static struct value *last_states(struct mxnet_layer *l, struct value *const *states, int64_t count,
                                 const char *suffix) {
    struct value **turned = arena_array_of(l->arena, (size_t)count, struct value *);
    for (int64_t i = 0; i < count; i++)
        turned[i] = build_transpose(
            &l->builder, mxnet_name(l, arena_printf(l->arena, "%s_%lld", suffix, (long long)i)),
            states[i], 3, (const int64_t[]){1, 0, 2});
    return count == 1
               ? turned[0]
               : build_concat(&l->builder, mxnet_name(l, suffix), 0, (uint32_t)count, turned);
}

static bool read_sizes(struct mxnet_layer *l, struct rnn *r) {
    static const char *const modes[] = {"lstm", "gru", "rnn_tanh", "rnn_relu", NULL};
    r->mode = &rnn_modes[mxnet_choice(l, "mode", modes)];
    r->hidden = mxnet_int(l, "state_size", 0);
    r->layers = mxnet_int(l, "num_layers", 1);
    r->directions = mxnet_bool(l, "bidirectional", false) ? 2 : 1;
    if (r->hidden < 1 || r->hidden > 1 << 20 || r->layers < 1 || r->layers > 1 << 10)
        mxnet_fail(l, ATTRIBUTE_VALUE, "state_size", "that, or num_layers");
    if (l->failed || !mxnet_rank(l, 0, 3, 3) || !mxnet_static(l, 0))
        return false;
    if (l->inputs[0]->shape.dims[1] > 1 << 20) {
        mxnet_fail(l, SHAPE_MISMATCH, "the batch is too large");
        return false;
    }
    r->flat = mxnet_weights(l, 1, "parameters");
    r->batch = l->inputs[0]->shape.dims[1];
    int64_t rows = r->mode->gates * r->hidden * r->directions;
    int64_t inputs = l->inputs[0]->shape.dims[2];
    r->biases_at = (uint64_t)(rows * (inputs + r->hidden) +
                              (r->layers - 1) * rows * (r->hidden * r->directions + r->hidden));
    return r->flat != NULL;
}

void mxnet_rnn(struct mxnet_layer *l) {
    struct rnn r = {0};
    if (!read_sizes(l, &r))
        return;
    struct value *x = build_transpose(&l->builder, mxnet_name(l, "by_batch"), l->inputs[0], 3,
                                      (const int64_t[]){1, 0, 2});
    struct value **hidden = arena_array_of(l->arena, (size_t)r.layers, struct value *);
    struct value **cells = arena_array_of(l->arena, (size_t)r.layers, struct value *);
    for (int64_t i = 0; i < r.layers; i++) {
        struct cell_weights w;
        if (x->poison || !read_layer(l, &r, x->shape.dims[2], &w))
            return;
        struct node *n = sequence(l, &r, i, x, &w);
        const char *name = mxnet_name(l, arena_printf(l->arena, "joined_%lld", (long long)i));
        hidden[i] = &n->outputs[1];
        cells[i] = n->output_count > 2 ? &n->outputs[2] : NULL;
        // [N, D, T, h] to [N, T, D*h]
        x = build_transpose(&l->builder, build_name(&l->builder, name, "by_step"), &n->outputs[0],
                            4, (const int64_t[]){0, 2, 1, 3});
        x = build_reshape(&l->builder, name, x, 3,
                          (const int64_t[]){0, 0, r.directions * r.hidden});
    }
    l->outputs[0] = build_transpose(&l->builder, l->name, x, 3, (const int64_t[]){1, 0, 2});
    if (l->output_count > 1)
        l->outputs[1] = last_states(l, hidden, r.layers, "state");
    if (l->output_count > 2 && cells[0] != NULL)
        l->outputs[2] = last_states(l, cells, r.layers, "state_cell");
}
