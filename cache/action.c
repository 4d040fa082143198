// SPDX-License-Identifier: Apache-2.0
#include "cache/action.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/base/fatal.h"
#include "compiler/base/map.h"

static const char room[] = "actions";

enum { MOST_ENTRY = 1024 * 1024 }; // bytes that a remote entry may have

// ---- Sums ----

static int by_name(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

// One member of a folder; false with errno set when it cannot be read.
static bool add_member(struct digester *digester, const FTSENT *entry, size_t root) {
    char sum[SHA256_TEXT_SIZE];
    switch (entry->fts_info) {
    case FTS_D:
    case FTS_DP:
        return true;
    case FTS_F:
        if (!digest_file(DIGEST_SHA256, entry->fts_accpath, sum))
            return false;
        digester_add(digester, entry->fts_path + root, strlen(entry->fts_path + root) + 1);
        digester_add(digester, sum, sizeof sum);
        return true;
    default:
        errno = entry->fts_errno != 0 ? entry->fts_errno : EINVAL;
        return false;
    }
}

static bool sum_folder(const char *path, char sum[SHA256_TEXT_SIZE]) {
    char *copy = strdup(path);
    char *const roots[] = {copy, NULL};
    FTS *walk = copy == NULL ? NULL : fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (walk == NULL)
        fatal_out_of_memory();
    struct digester *digester = digester_new(DIGEST_SHA256);
    const FTSENT *entry;
    bool done = true;
    while (done && (errno = 0, entry = fts_read(walk)) != NULL)
        done = add_member(digester, entry, strlen(path));
    int error = errno;
    digester_end(digester, sum);
    fts_close(walk);
    free(copy);
    errno = error;
    return done && error == 0;
}

bool action_sum(const char *path, char sum[SHA256_TEXT_SIZE]) {
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
    if (S_ISDIR(status.st_mode))
        return sum_folder(path, sum);
    return digest_file(DIGEST_SHA256, path, sum);
}

// ---- The key ----

// "red/FP32" is how a build calls it; what is asked of the model stands in the options.
static const char *model_of(struct arena *arena, const char *step) {
    return arena_strndup(arena, step, strcspn(step, "/"));
}

static int by_line_name(const void *a, const void *b) {
    return strcmp((*(const struct record_line *const *)a)->name,
                  (*(const struct record_line *const *)b)->name);
}

// In the order of their names: which input was hashed first is nobody's business.
static void add_sums(const struct record *record, struct record *question) {
    const struct record_line **sums =
        arena_array_of(record->arena, record->count, const struct record_line *);
    size_t count = 0;
    for (uint32_t i = 0; i < record->count; i++) {
        if (record->lines[i].kind == RECORD_INPUT_SUM)
            sums[count++] = &record->lines[i];
    }
    if (count > 0)
        qsort(sums, count, sizeof *sums, by_line_name);
    for (size_t i = 0; i < count; i++)
        record_add(question, RECORD_INPUT_SUM, sums[i]->name, sums[i]->value);
}

bool action_key(const struct record *record, char key[SHA256_TEXT_SIZE]) {
    struct record *question = record_new(record->arena);
    const struct record_line *unpacks = record_find(record, RECORD_STEP, "unpack");
    for (uint32_t i = 0; i < record->count; i++) {
        const struct record_line *line = &record->lines[i];
        if (line->kind == RECORD_STEP)
            record_add(question, line->kind, line->name, model_of(record->arena, line->value));
        if (line->kind == RECORD_BUILD || line->kind == RECORD_OPTION)
            record_add(question, line->kind, line->name, line->value);
        // What is unpacked has its sum among the options.
        if (line->kind == RECORD_INPUT && unpacks == NULL &&
            record_find(record, RECORD_INPUT_SUM, line->name) == NULL)
            return false;
    }
    add_sums(record, question);
    struct strbuf text = STRBUF_INIT;
    record_put(question, &text);
    digest_bytes(DIGEST_SHA256, text.data, text.length, key);
    strbuf_free(&text);
    return true;
}

// ---- Entries ----

static struct record *parse_entry(struct arena *arena, struct slice text, const char *key) {
    char own[SHA256_TEXT_SIZE];
    struct record *entry = record_parse(arena, text);
    return entry != NULL && action_key(entry, own) && strcmp(own, key) == 0 ? entry : NULL;
}

// A file that nobody else sees and that is gone with its descriptor.
static int scratch_file(void) {
    return memfd_create("zooc", MFD_CLOEXEC);
}

static struct record *find_remote(struct arena *arena, const struct action_cache *cache,
                                  const char *key) {
    int fd = cache->remote == NULL ? -1 : scratch_file();
    struct record *entry = NULL;
    if (fd >= 0 && remote_get(cache->remote, REMOTE_ENTRY, key, MOST_ENTRY, fd)) {
        struct stat status;
        char *text =
            fstat(fd, &status) != 0 ? NULL : arena_alloc(arena, (size_t)status.st_size + 1);
        if (text != NULL && pread(fd, text, (size_t)status.st_size, 0) == status.st_size)
            entry = parse_entry(arena, slice_of(text, (uint64_t)status.st_size), key);
        if (entry != NULL && cache->store != NULL && !cache->read_only)
            store_note_write(cache->store, room, key, text, (size_t)status.st_size);
    }
    if (fd >= 0)
        close(fd);
    return entry;
}

struct record *action_find(struct arena *arena, const struct action_cache *cache, const char *key) {
    struct slice text;
    struct record *entry = NULL;
    if (cache->store != NULL && store_note_read(arena, cache->store, room, key, &text)) {
        entry = parse_entry(arena, text, key);
        if (entry == NULL)
            action_drop(cache, key);
    }
    return entry != NULL ? entry : find_remote(arena, cache, key);
}

void action_drop(const struct action_cache *cache, const char *key) {
    if (cache->store != NULL && !cache->read_only)
        store_note_drop(cache->store, room, key);
}

// ---- Outputs ----

static uint64_t size_of(const struct record *entry, const char *name) {
    const struct record_line *line = record_find(entry, RECORD_OUTPUT, name);
    return line == NULL ? 0 : line->size;
}

// Into a file beside `path`, hashed before anybody sees it under that name.
static bool take_remote(struct action_cache *cache, const char *sum, uint64_t size,
                        const char *path) {
    struct strbuf fresh = STRBUF_INIT;
    const char *slash = strrchr(path, '/');
    if (slash != NULL)
        strbuf_add(&fresh, path, (size_t)(slash - path) + 1);
    strbuf_printf(&fresh, ".zooc-%ld-r", (long)getpid());
    char now[SHA256_TEXT_SIZE];
    int fd = open(fresh.data, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool done = fd >= 0 && remote_get(cache->remote, REMOTE_OBJECT, sum, size, fd) &&
                lseek(fd, 0, SEEK_SET) == 0 && digest_open_file(DIGEST_SHA256, fd, now);
    if (done && strcmp(now, sum) != 0) {
        cache->remote_is_damaged = true;
        errno = EBADMSG;
        done = false;
    }
    if (done && cache->store != NULL && !cache->read_only)
        store_put_file(cache->store, fresh.data, STORE_LINK, now, NULL);
    done = done && rename(fresh.data, path) == 0;
    int error = errno;
    if (fd >= 0) {
        close(fd);
        unlink(fresh.data);
    }
    strbuf_free(&fresh);
    errno = error;
    return done;
}

bool action_take(struct action_cache *cache, const struct record *entry, const char *name,
                 const char *path) {
    const struct record_line *sum = record_find(entry, RECORD_OUTPUT_SUM, name);
    errno = ENOENT;
    if (sum == NULL)
        return false;
    if (cache->store != NULL &&
        store_get(cache->store, sum->value, path, STORE_LINK, STORE_BY_STAMP))
        return true;
    return cache->remote != NULL && take_remote(cache, sum->value, size_of(entry, name), path);
}

// ---- Keeping ----

static bool put_remote(const struct action_cache *cache, enum remote_kind kind, const char *key,
                       int fd) {
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
           remote_put(cache->remote, kind, key, fd, (uint64_t)status.st_size);
}

// What one of the two holds is no loss for the other.
bool action_put(const struct action_cache *cache, struct record *record, const char *name,
                const char *path) {
    char sum[SHA256_TEXT_SIZE];
    bool kept = cache->store != NULL && store_put_file(cache->store, path, STORE_LINK, sum, NULL);
    if (!kept && (cache->remote == NULL || !digest_file(DIGEST_SHA256, path, sum)))
        return false;
    record_add(record, RECORD_OUTPUT_SUM, name, sum);
    if (cache->remote != NULL &&
        (cache->remote_is_damaged || !remote_has(cache->remote, REMOTE_OBJECT, sum))) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        kept = put_remote(cache, REMOTE_OBJECT, sum, fd) || kept;
        if (fd >= 0)
            close(fd);
    }
    return kept;
}

bool action_keep(const struct action_cache *cache, const struct record *record, const char *key) {
    struct strbuf text = STRBUF_INIT;
    record_put(record, &text);
    bool kept =
        cache->store != NULL && store_note_write(cache->store, room, key, text.data, text.length);
    int fd = cache->remote == NULL ? -1 : scratch_file();
    if (fd >= 0 && pwrite(fd, text.data, text.length, 0) == (ssize_t)text.length)
        kept = put_remote(cache, REMOTE_ENTRY, key, fd) || kept;
    if (fd >= 0)
        close(fd);
    strbuf_free(&text);
    return kept;
}
