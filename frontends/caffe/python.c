// SPDX-License-Identifier: Apache-2.0
// Layers of type Python. Their code is the user's; the one that topologies carry, Faster R-CNN's
// proposal layer, is known by its module and name.
#include <stdlib.h>
#include <string.h>

#include "compiler/ops/detection.h"
#include "frontends/caffe/layers.h"

// --- param_str: a Python dictionary or YAML -----------------------------------

struct parameter_text {
    const char *at;
};

static void skip(struct parameter_text *t, const char *characters) {
    t->at += strspn(t->at, characters);
}

// The next name before a colon; false at the end.
static bool take_key(struct layer *l, struct parameter_text *t, const char **key) {
    skip(t, " \t\r\n{},'\"");
    size_t length = strcspn(t->at, ":'\" ,{}\n");
    if (length == 0)
        return false;
    *key = arena_strndup(l->arena, t->at, length);
    t->at += length;
    skip(t, "'\" ");
    if (*t->at != ':')
        return false;
    t->at++;
    return true;
}

enum { VALUES_MAX = 64 };

// One number or a list of them; anything else is skipped and gives none.
static uint32_t take_values(struct parameter_text *t, float *values) {
    uint32_t count = 0;
    skip(t, " \t");
    bool list = *t->at == '[' || *t->at == '(';
    skip(t, "[( \n");
    for (;;) {
        char *end;
        float value = strtof(t->at, &end);
        if (end == t->at)
            break;
        if (count < VALUES_MAX)
            values[count++] = value;
        t->at = end;
        if (!list)
            break;
        skip(t, " ,\n");
    }
    if (count == 0)
        t->at += strcspn(t->at, ",}\n");
    skip(t, "]) ");
    return count;
}

// --- the proposal layer ------------------------------------------------------

static const struct {
    const char *key, *attribute;
} proposal_keys[] = {
    {"feat_stride", "feat_stride"},
    {"base_size", "base_size"},
    {"min_size", "min_size"},
    {"pre_nms_topn", "pre_nms_topn"},
    {"post_nms_topn", "post_nms_topn"},
    {"nms_thresh", "nms_thresh"},
    {"ratio", "ratio"},
    {"ratios", "ratio"},
    {"scale", "scale"},
    {"scales", "scale"},
};

static void set_attribute(struct layer *l, struct node *n, const char *name, const float *values,
                          uint32_t count) {
    const struct attr_def *row = op_find_attr(n->op, name);
    void *to = (char *)n->attrs + row->offset;
    if (row->kind == ATTR_FLOATS)
        *(struct floats *)to = floats_copy(l->arena, values, count);
    else if (row->kind == ATTR_FLOAT)
        *(float *)to = values[0];
    else if (values[0] >= 0 && values[0] < 1e9F)
        *(int64_t *)to = (int64_t)values[0];
    else
        layer_fail(l, ATTRIBUTE_VALUE, name, "negative or so large");
}

static void read_parameters(struct layer *l, struct node *n, const char *text) {
    struct parameter_text t = {.at = text};
    const char *key;
    while (take_key(l, &t, &key)) {
        float values[VALUES_MAX];
        uint32_t count = take_values(&t, values);
        size_t i = 0, known = sizeof(proposal_keys) / sizeof(proposal_keys[0]);
        while (i < known && strcmp(proposal_keys[i].key, key) != 0)
            i++;
        if (i == known || count == 0)
            diag_report(l->builder.graph->diag, &l->builder.place, UNKNOWN_FIELD, key);
        else
            set_attribute(l, n, proposal_keys[i].attribute, values, count);
    }
}

static void import_proposal_layer(struct layer *l, const char *text) {
    static const float ratios[] = {0.5F, 1, 2}, scales[] = {8, 16, 32};
    if (l->bottom_count != 3) {
        layer_fail(l, INPUT_COUNT, l->bottom_count, "3");
        return;
    }
    struct node *n = build_node(&l->builder, &op_Proposal, l->name, 3, l->bottoms);
    struct proposal *a = n->attrs;
    a->ratio = floats_copy(l->arena, ratios, 3);
    a->scale = floats_copy(l->arena, scales, 3);
    read_parameters(l, n, text);
    if (l->failed)
        return;
    node_set_output_count(n, l->top_count > 1 ? 2 : 1);
    node_finish(n);
    for (uint32_t i = 0; i < l->top_count && i < n->output_count; i++)
        l->tops[i] = &n->outputs[i];
}

void import_python(struct layer *l) {
    const Caffe__PythonParameter *p = layer_param(l, "python_param");
    const char *name = arena_printf(l->arena, "%s.%s", p->module == NULL ? "" : p->module,
                                    p->layer == NULL ? "" : p->layer);
    if (strcmp(name, "rpn.proposal_layer.ProposalLayer") == 0)
        import_proposal_layer(l, p->param_str);
    else
        layer_fail(l, PYTHON_LAYER, l->name, name);
}
