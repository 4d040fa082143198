// SPDX-License-Identifier: Apache-2.0
// The numbers of MXNet's NDArray files (params.h describes the format).
#ifndef ZOOC_MXNET_NUMBER_H
#define ZOOC_MXNET_NUMBER_H

#include "compiler/base/dtype.h"

#define MXNET_CONTAINER_MAGIC 0x112U
#define MXNET_MAGIC_V1 0xF993FAC8U
#define MXNET_MAGIC_V2 0xF993FAC9U
#define MXNET_MAGIC_V3 0xF993FACAU

// Element types by MXNet's number (mshadow's kFloat32 = 0, ...); DT_UNKNOWN, UINT32_MAX where none.
enum dtype mxnet_type(uint32_t number);
uint32_t mxnet_type_number(enum dtype type);

#endif
