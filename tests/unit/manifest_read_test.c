// SPDX-License-Identifier: Apache-2.0
// The cases of tests/cases/manifest: NAME.yml is read, and what comes of it is NAME.txt: the models
// with everything filled in, or every message. UPDATE=1 in the environment writes the .txt anew.
#include "tests/unit/base_scratch.h"

#include <fcntl.h>

#include "compiler/base/map.h"
#include "manifests/manifest.h"

static const char pattern[] = "tests/cases/manifest/*.yml";

static void put_list(FILE *to, const char *name, const struct text_list *list) {
    if (list->count == 0)
        return;
    fprintf(to, "  %s", name);
    for (uint32_t i = 0; i < list->count; i++)
        fprintf(to, " '%s'", list->items[i]);
    fputc('\n', to);
}

static void put_text(FILE *to, const char *name, const char *text) {
    if (text != NULL)
        fprintf(to, " %s '%s'", name, text);
}

static void put_source(FILE *to, const struct manifest_source *source) {
    put_text(to, "name", source->name);
    put_text(to, "path", source->path);
    for (uint32_t i = 0; i < source->urls.count; i++)
        put_text(to, "url", source->urls.items[i]);
    put_text(to, "sha256", source->sha256);
    put_text(to, "sha384", source->sha384);
    if (source->size != 0)
        fprintf(to, " size %llu", (unsigned long long)source->size);
}

static void put_archive(FILE *to, const struct manifest_archive *archive) {
    if (archive == NULL)
        return;
    fputs("  archive", to);
    put_source(to, &archive->file);
    put_text(to, "prefix", archive->prefix);
    if (archive->limits.bytes != 0)
        fprintf(to, " limits %llu %llu %llu", (unsigned long long)archive->limits.bytes,
                (unsigned long long)archive->limits.members,
                (unsigned long long)archive->limits.ratio);
    fputc('\n', to);
}

static void put_sources(FILE *to, const struct manifest_model *model) {
    for (uint32_t i = 0; i < model->sources.count; i++) {
        fputs("  source", to);
        put_source(to, &model->sources.items[i]);
        fputc('\n', to);
    }
    for (uint32_t i = 0; i < model->preparations.count; i++) {
        const struct manifest_preparation *preparation = &model->preparations.items[i];
        fputs("  prepare", to);
        put_text(to, "unpack", preparation->unpack);
        put_text(to, "replace", preparation->replace);
        put_text(to, "pattern", preparation->pattern);
        put_text(to, "with", preparation->with);
        if (preparation->count != 0)
            fprintf(to, " count %llu", (unsigned long long)preparation->count);
        fputc('\n', to);
    }
}

static void put_golden(FILE *to, const struct manifest_golden *golden) {
    fputs("  golden", to);
    put_text(to, "inputs", golden->inputs);
    put_text(to, "outputs", golden->outputs);
    put_text(to, "labels", golden->labels);
    if (golden->accuracy >= 0)
        fprintf(to, " accuracy %g", golden->accuracy);
    fprintf(to, " tolerance %g %g\n", golden->tolerance[PRECISION_FP32],
            golden->tolerance[PRECISION_FP16]);
}

static void put_model(FILE *to, const struct manifest_model *model) {
    fprintf(to, "model '%s' of %s in '%s'\n", model->name,
            model->framework == NULL ? "?" : model->framework, model->folder);
    put_archive(to, model->archive);
    put_sources(to, model);
    put_list(to, "files", &model->files);
    for (size_t i = 0; i < OPTION_COUNT_OF_IDS; i++) {
        if (model->options.text[i] != NULL)
            fprintf(to, "  %s=%s\n", option_table[i].name, model->options.text[i]);
    }
    put_list(to, "precisions", &model->precisions);
    put_list(to, "versions", &model->versions);
    for (uint32_t i = 0; i < model->goldens.count; i++)
        put_golden(to, &model->goldens.items[i]);
}

static char *outcome(struct arena *arena, const char *path) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    struct diag *diag = diag_new(arena);
    struct zoo *zoo = zoo_read(arena, &path, 1, diag);
    assert_int_equal(zoo == NULL, diag_count(diag, DIAG_FAILED) > 0);
    diag_print(diag, to, DIAG_PLAIN, DIAG_NOTE);
    for (uint32_t i = 0; zoo != NULL && i < zoo->count; i++)
        put_model(to, zoo->models[i]);
    fclose(to);
    return text;
}

static char *whole_file(struct arena *arena, const char *path) {
    struct slice file;
    return map_file(arena, path, &file) ? arena_strndup(arena, (const char *)file.data, file.size)
                                        : arena_strdup(arena, "");
}

static void write_expected(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

// True when the case is as expected.
static bool run_case(const char *path) {
    struct arena *arena = arena_new();
    char *expected_path = arena_printf(arena, "%.*s.txt", (int)strlen(path) - 4, path);
    char *got = outcome(arena, path);
    if (getenv("UPDATE") != NULL)
        write_expected(expected_path, got);
    bool same = strcmp(got, whole_file(arena, expected_path)) == 0;
    bool bad = strstr(path, "/bad_") != NULL;
    bool fits = bad == (strstr(got, "[ ERROR ]") != NULL);
    if (!same || !fits)
        print_error("%s gives:\n%s\n", path, got);
    free(got);
    arena_free(arena);
    return same && fits;
}

static void manifests_are_read_as_expected(void **state) {
    (void)state;
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    unsigned failed = 0;
    for (size_t i = 0; i < found.gl_pathc; i++)
        failed += !run_case(found.gl_pathv[i]);
    assert_true(found.gl_pathc >= 35);
    globfree(&found);
    assert_int_equal(failed, 0);
}

// Each prefix of a good manifest is either read or refused, never worse.
static void cut_manifests_are_survived(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    char folder[SCRATCH_SIZE];
    assert_true(scratch_make(folder));
    const char *name = arena_printf(arena, "%s/cut.yml", folder);
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    const char *text = whole_file(arena, "tests/cases/manifest/archive.yml");
    for (size_t length = 0; text[length] != '\0'; length++) {
        struct arena *own = arena_new();
        struct diag *diag = diag_new(own);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, text, length, 0), length);
        struct zoo *zoo = zoo_read(own, &name, 1, diag);
        assert_int_equal(zoo == NULL, diag_count(diag, DIAG_FAILED) > 0);
        arena_free(own);
    }
    close(fd);
    tree_remove(folder);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifests_are_read_as_expected),
        cmocka_unit_test(cut_manifests_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
