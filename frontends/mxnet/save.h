// SPDX-License-Identifier: Apache-2.0
// Writes arrays in the container that params.h describes (arrays of version V2), for
// --save_params_from_nd.
#ifndef ZOOC_MXNET_SAVE_H
#define ZOOC_MXNET_SAVE_H

#include "frontends/mxnet/params.h"

// Arguments first, then auxiliary states, each by name. False after a report.
bool mxnet_save_params(struct diag *diag, const char *path, const struct mxnet_params *params);

#endif
