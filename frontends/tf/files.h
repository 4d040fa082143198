// SPDX-License-Identifier: Apache-2.0
// Which files hold a TensorFlow model, and in which form.
#ifndef ZOOC_TF_FILES_H
#define ZOOC_TF_FILES_H

#include "frontends/frontend.h"
#include "frontends/tf/index.h"

// Reads the model that the options name into `g`: functions inlined, variables frozen. Inputs and
// outputs that the model itself names are put into `options` where they say nothing. False after a
// report.
bool tf_open(struct import_options *options, struct tf_graph *g);

#endif
