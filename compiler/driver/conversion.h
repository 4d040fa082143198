// SPDX-License-Identifier: Apache-2.0
// What one conversion is asked for, and each of the targets that it writes.
#ifndef ZOOC_CONVERSION_H
#define ZOOC_CONVERSION_H

#include <stdio.h>

#include "compiler/emit/dialect.h"
#include "compiler/options/options.h"
#include "frontends/frontend.h"

struct conversion {
    struct arena *arena;
    struct diag *diag;
    const struct option_values *options; // options_check has passed
    FILE *trace;                         // --steps, or NULL
    FILE *log;                           // a line for each pass, or NULL
    // Filled by conversion_begin.
    const struct frontend *frontend;
    const char *model_name;
};

struct conversion_target {
    int ir_version;
    enum dtype data_type;
    const char *output_dir;
    struct emit_result result; // of a finished conversion
};

#endif
