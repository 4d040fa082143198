// SPDX-License-Identifier: Apache-2.0
// SavedModels: a folder with saved_model.pb (or .pbtxt), graphs told apart by sets of tags, and the
// folder `variables` with a checkpoint. A signature says which tensors are the model's inputs and
// outputs.
#ifndef ZOOC_TF_SAVED_MODEL_H
#define ZOOC_TF_SAVED_MODEL_H

#include "frontends/frontend.h"
#include "frontends/tf/index.h"

// The folder of a SavedModel: `path` itself, or where its file is; NULL when it is none.
const char *saved_model_folder(struct arena *arena, const char *path);
// The file of the folder that holds the graphs.
const char *saved_model_file(struct arena *arena, const char *folder);

// The graph of exactly these tags, which are parted by commas. Without tags: that for serving, or
// the only one. NULL after a report.
const Tensorflow__MetaGraphDef *
saved_model_choose(struct tf_graph *g, const Tensorflow__SavedModel *model, const char *tags);

// Puts the signature's inputs and outputs into `options` where the user says nothing. The nodes are
// in `g`. False after a report.
bool saved_model_sign(struct tf_graph *g, const Tensorflow__MetaGraphDef *meta,
                      struct import_options *options);

#endif
