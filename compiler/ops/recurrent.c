// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/recurrent.h"

#include <inttypes.h>

#include "compiler/ops/shape_rules.h"

static const char *const directions[] = {"forward", "reverse", "bidirectional", NULL};

#define ATTR_OWNER struct cell
static const struct attr_def cell_attrs[] = {CELL_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct gru_cell
static const struct attr_def gru_cell_attrs[] = {GRU_CELL_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct sequence
static const struct attr_def sequence_attrs[] = {SEQUENCE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER
#define ATTR_OWNER struct gru_sequence
static const struct attr_def gru_sequence_attrs[] = {GRU_SEQUENCE_ATTRS(ATTR_ROW_)};
#undef ATTR_OWNER

// A dimension that an input must have; DIM_UNKNOWN takes what is there.
static bool expect_dims(struct node *n, uint32_t index, const struct shape *wanted) {
    struct shape s = input_shape(n, index), merged;
    if (node_input(n, index) == NULL || merge_shape(&s, wanted, &merged))
        return true;
    return shape_error(n, "input %" PRIu32 " is %s, not %s", index, shape_text(n->graph->arena, &s),
                       shape_text(n->graph->arena, wanted));
}

static bool check_hidden(struct node *n, int64_t *hidden) {
    *hidden = ((const struct cell *)n->attrs)->hidden_size; // the first field of all of them
    if (*hidden < 1 || *hidden > INT32_MAX)
        return shape_error(n, "hidden_size is %" PRId64, *hidden);
    return true;
}

struct form { // what distinguishes the operators
    bool has_cell_state;
    int64_t gates, bias_gates;
};

static struct form form_of(const struct node *n, bool linear_before_reset) {
    if (n->op == &op_LSTMCell || n->op == &op_LSTMCellIE || n->op == &op_LSTMSequence)
        return (struct form){true, 4, 4};
    if (n->op == &op_GRUCell || n->op == &op_GRUSequence)
        return (struct form){false, 3, linear_before_reset ? 4 : 3};
    return (struct form){false, 1, 1};
}

// --- cells --------------------------------------------------------------------------------------

static bool infer_cell(struct node *n) {
    int64_t hidden, batch = input_dim(n, 0, 0), inputs = input_dim(n, 0, 1);
    bool linear = n->op == &op_GRUCell && ((const struct gru_cell *)n->attrs)->linear_before_reset;
    struct form f = form_of(n, linear);
    if (!check_hidden(n, &hidden) || !input_rank(n, 0, 2, 2))
        return false;
    uint32_t states = f.has_cell_state ? 2 : 1, w = 1 + states;
    if (batch == DIM_UNKNOWN)
        batch = input_dim(n, 1, 0);
    struct shape state = SHAPE(batch, hidden), input_weights = SHAPE(f.gates * hidden, inputs),
                 state_weights = SHAPE(f.gates * hidden, hidden),
                 biases = SHAPE(f.bias_gates * hidden);
    if (!expect_dims(n, 1, &state) || (f.has_cell_state && !expect_dims(n, 2, &state)) ||
        !expect_dims(n, w, &input_weights) || !expect_dims(n, w + 1, &state_weights) ||
        !expect_dims(n, w + 2, &biases))
        return false;
    for (uint32_t i = 0; i < n->output_count; i++)
        set_output(n, i, input_type(n, 0), state);
    return true;
}

static bool infer_lstm_cell_classic(struct node *n) {
    int64_t hidden, inputs = input_dim(n, 0, 1);
    if (!check_hidden(n, &hidden) || !input_rank(n, 0, 2, 2))
        return false;
    struct shape state = SHAPE(input_dim(n, 0, 0), hidden), biases = SHAPE(4 * hidden),
                 weights = SHAPE(4 * hidden, inputs == DIM_UNKNOWN ? inputs : inputs + hidden);
    if (!expect_dims(n, 1, &state) || !expect_dims(n, 2, &state) || !expect_dims(n, 3, &weights) ||
        !expect_dims(n, 4, &biases))
        return false;
    set_output(n, 0, input_type(n, 0), state);
    set_output(n, 1, input_type(n, 0), state);
    return true;
}

// --- sequences ----------------------------------------------------------------------------------

static bool infer_sequence(struct node *n) {
    const struct sequence *a = n->attrs;
    int64_t hidden, batch = input_dim(n, 0, 0), steps = input_dim(n, 0, 1),
                    inputs = input_dim(n, 0, 2);
    int64_t sides = a->direction == DIRECTION_BOTH ? 2 : 1;
    bool linear =
        n->op == &op_GRUSequence && ((const struct gru_sequence *)n->attrs)->linear_before_reset;
    struct form f = form_of(n, linear);
    if (!check_hidden(n, &hidden) || !input_rank(n, 0, 3, 3))
        return false;
    uint32_t lengths = f.has_cell_state ? 3 : 2;
    struct shape state = SHAPE(batch, sides, hidden), per_batch = SHAPE(batch),
                 input_weights = SHAPE(sides, f.gates * hidden, inputs),
                 state_weights = SHAPE(sides, f.gates * hidden, hidden),
                 biases = SHAPE(sides, f.bias_gates * hidden);
    if (!expect_dims(n, 1, &state) || (f.has_cell_state && !expect_dims(n, 2, &state)) ||
        !expect_dims(n, lengths, &per_batch) || !expect_dims(n, lengths + 1, &input_weights) ||
        !expect_dims(n, lengths + 2, &state_weights) || !expect_dims(n, lengths + 3, &biases))
        return false;
    set_output(n, 0, input_type(n, 0), SHAPE(batch, sides, steps, hidden));
    for (uint32_t i = 1; i < n->output_count; i++)
        set_output(n, i, input_type(n, 0), state);
    return true;
}

// --- entries ------------------------------------------------------------------------------------

#define RECURRENT(kind, since, inputs, outputs_, rows, tag, rule, text)                            \
    const struct op_def op_##kind = {                                                              \
        .name = #kind,                                                                             \
        .doc = text,                                                                               \
        .opset = since,                                                                            \
        .flags = OP_OPSET,                                                                         \
        .min_inputs = inputs,                                                                      \
        .max_inputs = inputs,                                                                      \
        .outputs = outputs_,                                                                       \
        OP_ATTRS(rows, tag),                                                                       \
        .infer = rule,                                                                             \
    };
RECURRENT(LSTMCell, "opset4", 6, 2, cell_attrs, cell, infer_cell,
          "one step of a long short-term memory")
RECURRENT(GRUCell, "opset3", 5, 1, gru_cell_attrs, gru_cell, infer_cell,
          "one step of a gated recurrent unit")
RECURRENT(RNNCell, "opset3", 5, 1, cell_attrs, cell, infer_cell,
          "one step of a plain recurrent network")
RECURRENT(LSTMSequence, "opset5", 7, 3, sequence_attrs, sequence, infer_sequence,
          "a long short-term memory over a sequence")
RECURRENT(GRUSequence, "opset5", 6, 2, gru_sequence_attrs, gru_sequence, infer_sequence,
          "a gated recurrent unit over a sequence")
RECURRENT(RNNSequence, "opset5", 6, 2, sequence_attrs, sequence, infer_sequence,
          "a plain recurrent network over a sequence")

static const struct classic_form lstm_cell_form = {
    .type = "LSTMCell", .blobs = {NULL, NULL, NULL, "weights", "biases"}};

const struct op_def op_LSTMCellIE = {
    .name = "LSTMCellIE",
    .doc = "LSTMCell with the weights of input and state in one blob",
    .flags = OP_CLASSIC,
    .min_inputs = 5,
    .max_inputs = 5,
    .outputs = 2,
    OP_ATTRS(cell_attrs, cell),
    .infer = infer_lstm_cell_classic,
    .classic = &lstm_cell_form,
};
