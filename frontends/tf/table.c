// SPDX-License-Identifier: Apache-2.0
// A block is entries, then the offsets of those of them that spell their key out (restarts), then
// the number of these. Other entries share the beginning of the key before. Behind a block in the
// file stand a byte that names its compression and a sum over both.
#include "frontends/tf/table.h"

#include <string.h>

#include "compiler/base/limits.h"
#include "compiler/base/strbuf.h"
#include "frontends/tf/crc32c.h"
#include "frontends/wire/member.h"

enum { FOOTER_SIZE = 48, HANDLES_SIZE = 40, TRAILER_SIZE = 5, OFFSET_SIZE = 4 };
static const uint64_t magic = 0xDB4775248B80FB57;

static bool fail(const struct table *t, const uint8_t *at, const char *what) {
    struct place place = {.file = t->file, .has_offset = at != NULL};
    if (at != NULL)
        place.offset = (uint64_t)(at - t->bytes.data);
    diag_report(t->diag, &place, CHECKPOINT_READ, t->file, what);
    return false;
}

// --- entries of a block --------------------------------------------------------------------------

struct block {
    struct slice entries;
    struct slice restarts; // of OFFSET_SIZE bytes each
};

struct entry {
    struct strbuf key;
    struct slice value;
};

static bool take_handle(struct slice *s, uint64_t *offset, uint64_t *size) {
    return varint_take(s, offset) == NULL && varint_take(s, size) == NULL;
}

static bool check_block(const struct table *t, struct slice content, struct slice trailer) {
    uint8_t compression;
    uint32_t sum = crc32c_extend(crc32c(content), slice_of(trailer.data, 1)), stored;
    if (!slice_u8(&trailer, &compression) || !slice_u32le(&trailer, &stored))
        return fail(t, content.data, "it ends within a block");
    if (crc32c_mask(sum) != stored)
        return fail(t, content.data, "a block does not have the sum that was written with it");
    if (compression == 1)
        return fail(t, content.data,
                    "a block is compressed with Snappy, which TensorFlow never does");
    return compression == 0 || fail(t, content.data, "a block is compressed in an unknown way");
}

static bool read_block(const struct table *t, uint64_t offset, uint64_t size, bool check,
                       struct block *out) {
    struct slice all = t->bytes, content, trailer, number;
    uint32_t count;
    if (!slice_advance(&all, offset) || !slice_take(&all, size, &content) ||
        !slice_take(&all, TRAILER_SIZE, &trailer))
        return fail(t, NULL, "a block lies beyond its end");
    if (check && !check_block(t, content, trailer))
        return false;
    if (size < OFFSET_SIZE || !slice_sub(content, size - OFFSET_SIZE, OFFSET_SIZE, &number) ||
        !slice_u32le(&number, &count) || (uint64_t)count * OFFSET_SIZE > size - OFFSET_SIZE)
        return fail(t, content.data, "a block is too short for its restarts");
    uint64_t entries = size - OFFSET_SIZE - (uint64_t)count * OFFSET_SIZE;
    out->entries = slice_of(content.data, entries);
    out->restarts = slice_of(content.data + entries, (uint64_t)count * OFFSET_SIZE);
    return true;
}

// The next entry; `e->key` holds the key of the one before.
static bool take_entry(const struct table *t, struct slice *s, struct entry *e) {
    const uint8_t *at = s->data;
    uint64_t shared, rest, size;
    struct slice tail;
    if (varint_take(s, &shared) != NULL || varint_take(s, &rest) != NULL ||
        varint_take(s, &size) != NULL || shared > e->key.length || rest > limits.name_bytes ||
        shared + rest > limits.name_bytes || !slice_take(s, rest, &tail) ||
        !slice_take(s, size, &e->value))
        return fail(t, at, "an entry of a block is damaged");
    e->key.length = (size_t)shared;
    strbuf_add(&e->key, tail.data, (size_t)tail.size);
    return true;
}

static int compare(struct slice a, struct slice b) {
    uint64_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, (size_t)common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static struct slice key_of(const struct entry *e) {
    return slice_of(e->key.data, e->key.length);
}

// --- a table -------------------------------------------------------------------------------------

bool table_is(struct slice bytes) {
    uint64_t found;
    return bytes.size >= FOOTER_SIZE && slice_advance(&bytes, bytes.size - sizeof found) &&
           slice_u64le(&bytes, &found) && found == magic;
}

static bool read_index(struct table *t, const struct block *index) {
    struct slice left = index->entries;
    struct entry e = {.key = STRBUF_INIT};
    // An entry has no less than three bytes.
    t->blocks = arena_array_of(t->arena, (size_t)(left.size / 3 + 1), struct table_block);
    bool good = true;
    while (good && left.size > 0) {
        struct table_block *b = &t->blocks[t->block_count];
        good = take_entry(t, &left, &e);
        if (good && !take_handle(&e.value, &b->offset, &b->size))
            good = fail(t, NULL, "its index is damaged");
        if (!good)
            break;
        b->last_key = slice_of(arena_copy(t->arena, e.key.data, e.key.length + 1), e.key.length);
        t->block_count++;
    }
    strbuf_free(&e.key);
    return good;
}

bool table_open(struct arena *arena, struct diag *diag, const char *file, struct slice bytes,
                struct table *out) {
    *out = (struct table){.arena = arena, .diag = diag, .file = file, .bytes = bytes};
    if (!table_is(bytes))
        return fail(out, NULL, "it does not end as a checkpoint does");
    struct slice footer = slice_of(bytes.data + (bytes.size - FOOTER_SIZE), HANDLES_SIZE);
    uint64_t offset, size;
    struct block index;
    bool good = take_handle(&footer, &offset, &size); // of a second index, which is not used
    if (!good || !take_handle(&footer, &offset, &size))
        return fail(out, NULL, "its footer is damaged");
    if (size > limits.skeleton_bytes)
        return fail(out, NULL, "its index is too large");
    return read_block(out, offset, size, true, &index) && read_index(out, &index);
}

// The last restart whose key is not after `key`: where to begin to look.
static bool seek(const struct table *t, const struct block *b, struct slice key,
                 struct slice *from) {
    uint64_t low = 0, high = b->restarts.size / OFFSET_SIZE;
    *from = b->entries;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct slice number = b->restarts, start = b->entries;
        struct entry e = {.key = STRBUF_INIT};
        uint32_t offset;
        if (!slice_advance(&number, middle * OFFSET_SIZE) || !slice_u32le(&number, &offset) ||
            !slice_advance(&start, offset))
            return fail(t, b->entries.data, "a restart of a block lies beyond it");
        struct slice entry = start;
        bool good = entry.size > 0 && take_entry(t, &entry, &e);
        int order = good ? compare(key_of(&e), key) : 0;
        strbuf_free(&e.key);
        if (!good)
            return start.size > 0 ? false : fail(t, b->entries.data, "a restart has no entry");
        if (order > 0) {
            high = middle;
        } else {
            *from = start;
            low = middle + 1;
        }
    }
    return true;
}

static bool find_in_block(const struct table *t, const struct block *b, struct slice key,
                          struct slice *value) {
    struct slice left;
    struct entry e = {.key = STRBUF_INIT};
    bool good = seek(t, b, key, &left);
    while (good && left.size > 0) {
        good = take_entry(t, &left, &e);
        int order = good ? compare(key_of(&e), key) : 0;
        if (good && order == 0)
            *value = e.value;
        if (order >= 0)
            break;
    }
    strbuf_free(&e.key);
    return good;
}

bool table_find(struct table *t, struct slice key, struct slice *value) {
    uint32_t low = 0, high = t->block_count;
    struct block block;
    *value = (struct slice){0};
    while (low < high) { // the first block that may hold it
        uint32_t middle = low + (high - low) / 2;
        if (compare(t->blocks[middle].last_key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == t->block_count)
        return true;
    struct table_block *b = &t->blocks[low];
    if (!read_block(t, b->offset, b->size, !b->checked, &block))
        return false;
    b->checked = true;
    return find_in_block(t, &block, key, value);
}
