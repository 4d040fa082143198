// SPDX-License-Identifier: Apache-2.0
// V2: the index leads from a name to where its bytes lie in which data file. A tensor in parts has
// an entry that lists them, and one for each of them under its own key.
#include <string.h>

#include "compiler/base/checked.h"
#include "frontends/source.h"
#include "frontends/tf/checkpoint_form.h"
#include "frontends/tf/crc32c.h"
#include "frontends/tf/index.h"
#include "frontends/wire/member.h"
#include "frontends/wire/wire.h"

static const char *index_path(const struct checkpoint *c) {
    return c->tables[0].file;
}

// *entry is NULL when there is none. False after a report.
static bool find_entry(struct checkpoint *c, struct slice key,
                       const Tensorflow__BundleEntryProto **entry) {
    struct slice value;
    *entry = NULL;
    if (!table_find(&c->tables[0], key, &value))
        return false;
    if (value.data == NULL)
        return true;
    *entry = (const Tensorflow__BundleEntryProto *)(const void *)wire_unpack(
        c->arena, c->diag, index_path(c), value, &tensorflow__bundle_entry_proto__descriptor);
    return *entry != NULL;
}

static bool find_v2(struct checkpoint *c, const char *name, struct checkpoint_tensor **out) {
    const Tensorflow__BundleEntryProto *entry;
    *out = NULL;
    if (*name == '\0' || !find_entry(c, slice_of(name, strlen(name)), &entry))
        return *name == '\0';
    if (entry == NULL)
        return true;
    struct checkpoint_tensor *t = arena_new_of(c->arena, struct checkpoint_tensor);
    *t = (struct checkpoint_tensor){.name = name, .type = (int)entry->dtype};
    if (!tf_shape(entry->shape, &t->shape) || !shape_is_static(&t->shape))
        return checkpoint_fail(c, index_path(c),
                               arena_printf(c->arena, "'%s' has an impossible shape", name));
    for (size_t i = 0; i < entry->n_slices; i++)
        if (!checkpoint_add_stored(c, t, entry->slices[i], 1))
            return false;
    if (entry->n_slices == 0) { // the entry itself is the whole
        t->stored = arena_new_of(c->arena, struct checkpoint_stored);
        t->stored->part.rank = t->shape.rank;
        for (int32_t i = 0; i < t->shape.rank; i++)
            t->stored->part.length[i] = -1;
        t->stored_count = t->stored_capacity = 1;
    }
    *names_slot(c->found, name) = t;
    *out = t;
    return true;
}

// NULL after a report.
static const struct slice *open_shard(struct checkpoint *c, int64_t shard) {
    if (shard < 0 || shard >= (int64_t)c->shard_count) {
        checkpoint_fail(c, index_path(c), "an entry names a data file that is none of its");
        return NULL;
    }
    struct slice *file = &c->shards[shard];
    const char *path = checkpoint_shard(c, ".data-", (uint32_t)shard, c->shard_count);
    if (file->data == NULL && !source_open(c->arena, c->diag, path, file)) {
        *file = (struct slice){0};
        return NULL;
    }
    return file;
}

static bool read_bytes(struct checkpoint *c, const char *name,
                       const Tensorflow__BundleEntryProto *entry, struct slice *out) {
    int64_t offset = entry->has_offset ? entry->offset : 0;
    const struct slice *file = open_shard(c, entry->has_shard_id ? entry->shard_id : 0);
    if (file == NULL)
        return false;
    if (offset < 0 || entry->size < 0 ||
        !slice_sub(*file, (uint64_t)offset, (uint64_t)entry->size, out))
        return checkpoint_fail(
            c, index_path(c),
            arena_printf(c->arena, "'%s' lies beyond the end of its data file", name));
    return true;
}

static bool check_sum(struct checkpoint *c, const char *name,
                      const Tensorflow__BundleEntryProto *entry, uint32_t sum) {
    return !entry->has_crc32c || crc32c_mask(sum) == entry->crc32c ||
           checkpoint_fail(
               c, index_path(c),
               arena_printf(c->arena, "'%s' does not have the sum that was written with it", name));
}

static const struct tensor *read_v2(struct checkpoint *c, const struct checkpoint_tensor *t,
                                    const struct checkpoint_stored *stored) {
    const Tensorflow__BundleEntryProto *entry;
    struct slice key = slice_of(t->name, strlen(t->name)), bytes = {0};
    struct shape shape = checkpoint_part_shape(t, &stored->part);
    enum dtype type = tf_dtype(t->type);
    uint64_t count, size;
    if (stored->file != 0)
        key = checkpoint_part_key(c->arena, t->name, &stored->part);
    if (!find_entry(c, key, &entry))
        return NULL;
    if (entry == NULL || dtype_size(type) == 0 || !shape_count(&shape, &count) ||
        !checked_mul(count, dtype_size(type), &size) || entry->size < 0 ||
        (uint64_t)entry->size != size) {
        checkpoint_fail(
            c, index_path(c),
            arena_printf(c->arena, "the entry of '%s' has another size than its shape", t->name));
        return NULL;
    }
    if (!read_bytes(c, t->name, entry, &bytes) || !check_sum(c, t->name, entry, crc32c(bytes)))
        return NULL;
    return tensor_of_slice(c->arena, type, shape, bytes);
}

static const struct checkpoint_form form_v2 = {.find = find_v2, .read = read_v2};

bool checkpoint_open_v2(struct checkpoint *c) {
    const char *path = arena_printf(c->arena, "%s.index", c->path);
    struct slice bytes, value;
    c->form = &form_v2;
    c->tables = arena_new_of(c->arena, struct table);
    c->table_count = 1;
    if (!source_open(c->arena, c->diag, path, &bytes) ||
        !table_open(c->arena, c->diag, path, bytes, c->tables) ||
        !table_find(c->tables, slice_of("", 0), &value))
        return false;
    if (value.data == NULL)
        return checkpoint_fail(c, path, "it has no header");
    const Tensorflow__BundleHeaderProto *header =
        (const Tensorflow__BundleHeaderProto *)(const void *)wire_unpack(
            c->arena, c->diag, path, value, &tensorflow__bundle_header_proto__descriptor);
    if (header == NULL)
        return false;
    if (header->num_shards < 1 || header->num_shards > 99999)
        return checkpoint_fail(c, path, "its header has an impossible number of data files");
    if (header->endianness != 0)
        return checkpoint_fail(c, path, "its numbers have their highest byte first");
    c->shard_count = (uint32_t)header->num_shards;
    c->shards = arena_array_of(c->arena, c->shard_count, struct slice);
    return true;
}

// The length of the string, a sum over that number, then the string. The sum of the whole is over
// the length as four bytes and all that follows it.
static bool read_string(struct checkpoint *c, const char *name,
                        const Tensorflow__BundleEntryProto *entry, struct slice bytes,
                        struct slice *out) {
    uint64_t length;
    uint8_t number[4];
    if (varint_take(&bytes, &length) != NULL || length > UINT32_MAX || bytes.size < 4 ||
        bytes.size - 4 != length)
        return checkpoint_fail(c, index_path(c),
                               arena_printf(c->arena, "string '%s' is damaged", name));
    for (unsigned i = 0; i < sizeof number; i++)
        number[i] = (uint8_t)(length >> (8 * i));
    uint32_t sum = crc32c_extend(crc32c(slice_of(number, sizeof number)), bytes);
    return slice_advance(&bytes, 4) && (*out = bytes, check_sum(c, name, entry, sum));
}

bool checkpoint_read_string(struct checkpoint *c, const char *name, struct slice *out) {
    const Tensorflow__BundleEntryProto *entry;
    struct slice bytes;
    *out = (struct slice){0};
    if (c->form != &form_v2)
        return true;
    if (!find_entry(c, slice_of(name, strlen(name)), &entry))
        return false;
    if (entry == NULL || entry->dtype != TENSORFLOW__DATA_TYPE__DT_STRING)
        return true;
    return read_bytes(c, name, entry, &bytes) && read_string(c, name, entry, bytes, out);
}
