// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/parts/trial.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compiler/base/map.h"
#include "tests/tools/parts/irdiff.h"
#include "tests/tools/parts/recipe.h"
#include "tests/tools/parts/spawn.h"

struct trial {
    const struct trial_setting *setting;
    struct arena *arena;
    struct recipe recipe;
    const char *folder; // of the case
    struct trial_result *out;
};

static void problem(struct trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void problem(struct trial *t, const char *format, ...) {
    struct trial_result *out = t->out;
    if (out->problem_count < TRIAL_PROBLEMS) {
        va_list args;
        va_start(args, format);
        vsnprintf(out->problems[out->problem_count], sizeof(out->problems[0]), format, args);
        va_end(args);
    }
    out->problem_count++;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st, (void)type, (void)walk;
    return remove(path);
}

static void remove_tree(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in(struct trial *t, const char *name) {
    return arena_printf(t->arena, "%s/%s", t->folder, name);
}

// The first line of a log that says what is wrong.
static const char *first_cause(struct trial *t, const char *log) {
    struct slice text;
    if (!map_file(t->arena, log, &text))
        return "no log";
    const char *all = arena_strndup(t->arena, (const char *)text.data, text.size);
    const char *line = strstr(all, "ERROR");
    if (line == NULL) { // the last line
        size_t length = strlen(all);
        while (length > 0 && all[length - 1] == '\n')
            length--;
        all = arena_strndup(t->arena, all, length);
        line = strrchr(all, '\n') != NULL ? strrchr(all, '\n') + 1 : all;
    }
    return arena_strndup(t->arena, line, strcspn(line, "\n"));
}

// --- converting ---------------------------------------------------------------------------------

// A difference of v4 from the peer's: a rule allows it, or it is a problem.
static void judge_difference(struct trial *t, const struct ir_difference *d, const char *type) {
    const char *keys[] = {t->out->name, d->layer, d->type, d->what};
    struct rule *rule = rules_find(t->setting->differences, keys, 4);
    if (rule == NULL) {
        problem(t, "v4 %s: %s (%s): %s", type, d->layer, d->type, d->what);
        return;
    }
    t->out->justified++;
    size_t index = (size_t)(rule - t->setting->differences->items);
    if (index < sizeof(t->out->rule_used))
        t->out->rule_used[index] = 1;
}

// What the peer cannot convert either may be refused in v4, if a rule says why.
static void judge_failure(struct trial *t, const char *version, const char *type, int status,
                          const char *cause) {
    bool peer = bundle_find(&t->recipe.bundle, "mo2018.tsv") != NULL;
    struct ir_difference d = {.layer = "-", .type = "-"};
    if (status != 1 || peer || strcmp(version, "4") != 0) {
        problem(t, "convert v%s %s: exit %d: %s", version, type, status, cause);
        return;
    }
    d.what = arena_printf(t->arena, "refused: %s", cause);
    judge_difference(t, &d, type);
}

static bool convert(struct trial *t, const char *version, const char *type, const char *model) {
    size_t extra;
    t->recipe.extensions = t->setting->extensions;
    const char **options = recipe_options(&t->recipe, t->folder, &extra);
    const char **argv = arena_array_of(t->arena, extra + 16, const char *);
    size_t n = 0;
    argv[n++] = t->setting->zooc;
    argv[n++] = "convert";
    argv[n++] = "--framework";
    argv[n++] = t->recipe.framework;
    if (t->recipe.model != NULL) {
        argv[n++] = "--input_model";
        argv[n++] = in(t, t->recipe.model);
    }
    memcpy(argv + n, options, extra * sizeof(*options));
    n += extra;
    const char *fixed[] = {"--output_dir", t->folder, "--model_name", model,
                           "--data_type",  type,      "--ir_version", version};
    memcpy(argv + n, fixed, sizeof(fixed));
    const char *log = in(t, "convert.log");
    struct spawned run;
    bool ok = spawn(argv, log, &run) && run.status == 0;
    if (!ok)
        judge_failure(t, version, type, run.status, first_cause(t, log));
    if (ok && strcmp(version, "11") == 0 && strcmp(type, "FP32") == 0)
        t->out->convert_seconds = run.seconds;
    if (run.peak_anonymous > t->out->peak_anonymous)
        t->out->peak_anonymous = run.peak_anonymous;
    if (run.peak_anonymous > t->setting->memory_limit)
        problem(t, "convert v%s %s: %.0f MB of anonymous memory", version, type,
                (double)run.peak_anonymous / 1e6);
    return ok;
}

static void remove_ir(struct trial *t, const char *model) {
    static const char *const suffixes[] = {"xml", "bin", "mapping"};
    for (size_t i = 0; i < 3 && !t->setting->keep; i++)
        unlink(arena_printf(t->arena, "%s/%s.%s", t->folder, model, suffixes[i]));
}

// --- v11: numbers -------------------------------------------------------------------------------

// The largest relative difference of a report; negative when there is none.
static double worst_difference(const char *report) {
    struct json_object *root = json_object_from_file(report), *outputs = NULL;
    double worst = -1;
    if (root != NULL && json_object_object_get_ex(root, "outputs", &outputs))
        for (size_t i = 0; i < json_object_array_length(outputs); i++) {
            struct json_object *value = json_object_object_get(
                json_object_array_get_idx(outputs, i), "relative_difference");
            double d = value != NULL ? json_object_get_double(value) : (double)INFINITY;
            worst = d > worst ? d : worst;
        }
    json_object_put(root);
    return worst;
}

// A table says how many transposes may stand in v11 at most.
static void check_transposes(struct trial *t, const char *model) {
    static const char mark[] = " type=\"Transpose\"";
    const char *name = t->out->name;
    struct rule *rule = rules_find(t->setting->transposes, &name, 1);
    struct slice bytes;
    unsigned long found = 0;
    if (rule == NULL)
        return;
    const char *xml = arena_printf(t->arena, "%s/%s.xml", t->folder, model);
    if (!map_file(t->arena, xml, &bytes)) {
        problem(t, "%s: %s", xml, strerror(errno));
        return;
    }
    const char *at = (const char *)bytes.data, *end = at + bytes.size;
    while ((at = memmem(at, (size_t)(end - at), mark, sizeof mark - 1)) != NULL) {
        at += sizeof mark - 1;
        found++;
    }
    if (found > strtoul(rule->columns[1], NULL, 10))
        problem(t, "%s: %lu transposes, no more than %s are expected", model, found,
                rule->columns[1]);
}

static void check_v11(struct trial *t, const char *type, int which, const char *tolerance,
                      const char *rows) {
    const char *model = arena_printf(t->arena, "v11-%s", type);
    if (!convert(t, "11", type, model))
        return;
    check_transposes(t, model);
    const char *log = in(t, "verify.log"), *report = in(t, "report.json");
    const char *argv[] = {t->setting->zooc,
                          "verify",
                          "--model",
                          arena_printf(t->arena, "%s/%s.xml", t->folder, model),
                          "--input",
                          in(t, "input.npz"),
                          "--golden",
                          in(t, "golden.npz"),
                          "--tolerance",
                          tolerance,
                          "--rows_alike",
                          rows,
                          "--report",
                          report,
                          "--threads",
                          arena_printf(t->arena, "%u", t->setting->threads),
                          NULL};
    struct spawned run;
    unlink(report);
    bool ok = spawn(argv, log, &run) && run.status == 0;
    t->out->difference[which] = worst_difference(report);
    if (!ok)
        problem(t, "verify v11 %s: exit %d: %s", type, run.status, first_cause(t, log));
    remove_ir(t, model);
}

// --- v4: the peer's network ---------------------------------------------------------------------

static void check_v4(struct trial *t, const char *type, bool half) {
    const char *model = arena_printf(t->arena, "v4-%s", type);
    const struct bundle_member *peer = bundle_find(&t->recipe.bundle, "mo2018.tsv");
    struct ir_table ours, theirs;
    struct ir_differences differences;
    t->out->no_peer = peer == NULL;
    if (!convert(t, "4", type, model))
        return;
    if (peer == NULL) {
        remove_ir(t, model);
        return;
    }
    const char *xml = arena_printf(t->arena, "%s/%s.xml", t->folder, model);
    const char *wrong = irtable_from_ir(t->arena, xml, &ours);
    if (wrong == NULL)
        wrong = irtable_from_text(t->arena, peer->bytes, &theirs);
    if (wrong != NULL) {
        problem(t, "v4 %s: %s", type, wrong);
        return;
    }
    irdiff(t->arena, &ours, &theirs, half, &differences);
    for (size_t i = 0; i < differences.count; i++)
        judge_difference(t, &differences.items[i], type);
    t->out->layers += (unsigned)theirs.count;
    t->out->alike += (unsigned)differences.alike;
    remove_ir(t, model);
}

// ------------------------------------------------------------------------------------------------

static void check_all(struct trial *t) {
    const char *name = t->out->name;
    struct rule *rule = rules_find(t->setting->tolerances, &name, 1);
    static const char *usual[] = {NULL, "1e-4", "2e-2", "1", "1"};
    const char **limits = rule != NULL ? rule->columns : usual;
    check_v11(t, "FP32", 0, limits[1], limits[3]);
    check_v11(t, "FP16", 1, limits[2], limits[4]);
    check_v4(t, "FP32", false);
    check_v4(t, "FP16", true);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void trial_run(const struct trial_setting *setting, const char *name, const char *archive,
               struct trial_result *out) {
    struct trial t = {.setting = setting, .arena = arena_new(), .out = out};
    double start = now();
    *out = (struct trial_result){.difference = {-1, -1}};
    snprintf(out->name, sizeof(out->name), "%s", name);
    const char *flat = arena_strdup(t.arena, name);
    for (char *c = (char *)(uintptr_t)flat; *c != '\0'; c++)
        *c = *c == '/' ? '-' : *c;
    t.folder = arena_printf(t.arena, "%s/%s", setting->folder, flat);
    remove_tree(t.folder);
    const char *wrong = recipe_read(t.arena, archive, &t.recipe);
    if (wrong == NULL && mkdir(t.folder, 0777) != 0)
        wrong = arena_printf(t.arena, "%s: %s", t.folder, strerror(errno));
    if (wrong == NULL)
        wrong = recipe_remake(&t.recipe, t.folder);
    if (wrong == NULL)
        check_all(&t);
    else
        problem(&t, "%s", wrong);
    out->weight_bytes = t.recipe.weight_bytes;
    if (!setting->keep)
        remove_tree(t.folder);
    arena_free(t.arena);
    out->seconds = now() - start;
}
