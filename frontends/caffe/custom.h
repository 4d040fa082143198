// SPDX-License-Identifier: Apache-2.0
// Layers that only an extension of the runtime knows: those that CustomLayersMapping.xml (-k)
// names, and a few of Caffe's forks that classic IR has and the opset has not.
#ifndef ZOOC_CAFFE_CUSTOM_H
#define ZOOC_CAFFE_CUSTOM_H

#include "frontends/caffe/layers.h"
#include "frontends/mapping.h"

// The layer as a Custom node. `native`: how the layer is imported when it is one that we know,
// which gives the shapes of its tops.
void import_custom(struct layer *l, struct attribute_style style, const struct custom_layer *custom,
                   void (*native)(struct layer *, const void *), const void *row);

#endif
