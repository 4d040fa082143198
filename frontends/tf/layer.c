// SPDX-License-Identifier: Apache-2.0
// What layer functions are made of: checks that report at the node, constants, layout.
#include <string.h>

#include "frontends/tf/layers.h"

uint32_t tf_count_outputs(const struct tf_node *node, uint32_t read) {
    const struct tf_layer_row *row = tf_layer_find(node->op);
    const Tensorflow__AttrValue *by =
        row == NULL || row->outputs_by == NULL ? NULL : tf_attr(node, row->outputs_by);
    int64_t count = row == NULL || row->outputs == 0 ? 1 : row->outputs;
    if (by != NULL && by->list != NULL)
        count = (int64_t)by->list->n_type;
    else if (by != NULL && by->has_i)
        count = by->i;
    if (count < 1 || count > UINT16_MAX)
        count = 1;
    return read > (uint32_t)count ? read : (uint32_t)count;
}

// What feeds a network from files and text: beginnings of operators' names.
static const char *const outside[] = {
    "Decode",     "ReadFile", "ParseExample", "ParseSingleExample", "LookupTable", "HashTable",
    "StringJoin", "AsString", "StringSplit",  "StringToNumber",     "ReaderRead",  "TFRecordReader",
};

static bool is_outside(const char *op) {
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (strncmp(op, outside[i], strlen(outside[i])) == 0)
            return true;
    return false;
}

static void fail_unknown(struct tf_layer *l) {
    if (is_outside(l->node->op))
        tf_fail(l, NOT_SUPPORTED, arena_printf(l->arena, "'%s'", l->node->op),
                "an IR begins behind files and text, name the node that reads it with --input");
    else
        tf_fail(l, UNKNOWN_LAYER, l->node->op);
}

void tf_import_operator(struct tf_layer *l) {
    const struct tf_layer_row *row = tf_layer_find(l->node->op);
    if (row == NULL) {
        fail_unknown(l);
    } else if (row->import != NULL) {
        row->import(l);
    } else if (!tf_inputs(l, 1)) {
        return;
    } else if (row->same != NULL) {
        struct node *n = build_node(&l->builder, row->same, l->name, l->input_count, l->inputs);
        node_finish(n);
        l->outputs[0] = &n->outputs[0];
    } else {
        l->outputs[0] = l->inputs[0];
    }
}

// NAME is output 0, which is also NAME:0; then NAME:1, ...
static void name_output(struct tf_layer *l, uint32_t output) {
    struct value *v = l->outputs[output];
    if (output == 0)
        value_add_name(v, l->name);
    value_add_name(v, arena_printf(l->arena, "%s:%u", l->name, output));
}

void tf_finish_outputs(struct tf_layer *l) {
    for (uint32_t i = 0; i < l->output_count; i++) {
        if (l->outputs[i] == NULL || l->failed)
            l->outputs[i] = graph_poison(l->builder.graph, l->name, &l->builder.place);
        if (l->node->loop == NULL) // a loop's values are named after its Exits
            name_output(l, i);
    }
}

const char *tf_name(struct tf_layer *l, const char *suffix) {
    return build_name(&l->builder, l->name, suffix);
}

bool tf_inputs(struct tf_layer *l, uint32_t least) {
    if (l->input_count >= least)
        return true;
    tf_fail(l, INPUT_COUNT, l->input_count, arena_printf(l->arena, "%u", least));
    return false;
}

bool tf_rank(struct tf_layer *l, uint32_t input, int32_t least, int32_t most) {
    if (!tf_inputs(l, input + 1))
        return false;
    const struct shape *shape = &l->inputs[input]->shape;
    if (shape->rank >= least && shape->rank <= most)
        return true;
    tf_fail(l, SHAPE_MISMATCH,
            arena_printf(l->arena, "input %u is %s, but %d to %d dimensions are needed", input,
                         shape_text(l->arena, shape), least, most));
    return false;
}

bool tf_static(struct tf_layer *l, uint32_t input) {
    if (!tf_inputs(l, input + 1))
        return false;
    const struct value *v = l->inputs[input];
    if (shape_is_static(&v->shape))
        return true;
    tf_fail(l, SHAPE_PARTLY_KNOWN, v->index, v->producer->name, shape_text(l->arena, &v->shape));
    return false;
}

bool tf_axis(struct tf_layer *l, uint32_t input, int64_t axis, int32_t *out) {
    if (!tf_inputs(l, input + 1))
        return false;
    const struct shape *shape = &l->inputs[input]->shape;
    if (shape_axis(shape, axis, out))
        return true;
    tf_fail(l, SHAPE_MISMATCH,
            arena_printf(l->arena, "axis %lld is none of %s", (long long)axis,
                         shape_text(l->arena, shape)));
    return false;
}

const struct tensor *tf_constant(struct tf_layer *l, uint32_t input, const char *what) {
    if (!tf_inputs(l, input + 1))
        return NULL;
    const struct tensor *t = l->inputs[input]->constant;
    if (t == NULL)
        tf_fail(l, NOT_SUPPORTED, arena_printf(l->arena, "%s that is computed", what),
                "it must be a constant");
    return t;
}

bool tf_numbers(struct tf_layer *l, uint32_t input, const char *what, struct ints *out) {
    const struct tensor *t = tf_constant(l, input, what);
    const int64_t *data = t == NULL ? NULL : tensor_as_i64(l->arena, t);
    if (data == NULL)
        return false;
    uint64_t count = tensor_count(t);
    if (count > UINT16_MAX) {
        tf_fail(l, ATTRIBUTE_VALUE, what, "so long");
        return false;
    }
    *out = (struct ints){.data = data, .count = (uint32_t)count};
    return true;
}

bool tf_number(struct tf_layer *l, uint32_t input, const char *what, int64_t *out) {
    struct ints all;
    if (!tf_numbers(l, input, what, &all))
        return false;
    if (all.count != 1) {
        tf_fail(l, ATTRIBUTE_VALUE, what, "a list");
        return false;
    }
    *out = all.data[0];
    return true;
}

// --- layout --------------------------------------------------------------------------------------

bool tf_channels_last(struct tf_layer *l) {
    const char *format = tf_attr_text(l->arena, l->node, "data_format", "NHWC");
    return strncmp(format, "NC", 2) != 0;
}

struct value *tf_to_first(struct tf_layer *l, const char *suffix, struct value *x) {
    int64_t order[SHAPE_MAX_RANK] = {0, x->shape.rank - 1};
    for (int32_t i = 2; i < x->shape.rank; i++)
        order[i] = i - 1;
    return build_transpose(&l->builder, tf_name(l, suffix), x, (uint32_t)x->shape.rank, order);
}

struct value *tf_to_last(struct tf_layer *l, struct value *x) {
    int64_t order[SHAPE_MAX_RANK] = {0};
    if (x->poison)
        return x;
    for (int32_t i = 1; i < x->shape.rank; i++)
        order[i] = i + 1 == x->shape.rank ? 1 : i + 1;
    return build_transpose(&l->builder, tf_name(l, "to_channels_last"), x, (uint32_t)x->shape.rank,
                           order);
}

struct ints tf_spatial(struct tf_layer *l, struct ints all) {
    if (all.count < 3)
        return (struct ints){0};
    return ints_copy(l->arena, all.data + (tf_channels_last(l) ? 1 : 2), all.count - 2);
}
