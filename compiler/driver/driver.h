// SPDX-License-Identifier: Apache-2.0
// The parts of a conversion, each made from the options; private to compiler/driver.
#ifndef ZOOC_DRIVER_H
#define ZOOC_DRIVER_H

#include "compiler/driver/conversion.h"
#include "compiler/passes/pass.h"

// What the front end is to read. False after a report.
bool driver_import_options(struct conversion *c, struct import_options *out);

// What the passes are to do, from the options and the inputs that the graph turned out to have.
bool driver_pass_options(struct conversion *c, struct graph *g, struct pass_options *out);
// The input that the source model calls `name`, or NULL.
struct node *driver_find_parameter(struct graph *g, const char *name);
// --layout. False after a report.
bool driver_layouts(struct conversion *c, struct graph *g);
// Mean and scale of each input. False after a report.
bool driver_preprocess(struct conversion *c, struct graph *g, struct pass_options *out);

// Whether an option means anything to the framework of the model.
bool driver_option_serves(const struct conversion *c, const struct option_def *def);

// The record of the conversion in the IR.
const struct meta_entry *driver_meta(struct conversion *c, const struct conversion_target *target,
                                     uint32_t *count);

// The list of an option's names; empty when it is not given.
struct option_names;
bool driver_names(struct conversion *c, enum option_id id, struct option_names *out);

#endif
