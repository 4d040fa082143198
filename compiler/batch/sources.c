// SPDX-License-Identifier: Apache-2.0
// The folder of a model's files: an archive unpacked, or files put together from here and afar, and
// what is done with them then.
#include "compiler/batch/work.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/fetch.h"
#include "cache/member.h"
#include "cache/replace.h"
#include "cache/tree.h"
#include "cache/unpack.h"
#include "compiler/base/suggest.h"
#include "compiler/batch/settings.h"

static const char own_store[] = ".zooc/fetched";

// ---- The question ----

// What is fetched is known by its sum; the address is not asked for.
void work_ask_sources(struct work *work) {
    const struct step *step = work->step;
    for (uint32_t i = 0; i < step->origin_count; i++) {
        const struct step_origin *origin = &step->origins[i];
        const char *sum = "";
        if (origin->sha256 != NULL)
            sum = arena_printf(work->arena, "sha256 %s", origin->sha256);
        else if (origin->sha384 != NULL)
            sum = arena_printf(work->arena, "sha384 %s", origin->sha384);
        const char *option = "archive";
        if (!origin->is_archive)
            option = arena_printf(work->arena, "source %s", origin->name);
        record_add(work->record, RECORD_OPTION, option, sum);
        if (origin->path != NULL)
            work_add_input(work, origin->name, origin->path);
    }
    for (uint32_t i = 0; i < step->preparation_count; i++) {
        const struct step_preparation *p = &step->preparations[i];
        const char *what;
        if (p->unpack != NULL)
            what = arena_printf(work->arena, "unpack %s", p->unpack);
        else
            what = arena_printf(work->arena, "replace %s\n%s\n%s\n%llu", p->replace, p->pattern,
                                p->with, (unsigned long long)p->count);
        record_add(work->record, RECORD_OPTION, arena_printf(work->arena, "prepare %u", i + 1),
                   what);
    }
}

// ---- Files from here and afar ----

static const char *said(const struct work *work, const struct step_origin *origin) {
    return origin->url_count > 0 ? fetch_shown_url(work->arena, origin->urls[0]) : origin->name;
}

static bool check_sum(struct work *work, const struct step_origin *origin, enum digest_kind kind,
                      const char *wanted, int fd) {
    char sum[DIGEST_TEXT_SIZE];
    if (wanted == NULL)
        return true;
    if (lseek(fd, 0, SEEK_SET) != 0 || !digest_open_file(kind, fd, sum) ||
        lseek(fd, 0, SEEK_SET) != 0) {
        diag_report(work->diag, NULL, FILE_OPEN, said(work, origin), strerror(errno));
        return false;
    }
    if (strcmp(sum, wanted) == 0)
        return true;
    diag_report(work->diag, NULL, ARCHIVE_SUM, said(work, origin), digest_name(kind), sum, wanted);
    return false;
}

// The user's cache; what it lacks and may not take goes into a store of the build folder.
static struct store *choose_store(struct work *work, struct fetch_item *item) {
    struct cache_environment cache = cache_environment(work->arena);
    bool reads = cache.mode == CACHE_READ;
    struct store *store = NULL;
    if (cache.folder != NULL)
        store = store_open(work->arena, cache.folder, reads);
    if (store == NULL || (reads && !fetch_find(work->arena, store, item)))
        store = store_open(work->arena, own_store, false);
    if (store == NULL)
        diag_report(work->diag, NULL, CACHE_OPEN, own_store, strerror(errno));
    return store;
}

// The file from the store, fetched when it is not there yet; -1 after a report.
static int open_fetched(struct work *work, const struct step_origin *origin) {
    const char *offline = getenv("ZOOC_OFFLINE");
    struct fetch_item item = {.urls = (const char *const *)origin->urls,
                              .url_count = origin->url_count,
                              .sha256 = origin->sha256,
                              .sha384 = origin->sha384,
                              .size = origin->size};
    struct store *store = choose_store(work, &item);
    struct fetch_request request = {.store = store, .items = &item, .count = 1};
    if (store == NULL)
        return -1;
    fetch_defaults(&request);
    request.offline = offline != NULL && offline[0] != '\0';
    if (!fetch_all(work->arena, &request)) {
        if (item.state == FETCH_MISSING)
            diag_report(work->diag, NULL, FETCH_MISSES, said(work, origin));
        else
            diag_report(work->diag, NULL, FETCH_FAILS, said(work, origin), item.cause);
        return -1;
    }
    int fd = store_open_object(store, item.key, STORE_BY_STAMP);
    if (fd < 0)
        diag_report(work->diag, NULL, FILE_OPEN, said(work, origin), strerror(errno));
    return fd;
}

// The origin as an open file whose sums are right; -1 after a report.
static int open_origin(struct work *work, const struct step_origin *origin) {
    int fd;
    if (origin->path == NULL) {
        fd = open_fetched(work, origin);
    } else {
        fd = open(origin->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
            diag_report(work->diag, NULL, FILE_OPEN, origin->name, strerror(errno));
    }
    if (fd >= 0 && (!check_sum(work, origin, DIGEST_SHA256, origin->sha256, fd) ||
                    !check_sum(work, origin, DIGEST_SHA384, origin->sha384, fd))) {
        close(fd);
        return -1;
    }
    return fd;
}

// ---- Archives ----

static uint64_t limit_setting(const struct work *work, const char *option) {
    const char *text = work_setting(work, option);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

// Where the folder lies, without '/' at the end.
static const char *folder_path(const struct work *work) {
    return arena_strndup(work->arena, work->output_root, strlen(work->output_root) - 1);
}

static bool unpack_into_folder(struct work *work, const struct step_origin *origin, int fd,
                               struct unpacked *out) {
    struct unpack_request request = {
        .archive = arena_printf(work->arena, "/proc/self/fd/%d", fd),
        .said = origin->name,
        .prefix = work_setting(work, "prefix"),
        .destination = folder_path(work),
        .limits = {.bytes = limit_setting(work, "bytes"),
                   .members = limit_setting(work, "members"),
                   .ratio = limit_setting(work, "ratio")},
    };
    return unpack_archive(&request, work->arena, out, work->diag);
}

// ---- Sources ----

static bool place(struct work *work, struct member_set *members, int root,
                  const struct step_origin *origin) {
    const char *fault, *name = member_clean(work->arena, origin->name, &fault);
    if (fault == NULL)
        fault = member_set_add(members, name, false);
    if (fault != NULL) {
        diag_report(work->diag, NULL, PREPARE_FAILS, origin->name, fault);
        return false;
    }
    int fd = open_origin(work, origin);
    if (fd < 0)
        return false;
    bool done = tree_place(root, name, fd);
    if (!done)
        diag_report(work->diag, NULL, OUTPUT_WRITE,
                    arena_printf(work->arena, "%s%s", work->output_root, name), strerror(errno));
    close(fd);
    return done;
}

// Goes on through failures: one run tells all that is missing.
static bool place_sources(struct work *work) {
    const struct step *step = work->step;
    const char *folder = folder_path(work);
    struct member_set *members = member_set_new(work->arena);
    int root = -1;
    if (tree_remove(folder) && tree_make_folders(folder))
        root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        diag_report(work->diag, NULL, OUTPUT_WRITE, folder, strerror(errno));
        return false;
    }
    bool all = true;
    for (uint32_t i = 0; i < step->origin_count; i++)
        all = place(work, members, root, &step->origins[i]) && all;
    close(root);
    return all;
}

// ---- Preparations ----

static bool unpack_inside(struct work *work, const char *name) {
    const char *path = arena_printf(work->arena, "%s%s", work->output_root, name);
    struct unpack_request request = {
        .archive = path,
        .said = name,
        .destination = arena_strndup(work->arena, path, (size_t)(strrchr(path, '/') - path)),
        .adds = true,
    };
    struct unpacked out;
    if (!unpack_archive(&request, work->arena, &out, work->diag))
        return false;
    if (unlink(path) == 0)
        return true;
    diag_report(work->diag, NULL, OUTPUT_WRITE, path, strerror(errno));
    return false;
}

// A link that came out of an archive is not followed: the text behind it has another name.
static bool replace_inside(struct work *work, const struct step_preparation *p) {
    const char *path = arena_printf(work->arena, "%s%s", work->output_root, p->replace);
    struct stat status;
    const char *fault = NULL;
    if (lstat(path, &status) != 0)
        fault = strerror(errno);
    else if (!S_ISREG(status.st_mode))
        fault = "it is no regular file";
    else
        fault = replace_in_file(work->arena, path, p->pattern, p->with, p->count);
    if (fault != NULL)
        diag_report(work->diag, NULL, PREPARE_FAILS, p->replace, fault);
    return fault == NULL;
}

static bool prepare(struct work *work) {
    const struct step *step = work->step;
    for (uint32_t i = 0; i < step->preparation_count; i++) {
        const struct step_preparation *p = &step->preparations[i];
        if (p->unpack != NULL ? !unpack_inside(work, p->unpack) : !replace_inside(work, p))
            return false;
    }
    return true;
}

// ---- What is there now ----

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct unpacked_file *)a)->name, ((const struct unpacked_file *)b)->name);
}

static void add_found(struct work *work, struct unpacked *out, uint32_t *capacity,
                      const char *name) {
    ARENA_ROOM(work->arena, out->files, out->count, capacity);
    out->files[out->count++].name = name;
}

// Every regular file of the folder, hashed.
static bool list_folder(struct work *work, struct unpacked *out) {
    char *paths[] = {arena_strdup(work->arena, folder_path(work)), NULL};
    size_t root = strlen(work->output_root);
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    uint32_t capacity = 0;
    const FTSENT *entry;
    *out = (struct unpacked){.count = 0};
    while (walk != NULL && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_info == FTS_F)
            add_found(work, out, &capacity, arena_strdup(work->arena, entry->fts_path + root));
    }
    if (walk != NULL)
        fts_close(walk);
    if (out->count > 0)
        qsort(out->files, out->count, sizeof *out->files, by_name);
    for (uint32_t i = 0; i < out->count; i++) {
        struct unpacked_file *file = &out->files[i];
        const char *path = arena_printf(work->arena, "%s%s", work->output_root, file->name);
        if (!hash_path(path, &file->hash, &file->size)) {
            diag_report(work->diag, NULL, FILE_OPEN, path, strerror(errno));
            return false;
        }
    }
    return true;
}

// Is there a file `name`, or a folder of that name?
static bool has_member(const struct unpacked *out, const char *name) {
    size_t length = strlen(name);
    for (uint32_t i = 0; i < out->count; i++) {
        const char *member = out->files[i].name;
        if (strncmp(member, name, length) == 0 && (member[length] == '\0' || member[length] == '/'))
            return true;
    }
    return false;
}

static bool check_needs(struct work *work, const struct unpacked *out) {
    const struct step *step = work->step;
    bool all = true;
    for (uint32_t i = 0; i < step->need_count; i++) {
        const char *need = step->needs[i];
        if (has_member(out, need))
            continue;
        const char **names = arena_array_of(work->arena, out->count, const char *);
        for (uint32_t k = 0; k < out->count; k++)
            names[k] = out->files[k].name;
        const char *near = suggest(need, names, out->count), *hint = "";
        if (near != NULL)
            hint = arena_printf(work->arena, ", did you mean '%s'?", near);
        if (step->origins[0].is_archive)
            diag_report(work->diag, NULL, ARCHIVE_NO_MEMBER, step->origins[0].name, need, hint);
        else
            diag_report(work->diag, NULL, SOURCES_NO_FILE, need, hint);
        all = false;
    }
    return all;
}

bool work_unpack(struct work *work) {
    const struct step *step = work->step;
    struct unpacked out = {.count = 0};
    if (step->origin_count == 0) {
        diag_report(work->diag, NULL, OPTION_MISSING, "--archive");
        return false;
    }
    bool archive = step->origins[0].is_archive, done;
    if (archive) {
        int fd = open_origin(work, &step->origins[0]);
        done = fd >= 0 && unpack_into_folder(work, &step->origins[0], fd, &out);
        if (fd >= 0)
            close(fd);
    } else {
        done = place_sources(work);
    }
    if (!done || !prepare(work))
        return false;
    if ((!archive || step->preparation_count > 0) && !list_folder(work, &out))
        return false;
    for (uint32_t i = 0; i < out.count; i++)
        record_add_file(work->record, RECORD_OUTPUT, out.files[i].name, out.files[i].hash,
                        out.files[i].size);
    return check_needs(work, &out);
}
