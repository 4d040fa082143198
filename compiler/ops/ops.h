// SPDX-License-Identifier: Apache-2.0
// The operator table: every entry of ops.def, as an extern, an enumerator and a row of op_table. An
// operator that is listed but not written fails to link.
#ifndef ZOOC_OPS_H
#define ZOOC_OPS_H

#include "compiler/graph/op.h"

#define OP(name) extern const struct op_def op_##name;
#include "compiler/ops/ops.def"
#undef OP

enum op_id {
#define OP(name) OP_ID_##name,
#include "compiler/ops/ops.def"
#undef OP
    OP_COUNT
};

extern const struct op_def *const op_table[OP_COUNT]; // in the order of ops.def

#endif
