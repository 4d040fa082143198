// SPDX-License-Identifier: Apache-2.0
#include "compiler/ops/ops.h"

#include <string.h>

#include "compiler/base/suggest.h"

const struct op_def *const op_table[OP_COUNT] = {
#define OP(name) &op_##name,
#include "compiler/ops/ops.def"
#undef OP
};

const struct op_def *op_find(const char *name) {
    for (int i = 0; i < OP_COUNT; i++)
        if (strcmp(op_table[i]->name, name) == 0)
            return op_table[i];
    return NULL;
}

const char *op_suggest(const char *wrong) {
    const char *names[OP_COUNT];
    for (int i = 0; i < OP_COUNT; i++)
        names[i] = op_table[i]->name;
    return suggest(wrong, names, OP_COUNT);
}
