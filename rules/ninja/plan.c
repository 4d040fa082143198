// SPDX-License-Identifier: Apache-2.0
#include "rules/ninja/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compiler/base/names.h"
#include "rules/ninja/watch.h"

// The shell takes one word of 128 KiB, and the whole command is one to ninja.
enum { LONGEST_COMMAND = 100 * 1024 };

#define MIB (1024ULL * 1024)

struct planning {
    struct arena *arena;
    struct diag *diag;
    const struct plan_request *request;
    struct plan *plan;
    uint32_t capacity, outside_capacity, watch_capacity, folder_capacity;
    struct names *outside;           // paths that plan->outside holds
    struct names *watched, *folders; // paths of plan->watches and plan->folders
    // The model at hand:
    const struct manifest_model *model;
    const char *folder;     // its manifest's folder, from the build folder
    struct text_list needs; // members that are needed, as paths from the build folder
    uint32_t needs_capacity;
    struct names *needed;
    uint64_t source_bytes;
};

// A step on its way.
struct growing {
    struct plan_step step;
    uint32_t inputs, implicit_inputs, outputs, implicit_outputs, words; // capacities
};

static void add(struct arena *arena, struct text_list *list, uint32_t *capacity, const char *text) {
    ARENA_ROOM(arena, list->items, list->count, capacity);
    list->items[list->count++] = text;
}

static void add_word(struct planning *p, struct growing *g, const char *word) {
    add(p->arena, &g->step.words, &g->words, word);
}

// ---- Paths ----
// Tens of thousands of them: put together without printf.

enum { MOST_PARTS = 8 };

static const char *concat(struct arena *arena, const char *const *parts) {
    size_t lengths[MOST_PARTS], total = 0, count = 0;
    for (; parts[count] != NULL; count++)
        total += lengths[count] = strlen(parts[count]);
    char *whole = arena_alloc(arena, total + 1), *to = whole;
    for (size_t i = 0; i < count; i++) {
        memcpy(to, parts[i], lengths[i]);
        to += lengths[i];
    }
    return whole;
}

#define CONCAT(arena, ...) concat(arena, (const char *const[MOST_PARTS + 1]){__VA_ARGS__})

const char *plan_join(struct arena *arena, const char *folder, const char *path) {
    const char *whole = path[0] == '/' ? path : CONCAT(arena, folder, path);
    char *clean = arena_alloc(arena, strlen(whole) + 2), *to = clean;
    bool absolute = whole[0] == '/';
    size_t depth = 0; // components that `..` may undo
    for (const char *part = whole; *part != '\0';) {
        size_t length = strcspn(part, "/");
        bool up = length == 2 && part[0] == '.' && part[1] == '.';
        if (up && depth > 0) {
            while (to > clean && *--to != '/')
                ;
            depth--;
        } else if (length > 0 && !(length == 1 && part[0] == '.') && !(up && absolute)) {
            if (absolute || to > clean)
                *to++ = '/';
            memcpy(to, part, length);
            to += length;
            depth += !up;
        }
        part += length + (part[length] == '/');
    }
    *to = '\0';
    return to == clean ? (absolute ? "/" : ".") : clean;
}

const char *plan_record(struct arena *arena, const char *model, const char *step) {
    return CONCAT(arena, ".zooc/models/", model, "/", step, ".record");
}

const char *plan_source_folder(struct arena *arena, const char *model) {
    return CONCAT(arena, ".zooc/models/", model, "/src/");
}

const char *plan_verify_step(struct arena *arena, const char *variant, unsigned golden) {
    return arena_printf(arena, "%s.verify-%u", variant, golden);
}

static const char *record_path(struct planning *p, const char *step) {
    return plan_record(p->arena, p->model->name, step);
}

static bool is_member(const struct planning *p, const char *path) {
    return manifest_has_folder(p->model) && path[0] != '/' && strncmp(path, "./", 2) != 0 &&
           strncmp(path, "../", 3) != 0;
}

static const char *member_path(struct planning *p, const char *member) {
    return plan_join(p->arena, plan_source_folder(p->arena, p->model->name), member);
}

// A file from outside the build folder. Each gets a rule of its own that does nothing, so that one
// that is missing fails the steps that read it and no others.
static const char *outside_path(struct planning *p, const char *path) {
    const char *joined = plan_join(p->arena, p->folder, path);
    void **slot = names_slot(p->outside, joined);
    if (*slot == NULL) {
        *slot = p;
        add(p->arena, &p->plan->outside, &p->outside_capacity, joined);
    }
    return joined;
}

static void count_source(struct planning *p, const char *path) {
    struct stat status;
    // The path as seen from here, which need not be the build folder.
    const char *here = plan_join(p->arena, p->model->folder, path);
    if (stat(here, &status) == 0 && S_ISREG(status.st_mode))
        p->source_bytes += (uint64_t)status.st_size;
}

static void need_member(struct planning *p, const char *member) {
    const char *path = member_path(p, member);
    void **slot = names_slot(p->needed, path);
    if (*slot == NULL) {
        *slot = p;
        add(p->arena, &p->needs, &p->needs_capacity, path);
    }
}

const char *plan_saved_variables(struct arena *arena, const char *option, const char *path) {
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (strcmp(option, option_table[OPT_input_model].name) != 0 || name == NULL ||
        (strcmp(name, "saved_model.pb") != 0 && strcmp(name, "saved_model.pbtxt") != 0))
        return NULL;
    return CONCAT(arena, arena_strndup(arena, path, (size_t)(name - path)), "variables");
}

// ---- Words of a step ----

static void add_setting(struct planning *p, struct growing *g, const char *option,
                        const char *value) {
    add_word(p, g, "--set");
    add_word(p, g, option);
    add_word(p, g, value);
}

// A file that the step reads: --member OPTION NAME, or --file OPTION NAME PATH.
static void add_file(struct planning *p, struct growing *g, const char *option, const char *path) {
    bool member = is_member(p, path);
    add_word(p, g, member ? "--member" : "--file");
    add_word(p, g, option);
    add_word(p, g, path);
    const char *reached = member ? member_path(p, path) : outside_path(p, path);
    if (!member)
        add_word(p, g, reached);
    add(p->arena, &g->step.inputs, &g->inputs, reached);
}

// Once for each path, however many steps read it.
static void note_watch(struct planning *p, const char *path, const struct watched *found) {
    struct plan *plan = p->plan;
    void **slot = names_slot(p->watched, path);
    if (*slot != NULL)
        return;
    *slot = p;
    if (plan->watch_count == p->watch_capacity) {
        p->watch_capacity = p->watch_capacity == 0 ? 8 : p->watch_capacity * 2;
        struct plan_watch *watches = arena_array_of(p->arena, p->watch_capacity, struct plan_watch);
        for (uint32_t i = 0; i < plan->watch_count; i++)
            watches[i] = plan->watches[i];
        plan->watches = watches;
    }
    plan->watches[plan->watch_count++] = (struct plan_watch){path, watch_names(found)};
}

static void watch_folder(struct planning *p, struct growing *g, const char *path) {
    const char *reached = outside_path(p, path);
    void **slot = names_slot(p->folders, reached);
    if (*slot == NULL) {
        *slot = p;
        add(p->arena, &p->plan->folders, &p->folder_capacity, reached);
    }
    add(p->arena, &g->step.implicit_inputs, &g->implicit_inputs, reached);
}

// Files that a step does not name each, as far as they are there while it is planned: those whose
// paths begin with `path` and then `more`. Their folders tell ninja when others come.
static void watch(struct planning *p, struct growing *g, const char *path, const char *more) {
    const char *begin = CONCAT(p->arena, path, more), *slash = strrchr(begin, '/');
    const char *here = CONCAT(p->arena, plan_join(p->arena, p->model->folder, path), more);
    const struct watched *found = watch_begins(p->arena, here);
    note_watch(p, CONCAT(p->arena, plan_join(p->arena, p->folder, path), more), found);
    size_t above = slash == NULL ? 0 : (size_t)(slash - begin);
    watch_folder(p, g,
                 slash == begin ? "/"
                 : above == 0   ? "."
                                : arena_strndup(p->arena, begin, above));
    for (const struct watched *w = found; w != NULL; w = w->next) {
        const char *file = CONCAT(p->arena, begin, w->tail);
        if (w->folder) {
            watch_folder(p, g, file);
            continue;
        }
        count_source(p, file);
        add(p->arena, &g->step.implicit_inputs, &g->implicit_inputs, outside_path(p, file));
    }
}

static bool is_folder(struct planning *p, const char *path) {
    struct stat status;
    return stat(plan_join(p->arena, p->model->folder, path), &status) == 0 &&
           S_ISDIR(status.st_mode);
}

// What lies in a folder that is read, or beside a file that is read with what lies there.
static void watch_inside(struct planning *p, struct growing *g, const char *option,
                         const char *path) {
    const char *variables = plan_saved_variables(p->arena, option, path);
    if (is_member(p, path))
        return;
    if (is_folder(p, path))
        watch(p, g, path, "/");
    if (variables != NULL)
        watch(p, g, variables, "");
}

// Files known by the start of their names. Of members ninja watches the record of unpacking.
static void add_prefix(struct planning *p, struct growing *g, const char *option,
                       const char *path) {
    bool member = is_member(p, path);
    add_word(p, g, member ? "--member_prefix" : "--file_prefix");
    add_word(p, g, option);
    add_word(p, g, path);
    if (member)
        return;
    add_word(p, g, plan_join(p->arena, p->folder, path));
    watch(p, g, path, "");
}

static void start_step(struct planning *p, struct growing *g, enum plan_kind kind,
                       const char *variant) {
    *g = (struct growing){.step = {.kind = kind, .model = p->model->name, .variant = variant}};
}

static void check_names(struct planning *p, const struct text_list *paths) {
    for (uint32_t i = 0; i < paths->count; i++) {
        if (!ninja_can_name(paths->items[i]))
            diag_report(p->diag, &p->model->at, MANIFEST_VALUE, "models", paths->items[i],
                        "ninja cannot write a path with |, a tab or a line break");
    }
}

static void end_step(struct planning *p, const struct growing *g) {
    check_names(p, &g->step.inputs);
    check_names(p, &g->step.implicit_outputs);
    size_t length = 0;
    for (uint32_t i = 0; i < g->step.words.count; i++)
        length += strlen(g->step.words.items[i]) + 3;
    if (length > LONGEST_COMMAND)
        diag_report(p->diag, &p->model->at, MANIFEST_VALUE, "models", p->model->name,
                    "its options are longer than a command line may be");
    ARENA_ROOM(p->arena, p->plan->steps, p->plan->count, &p->capacity);
    p->plan->steps[p->plan->count++] = g->step;
}

// ---- Unpack ----

static void need_members(struct planning *p) {
    const struct manifest_model *model = p->model;
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        const struct option_def *def = &option_table[i];
        const char *path = model->options.text[i];
        if (path != NULL && option_reads_path(def) && def->kind != OPTION_PREFIX &&
            is_member(p, path))
            need_member(p, path);
    }
    for (uint32_t i = 0; i < model->files.count; i++) {
        if (is_member(p, model->files.items[i]))
            need_member(p, model->files.items[i]);
    }
    for (uint32_t i = 0; i < model->goldens.count; i++) {
        const struct manifest_golden *golden = &model->goldens.items[i];
        const char *paths[] = {golden->inputs, golden->outputs, golden->labels};
        for (size_t k = 0; k < 3; k++) {
            if (paths[k] != NULL && is_member(p, paths[k]))
                need_member(p, paths[k]);
        }
    }
}

static void add_limit(struct planning *p, struct growing *g, const char *name, uint64_t limit) {
    if (limit > 0)
        add_setting(p, g, name, arena_printf(p->arena, "%llu", (unsigned long long)limit));
}

// Where a file comes from. Ninja watches those of this machine; what is fetched is known by its
// sum, which stands in the command.
static void add_origin(struct planning *p, struct growing *g,
                       const struct manifest_source *source) {
    if (source->path != NULL) {
        const char *reached = outside_path(p, source->path);
        count_source(p, source->path);
        add_word(p, g, "--path");
        add_word(p, g, reached);
        add(p->arena, &g->step.inputs, &g->inputs, reached);
    }
    for (uint32_t i = 0; i < source->urls.count; i++) {
        add_word(p, g, "--url");
        add_word(p, g, source->urls.items[i]);
    }
    if (source->sha256 != NULL) {
        add_word(p, g, "--sha256");
        add_word(p, g, source->sha256);
    }
    if (source->sha384 != NULL) {
        add_word(p, g, "--sha384");
        add_word(p, g, source->sha384);
    }
    if (source->size != 0) {
        add_word(p, g, "--size");
        add_word(p, g, arena_printf(p->arena, "%llu", (unsigned long long)source->size));
        p->source_bytes += source->path == NULL ? source->size : 0;
    }
}

static void add_archive(struct planning *p, struct growing *g,
                        const struct manifest_archive *archive) {
    const struct manifest_source *file = &archive->file;
    add_word(p, g, "--archive");
    add_word(p, g, file->path != NULL ? file->path : file->urls.items[0]);
    add_origin(p, g, file);
    if (archive->prefix != NULL)
        add_setting(p, g, "prefix", archive->prefix);
    add_limit(p, g, "bytes", archive->limits.bytes);
    add_limit(p, g, "members", archive->limits.members);
    add_limit(p, g, "ratio", archive->limits.ratio);
}

static void add_preparation(struct planning *p, struct growing *g,
                            const struct manifest_preparation *preparation) {
    if (preparation->unpack != NULL) {
        add_word(p, g, "--unpack");
        add_word(p, g, preparation->unpack);
        return;
    }
    add_word(p, g, "--replace");
    add_word(p, g, preparation->replace);
    add_word(p, g, preparation->pattern);
    add_word(p, g, preparation->with);
    add_word(p, g, arena_printf(p->arena, "%llu", (unsigned long long)preparation->count));
}

static void plan_unpack(struct planning *p) {
    const struct manifest_model *model = p->model;
    struct growing g;
    start_step(p, &g, PLAN_UNPACK, "");
    if (model->archive != NULL)
        add_archive(p, &g, model->archive);
    for (uint32_t i = 0; i < model->sources.count; i++) {
        add_word(p, &g, "--source");
        add_word(p, &g, model->sources.items[i].name);
        add_origin(p, &g, &model->sources.items[i]);
    }
    for (uint32_t i = 0; i < model->preparations.count; i++)
        add_preparation(p, &g, &model->preparations.items[i]);
    add(p->arena, &g.step.outputs, &g.outputs, record_path(p, "unpack"));
    need_members(p);
    size_t root = strlen(plan_source_folder(p->arena, p->model->name));
    for (uint32_t i = 0; i < p->needs.count; i++) {
        add(p->arena, &g.step.implicit_outputs, &g.implicit_outputs, p->needs.items[i]);
        add_word(p, &g, "--need");
        add_word(p, &g, p->needs.items[i] + root);
    }
    g.step.memory = 64 * MIB;
    end_step(p, &g);
}

// ---- Convert and verify ----

const char *plan_variant(struct arena *arena, const struct manifest_model *model,
                         const char *precision, uint32_t version) {
    return version == 0 ? precision
                        : CONCAT(arena, precision, "-v", model->versions.items[version]);
}

static const char *output_path(struct planning *p, const char *variant, const char *suffix) {
    const char *name = p->model->name;
    return CONCAT(p->arena, name, "/", variant, "/", name, suffix);
}

static void add_options(struct planning *p, struct growing *g) {
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        const struct option_def *def = &option_table[i];
        const char *text = p->model->options.text[i];
        bool given = text != NULL && option_makes_ir(def) &&
                     (def->fallback == NULL || strcmp(def->fallback, text) != 0);
        if (!given)
            continue;
        if (def->kind == OPTION_PREFIX)
            add_prefix(p, g, def->name, text);
        else if (option_reads_path(def))
            add_file(p, g, def->name, text);
        else
            add_setting(p, g, def->name, text);
        if (option_reads_path(def) && def->kind != OPTION_PREFIX)
            watch_inside(p, g, def->name, text);
    }
    for (uint32_t i = 0; i < p->model->files.count; i++) {
        add_file(p, g, "", p->model->files.items[i]);
        watch_inside(p, g, "", p->model->files.items[i]);
    }
}

static bool runtime_reads(const char *version) {
    return strcmp(version, "10") == 0 || strcmp(version, "11") == 0;
}

static void plan_convert(struct planning *p, const char *precision, uint32_t version) {
    static const char *const suffixes[] = {".xml", ".bin", ".mapping"};
    const char *variant = plan_variant(p->arena, p->model, precision, version);
    struct growing g;
    start_step(p, &g, PLAN_CONVERT, variant);
    add_options(p, &g);
    add_setting(p, &g, "data_type", precision);
    add_setting(p, &g, "ir_version", p->model->versions.items[version]);
    if (manifest_has_folder(p->model))
        add(p->arena, &g.step.implicit_inputs, &g.implicit_inputs, record_path(p, "unpack"));
    for (size_t i = 0; i < 3; i++)
        add(p->arena, &g.step.outputs, &g.outputs, output_path(p, variant, suffixes[i]));
    add(p->arena, &g.step.implicit_outputs, &g.implicit_outputs, record_path(p, variant));
    g.step.memory = 64 * MIB + 2 * p->source_bytes;
    end_step(p, &g);
}

static const char *number_text(struct planning *p, double value) {
    struct strbuf text = STRBUF_INIT;
    strbuf_double(&text, value);
    const char *copy = arena_strdup(p->arena, text.data);
    strbuf_free(&text);
    return copy;
}

static void plan_verify(struct planning *p, const char *precision, const char *variant,
                        uint32_t number) {
    const struct manifest_golden *golden = &p->model->goldens.items[number];
    bool half = strcmp(precision, "FP16") == 0;
    struct growing g;
    start_step(p, &g, PLAN_VERIFY, variant);
    const char *text = arena_printf(p->arena, "%u", number + 1);
    add_word(p, &g, "--golden");
    add_word(p, &g, text);
    add_file(p, &g, "input", golden->inputs);
    if (golden->outputs != NULL) {
        double tolerance = golden->tolerance[half ? PRECISION_FP16 : PRECISION_FP32];
        add_file(p, &g, "golden", golden->outputs);
        add_setting(p, &g, "tolerance", number_text(p, tolerance));
    }
    if (golden->labels != NULL)
        add_file(p, &g, "labels", golden->labels);
    if (golden->accuracy >= 0)
        add_setting(p, &g, "expect_accuracy", number_text(p, golden->accuracy));
    add(p->arena, &g.step.implicit_inputs, &g.implicit_inputs, output_path(p, variant, ".xml"));
    add(p->arena, &g.step.implicit_inputs, &g.implicit_inputs, output_path(p, variant, ".bin"));
    // An IR from the cache is as old as it was there: only its record is as new as the conversion.
    add(p->arena, &g.step.implicit_inputs, &g.implicit_inputs, record_path(p, variant));
    const char *step = plan_verify_step(p->arena, variant, number + 1);
    add(p->arena, &g.step.outputs, &g.outputs, record_path(p, step));
    g.step.memory = 256 * MIB + 4 * p->source_bytes;
    end_step(p, &g);
}

uint32_t plan_goldens(const struct plan_request *request, const struct manifest_model *model,
                      uint32_t version) {
    bool verified = !request->no_verify && runtime_reads(model->versions.items[version]);
    return verified ? model->goldens.count : 0;
}

static void plan_model(struct planning *p) {
    const struct manifest_model *model = p->model;
    p->folder = p->request->folder_path(p->request->context, model->folder);
    p->needs = (struct text_list){.count = 0};
    p->needs_capacity = 0;
    p->needed = names_new(p->arena);
    p->source_bytes = 0;
    bool folder = manifest_has_folder(model);
    if (folder)
        plan_unpack(p);
    for (size_t i = 0; !folder && i < OPTION_COUNT_OF_IDS; i++) {
        if (model->options.text[i] != NULL && option_reads_path(&option_table[i]))
            count_source(p, model->options.text[i]);
    }
    for (uint32_t v = 0; v < model->versions.count; v++) {
        for (uint32_t i = 0; i < model->precisions.count; i++) {
            const char *precision = model->precisions.items[i];
            plan_convert(p, precision, v);
            for (uint32_t k = 0; k < plan_goldens(p->request, model, v); k++)
                plan_verify(p, precision, plan_variant(p->arena, model, precision, v), k);
        }
    }
}

struct plan *plan_zoo(struct arena *arena, const struct plan_request *request, struct diag *diag) {
    struct planning p = {.arena = arena, .diag = diag, .request = request};
    p.plan = arena_new_of(arena, struct plan);
    p.outside = names_new(arena);
    p.watched = names_new(arena);
    p.folders = names_new(arena);
    for (uint32_t i = 0; i < request->zoo->count; i++) {
        p.model = request->zoo->models[i];
        plan_model(&p);
    }
    return p.plan;
}
