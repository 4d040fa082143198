// SPDX-License-Identifier: Apache-2.0
// zooc build: manifests to a built zoo.
#include "compiler/base/fatal.h"
#include "compiler/cli/build_options.h"
#include "compiler/cli/cli.h"

static const char usage[] =
    "usage: zooc build MANIFEST... -o DIR [-j N] [--memory SIZE] [--no_verify]\n"
    "\n"
    "Builds what has changed and tells what came of it. A model that fails stops no other; the "
    "exit\n"
    "code is then 1.\n"
    "\n"
    "  -o, --output_dir DIR   the build folder: DIR/MODEL/PRECISION/MODEL.xml, DIR/zoo.json\n"
    "  -j, --jobs N           steps at a time; as many as there are processors when not given\n"
    "      --memory SIZE      what all steps together may use (512M, 4G); what is free when not "
    "given\n"
    "      --no_verify        leave the goldens alone, where there is no OpenVINO runtime\n"
    "      --cache_dir DIR    where fetched files and conversions lie, for all builds; else\n"
    "                         $ZOOC_CACHE, or zooc in the user's cache folder\n"
    "      --cache_mode MODE  write; read: take from the cache and put nothing; off\n"
    "      --cache_size SIZE  what conversions may grow to there: 32G when not given\n"
    "      --cache_url URL    a cache on another machine, in the layout of Bazel's HTTP caches\n"
    "      --junit FILE       write what came of each step as JUnit XML\n"
    "      --markdown FILE    write the summary as Markdown, for a page of CI\n"
    "      --offline          fetch nothing: a model whose files are not in the cache fails\n"
    "      --program PATH     the zooc that the steps run; this one when not given\n";

int command_build(int argc, char **argv) {
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct build_request request = {.jobs = 0};
    bool help;
    int code = EXIT_USAGE;
    if (build_options(argc, argv, &request, diag, &help))
        code = build_run(arena, &request, diag);
    else if (help)
        code = fputs(usage, stdout) < 0 ? EXIT_INPUT : EXIT_DONE;
    cli_print_diag(diag, NULL);
    arena_free(arena);
    return code;
}
