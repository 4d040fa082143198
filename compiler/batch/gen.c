// SPDX-License-Identifier: Apache-2.0
#include "compiler/batch/gen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build_id.h"
#include "cache/record.h"
#include "cache/tree.h"
#include "compiler/base/names.h"
#include "compiler/base/outfile.h"
#include "compiler/base/path.h"
#include "compiler/batch/list.h"
#include "rules/ninja/build_file.h"
#include "rules/ninja/plan.h"
#include "rules/ninja/watch.h"

struct gen {
    struct arena *arena;
    struct diag *diag;
    const struct gen_request *request;
    const char *folder;    // absolute
    struct names *reached; // folder of a manifest -> its path from the build folder
};

static bool fail_write(struct gen *g, const char *path) {
    diag_report(g->diag, NULL, OUTPUT_WRITE, path, strerror(errno));
    return false;
}

// ---- Paths from the build folder ----

static const char *folder_path(void *context, const char *folder) {
    struct gen *g = context;
    void **slot = names_slot(g->reached, folder);
    if (*slot == NULL) {
        const char *real = path_absolute(g->arena, folder);
        *slot =
            (void *)(uintptr_t)(real == NULL ? folder : path_relative(g->arena, g->folder, real));
    }
    return *slot;
}

static const char *manifest_path(struct gen *g, const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return arena_printf(g->arena, "%s%s", folder_path(g, ""), path);
    const char *folder = arena_strndup(g->arena, path, (size_t)(slash - path) + 1);
    return arena_printf(g->arena, "%s%s", folder_path(g, folder), slash + 1);
}

static struct ninja_paths manifest_paths(struct gen *g, const char *const *paths, uint32_t count) {
    const char **items = arena_array_of(g->arena, count, const char *);
    for (uint32_t i = 0; i < count; i++)
        items[i] = manifest_path(g, paths[i]);
    return (struct ninja_paths){items, count};
}

// ---- What is written ----

static bool check_paths(struct gen *g, const char *const *paths, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!ninja_can_name(paths[i])) {
            diag_report(g->diag, NULL, NOT_SUPPORTED, "a path with |, a tab or a line break",
                        paths[i]);
            return false;
        }
    }
    return true;
}

static bool replace(struct gen *g, const char *name, const struct strbuf *text) {
    const char *path = arena_printf(g->arena, "%s/%s", g->folder, name);
    return outfile_replace(path, text->data, text->length, NULL) || fail_write(g, path);
}

// The command that makes the file anew, seen from the build folder.
static struct ninja_paths regenerate_words(struct gen *g) {
    const struct gen_request *request = g->request;
    struct ninja_paths manifests = manifest_paths(g, request->manifests, request->manifest_count);
    const char **words = arena_array_of(g->arena, manifests.count + 3, const char *);
    uint32_t count = 0;
    if (request->memory != 0) {
        words[count++] = "--memory";
        words[count++] = arena_printf(g->arena, "%llu", (unsigned long long)request->memory);
    }
    if (request->no_verify)
        words[count++] = "--no_verify";
    for (uint32_t i = 0; i < manifests.count; i++)
        words[count++] = manifests.items[i];
    return (struct ninja_paths){words, count};
}

static bool write_build_file(struct gen *g, const struct zoo *zoo, const struct plan *plan) {
    const struct gen_request *request = g->request;
    struct build_file file = {
        .plan = plan,
        .build_id = ZOOC_BUILD_ID,
        .memory = request->memory != 0 ? request->memory : build_file_memory(),
        .manifests = manifest_paths(g, zoo->files.items, zoo->files.count),
        .regenerate = regenerate_words(g),
    };
    if (!check_paths(g, plan->outside.items, plan->outside.count) ||
        !check_paths(g, file.manifests.items, file.manifests.count))
        return false;
    struct strbuf text = STRBUF_INIT;
    build_file_write(&text, &file);
    bool done = replace(g, "build.ninja", &text);
    strbuf_free(&text);
    return done;
}

static bool write_list(struct gen *g, const struct plan_request *wanted) {
    struct strbuf text = STRBUF_INIT;
    list_write(g->arena, &text, wanted);
    bool done = replace(g, ".zooc/zoo.list", &text);
    strbuf_free(&text);
    return done;
}

// The rules call .zooc/zooc, so that their text does not depend on where the program lies.
static bool link_program(struct gen *g) {
    const char *wanted = g->request->program != NULL ? g->request->program : "/proc/self/exe";
    const char *target = path_absolute(g->arena, wanted);
    const char *path = arena_printf(g->arena, "%s/.zooc/zooc", g->folder);
    if (target == NULL)
        return fail_write(g, wanted);
    char now[4096];
    ssize_t length = readlink(path, now, sizeof now);
    if (length > 0 && (size_t)length == strlen(target) && memcmp(now, target, (size_t)length) == 0)
        return true;
    const char *fresh = arena_printf(g->arena, "%s.new", path);
    unlink(fresh);
    return (symlink(target, fresh) == 0 && rename(fresh, path) == 0) || fail_write(g, path);
}

// ---- Is there anything to write? ----
// A build of ten thousand models that has nothing to do should not plan them all again.

static const char watch_mark[] = "watch "; // begins the options that hold names
static const char *const written[] = {"build.ninja", ".zooc/zoo.list"};

static struct record *start_record(struct gen *g) {
    const struct gen_request *request = g->request;
    struct record *record = record_new(g->arena);
    struct ninja_paths manifests = manifest_paths(g, request->manifests, request->manifest_count);
    record_add(record, RECORD_STEP, "gen", "");
    record_add(record, RECORD_BUILD, "", ZOOC_BUILD_ID);
    record_add(record, RECORD_OPTION, "memory",
               arena_printf(g->arena, "%llu", (unsigned long long)request->memory));
    record_add(record, RECORD_OPTION, "no_verify", request->no_verify ? "true" : "false");
    for (uint32_t i = 0; i < manifests.count; i++)
        record_add(record, RECORD_OPTION, arena_printf(g->arena, "manifest %u", i),
                   manifests.items[i]);
    return record;
}

// Adds file `name` of the build folder, or reached from there.
static bool add_file(struct gen *g, struct record *record, enum record_kind kind,
                     const char *name) {
    struct hash hash;
    uint64_t size;
    if (!hash_path(plan_join(g->arena, arena_printf(g->arena, "%s/", g->folder), name), &hash,
                   &size))
        return false;
    record_add_file(record, kind, name, hash, size);
    return true;
}

static const char *record_path(struct gen *g) {
    return arena_printf(g->arena, "%s/.zooc/gen.record", g->folder);
}

// The names of what a step reads without naming it.
static void add_watch(struct record *record, const char *path, struct hash names) {
    char text[HASH_TEXT_SIZE];
    hash_to_text(names, text);
    record_add(record, RECORD_OPTION, arena_printf(record->arena, "%s%s", watch_mark, path), text);
}

static void watch_again(struct gen *g, struct record *record, const char *path) {
    const char *here = arena_printf(
        g->arena, "%s%s", plan_join(g->arena, arena_printf(g->arena, "%s/", g->folder), path),
        path[strlen(path) - 1] == '/' ? "/" : "");
    add_watch(record, path, watch_names(watch_begins(g->arena, here)));
}

// The same manifests with the same contents, and the files written from them are still there.
static bool is_current(struct gen *g) {
    bool damaged;
    struct strbuf why = STRBUF_INIT;
    const struct record *was = record_read(g->arena, record_path(g), &damaged);
    struct record *now = start_record(g);
    bool same = was != NULL;
    for (uint32_t i = 0; same && i < was->count; i++) {
        const struct record_line *line = &was->lines[i];
        if (line->kind == RECORD_INPUT)
            same = add_file(g, now, RECORD_INPUT, line->name);
        else if (line->kind == RECORD_OPTION &&
                 strncmp(line->name, watch_mark, sizeof watch_mark - 1) == 0)
            watch_again(g, now, line->name + sizeof watch_mark - 1);
        else if (line->kind == RECORD_OUTPUT)
            same = add_file(g, now, RECORD_OUTPUT, line->name) &&
                   hash_equal(now->lines[now->count - 1].hash, line->hash);
    }
    same = same && record_answers(was, now, &why);
    strbuf_free(&why);
    return same;
}

static bool write_record(struct gen *g, const struct zoo *zoo, const struct plan *plan) {
    struct record *record = start_record(g);
    struct ninja_paths files = manifest_paths(g, zoo->files.items, zoo->files.count);
    bool done = true;
    for (uint32_t i = 0; i < files.count; i++) {
        struct slice read = zoo->contents[i]; // what the plan was made from, whatever is there now
        record_add_file(record, RECORD_INPUT, files.items[i], hash_bytes(read.data, read.size),
                        read.size);
    }
    for (uint32_t i = 0; i < plan->watch_count; i++)
        add_watch(record, plan->watches[i].path, plan->watches[i].names);
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++)
        done = done && add_file(g, record, RECORD_OUTPUT, written[i]);
    return (done && record_write(record, record_path(g))) || fail_write(g, record_path(g));
}

static bool make_folder(struct gen *g) {
    const char *inner = arena_printf(g->arena, "%s/.zooc", g->request->folder);
    if (!tree_make_folders(inner))
        return fail_write(g, inner);
    g->folder = path_absolute(g->arena, g->request->folder);
    return g->folder != NULL || fail_write(g, g->request->folder);
}

enum gen_outcome gen_write(struct arena *arena, const struct gen_request *request,
                           struct diag *diag) {
    struct gen g = {.arena = arena, .diag = diag, .request = request, .reached = names_new(arena)};
    // A folder that does not exist yet is only made for manifests that are right.
    if (access(request->folder, F_OK) == 0) {
        if (!make_folder(&g))
            return GEN_FAILED;
        if (is_current(&g))
            return link_program(&g) ? GEN_SAME : GEN_FAILED;
    }
    struct zoo *zoo = zoo_read(arena, request->manifests, request->manifest_count, diag);
    if (zoo == NULL || !make_folder(&g))
        return GEN_FAILED;
    struct plan_request wanted = {
        .zoo = zoo, .no_verify = request->no_verify, .folder_path = folder_path, .context = &g};
    struct plan *plan = plan_zoo(arena, &wanted, diag);
    bool done = diag_count(diag, DIAG_FAILED) == 0 && link_program(&g) && write_list(&g, &wanted) &&
                write_build_file(&g, zoo, plan) && write_record(&g, zoo, plan);
    return done ? GEN_WRITTEN : GEN_FAILED;
}

// The request that the record of the last gen tells of, seen from the build folder.
static bool recall_request(struct arena *arena, struct gen_request *request, struct diag *diag) {
    bool damaged;
    const struct record *was = record_read(arena, ".zooc/gen.record", &damaged);
    if (was == NULL) {
        diag_report(diag, NULL, FILE_OPEN, ".zooc/gen.record",
                    damaged ? "it is damaged" : "this is no build folder");
        return false;
    }
    const char **manifests = arena_array_of(arena, was->count, const char *);
    *request = (struct gen_request){.folder = ".", .manifests = manifests};
    for (uint32_t i = 0; i < was->count; i++) {
        const struct record_line *line = &was->lines[i];
        if (line->kind == RECORD_OPTION && strncmp(line->name, "manifest ", 9) == 0)
            manifests[request->manifest_count++] = line->value;
        if (line->kind == RECORD_OPTION && strcmp(line->name, "no_verify") == 0)
            request->no_verify = strcmp(line->value, "true") == 0;
    }
    return true;
}

struct plan *gen_plan(struct arena *arena, struct diag *diag) {
    struct gen_request request;
    if (!recall_request(arena, &request, diag))
        return NULL;
    struct gen g = {.arena = arena, .diag = diag, .request = &request, .reached = names_new(arena)};
    struct zoo *zoo = zoo_read(arena, request.manifests, request.manifest_count, diag);
    g.folder = path_absolute(arena, ".");
    if (zoo == NULL || g.folder == NULL)
        return NULL;
    struct plan_request wanted = {
        .zoo = zoo, .no_verify = request.no_verify, .folder_path = folder_path, .context = &g};
    struct plan *plan = plan_zoo(arena, &wanted, diag);
    return diag_count(diag, DIAG_FAILED) == 0 ? plan : NULL;
}
