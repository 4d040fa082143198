// SPDX-License-Identifier: Apache-2.0
// Event files, which TensorBoard shows.
#ifndef ZOOC_TF_EVENTS_H
#define ZOOC_TF_EVENTS_H

#include "compiler/base/diag.h"
#include "frontends/tf/schema.pb-c.h"

// Writes the graph into `folder`, as events.out.tfevents.0.zooc: the name and the content hold
// neither time nor machine. Weights are left out: TensorBoard shows none. A failure is a warning.
void events_write_graph(struct arena *arena, struct diag *diag, const char *folder,
                        const Tensorflow__GraphDef *graph);

#endif
