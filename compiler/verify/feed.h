// SPDX-License-Identifier: Apache-2.0
// Brings arrays into the form a model's inputs take, and runs more rows than its batch has.
#ifndef ZOOC_FEED_H
#define ZOOC_FEED_H

#include "compiler/verify/runtime.h"

// One inference, or as many as the arrays have batches of rows; `outputs` has one array per output,
// rows of all inferences together. False after a report.
bool feed_run(struct arena *arena, struct diag *diag, struct runtime_model *model,
              const struct ndarray_list *arrays, struct ndarray *outputs);

#endif
