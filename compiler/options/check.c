// SPDX-License-Identifier: Apache-2.0
// Contradictions between options, as far as they show before the model is read.
#include <string.h>

#include "compiler/options/options.h"
#include "compiler/options/values.h"

struct check {
    struct arena *arena;
    struct diag *diag;
    const struct place *at;
    const struct option_values *values;
};

static struct option_parser parser(const struct check *c, enum option_id id) {
    return (struct option_parser){c->arena, c->diag, c->at, option_table[id].name};
}

static const char *given(const struct check *c, enum option_id id) {
    return c->values->text[id];
}

// Pairs that say the same thing twice; those of the numbered causes first.
static bool check_pairs(const struct check *c) {
    if (given(c, OPT_input_shape) != NULL && given(c, OPT_batch) != NULL) {
        diag_report(c->diag, c->at, SHAPE_AND_BATCH);
        return false;
    }
    if (given(c, OPT_mean_file) != NULL && given(c, OPT_mean_values) != NULL) {
        diag_report(c->diag, c->at, MEAN_TWICE);
        return false;
    }
    if (given(c, OPT_scale) != NULL && given(c, OPT_scale_values) != NULL) {
        diag_report(c->diag, c->at, SCALE_TWICE);
        return false;
    }
    static const struct {
        enum option_id a, b;
        const char *why;
    } pairs[] = {
        {OPT_input_model, OPT_saved_model_dir, "each of them is the model"},
        {OPT_input_model, OPT_input_meta_graph, "each of them is the model"},
        {OPT_saved_model_dir, OPT_input_meta_graph, "each of them is the model"},
        {OPT_input_checkpoint, OPT_saved_model_dir, "a SavedModel brings its variables"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (given(c, pairs[i].a) == NULL || given(c, pairs[i].b) == NULL)
            continue;
        diag_report(c->diag, c->at, OPTION_CLASH, option_table[pairs[i].a].name,
                    option_table[pairs[i].b].name, pairs[i].why);
        return false;
    }
    return true;
}

static bool check_shapes(const struct check *c, const struct option_inputs *inputs) {
    struct option_shapes shapes = {0};
    struct option_parser p = parser(c, OPT_input_shape);
    const char *text = given(c, OPT_input_shape);
    if (text != NULL && !option_parse_shapes(&p, text, &shapes))
        return false;
    for (uint32_t i = 0; i < inputs->count; i++) {
        enum option_id other = text != NULL ? OPT_input_shape : OPT_batch;
        if (!inputs->items[i].has_shape || given(c, other) == NULL)
            continue;
        diag_report(c->diag, c->at, OPTION_CLASH, "input", option_table[other].name,
                    "the shapes already stand in --input");
        return false;
    }
    if (inputs->count == 0 && shapes.count > 1) {
        diag_report(c->diag, c->at, SHAPE_WITHOUT_INPUT, shapes.count);
        return false;
    }
    if (inputs->count > 0 && shapes.count > 0 && shapes.count != inputs->count) {
        diag_report(c->diag, c->at, SHAPE_COUNT, shapes.count, inputs->count);
        return false;
    }
    return true;
}

// Lists without names go to the names of --input, one each.
static bool check_channels(const struct check *c, enum option_id id, uint32_t input_count) {
    struct option_channel_lists lists;
    struct option_parser p = parser(c, id);
    if (given(c, id) == NULL)
        return true;
    if (!option_parse_channels(&p, given(c, id), &lists))
        return false;
    if (input_count == 0 || lists.items[0].name != NULL || lists.count == input_count)
        return true;
    if (id == OPT_mean_values)
        diag_report(c->diag, c->at, MEAN_COUNT, lists.count, input_count);
    else
        diag_report(c->diag, c->at, SCALE_COUNT, lists.count, input_count);
    return false;
}

static bool check_mxnet(const struct check *c) {
    bool nd = given(c, OPT_nd_prefix_name) != NULL;
    bool pretrained = given(c, OPT_pretrained_model_name) != NULL;
    if (nd == pretrained && (!nd || given(c, OPT_input_symbol) != NULL))
        return true;
    diag_report(c->diag, c->at, ND_FILES);
    return false;
}

static void warn_scale(const struct check *c) {
    const char *scale = given(c, OPT_scale);
    if (scale != NULL && strtod(scale, NULL) < 1)
        diag_report(c->diag, c->at, SCALE_SMALL, scale);
}

bool options_check(struct arena *arena, struct diag *diag, const struct place *at,
                   const struct option_values *values) {
    struct check c = {arena, diag, at, values};
    struct option_inputs inputs = {0};
    struct option_parser p = parser(&c, OPT_input);
    if (given(&c, OPT_input) != NULL && !option_parse_inputs(&p, given(&c, OPT_input), &inputs))
        return false;
    warn_scale(&c);
    return check_pairs(&c) && check_shapes(&c, &inputs) &&
           check_channels(&c, OPT_mean_values, inputs.count) &&
           check_channels(&c, OPT_scale_values, inputs.count) && check_mxnet(&c);
}
