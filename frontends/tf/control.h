// SPDX-License-Identifier: Apache-2.0
// Conditional control flow (tf.cond) in the index, before import. A Switch whose predicate is known
// is replaced by its live branch, and what hangs on the dead one goes. Where the predicate is data,
// both branches are computed and the Merge chooses (it reads the predicate, then what it gives when
// that is true, and what else): the operators that runtimes have are pure. While loops are left
// alone (loops.h).
#ifndef ZOOC_TF_CONTROL_H
#define ZOOC_TF_CONTROL_H

#include "frontends/frontend.h"
#include "frontends/tf/index.h"

void tf_resolve_conditions(struct tf_graph *g, const struct import_options *options);

#endif
