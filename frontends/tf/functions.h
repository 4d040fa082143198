// SPDX-License-Identifier: Apache-2.0
// Functions of the graph's library in the index, before import: each call is replaced by a copy of
// the body, whose nodes are called CALL/NODE. The call itself stays as a PartitionedCall whose
// inputs are what the function gives back.
#ifndef ZOOC_TF_FUNCTIONS_H
#define ZOOC_TF_FUNCTIONS_H

#include "frontends/tf/index.h"

// A call that cannot be inlined (no such function, a function that calls itself) gets a fault.
// False after a report: the graph grew beyond all bounds.
bool tf_inline_functions(struct tf_graph *g);

#endif
