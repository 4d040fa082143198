// SPDX-License-Identifier: Apache-2.0
// zooc gen: manifests to build.ninja.
#include "compiler/base/fatal.h"
#include "compiler/cli/build_options.h"
#include "compiler/cli/cli.h"

static const char usage[] =
    "usage: zooc gen MANIFEST... -o DIR [--memory SIZE] [--no_verify]\n"
    "\n"
    "Reads manifests and writes DIR/build.ninja, when it changes. `ninja -C DIR -k 0` then builds "
    "the\n"
    "zoo; zooc build does both.\n"
    "\n"
    "  -o, --output_dir DIR   the build folder, made when it does not exist\n"
    "      --memory SIZE      what all steps together may use (512M, 4G); what is free when not "
    "given\n"
    "      --no_verify        leave the goldens alone, where there is no OpenVINO runtime\n"
    "      --program PATH     the zooc that the steps run; this one when not given\n";

int command_gen(int argc, char **argv) {
    struct arena *arena = arena_new();
    struct diag *diag = diag_new(arena);
    struct build_request request = {.jobs = 0};
    bool help;
    int code = EXIT_USAGE;
    if (build_options(argc, argv, &request, diag, &help))
        code =
            gen_write(arena, &request.gen, diag) != GEN_FAILED ? EXIT_DONE : diag_exit_code(diag);
    else if (help)
        code = fputs(usage, stdout) < 0 ? EXIT_INPUT : EXIT_DONE;
    cli_print_diag(diag, NULL);
    arena_free(arena);
    return code;
}
