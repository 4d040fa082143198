// SPDX-License-Identifier: Apache-2.0
// One node becomes what its row of the table says.
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

// What no IR can hold, by beginnings of operators' names, and what to do about it.
static const char before[] =
    "an IR begins behind files and text, name the node that reads it with --input";
static const char behind[] = "an IR ends before files and text, name what it reads with --output";
static const char integers[] = "the graph was rewritten for integers, convert the one before that";
static const char search[] = "no runtime has a beam search, name what it reads with --output";
static const char gpu[] = "its weights lie as one maker's library has them, train with its "
                          "compatible cell or save the model so";
static const char spectrum[] = "the runtime takes the spectrum, name the node that reads it with "
                               "--input";

static const struct {
    const char *start, *advice;
} outside[] = {
    {"Decode", before},
    {"ReadFile", before},
    {"ParseExample", before},
    {"ParseSingleExample", before},
    {"ParseTensor", before},
    {"LookupTable", before},
    {"HashTable", before},
    {"MutableHashTable", before},
    {"StringJoin", before},
    {"StringSplit", before},
    {"StringToNumber", before},
    {"StringToHashBucket", before},
    {"Substr", before},
    {"RegexReplace", before},
    {"StaticRegexReplace", before},
    {"ReaderRead", before},
    {"TFRecordReader", before},
    {"AsString", before},
    {"Encode", behind},
    {"WriteFile", behind},
    {"ReduceJoin", behind},
    {"Quantize", integers},
    {"Requant", integers},
    {"CTCBeamSearchDecoder", search},
    {"Cudnn", gpu},
    {"AudioSpectrogram", spectrum},
    {"Mfcc", spectrum},
};

static const char *advice_on(const char *op) {
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (strncmp(op, outside[i].start, strlen(outside[i].start)) == 0)
            return outside[i].advice;
    return NULL;
}

static void fail_unknown(struct tf_layer *l) {
    const char *advice = advice_on(l->node->op);
    if (advice != NULL)
        tf_fail(l, NOT_SUPPORTED, arena_printf(l->arena, "'%s'", l->node->op), advice);
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
