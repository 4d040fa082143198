// SPDX-License-Identifier: Apache-2.0
// Which file holds a TensorFlow graph, and in which form.
#ifndef ZOOC_TF_FILES_H
#define ZOOC_TF_FILES_H

#include "frontends/frontend.h"
#include "frontends/tf/index.h"

// Reads the graph that the options name into `g`. False after a report.
bool tf_open(const struct import_options *options, struct tf_graph *g);

#endif
