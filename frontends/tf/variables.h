// SPDX-License-Identifier: Apache-2.0
// Freezing: a variable becomes the constant that a checkpoint holds for it, or passes on the value
// that it is first assigned. Which name it has in the checkpoint is what the graph's own nodes for
// restoring say, else its own; NAME/part_N is a part of NAME.
#ifndef ZOOC_TF_VARIABLES_H
#define ZOOC_TF_VARIABLES_H

#include "frontends/tf/checkpoint.h"
#include "frontends/tf/index.h"

struct tf_stored {                 // of a node
    struct checkpoint *checkpoint; // or NULL
    const struct checkpoint_tensor *tensor;
    struct checkpoint_part part;
    bool in_part;
};

bool tf_has_variables(const struct tf_graph *g);
// The value of a variable that became a Const. NULL after a report.
const struct tensor *tf_stored_value(const struct tf_stored *v);

// `c` may be NULL, as may `saver`: the node by which the saver of the checkpoint restores. False
// after a report.
bool tf_freeze(struct tf_graph *g, struct checkpoint *c, const char *saver);

#endif
