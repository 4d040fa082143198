// SPDX-License-Identifier: Apache-2.0
// The options that the passes read.
#include "compiler/base/suggest.h"
#include "compiler/driver/driver.h"
#include "compiler/options/values.h"

// Every name of --disable_pass must be a pass.
static bool check_pass_names(struct conversion *c, const struct option_names *names) {
    const char **known = arena_array_of(c->arena, pass_count, const char *);
    for (unsigned i = 0; i < pass_count; i++)
        known[i] = pass_table[i].name;
    bool ok = true;
    for (uint32_t i = 0; i < names->count; i++) {
        bool found = false;
        for (unsigned k = 0; k < pass_count && !found; k++)
            found = strcmp(known[k], names->items[i]) == 0;
        if (found)
            continue;
        const char *near = suggest(names->items[i], known, pass_count);
        diag_report(c->diag, NULL, OPTION_VALUE, "disable_pass", names->items[i],
                    near == NULL ? "there is no such pass"
                                 : arena_printf(c->arena, "did you mean '%s'?", near));
        ok = false;
    }
    return ok;
}

bool driver_pass_options(struct conversion *c, struct graph *g, struct pass_options *out) {
    struct option_names finegrain = {0}, disabled = {0};
    if (!driver_names(c, OPT_finegrain_fusing, &finegrain) ||
        !driver_names(c, OPT_disable_pass, &disabled) || !check_pass_names(c, &disabled))
        return false;
    out->disable_fusing = option_flag(c->options, OPT_disable_fusing);
    out->disable_gfusing = option_flag(c->options, OPT_disable_gfusing);
    out->disable_resnet_optimization = option_flag(c->options, OPT_disable_resnet_optimization);
    out->disable_nhwc_to_nchw = option_flag(c->options, OPT_disable_nhwc_to_nchw);
    out->reverse_input_channels = option_flag(c->options, OPT_reverse_input_channels);
    out->move_to_preprocess = option_flag(c->options, OPT_move_to_preprocess);
    out->finegrain_fusing = finegrain.items;
    out->finegrain_count = finegrain.count;
    out->disabled = disabled.items;
    out->disabled_count = disabled.count;
    out->trace = c->trace;
    out->log = c->log;
    out->check = option_flag(c->options, OPT_check);
    return driver_preprocess(c, g, out);
}
