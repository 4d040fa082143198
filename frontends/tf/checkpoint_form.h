// SPDX-License-Identifier: Apache-2.0
// What the two forms of a checkpoint bring; private to the files checkpoint*.c.
#ifndef ZOOC_TF_CHECKPOINT_FORM_H
#define ZOOC_TF_CHECKPOINT_FORM_H

#include "compiler/base/names.h"
#include "frontends/tf/checkpoint.h"
#include "frontends/tf/schema.pb-c.h"
#include "frontends/tf/table.h"

struct checkpoint_form {
    // As checkpoint_find, for a name that was not asked for before.
    bool (*find)(struct checkpoint *c, const char *name, struct checkpoint_tensor **out);
    // One stored part. NULL after a report.
    const struct tensor *(*read)(struct checkpoint *c, const struct checkpoint_tensor *t,
                                 const struct checkpoint_stored *stored);
};

struct checkpoint {
    struct arena *arena;
    struct diag *diag;
    const char *path;
    bool broken; // one report is enough
    const struct checkpoint_form *form;
    struct names *found;  // name -> struct checkpoint_tensor
    struct table *tables; // V1: one a file; V2: the index
    uint32_t table_count;
    struct slice *shards; // V2: the data files, once they are open
    uint32_t shard_count;
};

bool checkpoint_open_v1(struct checkpoint *c, const char *const *paths, uint32_t count);
bool checkpoint_open_v2(struct checkpoint *c);
// PREFIX<infix>NNNNN-of-NNNNN
const char *checkpoint_shard(const struct checkpoint *c, const char *infix, uint32_t index,
                             uint32_t count);

// Reports at `file`. Always false.
bool checkpoint_fail(const struct checkpoint *c, const char *file, const char *what);
// Adds a part that the files hold; false after a report.
bool checkpoint_add_stored(struct checkpoint *c, struct checkpoint_tensor *t,
                           const Tensorflow__TensorSliceProto *proto, uint32_t file);
// The shape of a part of `t`.
struct shape checkpoint_part_shape(const struct checkpoint_tensor *t,
                                   const struct checkpoint_part *part);
// The key that a table keeps a part under.
struct slice checkpoint_part_key(struct arena *arena, const char *name,
                                 const struct checkpoint_part *part);

#endif
