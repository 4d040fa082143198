// SPDX-License-Identifier: Apache-2.0
#include "compiler/emit/bin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "compiler/base/checked.h"
#include "compiler/base/limits.h"

#define PROBE_ELEMENTS ((size_t)4) // from either end
// A recipe is carried out block by block: a small one, or as many whole rows as a permuted tensor
// reads best at once.
#define BLOCK_ELEMENTS ((size_t)1 << 14)
#define BLOCK_ROWS 32
#define BLOCK_BYTES ((size_t)1 << 22)

void bin_init(struct bin *bin, struct arena *arena, uint64_t alignment) {
    *bin = (struct bin){.arena = arena, .alignment = alignment};
    bin->last = &bin->first;
}

struct bin_blob *bin_add(struct bin *bin, const struct tensor *tensor, enum dtype type,
                         const char *owner) {
    struct bin_blob *blob = arena_new_of(bin->arena, struct bin_blob);
    blob->source = tensor;
    blob->tensor = tensor->type == type ? tensor : tensor_cast(bin->arena, tensor, type);
    blob->owner = owner;
    blob->index = bin->count++;
    blob->size = tensor_bytes(blob->tensor);
    *bin->last = blob;
    bin->last = &blob->next;
    return blob;
}

// ---- Identical blobs ----

struct candidate {
    struct bin_blob *blob;
    XXH128_hash_t digest; // of all its bytes, when it was needed
    uint8_t probe[2 * PROBE_ELEMENTS * sizeof(uint64_t)];
};

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_looks(const struct candidate *a, const struct candidate *b) {
    int order = compare_numbers(a->blob->size, b->blob->size);
    if (order == 0)
        order = compare_numbers(a->blob->turned, b->blob->turned);
    return order != 0 ? order : memcmp(a->probe, b->probe, sizeof a->probe);
}

static int by_looks(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    int order = compare_looks(x, y);
    return order != 0 ? order : compare_numbers(x->blob->index, y->blob->index);
}

static int compare_digests(const struct candidate *a, const struct candidate *b) {
    int order = compare_numbers(a->digest.high64, b->digest.high64);
    return order != 0 ? order : compare_numbers(a->digest.low64, b->digest.low64);
}

static int by_digest(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    int order = compare_digests(x, y);
    return order != 0 ? order : compare_numbers(x->blob->index, y->blob->index);
}

static void take_probe(struct candidate *c) {
    const struct tensor *t = c->blob->tensor;
    uint64_t count = tensor_count(t), some = count < PROBE_ELEMENTS ? count : PROBE_ELEMENTS;
    tensor_read(t, 0, some, c->probe);
    tensor_read(t, count - some, some, c->probe + sizeof c->probe / 2);
}

static uint64_t block_elements(const struct tensor *t) {
    uint64_t most = BLOCK_BYTES / sizeof(uint64_t);
    if (dtype_size(t->type) <= sizeof(float))
        most = BLOCK_BYTES / sizeof(float);
    uint64_t rows = t->shape.rank > 0 ? (uint64_t)t->shape.dims[0] : 1;
    uint64_t row = rows > 0 ? tensor_count(t) / rows : 0;
    if (row == 0 || row > most || row * BLOCK_ROWS <= BLOCK_ELEMENTS)
        return BLOCK_ELEMENTS;
    return row * BLOCK_ROWS <= most ? row * BLOCK_ROWS : most / row * row;
}

// Calls `take` with the tensor's bytes, block after block.
static void stream(const struct tensor *t, void *block,
                   void (*take)(void *to, const void *data, uint64_t size), void *to) {
    struct slice direct;
    if (tensor_direct(t, &direct)) {
        take(to, direct.data, direct.size);
        return;
    }
    uint64_t count = tensor_count(t), element = dtype_size(t->type), block_size = block_elements(t);
    for (uint64_t at = 0; at < count; at += block_size) {
        uint64_t some = count - at < block_size ? count - at : block_size;
        tensor_read(t, at, some, block);
        take(to, block, some * element);
    }
}

static void take_hash(void *to, const void *data, uint64_t size) {
    XXH3_128bits_update(to, data, size);
}

static void take_digest(struct candidate *c, XXH3_state_t *state, void *block) {
    XXH3_128bits_reset(state);
    stream(c->blob->tensor, block, take_hash, state);
    c->digest = XXH3_128bits_digest(state);
}

struct comparison {
    const struct tensor *other;
    uint64_t at; // bytes already compared
    bool differs;
    uint8_t block[BLOCK_BYTES];
};

static void take_comparison(void *to, const void *data, uint64_t size) {
    struct comparison *c = to;
    uint64_t element = dtype_size(c->other->type);
    const uint8_t *bytes = data;
    for (uint64_t done = 0; done < size && !c->differs;) {
        uint64_t some = size - done < sizeof c->block ? size - done : sizeof c->block;
        some -= some % element;
        tensor_read(c->other, (c->at + done) / element, some / element, c->block);
        c->differs = memcmp(c->block, bytes + done, some) != 0;
        done += some;
    }
    c->at += size;
}

// A hash can be met on purpose, so equal digests are only a reason to look.
static bool same_bytes(const struct tensor *a, const struct tensor *b, void *block,
                       struct comparison *c) {
    if (a == b)
        return true;
    c->other = b;
    c->at = 0;
    c->differs = dtype_size(a->type) != dtype_size(b->type);
    if (!c->differs)
        stream(a, block, take_comparison, c);
    return !c->differs;
}

struct workspace {
    XXH3_state_t *state;
    struct comparison comparison;
    uint8_t block[BLOCK_BYTES];
};

// Candidates of one size and the same ends.
static void join_twins(struct candidate *all, size_t count, struct workspace *w) {
    for (size_t i = 0; i < count; i++)
        take_digest(&all[i], w->state, w->block);
    qsort(all, count, sizeof *all, by_digest);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (compare_digests(&all[first], &all[i]) != 0)
            first = i;
        else if (same_bytes(all[first].blob->tensor, all[i].blob->tensor, w->block, &w->comparison))
            all[i].blob->same = all[first].blob;
    }
}

static void find_duplicates(struct bin *bin, struct arena *scratch) {
    struct candidate *all = arena_array_of(scratch, bin->count, struct candidate);
    size_t count = 0;
    for (struct bin_blob *blob = bin->first; blob != NULL; blob = blob->next) {
        all[count].blob = blob;
        take_probe(&all[count++]);
    }
    qsort(all, count, sizeof *all, by_looks);
    struct workspace *work = arena_new_of(scratch, struct workspace);
    work->state = XXH3_createState();
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && compare_looks(&all[from], &all[to]) == 0;)
            to++;
        if (to - from > 1 && all[from].blob->size > 0)
            join_twins(all + from, to - from, work);
    }
    XXH3_freeState(work->state);
}

bool bin_layout(struct bin *bin) {
    struct arena *scratch = arena_new();
    find_duplicates(bin, scratch);
    arena_free(scratch);
    bin->size = 0;
    bool fits = true;
    for (struct bin_blob *blob = bin->first; blob != NULL && fits; blob = blob->next) {
        if (blob->same != NULL) {
            blob->offset = blob->same->offset;
            continue;
        }
        uint64_t rest = bin->size % bin->alignment;
        fits = checked_add(bin->size, rest == 0 ? 0 : bin->alignment - rest, &blob->offset) &&
               checked_add(blob->offset, blob->size, &bin->size) && bin->size <= INT64_MAX;
    }
    return fits;
}

// ---- Writing ----

struct clipped {
    uint64_t to_infinity, to_zero;
};

static void count_clipped_half(const float *from, const uint16_t *to, uint64_t count,
                               struct clipped *clipped) {
    uint32_t infinite = 0, zero = 0; // a block is small
    for (uint64_t i = 0; i < count; i++) {
        infinite += (fabsf(from[i]) < INFINITY) & ((to[i] & 0x7c00) == 0x7c00);
        zero += (from[i] != 0) & ((to[i] & 0x7fff) == 0);
    }
    clipped->to_infinity += infinite;
    clipped->to_zero += zero;
}

static void count_clipped(enum dtype from_type, const void *from, enum dtype to_type,
                          const void *to, uint64_t count, struct clipped *clipped) {
    if (from_type == DT_F32 && to_type == DT_F16) {
        count_clipped_half(from, to, count, clipped);
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        double before = dtype_load(from_type, from, i), after = dtype_load(to_type, to, i);
        clipped->to_infinity += isfinite(before) && !isfinite(after);
        clipped->to_zero += before != 0 && after == 0;
    }
}

static void warn_clipped(const struct bin_blob *blob, const struct clipped *clipped,
                         struct diag *diag) {
    unsigned long long total = tensor_count(blob->tensor);
    const char *type = dtype_classic_name(blob->tensor->type);
    if (clipped->to_infinity > 0)
        diag_report(diag, NULL, CLIPPED_TO_INFINITY, (unsigned long long)clipped->to_infinity,
                    total, blob->owner, type);
    if (clipped->to_zero > 0)
        diag_report(diag, NULL, CLIPPED_TO_ZERO, (unsigned long long)clipped->to_zero, total,
                    blob->owner, type);
}

struct blocks {
    uint8_t from[BLOCK_BYTES], to[BLOCK_BYTES];
};

// A floating tensor as a narrower floating type: what does not fit is counted on the way.
static void write_narrowed(const struct bin_blob *blob, struct outfile *to, struct blocks *b,
                           struct diag *diag) {
    enum dtype from_type = blob->source->type, to_type = blob->tensor->type;
    uint64_t count = tensor_count(blob->tensor), block_size = block_elements(blob->source);
    struct clipped clipped = {0, 0};
    for (uint64_t at = 0; at < count; at += block_size) {
        uint64_t some = count - at < block_size ? count - at : block_size;
        tensor_read(blob->source, at, some, b->from);
        dtype_convert(from_type, b->from, to_type, b->to, some);
        count_clipped(from_type, b->from, to_type, b->to, some, &clipped);
        outfile_write(to, b->to, some * dtype_size(to_type));
    }
    warn_clipped(blob, &clipped, diag);
}

static void take_output(void *to, const void *data, uint64_t size) {
    outfile_write(to, data, size);
}

static bool is_narrowed(const struct bin_blob *blob) {
    enum dtype from = blob->source->type, to = blob->tensor->type;
    return dtype_is_float(from) && dtype_is_float(to) && dtype_size(to) < dtype_size(from);
}

void bin_write(const struct bin *bin, struct outfile *to, struct diag *diag) {
    struct arena *scratch = arena_new();
    struct blocks *blocks = arena_new_of(scratch, struct blocks);
    for (const struct bin_blob *blob = bin->first; blob != NULL; blob = blob->next) {
        if (blob->same != NULL)
            continue;
        outfile_align(to, bin->alignment);
        if (is_narrowed(blob))
            write_narrowed(blob, to, blocks, diag);
        else
            stream(blob->tensor, blocks->to, take_output, to);
    }
    arena_free(scratch);
}
