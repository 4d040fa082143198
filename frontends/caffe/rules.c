// SPDX-License-Identifier: Apache-2.0
// Which layers are there for inference: Caffe's include and exclude rules.
#include <string.h>

#include "frontends/caffe/net.h"

static bool has_stage(const Caffe__NetState *state, const char *stage) {
    for (size_t i = 0; state != NULL && i < state->n_stage; i++)
        if (strcmp(state->stage[i], stage) == 0)
            return true;
    return false;
}

static bool is_met(const Caffe__NetStateRule *rule, const Caffe__NetState *state) {
    int32_t level = state != NULL ? state->level : 0;
    if (rule->has_phase && rule->phase != CAFFE__PHASE__TEST)
        return false;
    if ((rule->has_min_level && level < rule->min_level) ||
        (rule->has_max_level && level > rule->max_level))
        return false;
    for (size_t i = 0; i < rule->n_stage; i++)
        if (!has_stage(state, rule->stage[i]))
            return false;
    for (size_t i = 0; i < rule->n_not_stage; i++)
        if (has_stage(state, rule->not_stage[i]))
            return false;
    return true;
}

static bool any_is_met(size_t count, Caffe__NetStateRule *const *rules,
                       const Caffe__NetState *state) {
    for (size_t i = 0; i < count; i++)
        if (is_met(rules[i], state))
            return true;
    return false;
}

bool caffe_is_included(const Caffe__LayerParameter *layer, const Caffe__NetState *state) {
    if (layer->n_include > 0)
        return any_is_met(layer->n_include, layer->include, state);
    return !any_is_met(layer->n_exclude, layer->exclude, state);
}
