// SPDX-License-Identifier: Apache-2.0
// The question of a step: its kind, the compiler, its options, and the contents of its inputs.
#include <errno.h>
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "build_id.h"
#include "compiler/base/fatal.h"
#include "compiler/batch/cached.h"
#include "rules/ninja/plan.h"

// Special characters of glob(3) in a name stand for themselves.
static char *glob_pattern(struct arena *arena, const char *prefix) {
    char *pattern = arena_array(arena, strlen(prefix) + 1, 2), *to = pattern;
    for (; *prefix != '\0'; prefix++) {
        if (strchr("*?[]\\", *prefix) != NULL)
            *to++ = '\\';
        *to++ = *prefix;
    }
    *to = '*';
    return pattern;
}

// Every file whose path begins with the argument's, in the order of their names.
static void add_prefix(struct work *work, const struct step_argument *argument) {
    glob_t found;
    size_t length = strlen(argument->path);
    int status = glob(glob_pattern(work->arena, argument->path), 0, NULL, &found);
    if (status == GLOB_NOSPACE)
        fatal_out_of_memory();
    for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
        const char *tail = found.gl_pathv[i] + length;
        work_add_input(work, arena_printf(work->arena, "%s%s", argument->value, tail),
                       arena_strdup(work->arena, found.gl_pathv[i]));
    }
    if (status != 0)
        diag_report(work->diag, NULL, FILE_OPEN, argument->value, strerror(ENOENT));
    globfree(&found);
}

static void ask_argument(struct work *work, const struct step_argument *argument) {
    if (argument->option[0] != '\0')
        record_add(work->record, RECORD_OPTION, argument->option, argument->value);
    if (argument->word == STEP_PREFIX)
        add_prefix(work, argument);
    else if (argument->word == STEP_FILE)
        work_add_input(work, argument->value, argument->path);
}

// The variables of a SavedModel that is named by its file lie in a folder beside it.
static void add_variables(struct work *work) {
    for (uint32_t i = 0; i < work->step->argument_count; i++) {
        const struct step_argument *argument = &work->step->arguments[i];
        const char *beside = plan_saved_variables(work->arena, argument->option, argument->path);
        if (beside != NULL && access(beside, F_OK) == 0)
            work_add_input(
                work, plan_saved_variables(work->arena, argument->option, argument->value), beside);
    }
}

void work_ask(struct work *work) {
    const struct step *step = work->step;
    const char *what = step->model;
    if (step->variant[0] != '\0')
        what = arena_printf(work->arena, "%s/%s", step->model, step->variant);
    work->record = record_new(work->arena);
    work->was = record_read(work->arena, work->record_path, &work->was_damaged);
    record_add(work->record, RECORD_STEP, step_kind_names[step->kind], what);
    record_add(work->record, RECORD_BUILD, "", ZOOC_BUILD_ID);
    for (uint32_t i = 0; i < step->argument_count; i++)
        ask_argument(work, &step->arguments[i]);
    if (step->kind == STEP_UNPACK)
        work_ask_sources(work);
    if (step->kind == STEP_CONVERT)
        add_variables(work);
    if (step->kind != STEP_VERIFY)
        return;
    static const char *const suffixes[] = {".xml", ".bin"};
    for (size_t i = 0; i < 2; i++) {
        const char *file = arena_printf(work->arena, "%s%s", step->model, suffixes[i]);
        work_add_input(work, file, arena_printf(work->arena, "%s/%s", what, file));
    }
}
