// SPDX-License-Identifier: Apache-2.0
// Which files a checkpoint is.
#include <stdlib.h>
#include <string.h>

#include "compiler/base/map.h"
#include "frontends/source.h"
#include "frontends/text/text.h"
#include "frontends/tf/checkpoint_form.h"

enum { SHARDS_MAX = 10000 };

// --- by its name ---------------------------------------------------------------------------------

static const char *last_component(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

// What a file `checkpoint` names last, looked for beside it: it may tell of a folder on the machine
// of the training. NULL after a report.
static const char *named_by_state(struct checkpoint *c, const char *path) {
    struct slice text;
    if (!source_open(c->arena, c->diag, path, &text))
        return NULL;
    const ProtobufCMessage *message =
        text_parse(c->arena, c->diag, path, text, &tensorflow__checkpoint_state__descriptor,
                   TEXT_UNKNOWN_KEEP);
    const Tensorflow__CheckpointState *state = (const Tensorflow__CheckpointState *)message;
    if (state == NULL)
        return NULL;
    if (state->model_checkpoint_path == NULL ||
        *last_component(state->model_checkpoint_path) == 0) {
        checkpoint_fail(c, path, "it names no checkpoint");
        return NULL;
    }
    return arena_printf(c->arena, "%.*s%s", (int)(last_component(path) - path), path,
                        last_component(state->model_checkpoint_path));
}

static bool digits(const char *text, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

// "-00001-of-00003" at the end: its length, else 0.
static size_t shard_suffix(const char *path) {
    enum { LENGTH = sizeof "-00000-of-00000" - 1 };
    size_t length = strlen(path);
    const char *s = path + length - LENGTH;
    bool is = length > LENGTH && s[0] == '-' && digits(s + 1, 5) && memcmp(s + 6, "-of-", 4) == 0 &&
              digits(s + 10, 5);
    return is ? LENGTH : 0;
}

// The prefix, when one of the files of V2 is named instead.
static const char *without_suffix(struct arena *arena, const char *path) {
    size_t length = strlen(path), shard = shard_suffix(path);
    if (source_has_suffix(path, ".index"))
        return arena_strndup(arena, path, length - strlen(".index"));
    if (source_has_suffix(path, ".meta"))
        return arena_strndup(arena, path, length - strlen(".meta"));
    if (shard > 0 && length > shard + 5 && memcmp(path + length - shard - 5, ".data", 5) == 0)
        return arena_strndup(arena, path, length - shard - 5);
    return path;
}

static bool accept_shard(const char *file, const void *prefix) {
    size_t length = strlen(prefix), shard = shard_suffix(file);
    return shard > 0 && strlen(file) == length + shard && strncmp(file, prefix, length) == 0;
}

// How many files PREFIX-00000-of-NNNNN there are by the name of one of them.
static uint32_t count_of_shards(struct checkpoint *c) {
    const char *name = last_component(c->path);
    const char *folder = arena_strndup(c->arena, c->path, (size_t)(name - c->path));
    const char *last = source_last_of(c->arena, folder, accept_shard, name);
    unsigned long count = last == NULL ? 0 : strtoul(last + strlen(last) - 5, NULL, 10);
    return count > SHARDS_MAX ? 0 : (uint32_t)count;
}

static bool open_by_name(struct checkpoint *c, const char *path) {
    c->path = without_suffix(c->arena, path);
    if (source_exists(arena_printf(c->arena, "%s.index", c->path)))
        return checkpoint_open_v2(c);
    if (source_exists(c->path))
        return checkpoint_open_v1(c, &c->path, 1);
    uint32_t count = count_of_shards(c);
    const char **paths = arena_array_of(c->arena, count, const char *);
    for (uint32_t i = 0; i < count; i++)
        paths[i] = checkpoint_shard(c, "-", i, count);
    if (count > 0)
        return checkpoint_open_v1(c, paths, count);
    return checkpoint_fail(c, NULL,
                           arena_printf(c->arena, "there is neither '%s.index' nor '%s'",
                                        last_component(c->path), last_component(c->path)));
}

// --- by its folder -------------------------------------------------------------------------------

// Whether a file is one of V1. What cannot be read is none.
static bool is_table_file(const char *path) {
    struct arena *arena = arena_new();
    struct slice bytes;
    bool is = !source_is_folder(path) && map_file(arena, path, &bytes) && table_is(bytes);
    arena_free(arena);
    return is;
}

struct folder {        // what a folder without a file `checkpoint` holds
    const char *index; // of V2
    uint32_t index_count;
    const char **tables; // of V1
    uint32_t table_count;
};

static void look_into(struct checkpoint *c, const char *path, struct folder *out) {
    const char **names = source_list(c->arena, path);
    uint32_t count = 0;
    while (names[count] != NULL)
        count++;
    *out = (struct folder){.tables = arena_array_of(c->arena, count, const char *)};
    for (uint32_t i = 0; i < count; i++) {
        const char *file = arena_printf(c->arena, "%s/%s", path, names[i]);
        if (source_has_suffix(file, ".index")) {
            out->index = file;
            out->index_count++;
        } else if (is_table_file(file)) {
            out->tables[out->table_count++] = file;
        }
    }
}

// One checkpoint of V2, or all of V1 together: large models come as one for each of their parts.
static bool open_folder(struct checkpoint *c, const char *path) {
    struct folder folder;
    look_into(c, path, &folder);
    if (folder.index_count == 1)
        return open_by_name(c, folder.index);
    if (folder.index_count > 1)
        return checkpoint_fail(c, NULL, "the folder holds several: name one of them");
    if (folder.table_count == 0)
        return checkpoint_fail(c, NULL, "the folder holds none");
    return checkpoint_open_v1(c, folder.tables, folder.table_count);
}

struct checkpoint *checkpoint_open(struct arena *arena, struct diag *diag, const char *path) {
    struct checkpoint *c = arena_new_of(arena, struct checkpoint);
    *c = (struct checkpoint){.arena = arena, .diag = diag, .path = path, .found = names_new(arena)};
    if (source_is_folder(path)) {
        const char *state = arena_printf(arena, "%s/checkpoint", path);
        if (!source_exists(state) && !source_exists(arena_printf(arena, "%s.index", state)))
            return open_folder(c, path) ? c : NULL;
        path = state;
    }
    if (strcmp(last_component(path), "checkpoint") == 0 &&
        !source_exists(arena_printf(arena, "%s.index", path)))
        path = named_by_state(c, path);
    return path != NULL && open_by_name(c, path) ? c : NULL;
}
