// SPDX-License-Identifier: Apache-2.0
// The sorted table that TensorFlow's checkpoints are written as (LevelDB's file format): blocks of
// keys and values in the order of the keys, an index block, a footer. Values are views of the
// mapped file. A block's sum is checked when it is first read, so blocks that nobody asks for cost
// nothing.
#ifndef ZOOC_TF_TABLE_H
#define ZOOC_TF_TABLE_H

#include "compiler/base/arena.h"
#include "compiler/base/diag.h"
#include "compiler/base/slice.h"

struct table_block {
    struct slice last_key; // not before any key of the block
    uint64_t offset, size;
    bool checked;
};

struct table {
    struct arena *arena;
    struct diag *diag;
    const char *file;
    struct slice bytes;
    struct table_block *blocks;
    uint32_t block_count;
};

// Whether a file ends as such a table does.
bool table_is(struct slice bytes);
// False after a report.
bool table_open(struct arena *arena, struct diag *diag, const char *file, struct slice bytes,
                struct table *out);
// False after a report. value->data is NULL when there is no such key.
bool table_find(struct table *t, struct slice key, struct slice *value);

#endif
