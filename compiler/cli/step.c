// SPDX-License-Identifier: Apache-2.0
// zooc step: what a ninja edge runs. Its words are written by zooc gen and no interface for people.
#include "compiler/batch/step.h"
#include <string.h>

#include "compiler/base/fatal.h"
#include "compiler/cli/cli.h"

// The commands that steps run.
static child_function *find(const char *name) {
    if (strcmp(name, "convert") == 0)
        return command_convert;
    return strcmp(name, "verify") == 0 ? command_verify : NULL;
}

static const char usage[] =
    "usage: zooc step unpack|convert|verify --model NAME ...\n"
    "\n"
    "One step of a build, run by ninja in the build folder; zooc gen writes its words into\n"
    "build.ninja. Does nothing when the step's record answers it already.\n";

int command_step(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    enum step_kind kind = argc < 2 ? STEP_KIND_COUNT : step_kind_of(argv[1]);
    struct step step;
    int code = EXIT_USAGE;
    if (kind == STEP_KIND_COUNT)
        diag_report(diag, NULL, USAGE, "a step is unpack, convert or verify");
    else if (step_parse(arena, diag, kind, argc - 2, argv + 2, &step))
        code = step_run(arena, &step, find);
    cli_print_diag(diag, NULL);
    arena_free(arena);
    return code;
}
