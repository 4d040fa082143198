// SPDX-License-Identifier: Apache-2.0
// Which files make an MXNet model, after the options and the naming rules of its save_checkpoint.
#ifndef ZOOC_MXNET_FILES_H
#define ZOOC_MXNET_FILES_H

#include "frontends/frontend.h"
#include "frontends/mxnet/params.h"
#include "frontends/mxnet/symbol.h"

struct mxnet_model {
    struct mxnet_symbol symbol;
    struct mxnet_params params;
};

// PREFIX-NNNN.params goes with PREFIX-symbol.json unless --input_symbol says another. With
// --nd_prefix_name P the files P_args.nd and P_auxs.nd beside the symbol are laid over the arrays
// of
// --pretrained_model_name. --save_params_from_nd writes the merged arrays as a .params file beside
// the symbol. False after a report.
bool mxnet_open(struct arena *arena, struct diag *diag, const struct import_options *options,
                struct mxnet_model *out);

#endif
