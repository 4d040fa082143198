// SPDX-License-Identifier: Apache-2.0
// One conversion: the model is read and optimised once, then a copy of the graph is lowered and
// written for each target (IR version and element type). Weights are shared by all of them.
//
// Nothing is printed here; every problem is reported to `diag`. Everything belongs to `arena`.
#ifndef ZOOC_CONVERT_H
#define ZOOC_CONVERT_H

#include "compiler/driver/conversion.h"

// Finds the framework and the name of the model. False after a report.
bool conversion_begin(struct conversion *c);

// The model as its front end gives it, before any pass. NULL after a report.
struct graph *conversion_import(struct conversion *c);

// The targets that --ir_version and --data_type ask for. A single one lies in --output_dir itself;
// several in folders below it: FP32, FP16, and with a suffix for versions after the first: FP32-v4.
struct conversion_target *conversion_targets(struct conversion *c, uint32_t *count);

// Reads, optimises, lowers and writes. False after a report; a target that was written by then
// stays.
bool conversion_run(struct conversion *c, struct conversion_target *targets, uint32_t count);

#endif
